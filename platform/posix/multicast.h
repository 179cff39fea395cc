// SPDX-License-Identifier: Apache-2.0
//
// File: multicast.h
//
// Memberships, and the interface by which group datagrams leave, by the calls that
// Linux, macOS and the BSDs share: see ip(7), ipv6(7) and RFC 3678. A dual-stack socket joins IPv4
// groups with the options of IPv4, which the BSDs refuse.

#ifndef POLLUX_PLATFORM_POSIX_MULTICAST_H_
#define POLLUX_PLATFORM_POSIX_MULTICAST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "platform/posix/socket_ref.h"
#include "udp/socket_engine.h"

namespace pollux::posix {

// As `EngineSocket::Join` and `Leave`.
absl::Status JoinGroup(const SocketRef& socket, const GroupMembership& membership);
absl::Status LeaveGroup(const SocketRef& socket, const GroupMembership& membership);

// As `EngineSocket::SetMulticastInterface`; `previous` is what was set before.
absl::Status SetGroupInterface(const SocketRef& socket, uint32_t index, uint32_t previous);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_MULTICAST_H_
