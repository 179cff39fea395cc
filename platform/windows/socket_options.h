// SPDX-License-Identifier: Apache-2.0
//
// File: socket_options.h
//
// The options of a socket in Winsock's terms: see the pages of SOL_SOCKET, IPPROTO_IP and
// IPPROTO_IPV6 socket options.

#ifndef POLLUX_PLATFORM_WINDOWS_SOCKET_OPTIONS_H_
#define POLLUX_PLATFORM_WINDOWS_SOCKET_OPTIONS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/windows/socket_ref.h"
#include "udp/datagram.h"
#include "udp/socket_option.h"

namespace pollux::windows_engine {

// What Winsock itself does not give back.
struct RememberedOptions {
  bool report_unreachable = true;
  // The system's defaults, known once the option was set.
  std::optional<int> default_hop_limit;
  std::optional<int> default_multicast_hop_limit;
};

// As `EngineSocket::SetOption` and `GetOption`.
absl::Status SetSocketOption(const SocketRef& socket, SocketOption option, int value,
                             RememberedOptions& remembered);
absl::StatusOr<int> GetSocketOption(const SocketRef& socket, SocketOption option,
                                    const RememberedOptions& remembered);

// Has ICMP errors of this socket's datagrams reported to it, or not.
Result ReportUnreachable(const SocketRef& socket, bool report);

// Has Winsock send control messages for the fields of `wanted`, and none for others. `previous` is
// what it was last asked for, and what it is left at on failure.
absl::Status SetMetadata(const SocketRef& socket, Metadata wanted, Metadata previous);

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_SOCKET_OPTIONS_H_
