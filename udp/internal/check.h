// SPDX-License-Identifier: Apache-2.0
//
// File: check.h
//
// `POLLUX_CHECK` ends the process when the program breaks a rule that no run-time answer can mend:
// a loop destroyed before its timers, a socket used after it was moved from. It stays on in release
// builds. What the environment does wrong is an `absl::Status` instead.

#ifndef POLLUX_UDP_INTERNAL_CHECK_H_
#define POLLUX_UDP_INTERNAL_CHECK_H_

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"

namespace pollux::internal {

// Prints "FILE:LINE: check failed: CONDITION: MESSAGE" to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              absl::string_view message);

}  // namespace pollux::internal

// `message` is evaluated only on failure and says what the program did wrong.
#define POLLUX_CHECK(condition, message) \
  (ABSL_PREDICT_TRUE(condition)          \
       ? static_cast<void>(0)            \
       : ::pollux::internal::CheckFailed(__FILE__, __LINE__, #condition, message))

#endif  // POLLUX_UDP_INTERNAL_CHECK_H_
