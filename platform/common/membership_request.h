// SPDX-License-Identifier: Apache-2.0
//
// File: membership_request.h
//
// Group memberships as system calls take them: the protocol-independent requests of RFC 3678, which
// POSIX systems and Winsock share.

#ifndef POLLUX_PLATFORM_COMMON_MEMBERSHIP_REQUEST_H_
#define POLLUX_PLATFORM_COMMON_MEMBERSHIP_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "platform/common/socket_headers.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"
#include "udp/socket_error.h"

namespace pollux::internal {

// "join 239.1.2.3 on interface 2 from source 10.0.0.1"; `verb` comes first.
std::string Describe(absl::string_view verb, const GroupMembership& membership);

// What is wrong with a membership for a socket of `family`, of what a system would not notice, or
// would answer in more than one way; nullopt for nothing.
std::optional<OsError> Check(AddressFamily family, const GroupMembership& membership);

// The interface of a membership. The group's scope names it where the membership does not.
uint32_t InterfaceOf(const GroupMembership& membership);

// MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP.
group_req GroupRequest(const GroupMembership& membership);
// MCAST_JOIN_SOURCE_GROUP and MCAST_LEAVE_SOURCE_GROUP.
group_source_req SourceRequest(const GroupMembership& membership);

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_MEMBERSHIP_REQUEST_H_
