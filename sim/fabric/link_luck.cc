// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_luck.h"

#include <algorithm>

namespace pollux::sim {

Fate LinkLuck::Decide(const LinkProfile& profile, Choices& choices) {
  const uint64_t number = ++packets_;
  const auto happens = [&](DrawKind kind, Ratio chance) {
    return choices.Flip({kind, owner_, number}, chance);
  };
  Fate fate;
  fate.lost = happens(DrawKind::kLoss, losses_.ChanceOfNext(profile.loss_model, profile.loss,
                                                            choices, owner_, number));
  if (fate.lost) return fate;
  fate.corrupted = happens(DrawKind::kCorrupt, profile.corrupt);
  fate.overtakes = happens(DrawKind::kOvertake, profile.overtake);
  fate.duplicated = happens(DrawKind::kDuplicate, profile.duplicate);
  if (fate.overtakes) return fate;
  fate.delay = profile.latency;
  if (profile.jitter > absl::ZeroDuration()) {
    constexpr uint64_t kWords = uint64_t{1} << 32;
    const uint64_t word = choices.Below({DrawKind::kJitter, owner_, number}, kWords);
    fate.delay += JitterOf(profile.jitter_shape, profile.jitter, static_cast<uint32_t>(word));
    fate.delay = std::max(fate.delay, absl::ZeroDuration());
  }
  return fate;
}

}  // namespace pollux::sim
