// SPDX-License-Identifier: Apache-2.0
//
// File: socket_options.h
//
// The options of a socket, by the names of option_names.h and those that all systems share.

#ifndef POLLUX_PLATFORM_POSIX_SOCKET_OPTIONS_H_
#define POLLUX_PLATFORM_POSIX_SOCKET_OPTIONS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/posix/socket_ref.h"
#include "udp/datagram.h"
#include "udp/socket_option.h"

namespace pollux::posix {

// As `EngineSocket::SetOption` and `GetOption`.
absl::Status SetSocketOption(const SocketRef& socket, SocketOption option, int value);
absl::StatusOr<int> GetSocketOption(const SocketRef& socket, SocketOption option);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_SOCKET_OPTIONS_H_
