// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/output_route.h"

namespace pollux::sim {
namespace {

using Kind = OutputRoute::Kind;

class Router {
 public:
  Router(const InterfaceTable& interfaces, const PlatformRules& rules, const RouteRequest& request)
      : interfaces_(interfaces), rules_(rules), interface_index_(request.interface_index) {
    route_.target = request.target;
    route_.source = request.source;
  }

  Outcome<OutputRoute> Find() {
    if (route_.target.is_ipv4()) return FindIpv4();
    return FindIpv6();
  }

 private:
  Outcome<OutputRoute> FindIpv4();
  Outcome<OutputRoute> FindIpv6();
  Outcome<OutputRoute> ToZero();
  Outcome<OutputRoute> ToIpv6Group();
  // Ends the search: out of `interface_index`, from `source` unless one was given.
  Outcome<OutputRoute> Out(Kind kind, uint32_t interface_index, const IpAddress& source);
  // Ends it at the host itself, by the interface that owns the address.
  Outcome<OutputRoute> Own(uint32_t owner);

  bool any_interface() const { return interface_index_ == 0; }

  const InterfaceTable& interfaces_;
  const PlatformRules& rules_;
  uint32_t interface_index_;
  OutputRoute route_;
};

Outcome<OutputRoute> Router::Out(Kind kind, uint32_t interface_index, const IpAddress& source) {
  if (!route_.source.is_set()) route_.source = source;
  if (!route_.source.is_set()) return OsError::kNetworkUnreachable;
  // Found out last: without a route, that is the error.
  if (route_.target.is_ipv6() && route_.source.is_ipv4()) {
    return rules_.ipv4_bound_to_ipv6;
  }
  const bool loopback = interface_index == kLoopbackIndex;
  // A loopback address means nothing outside: udp-semantics 1.4 "bound or connected-local
  // 127.0.0.1".
  if (route_.source.is_ipv4() && route_.source.is_loopback() && !loopback) {
    return OsError::kInvalidArgument;
  }
  route_.kind = kind;
  route_.interface_index = interface_index;
  route_.source = route_.source.WithScope(0);
  route_.target = route_.target.WithScope(0);
  return route_;
}

Outcome<OutputRoute> Router::Own(uint32_t owner) {
  route_.arrives_on = owner;
  // IPv4 answers as the interface's primary address, also one that talks to another of its own.
  IpAddress source = route_.target;
  if (source.is_ipv4()) {
    source = source.is_loopback() ? IpAddress::LoopbackIpv4()
                                  : interfaces_.SourceFor(owner, route_.target, IpAddress());
  }
  return Out(Kind::kOwn, kLoopbackIndex, source);
}

Outcome<OutputRoute> Router::ToZero() {
  if (rules_.zero_destination == ZeroDestination::kError) return OsError::kAddressNotAvailable;
  if (rules_.zero_destination == ZeroDestination::kFirst && route_.target.is_ipv4()) {
    const IpAddress first = interfaces_.SourceFor(0, route_.target, IpAddress());
    if (!first.is_set()) return OsError::kNetworkUnreachable;
    route_.target = first;
    return Own(interfaces_.OwnerOf(first));
  }
  // On Linux an interface, or a source, makes the host talk to that address of its own.
  if (route_.target.is_ipv4()) {
    const bool outside = !any_interface() && interface_index_ != kLoopbackIndex;
    if (!route_.source.is_set() && outside) {
      route_.source = interfaces_.SourceFor(interface_index_, IpAddress::AnyIpv4(), IpAddress());
    }
    route_.target = route_.source.is_set() ? route_.source : IpAddress::LoopbackIpv4();
    // It counts for the interface that was asked for, whoever owns the address.
    return Own(any_interface() ? kLoopbackIndex : interface_index_);
  }
  // With an interface, ::1 takes the routes of that one: even the default route to a gateway.
  route_.target = IpAddress::LoopbackIpv6();
  return FindIpv6();
}

// Follows the kernel's order: source, interface, zero, own addresses, then the routes. What the
// local table says of an interface's addresses holds only for packets that may leave by it: a
// socket bound to another interface sends to that address by a route.
Outcome<OutputRoute> Router::FindIpv4() {
  const IpAddress& target = route_.target;
  if (target.is_limited_broadcast() && rules_.limited_broadcast_is_subnets) {
    route_.target = interfaces_.FirstBroadcast();
  }
  const bool limited = target.is_limited_broadcast();
  const bool group = target.is_multicast();
  const Kind far = group ? Kind::kGroup : Kind::kUnicast;
  if (route_.source.is_set()) {
    if (route_.source.is_multicast() || route_.source.is_limited_broadcast()) {
      return OsError::kInvalidArgument;
    }
    const uint32_t owner = interfaces_.OwnerOf(route_.source);
    if (owner == 0) return OsError::kNetworkUnreachable;
    if (any_interface() && (limited || (group && rules_.bound_group_interface))) {
      return Out(limited ? Kind::kBroadcast : Kind::kGroup, owner, route_.source);
    }
  }
  IpAddress direct;
  if (!any_interface()) {
    const NetworkInterface* out = interfaces_.Find(interface_index_);
    if (out == nullptr) return OsError::kNoDevice;
    if (!out->up) return OsError::kNetworkUnreachable;
    direct = interfaces_.SourceFor(interface_index_, target, IpAddress());
    if (group || limited) {
      return Out(limited ? Kind::kBroadcast : Kind::kGroup, interface_index_, direct);
    }
  }
  if (target.is_unspecified()) return ToZero();
  const uint32_t owner = interfaces_.OwnerOf(target);
  if (owner != 0 && (any_interface() || owner == interface_index_)) return Own(owner);
  const uint32_t broadcast = interfaces_.OwnerOfBroadcast(target);
  if (broadcast != 0 && (any_interface() || broadcast == interface_index_)) {
    const IpAddress source = broadcast == kLoopbackIndex
                                 ? IpAddress::LoopbackIpv4()
                                 : interfaces_.SourceFor(broadcast, target, IpAddress());
    return Out(Kind::kBroadcast, broadcast, source);
  }
  const Route* found = interfaces_.FindRoute(target, interface_index_);
  if (found == nullptr) {
    // With an interface given, the target is assumed to be on its link.
    if (any_interface()) return OsError::kNetworkUnreachable;
    return Out(far, interface_index_, direct);
  }
  return Out(limited ? Kind::kBroadcast : far, found->interface_index,
             interfaces_.SourceFor(found->interface_index, target, found->gateway));
}

Outcome<OutputRoute> Router::ToIpv6Group() {
  if (any_interface()) interface_index_ = route_.target.scope_id();
  uint32_t out = interface_index_;
  if (out == 0) {
    const Route* found = interfaces_.FindRoute(route_.target, 0);
    const bool narrow = found != nullptr && found->prefix_length >= 8;
    out = narrow ? found->interface_index : interfaces_.FirstMulticastInterface();
  }
  if (out == 0) return OsError::kNetworkUnreachable;
  const NetworkInterface* interface = interfaces_.Find(out);
  if (interface == nullptr) return OsError::kNoDevice;
  // Groups have routes by interfaces that can multicast; loopback is none.
  if (!interface->up || !interface->can_multicast) return OsError::kNetworkUnreachable;
  return Out(Kind::kGroup, out, interfaces_.SourceFor(out, route_.target, IpAddress()));
}

Outcome<OutputRoute> Router::FindIpv6() {
  if (!any_interface() && interfaces_.Find(interface_index_) == nullptr) return OsError::kNoDevice;
  const IpAddress& target = route_.target;
  if (target.is_unspecified()) return ToZero();
  if (target.is_multicast()) return ToIpv6Group();
  if (target.is_link_local()) {
    if (any_interface()) interface_index_ = target.scope_id();
    // Without an interface, one that owns the address comes before those that could reach it.
    for (const NetworkInterface& own : interfaces_.all()) {
      if (!any_interface()) break;
      if (interfaces_.OwnerOf(target.WithScope(own.index)) == own.index) return Own(own.index);
    }
    const Route* found = interfaces_.FindRoute(target, interface_index_);
    if (found == nullptr) return OsError::kNetworkUnreachable;
    const uint32_t out = found->interface_index;
    if (interfaces_.OwnerOf(target.WithScope(out)) == out) return Own(out);
    return Out(Kind::kUnicast, out, interfaces_.SourceFor(out, target, found->gateway));
  }
  const uint32_t owner = interfaces_.OwnerOf(target);
  if (owner != 0 && (any_interface() || owner == interface_index_)) return Own(owner);
  const Route* found = interfaces_.FindRoute(target, interface_index_);
  if (found == nullptr) return OsError::kNetworkUnreachable;
  const uint32_t out = found->interface_index;
  return Out(Kind::kUnicast, out, interfaces_.SourceFor(out, target, found->gateway));
}

}  // namespace

Outcome<OutputRoute> FindOutputRoute(const InterfaceTable& interfaces, const PlatformRules& rules,
                                     const RouteRequest& request) {
  return Router(interfaces, rules, request).Find();
}

}  // namespace pollux::sim
