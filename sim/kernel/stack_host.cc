// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/stack_host.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

namespace pollux::sim {

absl::string_view ToString(DropCause cause) {
  // By number.
  static constexpr absl::string_view kNames[] = {
      "no socket",
      "not for this host",
      "filtered by every socket",
      "receive buffer full",
      "no route",
      "interface down",
      "bad checksum",
      "not asked for",
      "host down",
      "host frozen",
      "no carrier",
      "fragments are missing",
      "too many fragments wait",
      "duplicate fragment",
      "fragments overlap",
      "queue full",
      "queue delay",
      "by rule",
      "discarded",
      "hop limit reached",
      "too large for the next segment",
      "prohibited",
      "swallowed",
      "no mapping",
      "filtered by the NAT",
      "no hairpinning",
      "no port left",
      "partitioned",
      "group not reported",
      "transmit time too far ahead",
  };
  static_assert(std::size(kNames) == static_cast<size_t>(DropCause::kBeyondHorizon) + 1);
  const auto number = static_cast<size_t>(cause);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

void StackHost::Panic(absl::string_view reason) {
  std::fprintf(stderr, "panic: %s\n", std::string(reason).c_str());
  std::abort();
}

}  // namespace pollux::sim
