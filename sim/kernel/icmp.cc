// SPDX-License-Identifier: Apache-2.0
//
// ICMP: port unreachable for datagrams that nobody takes, and what errors from the network do to
// the socket that sent (udp-semantics 1.4, 2.3, 3.3, 4.3).

#include <algorithm>

#include "sim/kernel/receive_queue.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

constexpr uint32_t kMinIpv4PathMtu = 552;  // Linux believes no smaller one.
constexpr uint32_t kMinIpv6PathMtu = 1280;

// What an ICMP error means to a socket. A soft one is a hint that may pass; `error` is unset where
// the platform ignores it altogether.
struct Meaning {
  std::optional<OsError> error;
  bool soft = false;
};

Meaning LinuxMeaning(IcmpError icmp, bool ipv4) {
  switch (icmp) {
    case IcmpError::kNetUnreachable:
      return {OsError::kNetworkUnreachable, true};
    case IcmpError::kHostUnreachable:
    case IcmpError::kTimeExceeded:
    case IcmpError::kReassemblyTimeExceeded:
      return {OsError::kHostUnreachable, true};
    case IcmpError::kProtocolUnreachable:
      return {ipv4 ? OsError::kNoProtocolOption : OsError::kProtocolNotSupported, false};
    case IcmpError::kPortUnreachable:
      return {OsError::kConnectionRefused, false};
    case IcmpError::kFragmentationNeeded:
      return {OsError::kMessageTooLong, false};
    case IcmpError::kAdminProhibited:
      return {ipv4 ? OsError::kHostUnreachable : OsError::kAccess, false};
  }
  return {};
}

Meaning BsdMeaning(IcmpError icmp) {
  switch (icmp) {
    case IcmpError::kNetUnreachable:
      return {OsError::kNetworkUnreachable, false};
    case IcmpError::kHostUnreachable:
    case IcmpError::kTimeExceeded:
      return {OsError::kHostUnreachable, false};
    case IcmpError::kProtocolUnreachable:
    case IcmpError::kPortUnreachable:
    case IcmpError::kAdminProhibited:
      return {OsError::kConnectionRefused, false};
    case IcmpError::kFragmentationNeeded:
      return {OsError::kMessageTooLong, false};
    case IcmpError::kReassemblyTimeExceeded:
      break;
  }
  return {};
}

Meaning WindowsMeaning(IcmpError icmp) {
  if (icmp == IcmpError::kTimeExceeded) return {OsError::kNetworkReset, false};
  if (icmp == IcmpError::kPortUnreachable) return {OsError::kConnectionReset, false};
  return {};
}

Meaning MeaningOf(const PlatformRules& rules, IcmpError icmp, bool ipv4) {
  switch (rules.icmp_codes) {
    case IcmpCodes::kLinux:
      return LinuxMeaning(icmp, ipv4);
    case IcmpCodes::kBsd:
      return BsdMeaning(icmp);
    case IcmpCodes::kWinsock:
      break;
  }
  return WindowsMeaning(icmp);
}

}  // namespace

// A bucket per host that is told: full it holds `icmp_burst` errors. What stays on the host is
// free.
bool UdpStack::Impl::MaySendIcmp(const OutputRoute& route, absl::Time now) {
  const bool ipv4 = route.target.is_ipv4();
  int64_t cost = ipv4 ? rules_.icmp_interval_ipv4_ms : rules_.icmp_interval_ipv6_ms;
  if (cost == 0 || route.interface_index == kLoopbackIndex) return true;
  if (!ipv4) {
    // Whole networks are told more often than single hosts (Linux: icmpv6_xrlim_allow).
    const Route* known = interfaces_.FindRoute(route.target, route.interface_index);
    const int prefix = known == nullptr ? 0 : known->prefix_length;
    cost = std::max<int64_t>(1, cost >> ((128 - prefix) / 32));
  }
  const int64_t full = cost * rules_.icmp_burst;
  auto [entry, is_new] = icmp_budgets_.try_emplace(route.target, IcmpBudget{full, now});
  IcmpBudget& budget = entry->second;
  const int64_t passed = absl::ToInt64Milliseconds(now - budget.last);
  if (passed > 0) {
    budget.left_ms = std::min(full, budget.left_ms + passed);
    budget.last = now;
  } else if (passed < 0) {
    budget.last = now;  // The clock was set back.
  }
  if (budget.left_ms < cost) return false;
  budget.left_ms -= cost;
  return true;
}

