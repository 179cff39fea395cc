// SPDX-License-Identifier: Apache-2.0
//
// File: matchers.h
//
// GoogleMock matchers for what sockets return:
//
//   EXPECT_THAT(socket.Bind(7755), IsOk());
//   EXPECT_THAT(other.Bind(7755), HasCause(SocketError::kAddressInUse));

#ifndef POLLUX_UDP_TESTING_MATCHERS_H_
#define POLLUX_UDP_TESTING_MATCHERS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "udp/socket_error.h"

namespace pollux::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// An `absl::Status` or `absl::StatusOr` that is OK.
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).ok();
}

// An error with that portable cause.
MATCHER_P(HasCause, cause,
          (negation ? std::string("is not caused by ") : std::string("is caused by ")) +
              std::string(ToString(cause))) {
  *result_listener << StatusOf(arg);
  return SocketErrorOf(StatusOf(arg)) == std::optional<SocketError>(cause);
}

// An error whose message contains `text`.
MATCHER_P(Says, text, std::string("has a message that contains \"") + text + "\"") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).message().find(text) != absl::string_view::npos;
}

}  // namespace pollux::testing

#endif  // POLLUX_UDP_TESTING_MATCHERS_H_
