// SPDX-License-Identifier: Apache-2.0
//
// Connecting and disconnecting, and what they do to the local endpoint; shutting down
// (udp-semantics 1.4, 2.3, 3.3).

#include "sim/kernel/stack_impl.h"

namespace pollux::sim {

void UdpStack::Impl::SetLocal(ControlBlock& socket, const IpAddress& local) {
  if (!socket.bound()) {
    socket.local = local;
    return;
  }
  ports_.Move(socket, [&] { socket.local = local; });
}

void UdpStack::Impl::ResetLocal(ControlBlock& socket) {
  socket.source = IpAddress();
  socket.ipv4_source.reset();
  SetLocal(socket, WildcardOf(socket.speaks()));
}

// The peer as it will be looked for: a zero address becomes the host's own, of the protocol that
// the socket speaks. The scope of a link-local peer binds the socket to its interface.
Outcome<Endpoint> UdpStack::Impl::CheckPeer(ControlBlock& socket, const Endpoint& peer) {
  Endpoint target(peer.address.Unmapped(), peer.port);
  if (socket.family == AddressFamily::kIpv4) {
    if (!peer.address.is_ipv4()) return OsError::kAddressFamilyNotSupported;
  } else if (target.address.is_ipv4()) {
    if (socket.speaks() == AddressFamily::kIpv6) return RefusalOfIpv4(rules_, socket);
  } else if (target.address.is_unspecified()) {
    target.address = ZeroAddress(rules_, socket.local.is_ipv4());
  }
  if (target.port == 0 && !rules_.connect_to_port_zero) return rules_.send_to_port_zero;
  if (!target.address.is_ipv6() || !target.address.needs_scope()) return target;
  uint32_t bound = socket.options.bound_interface;
  const uint32_t scope = target.address.scope_id();
  if (scope != 0) {
    if (bound != 0 && bound != scope) return OsError::kInvalidArgument;
    bound = scope;
  } else if (bound == 0 && target.address.is_multicast()) {
    bound = socket.options.multicast_interface;
  }
  if (bound == 0) return OsError::kInvalidArgument;
  // It stays bound even if the connect then fails.
  socket.options.bound_interface = bound;
  target.address = target.address.WithScope(bound);
  return target;
}

Endpoint ScopedPeer(const ControlBlock& socket) {
  Endpoint peer = socket.peer;
  if (peer.address.is_ipv6() && peer.address.needs_scope()) {
    peer.address = peer.address.WithScope(socket.options.bound_interface);
  }
  return peer;
}

// Whether another socket already has the same two ends.
bool UdpStack::Impl::IsDuplicate(const ControlBlock& socket, const OutputRoute& route,
                                 uint16_t peer_port) const {
  const IpAddress& local = socket.on_wildcard() ? route.source : socket.local;
  for (const ControlBlock* other : ports_.OnAddress(local, socket.port)) {
    if (other == &socket || !other->connected || other->peer.port != peer_port) continue;
    if (other->peer.address.WithScope(0) == route.target) return true;
  }
  return false;
}

Outcome<> UdpStack::Impl::Connect(ControlBlock& socket, const Endpoint& peer) {
  if (Outcome<> bound = ImplicitBind(socket); !bound.ok()) return bound.error();
  Outcome<Endpoint> target = CheckPeer(socket, peer);
  if (!target.ok()) return target.error();
  if (socket.connected && rules_.reconnect == Reconnect::kResets) {
    socket.connected = false;
    ResetLocal(socket);
  }
  SendOptions options;
  if (target->address.is_ipv6()) options.interface_index = target->address.scope_id();
  Outcome<OutputRoute> route = RouteFor(socket, target->address, options);
  if (route.ok() && target->address == IpAddress::AnyIpv4()) {
    // Linux asks again, for the address that the zero one became.
    options.source = route->source;
    route = RouteFor(socket, route->target, options);
  }
  if (!route.ok()) return route.error();
  if (route->kind == OutputRoute::Kind::kBroadcast && !socket.options.broadcast &&
      rules_.connect_checks_broadcast) {
    return OsError::kAccess;
  }
  if (!rules_.duplicate_connection && IsDuplicate(socket, *route, target->port)) {
    return OsError::kAddressInUse;
  }
  // A source of the other protocol (a dual-stack socket that was connected to ::1) stays as it is.
  if (!socket.source.is_set() || socket.source.is_unspecified()) socket.source = route->source;
  if (route->source.is_ipv4() && socket.source.is_ipv6() && !socket.ipv4_source) {
    socket.ipv4_source = route->source;
  }
  if (socket.on_wildcard()) SetLocal(socket, route->source);
  if (socket.connected && rules_.reconnect_clears_queue &&
      socket.peer != Endpoint(route->target.WithScope(target->address.scope_id()), target->port)) {
    ClearQueue(socket);
  }
  socket.peer = Endpoint(route->target.WithScope(target->address.scope_id()), target->port);
  socket.connected = true;
  socket.former_peer.reset();
  socket.kept_route = *route;
  if (socket.reuse_group) socket.reuse_group->had_connection = true;
  if (!socket.entered_peer) {
    socket.entered_peer = EnteredPeer{socket.peer, ++last_connection_};
    ports_.LeaveGroup(socket);
  }
  if (rules_.connect_clears_error) socket.error.reset();
  return Done();
}

// Where Linux keeps what the bind was given, a port that it chose itself goes, and with it the
// place in the port table: the socket can be bound again.
void UdpStack::Impl::ForgetPeer(ControlBlock& socket) {
  const bool was_connected = socket.connected;
  // Linux forgets the IPv4 peer alone: an IPv6 socket goes on to refuse IPv6 datagrams from all
  // but its former peer, and every one if that was a mapped address.
  const bool remembers = rules_.disconnect == DisconnectRule::kAsBound && socket.is_ipv6();
  if (was_connected && remembers) socket.former_peer = socket.peer.address.WithScope(0);
  socket.connected = false;
  socket.peer = Endpoint();
  // Where address and port stay, so does the place in the lookup of connections.
  const bool stays = rules_.disconnect == DisconnectRule::kAsBound && socket.address_was_asked &&
                     socket.port_was_asked;
  if (!stays) socket.entered_peer.reset();
  if (rules_.disconnect_clears_interface && socket.options.bound_interface != 0) {
    socket.options.bound_interface = 0;
  }
  switch (rules_.disconnect) {
    case DisconnectRule::kKeepBoth:
      return;
    case DisconnectRule::kKeepPort:
      if (was_connected) ResetLocal(socket);
      return;
    case DisconnectRule::kAsBound:
      break;
  }
  if (!socket.port_was_asked && socket.bound()) {
    ports_.Remove(socket);
    socket.port = 0;
  }
  if (!socket.address_was_asked) ResetLocal(socket);
}

Outcome<> UdpStack::Impl::Disconnect(ControlBlock& socket) {
  ForgetPeer(socket);
  if (rules_.disconnect_is_error) return OsError::kAddressFamilyNotSupported;
  return Done();
}

// A peer without a port is no peer to getpeername.
std::optional<Endpoint> UdpStack::Impl::PeerEndpoint(const ControlBlock& socket) const {
  if (!socket.connected || socket.peer.port == 0) return std::nullopt;
  return ScopedPeer(socket);
}

// What is shut down stays so: no later connect or disconnect opens it again.
Outcome<> UdpStack::Impl::Shutdown(ControlBlock& socket, ShutdownHow how) {
  const bool refused =
      !socket.connected && rules_.shutdown_unconnected != UnconnectedShutdown::kAllowed;
  if (refused && rules_.shutdown_unconnected == UnconnectedShutdown::kRefused) {
    return OsError::kNotConnected;
  }
  if (how != ShutdownHow::kWrite) {
    if (socket.read_shut && !rules_.shutdown_twice) return OsError::kNotConnected;
    socket.read_shut = true;
    if (rules_.read_shutdown == ReadShutdown::kEnd) {
      ClearQueue(socket);
    }
  }
  if (how != ShutdownHow::kRead) {
    if (socket.write_shut && !rules_.shutdown_twice) return OsError::kNotConnected;
    socket.write_shut = true;
  }
  if (refused) return OsError::kNotConnected;
  return Done();
}

}  // namespace pollux::sim
