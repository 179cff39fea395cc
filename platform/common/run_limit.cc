// SPDX-License-Identifier: Apache-2.0

#include "platform/common/run_limit.h"

#include <algorithm>

namespace pollux::internal {

size_t RunLimit::LimitTo(const IpAddress& to) {
  if (++calls_since_ > kRefusedFor) return limit_ = most_;
  return refused_to_.is_set() && refused_to_ != to ? most_ : limit_;
}

void RunLimit::Refused(const IpAddress& to, size_t largest) {
  const bool at_first = limit_ == most_;
  // Who sends to many by turns does not have each of them refuse it each time.
  refused_to_ = at_first || refused_to_ == to ? to : IpAddress();
  limit_ = std::min(limit_, largest);
  calls_since_ = 0;
}

}  // namespace pollux::internal
