// SPDX-License-Identifier: Apache-2.0
//
// File: socket_options.h
//
// The options of a socket in Linux' terms: see socket(7), ip(7), ipv6(7).

#ifndef POLLUX_PLATFORM_LINUX_SOCKET_OPTIONS_H_
#define POLLUX_PLATFORM_LINUX_SOCKET_OPTIONS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/linux/socket_ref.h"
#include "udp/datagram.h"
#include "udp/socket_option.h"

namespace pollux::linux_engine {

// As `EngineSocket::SetOption` and `GetOption`.
absl::Status SetSocketOption(const SocketRef& socket, SocketOption option, int value);
absl::StatusOr<int> GetSocketOption(const SocketRef& socket, SocketOption option);

// Has the kernel send control messages for the fields of `wanted`, and none for others. `previous`
// is what it was last asked for, and what it is left at on failure.
absl::Status SetMetadata(const SocketRef& socket, Metadata wanted, Metadata previous);

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_SOCKET_OPTIONS_H_
