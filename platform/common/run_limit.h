// SPDX-License-Identifier: Apache-2.0
//
// File: run_limit.h
//
// `RunLimit` is which datagrams of a socket may be in a run (run.h), by what the system has
// refused: more than a path's MTU lets be, or all, where a device on the way cannot.

#ifndef POLLUX_PLATFORM_COMMON_RUN_LIMIT_H_
#define POLLUX_PLATFORM_COMMON_RUN_LIMIT_H_

#include <cstddef>

#include "absl/base/optimization.h"
#include "udp/ip_address.h"

namespace pollux::internal {

// Thread-compatible.
class RunLimit {
 public:
  // After how many calls for many datagrams what was refused is tried again: a path's MTU grows as
  // well, and the system forgets one that it has learned. To be refused costs two calls.
  static constexpr int kRefusedFor = 1000;

  // What the system takes at the most; until then it takes none.
  void Allow(size_t segment_max) { most_ = limit_ = segment_max; }

  // The largest datagram that may be in a run to `to`; 0 if none may. To be asked once for each
  // call.
  size_t To(const IpAddress& to) {
    return ABSL_PREDICT_TRUE(limit_ == most_) ? most_ : LimitTo(to);
  }
  // A run to `to` was refused, which went well one by one: datagrams larger than that may not be in
  // one.
  void Refused(const IpAddress& to, size_t largest);

 private:
  size_t LimitTo(const IpAddress& to);

  size_t most_ = 0;
  size_t limit_ = 0;      // For that destination: another has another path.
  IpAddress refused_to_;  // Unset once several have refused: then for all of them.
  int calls_since_ = 0;
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_RUN_LIMIT_H_
