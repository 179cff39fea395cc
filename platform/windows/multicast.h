// SPDX-License-Identifier: Apache-2.0
//
// File: multicast.h
//
// Group memberships, and the interface by which group datagrams leave.

#ifndef POLLUX_PLATFORM_WINDOWS_MULTICAST_H_
#define POLLUX_PLATFORM_WINDOWS_MULTICAST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "platform/windows/socket_ref.h"
#include "udp/socket_engine.h"

namespace pollux::windows_engine {

// As `EngineSocket::Join`, `Leave` and `SetMulticastInterface`; `previous` is the interface that
// was last set, and is left set on failure.
absl::Status JoinGroup(const SocketRef& socket, const GroupMembership& membership);
absl::Status LeaveGroup(const SocketRef& socket, const GroupMembership& membership);
absl::Status SetGroupInterface(const SocketRef& socket, uint32_t index, uint32_t previous);

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_MULTICAST_H_
