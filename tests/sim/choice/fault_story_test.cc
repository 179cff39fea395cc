// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/fault_story.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/testing/matchers.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::testing::HasSubstr;

constexpr char kStory[] =
    "seed 7\n"
    "loss lan/alice->bob #3\n"
    "duplicate lan/bob->alice #5\n"
    "ephemeral port alice #2: 17\n";

TEST(FaultStory, ReadsBackFromItsText) {
  const absl::StatusOr<FaultStory> story = FaultStory::Parse(kStory);
  ASSERT_THAT(story.status(), IsOk());
  EXPECT_EQ(story->seed, 7u);
  ASSERT_EQ(story->decisions.size(), 3u);
  EXPECT_EQ(story->decisions[2].kind, DrawKind::kEphemeralPort);
  EXPECT_EQ(story->decisions[2].owner, "alice");
  EXPECT_EQ(story->decisions[2].value, 17u);
  EXPECT_EQ(story->ToString(), kStory);
}

TEST(FaultStory, TakesWhatPeopleAddToIt) {
  const absl::StatusOr<FaultStory> story =
      FaultStory::Parse("# The second ask is lost.\r\n\n  seed 0 \n\t loss  lan/a->b #2 \n");
  ASSERT_THAT(story.status(), IsOk());
  EXPECT_EQ(story->ToString(), "seed 0\nloss lan/a->b #2\n");
  EXPECT_EQ(story->decisions[0].line, 4);
}

TEST(FaultStory, BadTextIsRefusedByLineAndWords) {
  for (const auto& [text, message] : {
           std::pair{"", "f:1: there is no seed"},
           {"loss lan/a->b #1", "f:1: there is no seed"},
           {"seed x", "f:1: \"seed x\": a seed is a number"},
           {"seed -1", "f:1: \"seed -1\": a seed is a number"},
           {"seed 1\nseed 2", "f:2: the seed is given twice"},
           {"seed 1\nlos lan/a->b #1", "f:2: \"los lan/a->b #1\": \"los\" is nothing that can"},
           {"seed 1\nloss #1", "f:2: \"loss #1\": it needs both"},
           {"seed 1\nloss lan/a->b", "f:2: \"loss lan/a->b\": it needs what happens"},
           {"seed 1\nloss lan/a->b #0", "\"0\" is no number from 1 on"},
           {"seed 1\nloss lan/a->b #1 2", "\"1 2\" is no number from 1 on"},
           {"seed 1\nloss lan/a->b #99999999999999999999", "is no number from 1 on"},
           {"seed 1\nloss lan/a->b #1: 2", "a loss has no number behind it"},
           {"seed 1\nephemeral port a #1", "the ephemeral port has to be given behind a colon"},
           {"seed 1\nephemeral port a #1: x", "the ephemeral port has to be given behind a colon"},
           {"\x1b[31mseed 1", "f:1: \"\\x1b[31mseed 1\": it needs"},
           {"seed 1\nloss lan/a->b #\xff", "\"loss lan/a->b #\\xff\": \"\\xff\" is no number"},
           {"seed 1\nloss l #2\n\nloss l #2", "f:4: \"loss l #2\" was decided in line 2 already"},
       }) {
    const absl::StatusOr<FaultStory> story = FaultStory::Parse(text, "f");
    EXPECT_EQ(story.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(story.status().message()), HasSubstr(message));
  }
}

TEST(FaultStory, OfALongLineAMessageHasTheBeginning) {
  const absl::StatusOr<FaultStory> story = FaultStory::Parse(std::string(1'000'000, 'x'), "f");
  EXPECT_THAT(std::string(story.status().message()), HasSubstr("f:1: \"xxx"));
  EXPECT_THAT(std::string(story.status().message()), HasSubstr("xxx...\": it needs"));
  EXPECT_LT(story.status().message().size(), 500u);
}

TEST(StoryRecorder, WritesFaultsAndWhatASeedWouldNotHaveChosen) {
  const DrawOwner link("lan/alice->bob");
  const DrawOwner alice("alice");
  StoryPlayer driver(*FaultStory::Parse(kStory));
  StoryRecorder recorder(7, &driver);
  for (uint64_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(recorder.Flip({DrawKind::kLoss, link, i}, Ratio::Never()), i == 3);
  }
  EXPECT_EQ(recorder.Below({DrawKind::kEphemeralPort, alice, 1}, 28232), 19459u);
  EXPECT_EQ(recorder.Below({DrawKind::kEphemeralPort, alice, 2}, 28232), 17u);
  EXPECT_EQ(recorder.story().ToString(),
            "seed 7\nloss lan/alice->bob #3\nephemeral port alice #2: 17\n");
}

// A class of a program's own.
class Beyond final : public Choices {
 public:
  bool Flip(const Draw& /*draw*/, Ratio /*chance*/) override { return true; }
  uint64_t Below(const Draw& /*draw*/, uint64_t bound) override { return bound; }
};

TEST(StoryRecorderDeathTest, WhatIsChosenIsOneOfTheWays) {
  Beyond beyond;
  StoryRecorder recorder(7, &beyond);
  const DrawOwner alice("alice");
  EXPECT_DEATH(
      recorder.Below({DrawKind::kEphemeralPort, alice, 3}, 10),
      "NetworkOptions::choices chose 10 for \"ephemeral port alice #3\", of which there are "
      "10, from 0 on");
}

TEST(StoryPlayer, NamesTheLineThatDidNotHappen) {
  StoryPlayer player(*FaultStory::Parse(kStory, "my.story"));
  const DrawOwner link("lan/alice->bob");
  const DrawOwner back("lan/bob->alice");
  const DrawOwner alice("alice");
  EXPECT_THAT(std::string(player.CheckFits().message()),
              HasSubstr("my.story:2: the story does not fit this run: \"loss lan/alice->bob #3\" "
                        "has not happened; it never came to one of lan/alice->bob"));
  player.Flip({DrawKind::kLoss, link, 2}, Ratio::Never());
  EXPECT_THAT(std::string(player.CheckFits().message()), HasSubstr("its last one there was #2"));
  EXPECT_TRUE(player.Flip({DrawKind::kLoss, link, 3}, Ratio::Never()));
  EXPECT_TRUE(player.Flip({DrawKind::kDuplicate, back, 5}, Ratio::Never()));
  player.Below({DrawKind::kEphemeralPort, alice, 2}, 17);
  EXPECT_THAT(std::string(player.CheckFits().message()),
              HasSubstr("my.story:4: the story does not fit this run: \"ephemeral port alice #2: "
                        "17\" has not happened; the number must be below 17"));
}

TEST(StoryPlayer, AStoryThatHappenedFits) {
  StoryPlayer player(*FaultStory::Parse("seed 1\nloss lan/a->b #1\n"));
  EXPECT_TRUE(player.Flip({DrawKind::kLoss, DrawOwner("lan/a->b"), 1}, Ratio::Never()));
  EXPECT_FALSE(player.Flip({DrawKind::kLoss, DrawOwner("lan/a->b"), 2}, Ratio::Always()));
  EXPECT_THAT(player.CheckFits(), IsOk());
}

}  // namespace
}  // namespace pollux::sim
