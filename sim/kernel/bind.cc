// SPDX-License-Identifier: Apache-2.0
//
// Binding: what an address must be, who may have it, and which port is free (udp-semantics 1.1.4,
// 1.1.5).

#include "sim/kernel/bind_conflict.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {

// The address as the socket's tables have it: unmapped, and a wildcard in the socket's own form.
Outcome<IpAddress> UdpStack::Impl::CheckFamily(const ControlBlock& socket,
                                               const IpAddress& address) const {
  const IpAddress plain = address.Unmapped();
  if (!plain.is_set()) return WildcardOf(socket.speaks());
  if (socket.family == AddressFamily::kIpv4) {
    if (!address.is_ipv4()) return OsError::kAddressFamilyNotSupported;
    return plain;
  }
  if (plain.is_ipv4()) {
    // A socket for IPv6 alone cannot be bound to a mapped address, nor one that became such by an
    // earlier bind.
    if (socket.speaks() == AddressFamily::kIpv6) return OsError::kInvalidArgument;
    return plain;
  }
  return plain.is_unspecified() ? WildcardOf(socket.speaks()) : plain;
}

std::optional<OsError> UdpStack::Impl::CheckIpv6Address(const ControlBlock& socket,
                                                        const IpAddress& address) const {
  uint32_t interface_index = socket.options.bound_interface;
  if (address.needs_scope()) {
    if (address.scope_id() != 0) interface_index = address.scope_id();
    if (interface_index == 0 && rules_.ipv6_bind_needs_scope) return OsError::kInvalidArgument;
  }
  if (interface_index != 0 && interfaces_.Find(interface_index) == nullptr) {
    return rules_.bind_unknown_scope;
  }
  if (address.is_multicast()) {
    return rules_.binds_groups ? std::nullopt : std::optional(OsError::kAddressNotAvailable);
  }
  if (socket.options.free_bind) return std::nullopt;
  uint32_t owner = interfaces_.OwnerOf(address.WithScope(interface_index));
  // Where no scope is needed, that of any interface will do.
  for (const NetworkInterface& any : interfaces_.all()) {
    if (owner != 0 || interface_index != 0) break;
    owner = interfaces_.OwnerOf(address.WithScope(any.index));
  }
  if (owner == 0) return OsError::kAddressNotAvailable;
  // Unlike IPv4, a bound interface must own the address, if that is one whose meaning ends at its
  // interface: the tables of udp-semantics 1.1.4 have ::1 only with lo, but fd77::1 with every one.
  const bool narrow = address.is_loopback() || address.is_link_local();
  if (narrow && interface_index != 0 && owner != interface_index) {
    return OsError::kAddressNotAvailable;
  }
  return std::nullopt;
}

// Whether the host has the address, or it is one of those that can be bound all the same.
std::optional<OsError> UdpStack::Impl::CheckAddress(const ControlBlock& socket,
                                                    const IpAddress& address) const {
  if (address.is_unspecified()) return std::nullopt;
  if (address.is_ipv6()) return CheckIpv6Address(socket, address);
  if (socket.options.free_bind) return std::nullopt;
  bool bindable = false;
  if (address.is_multicast()) {
    bindable = rules_.binds_groups;
  } else if (address.is_limited_broadcast()) {
    bindable = rules_.binds_limited_broadcast;
  } else if (interfaces_.OwnerOfBroadcast(address) != 0) {
    bindable = rules_.binds_subnet_broadcast;
  } else {
    bindable = interfaces_.OwnerOf(address) != 0;
    if (address.is_loopback() && !rules_.binds_all_loopback) {
      bindable = address == IpAddress::LoopbackIpv4();
    }
  }
  return bindable ? std::nullopt : std::optional(OsError::kAddressNotAvailable);
}

std::optional<OsError> UdpStack::Impl::CheckPrivilege(const ControlBlock& socket,
                                                      const IpAddress& address,
                                                      uint16_t port) const {
  if (port == 0 || port >= rules_.privileged_ports_end || socket.user == 0) return std::nullopt;
  switch (rules_.privileged_ports) {
    case PrivilegedPorts::kNobody:
      return std::nullopt;
    case PrivilegedPorts::kSpecific:
      if (address.is_unspecified()) return std::nullopt;
      return OsError::kAccess;
    case PrivilegedPorts::kEvery:
      break;
  }
  return OsError::kAccess;
}

