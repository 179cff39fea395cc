// SPDX-License-Identifier: Apache-2.0
//
// Socket options: which exist, what values they take, and what they read back.

#include <algorithm>

#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

constexpr int kDefaultHopLimit = 64;

bool IsFlag(int value) { return value == 0 || value == 1; }

}  // namespace

// The three that decide who may bind too. They work at once, on bound sockets as well
// (udp-semantics 1.1.4 "option set/cleared after bind").
Outcome<> UdpStack::Impl::SetReuse(ControlBlock& socket, SocketOption option, bool on) {
  SocketOptions& options = socket.options;
  switch (option) {
    case SocketOption::kReuseAddress:
      if (on && options.exclusive_address) return OsError::kInvalidArgument;
      ports_.SetReuseAddress(socket, on);
      return Done();
    case SocketOption::kReusePort:
      if (!rules_.port_reuse_option) return OsError::kNoProtocolOption;
      options.reuse_port = on;
      return Done();
    default:
      break;
  }
  if (!rules_.exclusive_option) return OsError::kNoProtocolOption;
  if (on && options.reuse_address) return OsError::kInvalidArgument;
  options.exclusive_address = on;
  return Done();
}

// Grants a multiple of what is asked, within limits. Negative sizes count as huge.
Outcome<> UdpStack::Impl::SetBuffer(int& buffer, int value, int min, int max) {
  if (value < 1 && rules_.empty_buffer_is_error) return OsError::kInvalidArgument;
  const int asked = value < 0 ? max : std::min(value, max);
  buffer = std::max(asked * rules_.buffer_factor, min);
  return Done();
}

Outcome<> UdpStack::Impl::SetBoundInterface(ControlBlock& socket, int value) {
  if (!rules_.bound_interface_option) return OsError::kNoProtocolOption;
  const uint32_t index = static_cast<uint32_t>(value);
  if (value < 0 || (index != 0 && interfaces_.Find(index) == nullptr)) return OsError::kNoDevice;
  // Only root may change it once it is set (udp-semantics 1.1.4 "SO_BINDTODEVICE unprivileged").
  if (socket.options.bound_interface != 0 && socket.user != 0) return OsError::kPermission;
  if (socket.options.bound_interface != index) socket.kept_route.reset();
  if (!socket.bound()) {
    socket.options.bound_interface = index;
    return Done();
  }
  ports_.Move(socket, [&] { socket.options.bound_interface = index; });
  return Done();
}

// The fields of the headers that a socket sends. A dual-stack socket has those of both protocols,
// and a value must suit both.
Outcome<> UdpStack::Impl::SetHeaderField(ControlBlock& socket, SocketOption option, int value) {
  const bool ipv4 = socket.family != AddressFamily::kIpv6;
  const bool ipv6 = socket.is_ipv6();
  SocketOptions& options = socket.options;
  switch (option) {
    case SocketOption::kHopLimit:
      if (value < -1 || value > 255 || (value == 0 && ipv4)) return OsError::kInvalidArgument;
      options.hop_limit = value;
      return Done();
    case SocketOption::kTypeOfService:
      if (ipv6 && (value < -1 || value > 255)) return OsError::kInvalidArgument;
      // IPv4's option compares what it was given, before it is cut to eight bits.
      if (options.traffic_class != (ipv4 || value != -1 ? value : 0)) socket.kept_route.reset();
      options.traffic_class = ipv6 && value == -1 ? 0 : value & 0xff;
      return Done();
    default:
      break;
  }
  options.dont_fragment = value != 0;
  return Done();
}

