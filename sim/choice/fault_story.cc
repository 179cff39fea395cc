// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/fault_story.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/choice/quote.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

using Decision = FaultStory::Decision;

std::optional<DrawKind> KindOf(absl::string_view words) {
  for (DrawKind kind : kAllDrawKinds) {
    if (ToString(kind) == words) return kind;
  }
  return std::nullopt;
}

std::string AllKinds() {
  std::string names;
  for (DrawKind kind : kAllDrawKinds) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", ToString(kind));
  }
  return names;
}

absl::Status Refuse(absl::string_view line, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(Quote(line), ": ", why));
}

// "loss lan/alice->bob #3", "ephemeral port alice #2: 17".
absl::StatusOr<Decision> ParseDecision(absl::string_view line) {
  const size_t mark = line.rfind(" #");
  if (mark == absl::string_view::npos) {
    return Refuse(line,
                  "it needs what happens, to whom, and which time, as in "
                  "\"loss lan/alice->bob #3\"");
  }
  const absl::string_view label = absl::StripAsciiWhitespace(line.substr(0, mark));
  const size_t space = label.rfind(' ');
  if (space == absl::string_view::npos) {
    return Refuse(line, "it needs both what happens and to whom before the number");
  }
  Decision decision;
  const absl::string_view words = absl::StripTrailingAsciiWhitespace(label.substr(0, space));
  const std::optional<DrawKind> kind = KindOf(words);
  if (!kind) {
    return Refuse(
        line, absl::StrCat(Quote(words), " is nothing that can happen: there are ", AllKinds()));
  }
  decision.kind = *kind;
  decision.owner = std::string(label.substr(space + 1));
  const std::pair<absl::string_view, absl::string_view> numbers =
      absl::StrSplit(line.substr(mark + 2), absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(numbers.first, &decision.ordinal) || decision.ordinal == 0) {
    return Refuse(line, absl::StrCat(Quote(numbers.first), " is no number from 1 on"));
  }
  const bool has_value = line.find(':', mark) != absl::string_view::npos;
  if (IsFault(*kind)) {
    if (has_value) return Refuse(line, absl::StrCat("a ", words, " has no number behind it"));
    return decision;
  }
  if (!has_value || !absl::SimpleAtoi(numbers.second, &decision.value)) {
    return Refuse(line, absl::StrCat("the ", words, " has to be given behind a colon"));
  }
  return decision;
}

absl::StatusOr<uint64_t> ParseSeed(absl::string_view line) {
  uint64_t seed = 0;
  if (absl::SimpleAtoi(absl::StripPrefix(line, "seed "), &seed)) return seed;
  return Refuse(line, "a seed is a number from 0 to 18446744073709551615");
}

}  // namespace

std::string Decision::ToString() const {
  const std::string label = absl::StrCat(sim::ToString(kind), " ", owner, " #", ordinal);
  return IsFault(kind) ? label : absl::StrCat(label, ": ", value);
}

absl::StatusOr<FaultStory> FaultStory::Parse(absl::string_view text, absl::string_view name) {
  FaultStory story;
  story.name = std::string(name);
  bool has_seed = false;
  int number = 0;
  const auto at_line = [&](absl::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(name, ":", number, ": ", message));
  };
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    if (absl::StartsWith(line, "seed ")) {
      if (has_seed) return at_line("the seed is given twice");
      const absl::StatusOr<uint64_t> seed = ParseSeed(line);
      if (!seed.ok()) return at_line(seed.status().message());
      story.seed = *seed;
      has_seed = true;
      continue;
    }
    absl::StatusOr<Decision> decision = ParseDecision(line);
    if (!decision.ok()) return at_line(decision.status().message());
    decision->line = number;
    story.decisions.push_back(*std::move(decision));
  }
  if (!has_seed) return at_line("there is no seed: the first line of a story is as \"seed 7\"");
  // Sorted by label, two of the same one are neighbours.
  std::vector<const Decision*> sorted;
  for (const Decision& decision : story.decisions) sorted.push_back(&decision);
  const auto label = [](const Decision* d) { return std::tie(d->kind, d->owner, d->ordinal); };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Decision* a, const Decision* b) { return label(a) < label(b); });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (label(sorted[i - 1]) != label(sorted[i])) continue;
    number = sorted[i]->line;
    return at_line(absl::StrCat(Quote(sorted[i]->ToString()), " was decided in line ",
                                sorted[i - 1]->line, " already"));
  }
  return story;
}

