// SPDX-License-Identifier: Apache-2.0
//
// Arrival: is a packet for this host, and which sockets get it (udp-semantics 1.2, 2.2, 3.2, 4.2).

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/kernel/receive_queue.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

// How many sockets before its turn one is fetched that gets a datagram for many.
constexpr size_t kFetchedAhead = 8;

}  // namespace

void UdpStack::Impl::Deliver(uint32_t interface_index, const Packet& packet, absl::Time now) {
  const NetworkInterface* interface = interfaces_.Find(interface_index);
  if (interface == nullptr || !interface->up) {
    host_.Dropped(packet, interface_index, DropCause::kInterfaceDown);
    return;
  }
  // What crosses loopback is the host's own business, but for news of what a router translated.
  const bool routes = forwarding_ != nullptr && (interface_index != kLoopbackIndex || packet.icmp);
  if (routes) {
    RoutePacket(interface_index, packet, now);
  } else if (!packet.is_fragment()) {
    DeliverDatagram(interface_index, packet, {}, now);
  } else if (IsForUs(interface_index, packet, ArrivalOf(interface_index, packet))) {
    CollectFragment(interface_index, packet, now);
  } else {
    Refuse(interface_index, packet, now);
  }
}

void UdpStack::Impl::DeliverDatagram(uint32_t interface_index, const Packet& packet,
                                     absl::Span<const size_t> parts, absl::Time now) {
  if (packet.corrupted) {
    host_.Dropped(packet, interface_index, DropCause::kBadChecksum);
    return;
  }
  if (packet.icmp) {
    DeliverIcmp(interface_index, packet);
    return;
  }
  Arrival arrival = ArrivalOf(interface_index, packet);
  arrival.parts = parts;
  // Who is in a group changes more often than addresses do.
  const IpAddress& target = packet.destination.address;
  const auto find = [&] { return ClaimOf(interface_index, packet, arrival); };
  const Claim claim =
      target.is_multicast()
          ? find()
          : claims_.Get({interface_index, packet.arrives_on, packet.source.address, target},
                        interfaces_.version(), find);
  switch (claim) {
    case Claim::kNotOurs:
      return Refuse(interface_index, packet, now);
    case Claim::kForOne:
      return DeliverUnicast(interface_index, packet, arrival, now);
    case Claim::kForAll:
      return DeliverToAll(interface_index, packet, arrival, now);
  }
}

// Whether a packet is for this host, and for all sockets or one, by its addresses.
UdpStack::Impl::Claim UdpStack::Impl::ClaimOf(uint32_t link, const Packet& packet,
                                              const Arrival& arrival) const {
  if (!IsForUs(link, packet, arrival)) return Claim::kNotOurs;
  const IpAddress& target = packet.destination.address;
  // Another interface's broadcast address is none to what was sent out of loopback.
  const uint32_t broadcast = target.is_ipv4() ? interfaces_.OwnerOfBroadcast(target) : 0;
  const bool elsewhere =
      link == kLoopbackIndex && packet.arrives_on == 0 && broadcast != kLoopbackIndex;
  const bool to_all =
      target.is_multicast() || target.is_limited_broadcast() || (broadcast != 0 && !elsewhere);
  return to_all ? Claim::kForAll : Claim::kForOne;
}

Arrival UdpStack::Impl::ArrivalOf(uint32_t link, const Packet& packet) const {
  const bool looped = link == kLoopbackIndex && packet.arrives_on != 0;
  return {packet.source, packet.destination, looped ? packet.arrives_on : link};
}

// Linux does not forward, and still says of IPv6 destinations that it would not know how.
void UdpStack::Impl::Refuse(uint32_t link, const Packet& packet, absl::Time now) {
  host_.Dropped(packet, link, DropCause::kNotForUs);
  const IpAddress& lost = packet.destination.address;
  const bool global = lost.is_ipv6() && !lost.is_multicast() && !lost.is_loopback() &&
                      !lost.is_link_local() && !packet.source.address.is_loopback();
  if (global && link != kLoopbackIndex && rules_.ipv6_reports_no_route &&
      interfaces_.FindRoute(lost, 0) == nullptr) {
    SendIcmp(IcmpError::kNetUnreachable, packet, link, now);
  }
}

