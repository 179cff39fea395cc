// SPDX-License-Identifier: Apache-2.0
//
// Sending: the checks in the platform's order, the route, and the copies that stay on the host
// (udp-semantics 1.4 "check order in send").

#include <algorithm>
#include <vector>

#include "sim/kernel/fragment.h"
#include "sim/kernel/receive_queue.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

constexpr size_t kMaxUdpLength = 65535;
constexpr uint32_t kMaxIpv4Packet = 65535;
constexpr uint8_t kDefaultHopLimit = 64;
constexpr uint8_t kEcnBits = 3;

size_t WireSize(const IpAddress& target, size_t payload) {
  return payload + (target.is_ipv4() ? 28 : 48);
}

size_t MaxPayload(const IpAddress& target) {
  return target.is_ipv4() ? kMaxIpv4Payload : kMaxIpv6Payload;
}

bool Has(const std::vector<uint32_t>& interfaces, uint32_t index) {
  return std::find(interfaces.begin(), interfaces.end(), index) != interfaces.end();
}

}  // namespace

// What :: means to an IPv6 socket, by whether that is on a mapped address.
IpAddress ZeroAddress(const PlatformRules& rules, bool mapped) {
  if (!mapped) return IpAddress::AnyIpv6();
  // Loopback itself; 0.0.0.0 would mean the socket's own address.
  const bool loopback = rules.zero_destination == ZeroDestination::kLoopback;
  return loopback ? IpAddress::LoopbackIpv4() : IpAddress::AnyIpv4();
}

OsError RefusalOfIpv4(const PlatformRules& rules, const ControlBlock& socket) {
  const bool only = socket.family == AddressFamily::kIpv6;
  return only ? rules.ipv6_only_to_ipv4 : rules.ipv6_bound_to_ipv4;
}

// Where the datagram goes: given, or the peer.
Outcome<Endpoint> UdpStack::Impl::DestinationOf(const ControlBlock& socket,
                                                const SendSlot& datagram) const {
  Endpoint target(datagram.destination.address.Unmapped(), datagram.destination.port);
  const bool given = target.is_set();
  // The IPv4 half looks at the length before all else, the IPv6 half after all else.
  const bool too_long = datagram.payload.size() > kMaxUdpLength;
  if (too_long && socket.family == AddressFamily::kIpv4) return OsError::kMessageTooLong;
  if (given && socket.connected && !rules_.send_to_while_connected) return OsError::kIsConnected;
  if (!given) {
    if (!socket.connected) return rules_.send_unconnected;
    target = ScopedPeer(socket);
  }
  if (socket.family == AddressFamily::kIpv4) {
    if (!target.address.is_ipv4()) return OsError::kAddressFamilyNotSupported;
  } else if (target.address.is_ipv4()) {
    if (socket.speaks() == AddressFamily::kIpv6) return RefusalOfIpv4(rules_, socket);
    if (too_long) return OsError::kMessageTooLong;
  } else if (target.address.is_unspecified()) {
    target.address = ZeroAddress(rules_, socket.source.is_ipv4());
    if (too_long && target.address.is_ipv4()) return OsError::kMessageTooLong;
  }
  // A connected socket's port is not looked at, but for a mapped peer, which becomes a destination.
  const bool looks = given || (socket.is_ipv6() && target.address.is_ipv4());
  if (looks && target.port == 0) return rules_.send_to_port_zero;
  return target;
}

// The route for a target by the socket's options, and by those of one datagram.
Outcome<OutputRoute> UdpStack::Impl::RouteFor(const ControlBlock& socket, const IpAddress& target,
                                              const SendOptions& options) {
  RouteRequest request;
  request.target = target;
  request.interface_index = socket.options.bound_interface;
  if (target.is_ipv6() && target.scope_id() != 0 && target.needs_scope()) {
    request.interface_index = target.scope_id();
  }
  if (options.interface_index != 0) {
    if (target.is_ipv6() && request.interface_index != 0 &&
        request.interface_index != options.interface_index) {
      return OsError::kInvalidArgument;
    }
    request.interface_index = options.interface_index;
  }
  // The mapped wildcard is a source to IPv6, which then finds that it is IPv4.
  const bool source_speaks =
      socket.source.is_ipv4() == target.is_ipv4() && !socket.source.is_unspecified();
  if (source_speaks || (target.is_ipv6() && socket.source.is_set())) {
    request.source = socket.source;
  } else if (target.is_ipv4() && socket.ipv4_source) {
    request.source = *socket.ipv4_source;
  }
  if (options.source.is_set() && !options.source.is_unspecified()) {
    if (options.source.is_ipv4() != target.is_ipv4()) return OsError::kInvalidArgument;
    if (target.is_ipv6() && interfaces_.OwnerOf(options.source) == 0) {
      return OsError::kInvalidArgument;
    }
    request.source = options.source;
  }
  if (target.is_multicast() && request.interface_index == 0) {
    request.interface_index = socket.options.multicast_interface;
  }
  return routes_.Get(request, interfaces_.version(),
                     [&] { return FindOutputRoute(interfaces_, rules_, request); });
}

