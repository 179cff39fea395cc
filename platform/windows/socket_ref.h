// SPDX-License-Identifier: Apache-2.0
//
// File: socket_ref.h
//
// `SocketRef` names a socket of Winsock's to the parts of the engine that work on one.

#ifndef POLLUX_PLATFORM_WINDOWS_SOCKET_REF_H_
#define POLLUX_PLATFORM_WINDOWS_SOCKET_REF_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "platform/windows/winsock.h"
#include "udp/ip_address.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::windows_engine {

// A value; owns nothing.
struct SocketRef {
  Winsock* calls = nullptr;
  SOCKET handle = INVALID_SOCKET;
  AddressFamily family = AddressFamily::kNone;

  bool speaks_ipv4() const { return family != AddressFamily::kIpv6; }
  bool speaks_ipv6() const { return family != AddressFamily::kIpv4; }

  // setsockopt with an int. Returns 0 or the negated code.
  Result Set(int level, int name, int value) const {
    return calls->SetOption(handle, level, name, &value, sizeof(value));
  }
  // getsockopt of an int.
  Result Get(int level, int name, int* value) const {
    int length = sizeof(*value);
    return calls->GetOption(handle, level, name, value, &length);
  }
};

// The status for what a call returned: OK unless it is negative. `what` as in `OsStatus`.
inline absl::Status StatusOf(Result result, absl::string_view what) {
  if (result >= 0) return absl::OkStatus();
  return OsStatusFromNumber(Platform::kWindows, -result, what);
}

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_SOCKET_REF_H_
