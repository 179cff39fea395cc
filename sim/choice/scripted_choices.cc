// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/scripted_choices.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

ScriptedChoices& ScriptedChoices::Happen(DrawKind fault, absl::string_view owner, uint64_t first,
                                         uint64_t last) {
  POLLUX_CHECK(IsFault(fault), absl::StrCat(ToString(fault), " is no fault; use Choose"));
  Add({.kind = fault, .owner = std::string(owner), .first = first, .last = last, .value = 1});
  return *this;
}

ScriptedChoices& ScriptedChoices::Spare(DrawKind fault, absl::string_view owner, uint64_t ordinal) {
  POLLUX_CHECK(IsFault(fault), absl::StrCat(ToString(fault), " is no fault; use Choose"));
  Add({.kind = fault, .owner = std::string(owner), .first = ordinal, .last = ordinal});
  return *this;
}

ScriptedChoices& ScriptedChoices::Choose(DrawKind choice, absl::string_view owner, uint64_t ordinal,
                                         uint64_t value) {
  POLLUX_CHECK(!IsFault(choice), absl::StrCat(ToString(choice), " is a fault; use Happen"));
  Add({.kind = choice,
       .owner = std::string(owner),
       .first = ordinal,
       .last = ordinal,
       .value = value});
  return *this;
}

ScriptedChoices& ScriptedChoices::Ask(Answer answer) {
  POLLUX_CHECK(answer != nullptr, "a script is to ask null");
  answer_ = std::move(answer);
  return *this;
}

void ScriptedChoices::Add(Instruction instruction) {
  POLLUX_CHECK(
      instruction.first >= 1 && instruction.first <= instruction.last,
      absl::StrCat("draws are counted from 1, and ", instruction.ToString(), " names none"));
  instructions_.push_back(std::move(instruction));
}

std::string ScriptedChoices::Instruction::ToString() const {
  std::string text = absl::StrCat(sim::ToString(kind), " ", owner, " #", first);
  if (last != first)
    absl::StrAppend(&text, last == UINT64_MAX ? " and on" : absl::StrCat("-", last));
  return text;
}

std::optional<uint64_t> ScriptedChoices::Find(const Draw& draw, uint64_t bound) {
  drawn_.push_back(draw.ToString());
  if (answer_) {
    if (std::optional<uint64_t> answer = answer_(draw, bound)) return answer;
  }
  std::optional<uint64_t> found;
  for (Instruction& instruction : instructions_) {
    if (instruction.kind != draw.kind || draw.ordinal < instruction.first ||
        draw.ordinal > instruction.last) {
      continue;
    }
    if (instruction.owner != "*" && instruction.owner != draw.owner.name()) continue;
    instruction.used = true;
    found = instruction.value;
  }
  return found;
}

bool ScriptedChoices::Flip(const Draw& draw, Ratio /*chance*/) {
  constexpr uint64_t kWays = 2;
  return Find(draw, kWays).value_or(0) != 0;
}

uint64_t ScriptedChoices::Below(const Draw& draw, uint64_t bound) {
  const std::optional<uint64_t> found = Find(draw, bound);
  return found ? std::min(*found, bound - 1) : luck_.Below(draw, bound);
}

absl::Status ScriptedChoices::CheckUsed() const {
  for (const Instruction& instruction : instructions_) {
    if (instruction.used) continue;
    return absl::FailedPreconditionError(absl::StrCat("the script says \"", instruction.ToString(),
                                                      "\", of which there was no draw"));
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