uint32_t UdpStack::Impl::PathMtu(const OutputRoute& route) const {
  const NetworkInterface* interface = interfaces_.Find(route.interface_index);
  uint32_t mtu = interface != nullptr && interface->mtu != 0 ? interface->mtu : 65536;
  // No IPv4 packet is longer than its length field can say, whatever the loopback interface takes.
  if (route.target.is_ipv4()) mtu = std::min(mtu, kMaxIpv4Packet);
  if (route.kind != OutputRoute::Kind::kUnicast || path_mtus_.empty()) return mtu;
  auto learned = path_mtus_.find(route.target);
  return learned == path_mtus_.end() ? mtu : std::min(mtu, learned->second.mtu);
}

// Too large for the protocol, or for the path if it must not be split. With kReportUnreachable the
// error is also queued (udp-semantics 1.4 "EMSGSIZE with IP_RECVERR").
Outcome<> UdpStack::Impl::CheckSize(ControlBlock& socket, const Sending& sending, size_t size) {
  const IpAddress& target = sending.route.target;
  bool fits = size <= MaxPayload(target);
  if (rules_.size_limited_by_send_buffer) {
    fits = fits && size <= static_cast<size_t>(socket.options.send_buffer);
  }
  const bool whole =
      socket.options.dont_fragment ||
      (sending.route.kind == OutputRoute::Kind::kBroadcast && !rules_.broadcast_fragments);
  if (whole) fits = fits && WireSize(target, size) <= sending.mtu;
  if (fits) return Done();
  if (socket.options.report_unreachable && rules_.icmp == IcmpRule::kAsked) {
    // Observed: the entry names the address it was for, but only a connected socket's port.
    const Endpoint about(target, socket.connected ? socket.peer.port : uint16_t{0});
    const PendingError error{OsError::kMessageTooLong, about, IpAddress()};
    if (QueueError(rules_, socket, error, nullptr)) host_.SocketFailed(socket.id);
  }
  return OsError::kMessageTooLong;
}

// ---- The beaten path ----

// Whether a datagram asks for nothing but to go where the latest one went, and none of what was
// found out for that has changed.
bool UdpStack::Impl::IsOnPath(const ControlBlock& socket, const SendSlot& datagram) const {
  if (!socket.path || socket.error || !path_mtus_.empty()) return false;
  const BeatenPath& path = *socket.path;
  if (path.interfaces_version != interfaces_.version()) return false;
  if (datagram.payload.size() > path.payload_max || !datagram.options.empty()) return false;
  return path.to_peer ? !datagram.destination.is_set() : datagram.destination == path.destination;
}

void UdpStack::Impl::FollowPath(const ControlBlock& socket, absl::string_view payload) {
  const BeatenPath& path = *socket.path;
  Packet packet;
  packet.id = ++last_packet_;
  packet.source = path.source;
  packet.destination = path.destination;
  packet.hop_limit = path.hop_limit;
  packet.traffic_class = path.traffic_class;
  packet.dont_fragment = path.dont_fragment;
  packet.payload = Payload::Copy(payload, pool_);
  host_.Transmit(path.interface_index, packet);
}

// Of a datagram that is about to leave: all checks have let it pass.
void UdpStack::Impl::RememberPath(ControlBlock& socket, const Sending& sending,
                                  const SendSlot& datagram) const {
  const OutputRoute& route = sending.route;
  const Endpoint destination(route.target, sending.destination.port);
  const bool to_peer = !datagram.destination.is_set();
  const bool plain = route.kind == OutputRoute::Kind::kUnicast && datagram.options.empty() &&
                     (to_peer || datagram.destination == destination);
  const size_t headers = WireSize(route.target, 0);
  if (!plain || sending.mtu < headers) return;
  size_t max = std::min(sending.mtu - headers, MaxPayload(route.target));
  if (rules_.size_limited_by_send_buffer) {
    max = std::min(max, static_cast<size_t>(socket.options.send_buffer));
  }
  if (!socket.path) socket.path = BeatenPath();
  BeatenPath& path = *socket.path;
  path.to_peer = to_peer;
  path.dont_fragment =
      socket.options.dont_fragment || route.target.is_ipv6() || rules_.dont_fragment_default;
  path.hop_limit = static_cast<uint8_t>(sending.hop_limit);
  path.traffic_class = sending.traffic_class;
  path.interface_index = route.interface_index;
  path.payload_max = static_cast<uint32_t>(max);
  path.interfaces_version = interfaces_.version();
  path.source = Endpoint(route.source, socket.port);
  path.destination = destination;
}

