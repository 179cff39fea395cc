// SPDX-License-Identifier: Apache-2.0
//
// File: socket_ref.h
//
// `SocketRef` names a kernel's socket to the parts of the engine that work on one.

#ifndef POLLUX_PLATFORM_POSIX_SOCKET_REF_H_
#define POLLUX_PLATFORM_POSIX_SOCKET_REF_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "platform/posix/system.h"
#include "platform/posix/system_calls.h"
#include "udp/ip_address.h"
#include "udp/socket_error.h"

namespace pollux::posix {

// A value; owns nothing.
struct SocketRef {
  SystemCalls* calls = nullptr;
  int fd = -1;
  AddressFamily family = AddressFamily::kNone;

  bool speaks_ipv4() const { return family != AddressFamily::kIpv6; }
  bool speaks_ipv6() const { return family != AddressFamily::kIpv4; }

  // setsockopt with an int. Returns 0 or the negated errno.
  int Set(int level, int name, int value) const {
    return calls->SetSockOpt(fd, level, name, &value, sizeof(value));
  }
  // getsockopt of an int.
  int Get(int level, int name, int* value) const {
    socklen_t length = sizeof(*value);
    return calls->GetSockOpt(fd, level, name, value, &length);
  }
};

// The status for what a system call returned: OK unless it is negative. `what` as in `OsStatus`.
inline absl::Status StatusOf(int result, absl::string_view what) {
  if (result >= 0) return absl::OkStatus();
  return OsStatusFromNumber(kPlatform, -result, what);
}

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_SOCKET_REF_H_