// Hosts are weak: an own address counts on whatever interface it arrives (udp-semantics 1.2.1), but
// loopback addresses, and the host's own IPv4 addresses as source, do not come from outside.
bool UdpStack::Impl::IsForUs(uint32_t link, const Packet& packet, const Arrival& arrival) const {
  const IpAddress& target = packet.destination.address;
  const IpAddress& source = packet.source.address;
  if (link != kLoopbackIndex) {
    if (target.is_loopback() || source.is_loopback()) return false;
    if (source.is_ipv4() && interfaces_.OwnerOf(source) != 0) return false;
  }
  if (source.is_multicast()) return false;
  // A host's own copy of a group datagram counts as come from outside.
  const bool outside = arrival.interface_index != kLoopbackIndex;
  if (target.is_multicast() && source.is_ipv6() && source.is_loopback() && outside) return false;
  if (target.is_multicast()) {
    return groups_.Accepts(arrival.interface_index, target, source);
  }
  if (target.is_ipv6() && target.is_link_local()) {
    return interfaces_.OwnerOf(target.WithScope(arrival.interface_index)) != 0;
  }
  // What a socket bound to loopback sends there goes nowhere else, whomever it is for.
  if (target.is_ipv4() && link == kLoopbackIndex) return true;
  return target.is_limited_broadcast() || interfaces_.OwnerOf(target) != 0 ||
         interfaces_.OwnerOfBroadcast(target) != 0;
}

void UdpStack::Impl::DeliverUnicast(uint32_t link, const Packet& packet, const Arrival& arrival,
                                    absl::Time now) {
  const bool early = rules_.early_demultiplexing && IsFromOutsideAndWhole(link, arrival);
  ControlBlock* const socket = FindReceiver(rules_, ports_, arrival, early);
  if (socket != nullptr) {
    Enqueue(*socket, packet, arrival, TakeIn(packet, arrival, now));
    return;
  }
  const bool held = !ports_.OnPort(arrival.destination.port).empty();
  host_.Dropped(packet, link, held ? DropCause::kFiltered : DropCause::kNoSocket);
  SendIcmp(IcmpError::kPortUnreachable, packet, arrival.interface_index, now);
}

// Second gate: does a socket hear a group that the host is a member of?
bool UdpStack::Impl::HearsGroup(const ControlBlock& socket, const Arrival& arrival) const {
  const IpAddress& group = arrival.destination.address;
  const bool ipv4 = group.is_ipv4();
  const MembershipRule rule = ipv4 ? rules_.membership_ipv4 : rules_.membership_ipv6;
  const bool any_interface = !ipv4 && rule == MembershipRule::kHost;
  for (const SocketMembership& membership : socket.memberships) {
    if (membership.group != group) continue;
    if (!any_interface && membership.interface_index != arrival.interface_index) continue;
    return membership.Takes(arrival.source.address);
  }
  switch (rule) {
    case MembershipRule::kHost:
      return ipv4 ? socket.options.multicast_all_ipv4 : socket.options.multicast_all_ipv6;
    case MembershipRule::kOwn:
      return false;
    case MembershipRule::kOwnOr1:
      return IsAllHosts(group);
    case MembershipRule::kUntouched:
      break;
  }
  return !socket.options.multicast_touched;
}

// Whether a socket matches a broadcast or group datagram. `own_copy`: it is the sending host's own.
bool UdpStack::Impl::Hears(const ControlBlock& socket, const Arrival& arrival,
                           bool own_copy) const {
  const IpAddress& target = arrival.destination.address;
  if (target.is_ipv4() ? !socket.CarriesIpv4() : !socket.CarriesIpv6()) return false;
  const bool here = rules_.unicast_bound_hears_groups &&
                    interfaces_.OwnerOf(socket.local) == arrival.interface_index;
  const bool checks_address = target.is_ipv4() || rules_.ipv6_groups_check_address;
  if (checks_address && !socket.on_wildcard() && socket.local != target && !here) return false;
  if (!Admits(rules_, socket, arrival)) return false;
  if (!target.is_multicast()) return true;
  if (own_copy && rules_.loopback_on_receiver && !socket.options.multicast_loopback) return false;
  return HearsGroup(socket, arrival);
}

bool UdpStack::Impl::IsFromOutsideAndWhole(uint32_t link, const Arrival& arrival) {
  return link != kLoopbackIndex && arrival.parts.empty();
}

// The one socket that hears an IPv4 group datagram, where Linux looks for it before it knows that
// the datagram is for all: by early demultiplexing. Null if there are several, or none.
ControlBlock* UdpStack::Impl::OnlyHearer(uint32_t link, const Packet& packet,
                                         const Arrival& arrival) const {
  const IpAddress& group = packet.destination.address;
  if (!rules_.early_demultiplexing || !group.is_ipv4() || !group.is_multicast()) return nullptr;
  // More are not searched.
  constexpr size_t kSearchedMax = 10;
  const absl::Span<ControlBlock* const> chain = ports_.OnPort(arrival.destination.port);
  if (chain.size() > kSearchedMax || !IsFromOutsideAndWhole(link, arrival)) return nullptr;
  ControlBlock* only = nullptr;
  for (ControlBlock* socket : chain) {
    if (!Hears(*socket, arrival, /*own_copy=*/false)) continue;
    if (only != nullptr) return nullptr;
    only = socket;
  }
  return only;
}