// ---- Every other way ----

Outcome<> UdpStack::Impl::Send(ControlBlock& socket, const SendSlot& datagram) {
  if (IsOnPath(socket, datagram)) {
    FollowPath(socket, datagram.payload);
    return Done();
  }
  if (socket.write_shut && rules_.send_checks_shutdown_first) return rules_.send_after_shutdown;
  if (rules_.implicit_bind_first) {
    if (Outcome<> bound = ImplicitBind(socket); !bound.ok()) return bound.error();
  }
  const SendOptions& options = datagram.options;
  const size_t size = datagram.payload.size();
  Sending sending;
  Outcome<Endpoint> destination = DestinationOf(socket, datagram);
  if (!destination.ok()) return destination.error();
  sending.destination = *destination;
  if (options.hop_limit && *options.hop_limit == 0) return OsError::kInvalidArgument;
  // Where there are such times, only an interface whose queue paces keeps them.
  if (options.transmit_time && !rules_.queue_options) return OsError::kOperationNotSupported;
  if (Outcome<> bound = ImplicitBind(socket); !bound.ok()) return bound.error();
  Outcome<OutputRoute> route = RouteFor(socket, destination->address, options);
  if (!route.ok()) return route.error();
  sending.route = *route;
  // A mapped peer is a destination like any other: its route is not kept. Nor is that to a group,
  // which the outgoing interface decides, unless the socket is bound to one.
  const bool to_peer = !datagram.destination.is_set();
  const bool mapped = socket.is_ipv6() && socket.peer.address.is_ipv4();
  const bool to_group = socket.peer.address.is_multicast() &&
                        !(socket.is_ipv6() && socket.options.bound_interface != 0);
  const bool keeps = to_peer && !mapped && !to_group;
  const bool asked_before = keeps && socket.kept_route && rules_.connect_checks_broadcast;
  const bool permitted =
      socket.options.broadcast || asked_before || (rules_.connect_permits_broadcast && to_peer);
  if (route->kind == OutputRoute::Kind::kBroadcast && !permitted) return OsError::kAccess;
  if (keeps && !socket.kept_route) socket.kept_route = sending.route;
  const bool local_group =
      route->kind == OutputRoute::Kind::kGroup && route->interface_index == kLoopbackIndex;
  if (local_group && rules_.loopback_group_needs_member &&
      !groups_.IsMember(kLoopbackIndex, route->target)) {
    return OsError::kNetworkUnreachable;
  }
  sending.mtu = PathMtu(*route);
  if (Outcome<> fits = CheckSize(socket, sending, size); !fits.ok()) return fits.error();
  // Last of all checks: a pending error is reported by a send that would else have gone out.
  if (socket.error && rules_.error_report != ErrorReport::kReceiveOnly) {
    const OsError error = socket.error->error;
    socket.error.reset();
    return error;
  }
  if (socket.write_shut) return rules_.send_after_shutdown;
  const bool group = route->kind == OutputRoute::Kind::kGroup;
  const int usual = group ? socket.options.multicast_hop_limit : socket.options.hop_limit;
  sending.hop_limit = options.hop_limit.value_or(usual < 0 ? kDefaultHopLimit : usual);
  sending.traffic_class = static_cast<uint8_t>(socket.options.traffic_class);
  if (options.ecn) {
    sending.traffic_class &= static_cast<uint8_t>(~kEcnBits);
    sending.traffic_class |= static_cast<uint8_t>(*options.ecn);
  }
  if (Has(paced_, route->interface_index)) return EmitPaced(socket, sending, datagram);
  RememberPath(socket, sending, datagram);
  return Emit(socket, sending, datagram.payload);
}