Outcome<> UdpStack::Impl::SetMulticastOption(ControlBlock& socket, SocketOption option, int value) {
  SocketOptions& options = socket.options;
  switch (option) {
    case SocketOption::kMulticastHopLimit:
      if (value < -1 || value > 255) return OsError::kInvalidArgument;
      options.multicast_hop_limit = value == -1 ? 1 : value;
      break;
    case SocketOption::kMulticastLoopback:
      // IPv6 knows only 0 and 1 (udp-semantics 1.2.3 "LOOP value 2 EINVAL").
      if (socket.is_ipv6() && !IsFlag(value)) return OsError::kInvalidArgument;
      options.multicast_loopback = value != 0;
      break;
    default:
      if (!rules_.multicast_all_option) return OsError::kNoProtocolOption;
      // IPv6 takes any number for yes.
      if (socket.family != AddressFamily::kIpv6 && !IsFlag(value)) return OsError::kInvalidArgument;
      options.multicast_all_ipv4 = value != 0;
      if (socket.is_ipv6()) options.multicast_all_ipv6 = value != 0;
      break;
  }
  options.multicast_touched = true;
  return Done();
}

// SO_MAX_PACING_RATE takes any number, for an unsigned one. The two of busy polling are root's to
// raise, and who may is asked before what for (sk_setsockopt in net/core/sock.c).
Outcome<> UdpStack::Impl::SetQueueOption(ControlBlock& socket, SocketOption option, int value) {
  if (!rules_.queue_options) return OsError::kNoProtocolOption;
  SocketOptions::Queues queues =
      socket.options.queues ? *socket.options.queues : SocketOptions::Queues();
  const bool root = socket.user == 0;
  switch (option) {
    case SocketOption::kMaxPacingRate:
      queues.max_pacing_rate = value;
      if (value != -1) {
        uint64_t& rate = queues.GetAccount().rate;
        rate = std::min(rate, uint64_t{static_cast<uint32_t>(value)});
      }
      break;
    case SocketOption::kBusyPoll:
      if (value > queues.busy_poll && !root) return OsError::kPermission;
      if (value < 0) return OsError::kInvalidArgument;
      queues.busy_poll = value;
      break;
    default:
      if (value != 0 && !root) return OsError::kPermission;
      queues.prefer_busy_poll = value != 0;
      break;
  }
  socket.options.queues = queues;
  return Done();
}

Outcome<int> UdpStack::Impl::GetQueueOption(const ControlBlock& socket, SocketOption option) const {
  if (!rules_.queue_options) return OsError::kNoProtocolOption;
  const SocketOptions::Queues queues =
      socket.options.queues ? *socket.options.queues : SocketOptions::Queues();
  switch (option) {
    case SocketOption::kMaxPacingRate:
      return queues.max_pacing_rate;
    case SocketOption::kBusyPoll:
      return queues.busy_poll;
    default:
      return int{queues.prefer_busy_poll};
  }
}

Outcome<> UdpStack::Impl::SetOption(ControlBlock& socket, SocketOption option, int value) {
  SocketOptions& options = socket.options;
  switch (option) {
    case SocketOption::kReuseAddress:
    case SocketOption::kReusePort:
    case SocketOption::kExclusiveAddress:
      return SetReuse(socket, option, value != 0);
    case SocketOption::kBroadcast:
      options.broadcast = value != 0;
      return Done();
    case SocketOption::kSendBufferSize:
      return SetBuffer(options.send_buffer, value, rules_.send_buffer_min, rules_.send_buffer_max);
    case SocketOption::kReceiveBufferSize:
      return SetBuffer(options.receive_buffer, value, rules_.receive_buffer_min,
                       rules_.receive_buffer_max);
    case SocketOption::kBoundInterface:
      return SetBoundInterface(socket, value);
    case SocketOption::kFreeBind:
      if (!rules_.free_bind_option) return OsError::kNoProtocolOption;
      if (rules_.free_bind_privileged && socket.user != 0) return OsError::kPermission;
      options.free_bind = value != 0;
      return Done();
    case SocketOption::kHopLimit:
    case SocketOption::kTypeOfService:
    case SocketOption::kDontFragment:
      return SetHeaderField(socket, option, value);
    case SocketOption::kPathMtu:
      return OsError::kNoProtocolOption;
    case SocketOption::kMulticastHopLimit:
    case SocketOption::kMulticastLoopback:
    case SocketOption::kMulticastAll:
      return SetMulticastOption(socket, option, value);
    case SocketOption::kIpv6Only:
      if (!socket.is_ipv6()) return OsError::kNoProtocolOption;
      if (socket.bound()) return OsError::kInvalidArgument;
      socket.family = value != 0 ? AddressFamily::kIpv6 : AddressFamily::kDual;
      socket.gave_up_ipv4 = false;
      if (socket.on_wildcard()) socket.local = WildcardOf(socket.family);
      return Done();
    case SocketOption::kReportUnreachable:
      if (rules_.icmp == IcmpRule::kConnected) return OsError::kNoProtocolOption;
      options.report_unreachable = value != 0;
      if (value == 0) ClearErrorQueue(socket);
      return Done();
    case SocketOption::kMaxPacingRate:
    case SocketOption::kBusyPoll:
    case SocketOption::kPreferBusyPoll:
      return SetQueueOption(socket, option, value);
  }
  return OsError::kNoProtocolOption;
}

