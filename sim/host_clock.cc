// SPDX-License-Identifier: Apache-2.0

#include "sim/host_clock.h"

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

constexpr int64_t kBillion = 1'000'000'000;
constexpr absl::Duration kMaxWallOffset = absl::Hours(24 * 365 * 100);
// What durations are counted in: the least that differs.
const absl::Duration kTick = absl::Nanoseconds(1) / 4;

}  // namespace

absl::Status Validate(const ClockOptions& options) {
  if (absl::AbsDuration(options.wall_offset) > kMaxWallOffset) {
    return absl::InvalidArgumentError(absl::StrCat(
        "wall_offset ", absl::FormatDuration(options.wall_offset), " is more than 100 years"));
  }
  if (options.drift_ppb < -HostClock::kMaxDriftPpb || options.drift_ppb > HostClock::kMaxDriftPpb) {
    return absl::InvalidArgumentError(absl::StrCat("drift_ppb ", options.drift_ppb, " is not from ",
                                                   -HostClock::kMaxDriftPpb, " to ",
                                                   HostClock::kMaxDriftPpb));
  }
  return absl::OkStatus();
}

// Durations multiply and divide as integers of 128 bits, and round down: the result grows with its
// argument.
absl::Duration HostClock::Elapsed(absl::Duration network) const {
  if (drift_ppb_ == 0) return network;
  return network * (kBillion + drift_ppb_) / kBillion;
}

absl::Time HostClock::InexactMonotonic(absl::Time network) const {
  return stopped_ ? monotonic_ : monotonic_ + Elapsed(network - network_);
}

absl::Time HostClock::NetworkTime(absl::Time monotonic) const {
  if (monotonic == absl::InfiniteFuture()) return monotonic;
  if (exact()) return std::max(monotonic, network_);
  const absl::Duration wanted = monotonic - monotonic_;
  if (wanted <= absl::ZeroDuration()) return network_;
  if (stopped_) return absl::InfiniteFuture();
  if (drift_ppb_ == 0) return network_ + wanted;
  absl::Duration passed = wanted * kBillion / (kBillion + drift_ppb_);
  if (passed == absl::InfiniteDuration()) return absl::InfiniteFuture();
  // Rounding may have missed it by a few ticks.
  while (Elapsed(passed) < wanted) passed += kTick;
  while (passed > absl::ZeroDuration() && Elapsed(passed - kTick) >= wanted) passed -= kTick;
  return network_ + passed;
}

void HostClock::Rebase(absl::Time now) {
  monotonic_ = Monotonic(now);
  network_ = now;
}

void HostClock::SetDrift(absl::Time now, int64_t drift_ppb) {
  if (!stopped_) Rebase(now);
  drift_ppb_ = drift_ppb;
}

void HostClock::Stop(absl::Time now) {
  if (stopped_) return;
  Rebase(now);
  stopped_ = true;
}

void HostClock::Go(absl::Time now) {
  if (!stopped_) return;
  stopped_ = false;
  wall_ahead_ += now - network_;
  network_ = now;
}

}  // namespace pollux::sim
