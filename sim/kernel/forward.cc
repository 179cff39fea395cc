// SPDX-License-Identifier: Apache-2.0
//
// A router's part of arrival: what is not for the host itself goes on (RFC 1812 5.2, RFC 4443 3).
// The order of the checks is Linux's: route, hop limit, size.

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/kernel/forwarding.h"
#include "sim/kernel/fragment.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

// Addresses that mean something on one link alone, or nothing at all.
bool StaysOnLink(const IpAddress& address) {
  return address.is_link_local() || address.is_loopback() || address.is_unspecified() ||
         address.is_limited_broadcast();
}

// The same of a group: 224.0.0.0/24 (RFC 5771), and IPv6 groups for the interface or the link.
bool GroupStaysOnLink(const IpAddress& group) {
  if (group.is_ipv6()) return MulticastScope(group) <= 2;
  return group.IsIn(IpAddress::Ipv4(224, 0, 0, 0), 24);
}

}  // namespace

bool UdpStack::Impl::HasTranslator() const {
  return forwarding_ != nullptr && forwarding_->translator != nullptr;
}

bool UdpStack::Impl::RoutesGroup(uint32_t interface_index, const IpAddress& group) const {
  if (forwarding_ == nullptr) return false;
  const std::vector<MulticastRoute>& routes = forwarding_->multicast_routes;
  return std::any_of(routes.begin(), routes.end(), [&](const MulticastRoute& route) {
    return route.from == interface_index && route.group == group;
  });
}

void UdpStack::Impl::RoutePacket(uint32_t link, const Packet& packet, absl::Time now) {
  // Its own packets do not come back from outside.
  const IpAddress& source = packet.source.address;
  if (!packet.icmp && source.is_ipv4() && interfaces_.OwnerOf(source) != 0) {
    host_.Dropped(packet, link, DropCause::kNotForUs);
  } else if (!HasTranslator() || packet.target().is_ipv6()) {
    PassOrDeliver(link, packet, {}, now);
  } else if (packet.is_fragment()) {
    CollectFragment(link, packet, now);
  } else {
    Translate(link, packet, {}, now);
  }
}

void UdpStack::Impl::Translate(uint32_t link, const Packet& packet, absl::Span<const size_t> parts,
                               absl::Time now) {
  Packet translated = packet;
  if (const auto cause = forwarding_->translator->Enter(link, translated)) {
    host_.Dropped(packet, link, *cause);
    return;
  }
  PassOrDeliver(link, translated, parts, now);
}

void UdpStack::Impl::PassOrDeliver(uint32_t link, const Packet& packet,
                                   absl::Span<const size_t> parts, absl::Time now) {
  const bool group = packet.target().is_multicast();
  if (group && RoutesGroup(link, packet.target())) ForwardGroup(link, packet);
  const bool ours =
      packet.icmp ? IsSenderOf(link, packet) : IsForUs(link, packet, ArrivalOf(link, packet));
  if (!ours && !group) {
    Forward(link, packet, now);
  } else if (!ours) {
    if (!RoutesGroup(link, packet.target())) host_.Dropped(packet, link, DropCause::kNotForUs);
  } else if (packet.is_fragment()) {
    CollectFragment(link, packet, now);
  } else {
    DeliverDatagram(link, packet, parts, now);
  }
}

void UdpStack::Impl::Forward(uint32_t link, const Packet& packet, absl::Time now) {
  const IpAddress& target = packet.target();
  if (StaysOnLink(target) || StaysOnLink(packet.source.address)) {
    host_.Dropped(packet, link, DropCause::kNotForUs);
    return;
  }
  const auto refuse = [&](DropCause cause, IcmpError icmp, uint32_t mtu = 0) {
    host_.Dropped(packet, link, cause);
    if (forwarding_->sends_icmp) SendIcmp(icmp, packet, link, now, mtu);
  };
  if (packet.icmp && !forwarding_->passes_icmp) {
    host_.Dropped(packet, link, DropCause::kSwallowed);
    return;
  }
  for (const ForwardingRules::Exception& exception : forwarding_->exceptions) {
    if (!target.IsIn(exception.network, exception.prefix_length)) continue;
    if (exception.verdict == RouteVerdict::kProhibit) {
      refuse(DropCause::kProhibited, IcmpError::kAdminProhibited);
    } else {
      host_.Dropped(packet, link, DropCause::kSwallowed);
    }
    return;
  }
  const Route* route = interfaces_.FindRoute(target, 0);
  if (route == nullptr) return refuse(DropCause::kNoRoute, IcmpError::kNetUnreachable);
  if (packet.hop_limit <= 1) return refuse(DropCause::kHopLimit, IcmpError::kTimeExceeded);
  const uint32_t out = route->interface_index;
  const uint32_t mtu = interfaces_.Find(out)->mtu;
  const bool whole = packet.dont_fragment || target.is_ipv6();
  if (whole && packet.wire_size() > mtu) {
    return refuse(DropCause::kTooLarge, IcmpError::kFragmentationNeeded, mtu);
  }
  Packet passed = packet;
  --passed.hop_limit;
  if (HasTranslator() && target.is_ipv4()) {
    if (const auto cause = forwarding_->translator->Leave(link, out, passed)) {
      host_.Dropped(packet, link, *cause);
      return;
    }
  }
  ForEachFragment(passed, mtu, [&](const Packet& fragment) { host_.Forward(out, fragment); });
}

// By every interface of the group's routes, as far as the hop limit lets it.
void UdpStack::Impl::ForwardGroup(uint32_t link, const Packet& packet) {
  if (GroupStaysOnLink(packet.target()) || StaysOnLink(packet.source.address)) {
    host_.Dropped(packet, link, DropCause::kNotForUs);
    return;
  }
  if (packet.hop_limit <= 1) {
    host_.Dropped(packet, link, DropCause::kHopLimit);
    return;
  }
  Packet passed = packet;
  --passed.hop_limit;
  for (const MulticastRoute& route : forwarding_->multicast_routes) {
    if (route.from != link || route.group != packet.target()) continue;
    for (const uint32_t out : route.to) {
      const NetworkInterface* interface = interfaces_.Find(out);
      if (interface == nullptr || !interface->up) continue;
      const bool fits = passed.wire_size() <= interface->mtu;
      if (!fits && (passed.dont_fragment || passed.target().is_ipv6())) {
        host_.Dropped(packet, link, DropCause::kTooLarge);
        continue;
      }
      ForEachFragment(passed, interface->mtu,
                      [&](const Packet& fragment) { host_.Forward(out, fragment); });
    }
  }
}

}  // namespace pollux::sim
