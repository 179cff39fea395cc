// SPDX-License-Identifier: Apache-2.0
//
// File: codel.h
//
// CoDel, "controlled delay" (RFC 8289): a queue drops, now and then, at its head when packets have
// had to wait too long for too long a time, so that who sends too much hears of it early.

#ifndef POLLUX_SIM_FABRIC_CODEL_H_
#define POLLUX_SIM_FABRIC_CODEL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pollux::sim {

// The defaults are those of RFC 8289. A value type; thread-compatible.
struct CoDel {
  absl::Duration target = absl::Milliseconds(5);      // A wait that is not too long.
  absl::Duration interval = absl::Milliseconds(100);  // For how long it may be longer.
  // Packets whose sender speaks ECN (ECT(0) or ECT(1), RFC 3168) are marked as having met
  // congestion, in place of being dropped.
  bool ecn = false;
};

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const CoDel& codel);

// Where one queue is in the algorithm. Integers alone. Loop thread only.
class CoDelState {
 public:
  enum class Verdict : uint8_t { kSend, kDrop, kMark };

  // What to do with the packet that comes out of the queue at `now` after waiting for `wait`. It is
  // asked about each in turn, until one can be sent or marked and sent. `standing` says whether
  // more than one packet's worth of bytes waits behind it; `markable`, whether it may be marked.
  Verdict Next(const CoDel& codel, absl::Duration wait, bool standing, bool markable,
               absl::Time now);
  // Nothing is left in the queue.
  void Empty();

 private:
  // Whether waits have been too long for an interval.
  bool TooLong(const CoDel& codel, absl::Duration wait, bool standing, absl::Time now);
  Verdict Enter(const CoDel& codel, bool markable, absl::Time now);

  absl::Time first_above_ = absl::InfinitePast();  // When waits will have been too long; or never.
  absl::Time drop_next_ = absl::InfinitePast();
  uint32_t count_ = 0;       // Drops of the present dropping state.
  uint32_t last_count_ = 0;  // With how many it began.
  bool dropping_ = false;
  bool entered_ = false;  // The last packet was the first drop of a dropping state.
  bool dropped_ = false;  // The last packet was a further one.
};

// When the next drop is due after one at `time`, the `count`th: in interval / sqrt(count).
absl::Time CoDelNextDrop(absl::Time time, absl::Duration interval, uint32_t count);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_CODEL_H_
