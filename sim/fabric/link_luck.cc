// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_luck.h"

#include <algorithm>

namespace pollux::sim {
namespace {

constexpr uint64_t kWords = uint64_t{1} << 32;

}  // namespace

bool LinkLuck::Happens(Choices& choices, DrawKind kind, Ratio chance, DrawKind state,
                       Ratio correlation, CorrelatedWord& word) {
  if (!correlation.is_never()) {
    const auto fresh = static_cast<uint32_t>(choices.Below({state, owner_, packets_}, kWords));
    const uint64_t bound = kWords * chance.numerator() / chance.denominator();
    chance = word.Next(fresh, correlation) < bound ? Ratio::Always() : Ratio::Never();
  }
  return choices.Flip({kind, owner_, packets_}, chance);
}

bool LinkLuck::Overtakes(const LinkProfile& profile, Choices& choices) {
  // Those for which it is not yet time are asked about too, for who follows a script.
  if (since_overtaking_ + 1 < profile.overtake_gap) {
    return choices.Flip({DrawKind::kOvertake, owner_, packets_}, Ratio::Never());
  }
  return Happens(choices, DrawKind::kOvertake, profile.overtake, DrawKind::kOvertakeState,
                 profile.overtake_correlation, overtake_word_);
}

absl::Duration LinkLuck::DelayOf(const LinkProfile& profile, Choices& choices) {
  if (profile.jitter == absl::ZeroDuration()) return profile.latency;
  auto word = static_cast<uint32_t>(choices.Below({DrawKind::kJitter, owner_, packets_}, kWords));
  absl::Duration deviation;
  if (profile.jitter_correlation.is_never()) {
    deviation = JitterOf(profile.jitter_shape, profile.jitter, word);
  } else {
    word = jitter_word_.Next(word, profile.jitter_correlation);
    deviation = RankedJitterOf(profile.jitter_shape, profile.jitter, word);
  }
  return std::max(profile.latency + deviation, absl::ZeroDuration());
}

Fate LinkLuck::Decide(const LinkProfile& profile, Choices& choices) {
  ++packets_;
  Fate fate;
  const Ratio loss =
      losses_.ChanceOfNext(profile.loss_model, profile.loss, choices, owner_, packets_);
  fate.lost = Happens(choices, DrawKind::kLoss, loss, DrawKind::kLossState,
                      profile.loss_correlation, loss_word_);
  if (fate.lost) return fate;
  fate.corrupted = Happens(choices, DrawKind::kCorrupt, profile.corrupt, DrawKind::kCorruptState,
                           profile.corrupt_correlation, corrupt_word_);
  fate.overtakes = Overtakes(profile, choices);
  fate.duplicated =
      Happens(choices, DrawKind::kDuplicate, profile.duplicate, DrawKind::kDuplicateState,
              profile.duplicate_correlation, duplicate_word_);
  since_overtaking_ = fate.overtakes ? 0 : since_overtaking_ + 1;
  if (fate.overtakes) return fate;
  fate.delay = DelayOf(profile, choices);
  fate.late = choices.Flip({DrawKind::kLate, owner_, packets_}, profile.late);
  if (fate.late) fate.delay += profile.late_by;
  return fate;
}

std::vector<uint64_t> LinkLuck::DrawBits(const LinkProfile& profile, size_t bytes,
                                         Choices& choices) {
  std::vector<uint64_t> bits;
  const uint64_t all = uint64_t{bytes} * 8;
  while (bits.size() < profile.corrupt_bits && bits.size() < all) {
    // Of those that are left: the ones before it push it on.
    uint64_t bit = choices.Below({DrawKind::kCorruptBit, owner_, ++bits_drawn_}, all - bits.size());
    auto place = bits.begin();
    for (; place != bits.end() && *place <= bit; ++place) ++bit;
    bits.insert(place, bit);
  }
  return bits;
}

bool LinkLuck::DrawUndetected(const LinkProfile& profile, Choices& choices) {
  return choices.Flip({DrawKind::kUndetected, owner_, packets_}, profile.undetected);
}

}  // namespace pollux::sim
