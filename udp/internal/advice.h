// SPDX-License-Identifier: Apache-2.0
//
// File: advice.h
//
// What a program can do about an error of its system. The system says what was wrong in general
// ("address already in use"); here is known which call it was, and what that means for it.
//
// Each function returns `status` with a sentence behind its message, or as it is where there is
// nothing to add. Code and cause stay. Thread-safe.

#ifndef POLLUX_UDP_INTERNAL_ADVICE_H_
#define POLLUX_UDP_INTERNAL_ADVICE_H_

#include "absl/status/status.h"
#include "udp/endpoint.h"
#include "udp/platform.h"
#include "udp/socket_engine.h"

namespace pollux::internal {

// Of a bind to `local` that failed.
absl::Status AdviseOnBind(const absl::Status& status, Platform platform, const Endpoint& local);
// Of a join by a socket that is bound to `local`.
absl::Status AdviseOnJoin(const absl::Status& status, const GroupMembership& membership,
                          const IpAddress& local);
absl::Status AdviseOnLeave(const absl::Status& status);

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_ADVICE_H_