void UdpStack::Impl::SendIcmp(IcmpError icmp, const Packet& packet, uint32_t arrived_on,
                              absl::Time now, uint32_t mtu) {
  const IpAddress& sender = packet.source.address;
  if (sender.is_unspecified() || sender.is_multicast() || sender.is_limited_broadcast()) return;
  // Never about another error, and once about a datagram (RFC 1122 3.2.2).
  if (packet.icmp || packet.fragment_offset != 0) return;
  RouteRequest request;
  request.target = sender;
  // A port is told of by the address it is at, a way by the host.
  if (icmp == IcmpError::kPortUnreachable) request.source = packet.destination.address;
  if (sender.is_ipv6() && sender.is_link_local()) request.interface_index = arrived_on;
  Outcome<OutputRoute> route = FindOutputRoute(interfaces_, rules_, request);
  // Path MTU discovery would not work if this were limited.
  const bool limited = icmp != IcmpError::kFragmentationNeeded;
  if (!route.ok() || (limited && !MaySendIcmp(*route, now))) return;
  Packet error = packet;
  error.id = ++last_packet_;
  error.icmp = icmp;
  error.icmp_reporter = route->source;
  error.icmp_mtu = mtu;
  error.hop_limit = 64;
  error.traffic_class = 0;
  error.dont_fragment = false;
  error.fragment_offset = 0;
  error.fragment_size = 0;
  // What stays on the host counts as arriving where the address is, but IPv4's on loopback.
  const bool own_ipv6 = route->kind == OutputRoute::Kind::kOwn && sender.is_ipv6();
  error.arrives_on = own_ipv6 && route->arrives_on != kLoopbackIndex ? route->arrives_on : 0;
  if (HasTranslator() && sender.is_ipv4() &&
      forwarding_->translator->Leave(0, route->interface_index, error)) {
    return;
  }
  host_.Transmit(route->interface_index, error);
}

// As if a router had said so, but it is the host itself.
void UdpStack::Impl::Unanswered(uint32_t interface_index, const Packet& packet, absl::Time now) {
  // Of a datagram in fragments the first alone says of whom it is.
  if (packet.fragment_offset != 0) return;
  if (forwarding_ != nullptr && !forwarding_->sends_icmp) return;
  SendIcmp(IcmpError::kHostUnreachable, packet, interface_index, now);
}

bool UdpStack::Impl::IsSenderOf(uint32_t link, const Packet& packet) const {
  const IpAddress& sender = packet.source.address;
  if (packet.arrives_on != 0) link = packet.arrives_on;
  const uint32_t scope = sender.is_ipv6() && sender.is_link_local() ? link : 0;
  return interfaces_.OwnerOf(sender.WithScope(scope)) != 0;
}

// The socket is the one that would get an answer from where the datagram went. An error about a
// datagram to the host itself counts as arriving on loopback with IPv4, so that a socket bound to
// another interface does not learn of it; with IPv6, on the address's interface (observed on
// Linux).
void UdpStack::Impl::DeliverIcmp(uint32_t link, const Packet& packet) {
  if (packet.arrives_on != 0) link = packet.arrives_on;
  if (!IsSenderOf(link, packet)) {
    host_.Dropped(packet, link, DropCause::kNotForUs);
    return;
  }
  if (*packet.icmp == IcmpError::kFragmentationNeeded) LearnPathMtu(packet);
  const Arrival answer = {packet.destination, packet.source, link};
  ControlBlock* socket = FindReceiver(rules_, ports_, answer);
  if (socket == nullptr) {
    host_.Dropped(packet, link, DropCause::kNoSocket);
    return;
  }
  if (ReportIcmp(*socket, packet)) {
    host_.Delivered(packet, link, socket->id);
    host_.SocketFailed(socket->id);
  } else {
    host_.Refused(packet, link, DropCause::kNotAsked, socket->id);
  }
}

void UdpStack::Impl::LearnPathMtu(const Packet& packet) {
  const uint32_t least = packet.source.address.is_ipv4() ? kMinIpv4PathMtu : kMinIpv6PathMtu;
  LearnedMtu& learned = path_mtus_[packet.destination.address];
  if (learned.number != 0) host_.StopTimer(StackTimer::kPathMtu, learned.number);
  learned = {std::max(packet.icmp_mtu, least), ++last_path_mtu_};
  host_.StartTimer(StackTimer::kPathMtu, learned.number, absl::Seconds(rules_.path_mtu_expires_s));
}

void UdpStack::Impl::ForgetPathMtu(uint64_t number) {
  for (auto entry = path_mtus_.begin(); entry != path_mtus_.end(); ++entry) {
    if (entry->second.number != number) continue;
    path_mtus_.erase(entry);
    return;
  }
}

bool UdpStack::Impl::ReportIcmp(ControlBlock& socket, const Packet& packet) {
  const Meaning meaning = MeaningOf(rules_, *packet.icmp, packet.source.address.is_ipv4());
  if (!meaning.error) return false;
  const PendingError error{*meaning.error, packet.destination, packet.icmp_reporter};
  switch (rules_.icmp) {
    case IcmpRule::kAsked:
      if (socket.options.report_unreachable) {
        QueueError(rules_, socket, error, &packet);
      } else if (meaning.soft || !socket.connected) {
        return false;
      }
      socket.error = error;
      break;
    case IcmpRule::kConnected:
      if (!socket.connected) return false;
      socket.error = error;
      break;
    case IcmpRule::kEverySocket:
      if (!socket.options.report_unreachable) return false;
      QueueError(rules_, socket, error, &packet);
      break;
  }
  return true;
}

}  // namespace pollux::sim
