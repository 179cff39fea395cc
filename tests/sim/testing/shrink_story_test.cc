// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/shrink_story.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "gtest/gtest.h"

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

}  // namespace
}  // namespace pollux::sim
