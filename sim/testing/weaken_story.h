// SPDX-License-Identifier: Apache-2.0
//
// File: weaken_story.h
//
// What a run drew of planned faults, and how a story of smaller draws is found.

#ifndef POLLUX_SIM_TESTING_WEAKEN_STORY_H_
#define POLLUX_SIM_TESTING_WEAKEN_STORY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "sim/choice/choices.h"
#include "sim/choice/fault_story.h"

namespace pollux::sim {

// Notes how much was drawn of the faults that a plan has by luck (`DrawKind::kChaos`), and leaves
// the deciding to another. Loop thread only.
class AmountNotes final : public Choices {
 public:
  // `driver` is not owned.
  explicit AmountNotes(Choices& driver) : driver_(driver) {}

  bool Flip(const Draw& draw, Ratio chance) override { return driver_.Flip(draw, chance); }
  uint64_t Below(const Draw& draw, uint64_t bound) override;
  bool keeps_to_chances() const override { return driver_.keeps_to_chances(); }

  const std::vector<FaultStory::Decision>& amounts() const { return amounts_; }

 private:
  Choices& driver_;
  std::vector<FaultStory::Decision> amounts_;  // As they were drawn.
};

// A story that draws less than `story` does, whose run drew `amounts`, and still fails: planned
// faults of it are earlier, shorter and weaker, or gone. `run` plays a story, and gives the run's
// fingerprint if it fails, and nullopt if it does not; it is asked at most `runs_max` times. No
// draw is made smaller that makes no difference.
FaultStory WeakenStory(FaultStory story, absl::Span<const FaultStory::Decision> amounts,
                       absl::FunctionRef<std::optional<uint64_t>(const FaultStory&)> run,
                       int runs_max);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_WEAKEN_STORY_H_
