// SPDX-License-Identifier: Apache-2.0
//
// File: scripted_choices.h
//
// `ScriptedChoices` decides as a test says: what happens to which draws, and nothing else does. A
// story (fault_story.h) tells what one run met, label by label; a script also says "every", "from
// the fifth on", and "ask me".
//
//   ScriptedChoices script;
//   script.Happen(DrawKind::kLoss, "lan/alice->bob", 3);
//   script.HappenAlways(DrawKind::kDuplicate, "lan/bob->alice");
//   script.Choose(DrawKind::kEphemeralPort, "alice", 1, 0);
//   Network net({.choices = &script});
//   ...
//   EXPECT_TRUE(script.CheckUsed().ok()) << script.CheckUsed();

#ifndef POLLUX_SIM_CHOICE_SCRIPTED_CHOICES_H_
#define POLLUX_SIM_CHOICE_SCRIPTED_CHOICES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sim/choice/choices.h"

namespace pollux::sim {

// Loop thread only. Where several instructions are about a draw, the latest counts. Draws of which
// the script says nothing are no faults, whatever their chance is, and choices among many are those
// of the seed.
class ScriptedChoices final : public Choices {
 public:
  explicit ScriptedChoices(uint64_t seed = 0) : luck_(seed) {}

  // The fault happens to the draws from number `first` to `last`, counted from 1, of an owner as in
  // `DrawOwner`; "*" is every owner. A kind that is no fault is the programmer's error, and so is
  // an empty range: both are checked.
  ScriptedChoices& Happen(DrawKind fault, absl::string_view owner, uint64_t first, uint64_t last);
  ScriptedChoices& Happen(DrawKind fault, absl::string_view owner, uint64_t ordinal) {
    return Happen(fault, owner, ordinal, ordinal);
  }
  ScriptedChoices& HappenAlways(DrawKind fault, absl::string_view owner = "*") {
    return Happen(fault, owner, 1, UINT64_MAX);
  }
  // It does not, though an earlier instruction says so: an exception.
  ScriptedChoices& Spare(DrawKind fault, absl::string_view owner, uint64_t ordinal);
  // The choice among many is `value`; where there are no more than `value` ways, the last one.
  ScriptedChoices& Choose(DrawKind choice, absl::string_view owner, uint64_t ordinal,
                          uint64_t value);
  // Asks `answer` about each draw: a fault happens if it says anything but 0, of `bound` ways it
  // says which. Nullopt: what the other instructions say. A fault has 2 ways.
  using Answer = absl::AnyInvocable<std::optional<uint64_t>(const Draw& draw, uint64_t bound)>;
  ScriptedChoices& Ask(Answer answer);

  bool Flip(const Draw& draw, Ratio chance) override;
  uint64_t Below(const Draw& draw, uint64_t bound) override;

  // All labels that were drawn, in their order, as `Draw::ToString` writes them.
  const std::vector<std::string>& drawn() const { return drawn_; }
  // Whether every instruction was about some draw. Errors: kFailedPrecondition, naming the first
  // that was about none.
  absl::Status CheckUsed() const;

 private:
  struct Instruction {
    DrawKind kind;
    std::string owner;
    uint64_t first = 1;
    uint64_t last = 1;
    uint64_t value = 0;  // Of a fault: whether it happens.
    bool used = false;

    std::string ToString() const;
  };

  void Add(Instruction instruction);
  std::optional<uint64_t> Find(const Draw& draw, uint64_t bound);

  RandomChoices luck_;
  std::vector<Instruction> instructions_;
  Answer answer_;
  std::vector<std::string> drawn_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_SCRIPTED_CHOICES_H_
