// SPDX-License-Identifier: Apache-2.0
//
// File: host_clock.h
//
// `HostClock` is what a host believes the time to be: its monotonic clock, which can run faster or
// slower than the network's, and its time of day, which can be off, and can be set. All of it is
// integer arithmetic on where the clock stood when it was last touched, so that nothing adds up:
// after hours it is as exact as after a second, to a quarter of a nanosecond.

#ifndef POLLUX_SIM_HOST_CLOCK_H_
#define POLLUX_SIM_HOST_CLOCK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pollux::sim {

// How a host's clock differs from the network's when the simulation begins.
struct ClockOptions {
  // How far the time of day is ahead; negative: behind. At most 100 years.
  absl::Duration wall_offset = absl::ZeroDuration();
  // How much faster the host's clock runs, in parts per billion; negative: slower. A quartz is
  // within 100'000 of it. At most `HostClock::kMaxDriftPpb` either way.
  int64_t drift_ppb = 0;
};

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const ClockOptions& options);

// Loop thread only. "Network time" is `Timeline::now()`, which only grows.
class HostClock {
 public:
  // Half as fast, or half as fast again.
  static constexpr int64_t kMaxDriftPpb = 500'000'000;

  // When the simulation begins, both clocks of the network show `wall_start` and the Unix epoch.
  HostClock(absl::Time wall_start, const ClockOptions& options)
      : drift_ppb_(options.drift_ppb),
        wall_ahead_(wall_start - absl::UnixEpoch() + options.wall_offset) {}

  // What the host's clocks show at a network time. The monotonic one never goes back.
  absl::Time Monotonic(absl::Time network) const {
    return exact() ? network : InexactMonotonic(network);
  }
  absl::Time Wall(absl::Time network) const { return Monotonic(network) + wall_ahead_; }
  // The first network time at which the monotonic clock shows `monotonic` or more: the infinite
  // future while it stands still.
  absl::Time NetworkTime(absl::Time monotonic) const;

  int64_t drift_ppb() const { return drift_ppb_; }
  bool stopped() const { return stopped_; }

  // From the network time `now` on.
  void SetDrift(absl::Time now, int64_t drift_ppb);
  // Sets the time of day on, or back.
  void StepWall(absl::Duration by) { wall_ahead_ += by; }
  // The machine stands still: so does its monotonic clock. The time of day goes on, in a clock with
  // a battery, and is read from it at the end.
  void Stop(absl::Time now);
  void Go(absl::Time now);

 private:
  // What the clock makes of a time that passes on the network.
  absl::Duration Elapsed(absl::Duration network) const;
  // Whether the monotonic clock shows the network's time: most do, always.
  bool exact() const { return drift_ppb_ == 0 && !stopped_ && monotonic_ == network_; }
  absl::Time InexactMonotonic(absl::Time network) const;
  void Rebase(absl::Time now);

  int64_t drift_ppb_;
  absl::Duration wall_ahead_;                 // Of the monotonic clock.
  absl::Time network_ = absl::UnixEpoch();    // When it was last touched,
  absl::Time monotonic_ = absl::UnixEpoch();  // and what it showed.
  bool stopped_ = false;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_CLOCK_H_
