// SPDX-License-Identifier: Apache-2.0
//
// File: socket_option.h
//
// The options of a socket. Each has an int value; booleans are 0 and 1. An option that a platform
// does not have fails with `SocketError::kUnsupportedOperation`; docs/platforms.md lists which are
// where. Engines translate these names to the kernel's: on a dual-stack socket an option that both
// protocols have is set for both.

#ifndef POLLUX_UDP_SOCKET_OPTION_H_
#define POLLUX_UDP_SOCKET_OPTION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pollux {

enum class SocketOption : uint8_t {
  // Who else may bind. Set before the bind. `UdpSocket` sets these three by the bind mode.
  kReuseAddress,      // SO_REUSEADDR
  kReusePort,         // SO_REUSEPORT; not on Windows
  kExclusiveAddress,  // SO_EXCLUSIVEADDRUSE; Windows only

  kBroadcast,          // SO_BROADCAST: may send to broadcast addresses. `UdpSocket` turns it on.
  kSendBufferSize,     // SO_SNDBUF, bytes. Reads back what the kernel granted.
  kReceiveBufferSize,  // SO_RCVBUF, bytes. Reads back what the kernel granted: Linux doubles it.
  kBoundInterface,     // SO_BINDTODEVICE, IP_BOUND_IF: interface index, 0 for none.
  kFreeBind,           // IP_FREEBIND, IP_BINDANY: may bind addresses that the host does not have.

  kHopLimit,       // IP_TTL, IPV6_UNICAST_HOPS: 1..255, -1 resets.
  kTypeOfService,  // IP_TOS, IPV6_TCLASS: 0..255. The two low bits are ECN.
  kDontFragment,   // IP_MTU_DISCOVER, IPV6_DONTFRAG, IP_DONTFRAGMENT: larger datagrams fail.
  kPathMtu,        // IP_MTU, IPV6_MTU. Read only, and only while connected.

  kMulticastHopLimit,  // IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS: 0..255, -1 resets. 0 stays here.
  kMulticastLoopback,  // IP_MULTICAST_LOOP: own group datagrams come back. Windows: looked at by
                       // the receiver; elsewhere by the sender.
  kMulticastAll,  // IP_MULTICAST_ALL: hears groups that other sockets of the host joined. Linux.

  kIpv6Only,           // IPV6_V6ONLY. Engines set it by the family; read only.
  kReportUnreachable,  // IP_RECVERR, SIO_UDP_CONNRESET: ICMP errors reach unconnected sockets too.

  // Linux only.
  kMaxPacingRate,  // SO_MAX_PACING_RATE, bytes a second, headers included; -1 for no limit. Kept by
  // interfaces whose queue is fq (tc-fq(8)); others send at once. A rate only falls:
  // a higher one than before is read back, and the lowest is kept. What a SendBatch
  // sends as a run leaves as one, and the gap comes after it.
  kBusyPoll,        // SO_BUSY_POLL: microseconds for which a receive that finds nothing asks the
                    // network card itself. To raise it needs CAP_NET_ADMIN.
  kPreferBusyPoll,  // SO_PREFER_BUSY_POLL: interrupts give way to that. Needs CAP_NET_ADMIN.
};

inline constexpr SocketOption kAllSocketOptions[] = {
    SocketOption::kReuseAddress,      SocketOption::kReusePort,
    SocketOption::kExclusiveAddress,  SocketOption::kBroadcast,
    SocketOption::kSendBufferSize,    SocketOption::kReceiveBufferSize,
    SocketOption::kBoundInterface,    SocketOption::kFreeBind,
    SocketOption::kHopLimit,          SocketOption::kTypeOfService,
    SocketOption::kDontFragment,      SocketOption::kPathMtu,
    SocketOption::kMulticastHopLimit, SocketOption::kMulticastLoopback,
    SocketOption::kMulticastAll,      SocketOption::kIpv6Only,
    SocketOption::kReportUnreachable, SocketOption::kMaxPacingRate,
    SocketOption::kBusyPoll,          SocketOption::kPreferBusyPoll,
};

// "ReuseAddress", and so on.
absl::string_view ToString(SocketOption option);

// Whether `value` is one that the option can be set to on any platform. Errors:
// SocketError::kOperation, naming option, value and range, and for an option that can only be read.
absl::Status CheckOptionValue(SocketOption option, int value);

}  // namespace pollux

#endif  // POLLUX_UDP_SOCKET_OPTION_H_