std::optional<OsError> UdpStack::Impl::FindConflict(const ControlBlock& socket,
                                                    uint16_t port) const {
  return FindBindConflict(rules_, {&socket, ports_.OnPort(port), capabilities_.network_control,
                                   ports_.AllReuseAddress(port)});
}

// Takes a free port for the socket's local address. The search starts at a drawn port and goes up.
bool UdpStack::Impl::ChoosePort(ControlBlock& socket) {
  const uint32_t count = rules_.ephemeral_last - rules_.ephemeral_first + 1u;
  const uint32_t start = host_.Draw(StackDraw::kEphemeralPort, count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint16_t port = static_cast<uint16_t>(rules_.ephemeral_first + (start + i) % count);
    if (BlocksEphemeral(rules_,
                        {&socket, ports_.OnPort(port), capabilities_.network_control, false})) {
      continue;
    }
    socket.port = port;
    return true;
  }
  return false;
}

Outcome<> UdpStack::Impl::ImplicitBind(ControlBlock& socket) {
  if (socket.bound()) return Done();
  if (!ChoosePort(socket)) return rules_.implicit_bind_exhausted;
  ports_.Add(socket);
  return Done();
}

// The order of the checks is visible: udp-semantics 1.1.4 "order of checks".
Outcome<> UdpStack::Impl::Bind(ControlBlock& socket, const Endpoint& local) {
  Outcome<IpAddress> family = CheckFamily(socket, local.address);
  if (!family.ok()) {
    // IPv6 finds out behind the privilege that the address does not suit.
    const bool late = socket.is_ipv6();
    const IpAddress plain = local.address.Unmapped();
    const std::optional<OsError> error =
        late ? CheckPrivilege(socket, plain, local.port) : std::nullopt;
    return error.value_or(family.error());
  }
  const IpAddress address = *family;
  const bool address_first = !socket.is_ipv6();
  if (address_first) {
    if (std::optional<OsError> error = CheckAddress(socket, address)) return *error;
  }
  if (std::optional<OsError> error = CheckPrivilege(socket, address, local.port)) return *error;
  if (socket.bound() || socket.connected) return OsError::kInvalidArgument;
  if (!address_first) {
    // The scope of a link-local address binds to its interface, even if the bind then fails.
    if (address.is_ipv6() && address.needs_scope() && address.scope_id() != 0) {
      socket.options.bound_interface = address.scope_id();
    }
    if (std::optional<OsError> error = CheckAddress(socket, address)) return *error;
  }

  socket.local = address.WithScope(0);
  std::optional<OsError> error;
  if (local.port == 0) {
    if (!ChoosePort(socket)) error = rules_.bind_exhausted;
  } else {
    error = FindConflict(socket, local.port);
    if (!error) socket.port = local.port;
  }
  if (error) {
    // An address that an earlier bind left, and a disconnect, is lost too.
    socket.local = WildcardOf(socket.speaks());
    socket.source = IpAddress();
    return *error;
  }
  // Who binds the mapped wildcard named an address, the IPv6 wildcard not. What an earlier bind
  // named counts on.
  if (!socket.on_wildcard() || (socket.is_ipv6() && address.is_ipv4())) {
    socket.address_was_asked = true;
  }
  socket.port_was_asked = local.port != 0;
  if (socket.is_ipv6() && !socket.on_wildcard() && address.is_ipv6()) socket.gave_up_ipv4 = true;
  // A group or broadcast address is no source, and the wildcard leaves the choice to the route. But
  // IPv6 sockets keep every mapped address as their source, even where it makes all sends fail
  // (observed on Linux; elsewhere (U)).
  const bool shared = address.is_multicast() || address.is_limited_broadcast() ||
                      interfaces_.OwnerOfBroadcast(address) != 0;
  const bool mapped = socket.is_ipv6() && address.is_ipv4();
  // What an earlier bind left is none of an IPv6 group's business.
  const bool keeps = socket.is_ipv6() && address.is_ipv6() && address.is_multicast();
  if (!keeps) {
    socket.source = !mapped && (shared || socket.on_wildcard()) ? IpAddress() : socket.local;
  }
  ports_.Add(socket);
  return Done();
}

Endpoint UdpStack::Impl::LocalEndpoint(const ControlBlock& socket) const {
  if (socket.local.is_ipv6() && socket.local.needs_scope()) {
    return Endpoint(socket.local.WithScope(socket.options.bound_interface), socket.port);
  }
  return Endpoint(socket.local, socket.port);
}

}  // namespace pollux::sim
