// SPDX-License-Identifier: Apache-2.0
//
// File: fault_story.h
//
// `FaultStory` is what made one run different from all others: its seed, and every decision that
// was not what the seed alone would have brought about in a world without faults. It is short, has
// a text form that a person can read, edit and paste into a test, and makes the run again.
//
//   seed 7
//   loss lan/alice->bob #3
//   duplicate lan/bob->alice #5
//   ephemeral port alice #2: 17
//
// A line is a label as `Draw::ToString` writes it: what happened, to whom, and the how-many-eth
// time of asking. Decisions that are a choice among many have the number behind it. Empty lines,
// and those that begin with '#', say nothing.
//
//   const FaultStory story = net.Story();
//   ...
//   StoryPlayer player(story);
//   sim::Network again({.seed = story.seed, .choices = &player});
//   ...
//   if (absl::Status s = player.CheckFits(); !s.ok()) ...  // It was another program's story.

#ifndef POLLUX_SIM_CHOICE_FAULT_STORY_H_
#define POLLUX_SIM_CHOICE_FAULT_STORY_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/choice/choices.h"

namespace pollux::sim {

// A value type; thread-compatible.
struct FaultStory {
  // One decision. `value` is that of a choice among many, and 0 for a fault.
  struct Decision {
    DrawKind kind = DrawKind::kLoss;
    std::string owner;  // "lan/alice->bob"
    uint64_t ordinal = 1;
    uint64_t value = 0;
    int line = 0;  // Where `Parse` found it, from 1; 0 for those that no text had.

    // The line that `Parse` reads.
    std::string ToString() const;
    friend bool operator==(const Decision& a, const Decision& b) {
      return std::tie(a.kind, a.owner, a.ordinal, a.value) ==
             std::tie(b.kind, b.owner, b.ordinal, b.value);
    }
  };

  uint64_t seed = 0;
  std::vector<Decision> decisions;  // In the order in which they happened, or were written.
  std::string name = "story";       // Of the text, for messages.

  // Reads the text form. `name` is the file's, for messages. Errors: kInvalidArgument, with name,
  // line, and what is wrong with which words.
  static absl::StatusOr<FaultStory> Parse(absl::string_view text, absl::string_view name = "story");
  // The text form, a decision a line.
  std::string ToString() const;
};

// Writes the story of what another decides. Loop thread only.
class StoryRecorder final : public Choices {
 public:
  // `driver` decides, and is not owned; null for luck.
  explicit StoryRecorder(uint64_t seed, Choices* driver = nullptr) : luck_(seed), driver_(driver) {
    story_.seed = seed;
  }

  bool Flip(const Draw& draw, Ratio chance) override;
  uint64_t Below(const Draw& draw, uint64_t bound) override;
  bool keeps_to_chances() const override {
    return driver_ == nullptr || driver_->keeps_to_chances();
  }

  const FaultStory& story() const { return story_; }

 private:
  void Write(const Draw& draw, uint64_t value);

  RandomChoices luck_;
  Choices* const driver_;
  FaultStory story_;
};

// Decides as a story says: its faults happen and no others, whatever their chance is. Loop thread
// only.
class StoryPlayer final : public Choices {
 public:
  explicit StoryPlayer(FaultStory story);

  bool Flip(const Draw& draw, Ratio chance) override;
  uint64_t Below(const Draw& draw, uint64_t bound) override;

  // Whether all of the story has happened so far. Errors: kFailedPrecondition, naming the first
  // line that has not, and how far the run came.
  absl::Status CheckFits() const;

 private:
  struct Part {
    bool happened = false;
    uint64_t bound = 0;  // Of a choice that the run gave too few ways for; 0 for none.
  };
  using Label = std::tuple<uint64_t, DrawKind, uint64_t>;  // Owner's hash, kind, ordinal.

  // The number of the decision with that label; the number of decisions for none.
  size_t Find(const Draw& draw);

  const FaultStory story_;
  RandomChoices luck_;
  std::vector<Part> parts_;  // As `story_.decisions`.
  // Looked up, never iterated.
  absl::flat_hash_map<Label, size_t> by_label_;
  absl::flat_hash_map<Label, uint64_t> latest_;  // The last ordinal drawn, by owner and kind.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_FAULT_STORY_H_
