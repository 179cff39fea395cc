// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/weaken_story.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pollux::sim {
namespace {

using Decision = FaultStory::Decision;

bool HasLabel(const Decision& decision, const Decision& other) {
  return decision.kind == other.kind && decision.owner == other.owner &&
         decision.ordinal == other.ordinal;
}

FaultStory With(FaultStory story, const Decision& decision) {
  const auto known = std::find_if(story.decisions.begin(), story.decisions.end(),
                                  [&](const Decision& d) { return HasLabel(d, decision); });
  if (known != story.decisions.end()) {
    known->value = decision.value;
  } else {
    story.decisions.push_back(decision);
  }
  return story;
}

class Weakener {
 public:
  Weakener(FaultStory story, absl::FunctionRef<std::optional<uint64_t>(const FaultStory&)> run,
           int runs_max)
      : story_(std::move(story)), run_(run), runs_left_(runs_max) {
    fingerprint_ = Run(story_);
  }

  // Finds the smallest amount that fails, if those above it do and those below do not.
  void Weaken(Decision amount) {
    uint64_t fails = amount.value;
    uint64_t passes = 0;  // All below it do.
    while (fails > passes) {
      // First nothing at all, which is most often enough.
      amount.value = passes + (passes == 0 ? 0 : (fails - passes) / 2);
      const FaultStory weaker = With(story_, amount);
      const std::optional<uint64_t> fingerprint = Run(weaker);
      if (fingerprint && fingerprint == fingerprint_) return;  // Nobody looks at it.
      if (fingerprint) {
        Take(weaker, *fingerprint);
        fails = amount.value;
      } else {
        passes = amount.value + 1;
      }
    }
  }

  // Leaves out what makes no difference any more.
  void Tidy(const Decision& amount) {
    FaultStory rest = story_;
    const auto gone = std::remove_if(rest.decisions.begin(), rest.decisions.end(),
                                     [&](const Decision& d) { return HasLabel(d, amount); });
    if (gone == rest.decisions.end()) return;
    rest.decisions.erase(gone, rest.decisions.end());
    const std::optional<uint64_t> fingerprint = Run(rest);
    if (fingerprint && fingerprint == fingerprint_) Take(rest, *fingerprint);
  }

  FaultStory story() && { return std::move(story_); }

 private:
  std::optional<uint64_t> Run(const FaultStory& story) {
    return --runs_left_ < 0 ? std::nullopt : run_(story);
  }
  void Take(FaultStory story, uint64_t fingerprint) {
    story_ = std::move(story);
    fingerprint_ = fingerprint;
  }

  FaultStory story_;
  const absl::FunctionRef<std::optional<uint64_t>(const FaultStory&)> run_;
  int runs_left_;
  std::optional<uint64_t> fingerprint_;  // Of `story_`.
};

}  // namespace

uint64_t AmountNotes::Below(const Draw& draw, uint64_t bound) {
  const uint64_t value = driver_.Below(draw, bound);
  if (draw.kind == DrawKind::kChaos) {
    amounts_.push_back({draw.kind, draw.owner.name(), draw.ordinal, value, 0});
  }
  return value;
}

FaultStory WeakenStory(FaultStory story, absl::Span<const FaultStory::Decision> amounts,
                       absl::FunctionRef<std::optional<uint64_t>(const FaultStory&)> run,
                       int runs_max) {
  if (amounts.empty()) return story;
  Weakener weakener(std::move(story), run, runs_max);
  // From the end: of a fault its amount, its length, its beginning; and late faults before early
  // ones.
  for (size_t i = amounts.size(); i > 0; --i) weakener.Weaken(amounts[i - 1]);
  for (const FaultStory::Decision& amount : amounts) weakener.Tidy(amount);
  return std::move(weakener).story();
}

}  // namespace pollux::sim