std::string FaultStory::ToString() const {
  std::string text = absl::StrCat("seed ", seed, "\n");
  for (const Decision& decision : decisions) absl::StrAppend(&text, decision.ToString(), "\n");
  return text;
}

bool StoryRecorder::Flip(const Draw& draw, Ratio chance) {
  const bool happens = driver_ == nullptr ? luck_.Flip(draw, chance) : driver_->Flip(draw, chance);
  if (happens) Write(draw, 0);
  return happens;
}

uint64_t StoryRecorder::Below(const Draw& draw, uint64_t bound) {
  const uint64_t lucky = luck_.Below(draw, bound);
  if (driver_ == nullptr) return lucky;
  const uint64_t chosen = driver_->Below(draw, bound);
  POLLUX_CHECK(chosen < bound,
               absl::StrCat("NetworkOptions::choices chose ", chosen, " for \"", draw.ToString(),
                            "\", of which there are ", bound, ", from 0 on"));
  if (chosen != lucky) Write(draw, chosen);
  return chosen;
}

void StoryRecorder::Write(const Draw& draw, uint64_t value) {
  story_.decisions.push_back({draw.kind, draw.owner.name(), draw.ordinal, value, 0});
}

StoryPlayer::StoryPlayer(FaultStory story)
    : story_(std::move(story)), luck_(story_.seed), parts_(story_.decisions.size()) {
  for (size_t i = 0; i < story_.decisions.size(); ++i) {
    const Decision& decision = story_.decisions[i];
    const uint64_t owner = DrawOwner(decision.owner).hash();
    by_label_[{owner, decision.kind, decision.ordinal}] = i;
    latest_[{owner, decision.kind, 0}] = 0;
  }
}

size_t StoryPlayer::Find(const Draw& draw) {
  const auto latest = latest_.find({draw.owner.hash(), draw.kind, 0});
  if (latest == latest_.end()) return parts_.size();
  latest->second = std::max(latest->second, draw.ordinal);
  const auto found = by_label_.find({draw.owner.hash(), draw.kind, draw.ordinal});
  return found == by_label_.end() ? parts_.size() : found->second;
}

bool StoryPlayer::Flip(const Draw& draw, Ratio /*chance*/) {
  const size_t found = Find(draw);
  if (found == parts_.size()) return false;
  parts_[found].happened = true;
  return true;
}

uint64_t StoryPlayer::Below(const Draw& draw, uint64_t bound) {
  const size_t found = Find(draw);
  if (found == parts_.size()) return luck_.Below(draw, bound);
  const uint64_t value = story_.decisions[found].value;
  if (value >= bound) {
    parts_[found].bound = bound;
    return luck_.Below(draw, bound);
  }
  parts_[found].happened = true;
  return value;
}

absl::Status StoryPlayer::CheckFits() const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].happened) continue;
    const Decision& decision = story_.decisions[i];
    const std::string where =
        decision.line > 0 ? absl::StrCat(story_.name, ":", decision.line) : story_.name;
    const uint64_t latest = latest_.at({DrawOwner(decision.owner).hash(), decision.kind, 0});
    std::string why = absl::StrCat("its last one there was #", latest);
    if (latest == 0) why = absl::StrCat("it never came to one of ", decision.owner);
    if (parts_[i].bound > 0) why = absl::StrCat("the number must be below ", parts_[i].bound);
    return absl::FailedPreconditionError(
        absl::StrCat(where, ": the story does not fit this run: ", Quote(decision.ToString()),
                     " has not happened; ", why));
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