// What waits in the interface's queue takes of the send buffer, which the first datagram that finds
// it full does not get by. There is no beaten path here: the queue is to know of each datagram
// whose it is.
Outcome<> UdpStack::Impl::EmitPaced(ControlBlock& socket, Sending& sending,
                                    const SendSlot& datagram) {
  Boxed<SocketOptions::Queues>& queues = socket.options.queues;
  if (!queues) queues = SocketOptions::Queues();
  const SendAccount& account = queues->GetAccount();
  if (account.charged >= static_cast<size_t>(socket.options.send_buffer)) return OsError::kAgain;
  sending.pacing = {.account = queues->account,
                    .connected = socket.connected ? socket.id : 0,
                    .transmit_time = datagram.options.transmit_time};
  return Emit(socket, sending, datagram.payload);
}

Outcome<> UdpStack::Impl::Emit(const ControlBlock& socket, const Sending& sending,
                               absl::string_view payload) {
  const OutputRoute& route = sending.route;
  Packet packet;
  packet.id = ++last_packet_;
  packet.source = Endpoint(route.source, socket.port);
  packet.destination = Endpoint(route.target, sending.destination.port);
  packet.hop_limit = static_cast<uint8_t>(sending.hop_limit);
  packet.traffic_class = sending.traffic_class;
  packet.payload = Payload::Copy(payload, pool_);
  if (!FragmentsFit(rules_, socket, packet, static_cast<uint32_t>(sending.mtu)))
    return OsError::kNoBuffers;
  // What fits the path is sent whole; what does not is split here, by a sender that may split it.
  const bool fits = packet.wire_size() <= sending.mtu;
  packet.dont_fragment = socket.options.dont_fragment ||
                         (fits && (route.target.is_ipv6() || rules_.dont_fragment_default));
  if (route.kind == OutputRoute::Kind::kOwn) {
    packet.arrives_on = route.arrives_on == kLoopbackIndex ? 0 : route.arrives_on;
  }
  const bool to_all =
      route.kind == OutputRoute::Kind::kBroadcast || route.kind == OutputRoute::Kind::kGroup;
  const bool taken = to_all && route.interface_index != kLoopbackIndex
                         ? EmitGroup(socket, sending, packet)
                         : TransmitSplit(sending, packet);
  // That a queue had no room is told to who asks for ICMP errors (ip_send_skb in
  // net/ipv4/ip_output.c): to others it is a datagram like one that was lost on the way.
  if (!taken && socket.options.report_unreachable) return OsError::kNoBuffers;
  return Done();
}

// What stays on the host stays whole.
bool UdpStack::Impl::TransmitSplit(const Sending& sending, const Packet& packet) {
  if (packet.wire_size() <= sending.mtu || sending.route.interface_index == kLoopbackIndex) {
    return Put(sending, packet);
  }
  bool taken = true;
  ForEachFragment(packet, static_cast<uint32_t>(sending.mtu),
                  [&](const Packet& fragment) { taken = taken && Put(sending, fragment); });
  return taken;
}

bool UdpStack::Impl::Put(const Sending& sending, const Packet& packet) {
  const uint32_t interface_index = sending.route.interface_index;
  if (!sending.pacing) {
    host_.Transmit(interface_index, packet);
    return true;
  }
  PacedSend send = *sending.pacing;
  send.charge = packet.is_fragment()
                    ? TruesizeWhenSent(packet.wire_size())
                    : TruesizeOf(packet, static_cast<uint32_t>(packet.wire_size()));
  return host_.Enqueue(interface_index, packet, send);
}

// The host's own copy, then the wire's. A broadcast always comes back; a group datagram if the host
// is a member on the outgoing interface and the sender did not turn it off (udp-semantics 1.2.3).
bool UdpStack::Impl::EmitGroup(const ControlBlock& socket, const Sending& sending, Packet& packet) {
  const OutputRoute& route = sending.route;
  const bool group = route.kind == OutputRoute::Kind::kGroup;
  const bool member = !group || groups_.Accepts(route.interface_index, route.target, route.source);
  const bool loops =
      member && (!group || socket.options.multicast_loopback || rules_.loopback_on_receiver);
  if (loops) {
    packet.arrives_on = route.interface_index;
    host_.Transmit(kLoopbackIndex, packet);
    packet.arrives_on = 0;
    packet.event = 0;
  }
  if (group && packet.hop_limit == 0) {
    // Linux drops the wire's copy only behind its own: IPv4 if the host is a member, IPv6 if it
    // looped too. Without a member a hop limit of 0 does not keep the datagram here.
    const bool kept = route.target.is_ipv4() ? member : loops;
    if (kept || !rules_.zero_hop_group_leaks) return true;
  }
  if (route.target.is_ipv6() && MulticastScope(route.target) <= 1) return true;
  return TransmitSplit(sending, packet);
}

}  // namespace pollux::sim
