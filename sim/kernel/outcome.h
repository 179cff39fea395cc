// SPDX-License-Identifier: Apache-2.0
//
// File: outcome.h
//
// What a simulated system call returns: a value, or the error it failed with. Unlike
// `absl::StatusOr` it carries no text: the engine above knows the call and words it.

#ifndef POLLUX_SIM_KERNEL_OUTCOME_H_
#define POLLUX_SIM_KERNEL_OUTCOME_H_

#include <optional>
#include <utility>

#include "udp/internal/check.h"
#include "udp/socket_error.h"

namespace pollux::sim {

// Nothing but success.
struct Done {};

template <typename T = Done>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : value_(std::move(value)) {}  // NOLINT: a value is an outcome.
  Outcome(OsError error) : error_(error) {}       // NOLINT: and so is an error.

  bool ok() const { return value_.has_value(); }
  // Only of a failure.
  OsError error() const { return error_; }
  // Only of a success: this is checked.
  T& operator*() {
    POLLUX_CHECK(ok(), "the value of a failed outcome was asked for");
    return *value_;
  }
  const T& operator*() const {
    POLLUX_CHECK(ok(), "the value of a failed outcome was asked for");
    return *value_;
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

 private:
  std::optional<T> value_;
  OsError error_ = OsError::kUnknown;
};

// Success or failure in one word, as a system call returns it.
template <>
class [[nodiscard]] Outcome<Done> {
 public:
  Outcome(Done /*done*/) {}                                   // NOLINT: as above.
  Outcome(OsError error) : code_(static_cast<int>(error)) {}  // NOLINT

  bool ok() const { return code_ == kDone; }
  // Only of a failure.
  OsError error() const { return static_cast<OsError>(code_); }

 private:
  static constexpr int kDone = -1;
  int code_ = kDone;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_OUTCOME_H_
