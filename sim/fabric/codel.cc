// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/codel.h"

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

constexpr absl::Duration kMaxInterval = absl::Hours(1);
// A dropping state that begins within so many intervals of the last one goes on from there.
constexpr int kMemory = 16;

// The largest number whose square is not above `square`.
uint64_t SquareRoot(uint64_t square) {
  uint64_t root = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const uint64_t larger = root | uint64_t{1} << bit;
    if (larger * larger <= square) root = larger;
  }
  return root;
}

}  // namespace

absl::Status Validate(const CoDel& codel) {
  const auto refuse = [](absl::string_view field, absl::Duration value, absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("codel ", field, " ", absl::FormatDuration(value), why));
  };
  if (codel.interval <= absl::ZeroDuration() || codel.interval > kMaxInterval) {
    return refuse("interval", codel.interval, " is not above 0, and at most 1h");
  }
  if (codel.target <= absl::ZeroDuration()) {
    return refuse("target", codel.target, " is not above 0");
  }
  if (codel.target > codel.interval) {
    return refuse("target", codel.target,
                  absl::StrCat(" is above its interval ", absl::FormatDuration(codel.interval)));
  }
  return absl::OkStatus();
}

absl::Time CoDelNextDrop(absl::Time time, absl::Duration interval, uint32_t count) {
  const uint64_t root = SquareRoot(uint64_t{count} << 32);  // 2^16 sqrt(count)
  const uint64_t nanoseconds = static_cast<uint64_t>(absl::ToInt64Nanoseconds(interval));
  return time + absl::Nanoseconds((nanoseconds << 16) / root);
}

bool CoDelState::TooLong(const CoDel& codel, absl::Duration wait, bool standing, absl::Time now) {
  if (wait < codel.target || !standing) {
    first_above_ = absl::InfinitePast();
    return false;
  }
  if (first_above_ == absl::InfinitePast()) {
    first_above_ = now + codel.interval;
    return false;
  }
  return now >= first_above_;
}

CoDelState::Verdict CoDelState::Next(const CoDel& codel, absl::Duration wait, bool standing,
                                     bool markable, absl::Time now) {
  const bool too_long = TooLong(codel, wait, standing, now);
  const bool behind_first = entered_;
  const bool behind_drop = dropped_;
  entered_ = false;
  dropped_ = false;
  if (behind_first) return Verdict::kSend;
  if (!too_long) {
    dropping_ = false;
    return Verdict::kSend;
  }
  if (!dropping_) return Enter(codel, markable, now);
  if (behind_drop) drop_next_ = CoDelNextDrop(drop_next_, codel.interval, count_);
  if (now < drop_next_) return Verdict::kSend;
  ++count_;
  if (markable) {
    drop_next_ = CoDelNextDrop(drop_next_, codel.interval, count_);
    return Verdict::kMark;
  }
  dropped_ = true;
  return Verdict::kDrop;
}

CoDelState::Verdict CoDelState::Enter(const CoDel& codel, bool markable, absl::Time now) {
  dropping_ = true;
  const uint32_t added = count_ - last_count_;
  const bool recent = now - drop_next_ < kMemory * codel.interval;
  count_ = added > 1 && recent ? added : 1;
  last_count_ = count_;
  drop_next_ = CoDelNextDrop(now, codel.interval, count_);
  entered_ = !markable;
  return markable ? Verdict::kMark : Verdict::kDrop;
}

void CoDelState::Empty() {
  first_above_ = absl::InfinitePast();
  if (dropped_) dropping_ = false;
  entered_ = false;
  dropped_ = false;
}

}  // namespace pollux::sim