Outcome<int> UdpStack::Impl::GetPathMtu(const ControlBlock& socket) const {
  if (!socket.connected || !socket.kept_route) return OsError::kNotConnected;
  return static_cast<int>(PathMtu(*socket.kept_route));
}

Outcome<int> UdpStack::Impl::GetOption(const ControlBlock& socket, SocketOption option) const {
  const SocketOptions& options = socket.options;
  switch (option) {
    case SocketOption::kReuseAddress:
      return int{options.reuse_address};
    case SocketOption::kReusePort:
      if (!rules_.port_reuse_option) return OsError::kNoProtocolOption;
      return int{options.reuse_port};
    case SocketOption::kExclusiveAddress:
      if (!rules_.exclusive_option) return OsError::kNoProtocolOption;
      return int{options.exclusive_address};
    case SocketOption::kBroadcast:
      return int{options.broadcast};
    case SocketOption::kSendBufferSize:
      return options.send_buffer;
    case SocketOption::kReceiveBufferSize:
      return options.receive_buffer;
    case SocketOption::kBoundInterface:
      if (!rules_.bound_interface_option) return OsError::kNoProtocolOption;
      return static_cast<int>(options.bound_interface);
    case SocketOption::kFreeBind:
      if (!rules_.free_bind_option) return OsError::kNoProtocolOption;
      return int{options.free_bind};
    case SocketOption::kHopLimit:
      return options.hop_limit < 0 ? kDefaultHopLimit : options.hop_limit;
    case SocketOption::kTypeOfService:
      return options.traffic_class;
    case SocketOption::kDontFragment:
      return int{options.dont_fragment};
    case SocketOption::kPathMtu:
      return GetPathMtu(socket);
    case SocketOption::kMulticastHopLimit:
      return options.multicast_hop_limit;
    case SocketOption::kMulticastLoopback:
      return int{options.multicast_loopback};
    case SocketOption::kMulticastAll:
      if (!rules_.multicast_all_option) return OsError::kNoProtocolOption;
      return int{socket.is_ipv6() ? options.multicast_all_ipv6 : options.multicast_all_ipv4};
    case SocketOption::kIpv6Only:
      // Unlike the set: an IPv4 socket does not even look who is asked.
      if (!socket.is_ipv6()) return OsError::kOperationNotSupported;
      return int{socket.speaks() == AddressFamily::kIpv6};
    case SocketOption::kReportUnreachable:
      if (rules_.icmp == IcmpRule::kConnected) return OsError::kNoProtocolOption;
      return int{options.report_unreachable};
    case SocketOption::kMaxPacingRate:
    case SocketOption::kBusyPoll:
    case SocketOption::kPreferBusyPoll:
      return GetQueueOption(socket, option);
  }
  return OsError::kNoProtocolOption;
}

}  // namespace pollux::sim