void UdpStack::Impl::DeliverToAll(uint32_t link, const Packet& packet, const Arrival& arrival,
                                  absl::Time now) {
  const ArrivedShare datagram = TakeIn(packet, arrival, now);
  // It is then delivered as if it were for one: a reuse-port group shares it, also with members
  // that did not join.
  if (ControlBlock* only = OnlyHearer(link, packet, arrival); only != nullptr) {
    Enqueue(*MemberFor(*only, arrival), packet, arrival, datagram);
    return;
  }
  const size_t candidates = ports_.OnPort(arrival.destination.port).size();
  const auto find = [&] { return FindHearers(link, arrival); };
  // Of a few, who hears it is found out each time; of many, once for all datagrams of these ends.
  Hearers of_few;
  if (candidates <= kFewHearers) of_few = find();
  const Hearers& hearers =
      candidates <= kFewHearers
          ? of_few
          : hearers_.Get({link, arrival.interface_index, arrival.source, arrival.destination},
                         hearing_version(), find);
  if (hearers.empty()) {
    host_.Dropped(packet, link, candidates == 0 ? DropCause::kNoSocket : DropCause::kFiltered);
    return;
  }
  bool again = false;
  const uint64_t arrived = packet.event;
  for (size_t i = 0; i < hearers.size(); ++i) {
    // Each lies somewhere else in memory; of many, it is on its way from there by its turn.
    if (i + kFetchedAhead < hearers.size()) hearers[i + kFetchedAhead]->Prefetch();
    packet.event = arrived;
    again = Enqueue(*hearers[i], packet, arrival, datagram, again);
  }
}

// Who gets a broadcast or group datagram, in that order.
UdpStack::Impl::Hearers UdpStack::Impl::FindHearers(uint32_t link, const Arrival& arrival) const {
  const absl::Span<ControlBlock* const> chain = ports_.OnPort(arrival.destination.port);
  Hearers hearers;
  std::copy_if(chain.begin(), chain.end(), std::back_inserter(hearers),
               [&](const ControlBlock* socket) {
                 return Hears(*socket, arrival, /*own_copy=*/link == kLoopbackIndex);
               });
  if (rules_.fan_out == FanOut::kToUnshared) {
    // From the newest on, down to the first that does not share.
    std::sort(hearers.begin(), hearers.end(),
              [](const ControlBlock* a, const ControlBlock* b) { return a->id > b->id; });
    const auto last = std::find_if(hearers.begin(), hearers.end(), [](const ControlBlock* socket) {
      return !socket->options.reuse_address && !socket->options.reuse_port;
    });
    if (last != hearers.end()) hearers.erase(last + 1, hearers.end());
  }
  return hearers;
}

size_t UdpStack::Impl::ChargeFor(const Packet& packet, const Arrival& arrival) const {
  // What is for the host itself was never split, whatever interface it counts for; the host's own
  // copy of what it sent to all was, as for that interface.
  const auto to_all = [&](const IpAddress& target) {
    return target.is_multicast() || target.is_limited_broadcast() ||
           interfaces_.OwnerOfBroadcast(target) != 0;
  };
  const bool whole = packet.arrives_on != 0 && !to_all(packet.destination.address);
  const NetworkInterface* link = interfaces_.Find(whole ? kLoopbackIndex : arrival.interface_index);
  return ChargeOf(rules_, packet, link->mtu, arrival.parts);
}

ArrivedShare UdpStack::Impl::TakeIn(const Packet& packet, const Arrival& arrival,
                                    absl::Time now) const {
  return {packet, arrival.interface_index, now, ChargeFor(packet, arrival), pool_};
}

bool UdpStack::Impl::Enqueue(ControlBlock& socket, const Packet& packet, const Arrival& arrival,
                             const ArrivedShare& datagram, bool again) {
  if (socket.connected || FiltersByFormerPeer(socket, arrival)) socket.knows_processor = true;
  const bool closed = socket.read_shut && rules_.read_shutdown == ReadShutdown::kEnd;
  if (closed || !FitsQueue(rules_, socket, datagram->charge)) {
    ++socket.dropped;
    host_.Refused(packet, arrival.interface_index, DropCause::kReceiveBufferFull, socket.id);
    return false;
  }
  socket.charged += datagram->charge;
  QueuedDatagram& queued = socket.queue.NewBack();
  queued.datagram = datagram;
  queued.dropped_before = static_cast<uint32_t>(socket.dropped);
  if (again) {
    host_.DeliveredToo(packet, socket.id);
  } else {
    host_.Delivered(packet, arrival.interface_index, socket.id);
  }
  host_.SocketReady(socket.id);
  return true;
}

}  // namespace pollux::sim
