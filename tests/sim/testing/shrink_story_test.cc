// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/shrink_story.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "gtest/gtest.h"
#include "sim/testing/weaken_story.h"

namespace pollux::sim {
namespace {

FaultStory Losses(uint64_t count) {
  FaultStory story;
  for (uint64_t i = 1; i <= count; ++i) {
    story.decisions.push_back({DrawKind::kLoss, "lan/a->b", i, 0, 0});
  }
  return story;
}

// Fails where all of these are lost.
bool Loses(const FaultStory& story, const std::set<uint64_t>& ordinals) {
  size_t found = 0;
  for (const FaultStory::Decision& decision : story.decisions) {
    found += ordinals.count(decision.ordinal);
  }
  return found == ordinals.size();
}

TEST(ShrinkStory, OnlyWhatItTakesIsLeft) {
  for (const std::set<uint64_t>& needed :
       {std::set<uint64_t>{}, {1}, {100}, {1, 100}, {49, 50, 51}, {3, 31, 77, 90}}) {
    int asked = 0;
    const FaultStory story = ShrinkStory(
        Losses(100),
        [&](const FaultStory& candidate) {
          ++asked;
          return Loses(candidate, needed);
        },
        2000);
    EXPECT_EQ(story.decisions.size(), needed.size());
    EXPECT_TRUE(Loses(story, needed));
    EXPECT_LT(asked, 200);
  }
}

// Two of three: whichever is left out first, the other two have to stay.
TEST(ShrinkStory, NoSingleOneCanBeLeftOutOfTheResult) {
  const auto fails = [](const FaultStory& story) { return story.decisions.size() >= 2; };
  EXPECT_EQ(ShrinkStory(Losses(9), fails, 2000).decisions.size(), 2u);
}

TEST(ShrinkStory, StopsWhenItHasAskedOftenEnough) {
  int asked = 0;
  const FaultStory story = ShrinkStory(
      Losses(100),
      [&](const FaultStory&) {
        ++asked;
        return false;
      },
      10);
  EXPECT_EQ(asked, 10);
  EXPECT_EQ(story.decisions.size(), 100u);
}

// ---- Weaker faults ----

FaultStory::Decision Amount(uint64_t ordinal, uint64_t value) {
  return {DrawKind::kChaos, "chaos", ordinal, value, 0};
}

// What a run draws that was lucky with `lucky`, and plays `story`.
uint64_t Drawn(const FaultStory& story, uint64_t ordinal, uint64_t lucky) {
  for (const FaultStory::Decision& decision : story.decisions) {
    if (decision.kind == DrawKind::kChaos && decision.ordinal == ordinal) return decision.value;
  }
  return lucky;
}

// A fault that is late, long and strong; it has to last for 37, at any time from 5 on, at any
// strength.
TEST(WeakenStory, FindsTheLeastThatFails) {
  const auto run = [](const FaultStory& story) -> std::optional<uint64_t> {
    const uint64_t begin = Drawn(story, 1, 800);
    const uint64_t length = Drawn(story, 2, 1500);
    const uint64_t strength = Drawn(story, 3, 9);
    if (begin < 5 || length < 37) return std::nullopt;
    return begin * 1'000'000 + length * 100 + strength;
  };
  const FaultStory story =
      WeakenStory(Losses(2), {Amount(1, 800), Amount(2, 1500), Amount(3, 9)}, run, 2000);
  EXPECT_EQ(story.decisions.size(), 5u) << "what was lost stays";
  EXPECT_EQ(Drawn(story, 1, 800), 5u);
  EXPECT_EQ(Drawn(story, 2, 1500), 37u);
  EXPECT_EQ(Drawn(story, 3, 9), 0u);
}

// Two faults, of which one alone is to blame: of the other nothing is left but that it is none.
TEST(WeakenStory, SaysNothingOfWhatMakesNoDifference) {
  const auto run = [](const FaultStory& story) -> std::optional<uint64_t> {
    if (Drawn(story, 2, 50) < 20) return std::nullopt;
    const bool second = Drawn(story, 4, 70) > 0;
    return Drawn(story, 2, 50) * 1'000'000 +
           (second ? 1 + Drawn(story, 3, 60) * 1000 + Drawn(story, 4, 70) : 0);
  };
  const FaultStory story =
      WeakenStory({}, {Amount(1, 40), Amount(2, 50), Amount(3, 60), Amount(4, 70)}, run, 2000);
  EXPECT_EQ(story.decisions.size(), 2u) << story.ToString();
  EXPECT_EQ(Drawn(story, 2, 50), 20u);
  EXPECT_EQ(Drawn(story, 4, 70), 0u);
}

TEST(WeakenStory, StopsWhenItHasAskedOftenEnough) {
  int asked = 0;
  const auto run = [&](const FaultStory& story) -> std::optional<uint64_t> {
    ++asked;
    return Drawn(story, 1, 1'000'000) > 3 ? std::make_optional(Drawn(story, 1, 1'000'000))
                                          : std::nullopt;
  };
  WeakenStory({}, {Amount(1, 1'000'000)}, run, 5);
  EXPECT_EQ(asked, 5);
}

}  // namespace
}  // namespace pollux::sim
