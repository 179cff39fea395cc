// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/scripted_choices.h"

#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/testing/matchers.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;

const DrawOwner kThere("lan/alice->bob");
const DrawOwner kBack("lan/bob->alice");
const DrawOwner kAlice("alice");

// Which of the first ten losses of an owner happen, as "3 5".
std::string Losses(ScriptedChoices& script, const DrawOwner& owner) {
  std::string text;
  for (uint64_t i = 1; i <= 10; ++i) {
    if (!script.Flip({DrawKind::kLoss, owner, i}, Ratio(1, 2))) continue;
    text += (text.empty() ? "" : " ") + std::to_string(i);
  }
  return text;
}

TEST(ScriptedChoices, WithoutInstructionsNothingHappensWhateverItsChance) {
  ScriptedChoices script(7);
  EXPECT_FALSE(script.Flip({DrawKind::kLoss, kThere, 1}, Ratio::Always()));
  // What is no fault is as the seed has it.
  RandomChoices luck(7);
  const Draw port{DrawKind::kEphemeralPort, kAlice, 1};
  EXPECT_EQ(script.Below(port, 1000), luck.Below(port, 1000));
  EXPECT_THAT(script.CheckUsed(), testing::IsOk());
}

TEST(ScriptedChoices, FaultsHappenToTheDrawsThatAreNamed) {
  ScriptedChoices script;
  script.Happen(DrawKind::kLoss, "lan/alice->bob", 3)
      .Happen(DrawKind::kLoss, "lan/alice->bob", 5, 7)
      .Spare(DrawKind::kLoss, "lan/alice->bob", 6)
      .HappenAlways(DrawKind::kDuplicate);
  EXPECT_EQ(Losses(script, kThere), "3 5 7");
  EXPECT_EQ(Losses(script, kBack), "");
  EXPECT_TRUE(script.Flip({DrawKind::kDuplicate, kBack, 99}, Ratio::Never()));
}

TEST(ScriptedChoices, ChoicesAreWhatIsSaidButOneOfTheWaysThereAre) {
  ScriptedChoices script;
  script.Choose(DrawKind::kEphemeralPort, "alice", 1, 17)
      .Choose(DrawKind::kEphemeralPort, "*", 2, 17);
  EXPECT_EQ(script.Below({DrawKind::kEphemeralPort, kAlice, 1}, 100), 17u);
  EXPECT_EQ(script.Below({DrawKind::kEphemeralPort, kBack, 2}, 10), 9u);
}

TEST(ScriptedChoices, WhoIsAskedAnswersFirst) {
  ScriptedChoices script;
  script.HappenAlways(DrawKind::kLoss, "lan/alice->bob")
      .Ask([](const Draw& draw, uint64_t bound) -> std::optional<uint64_t> {
        if (draw.kind == DrawKind::kEphemeralPort) return bound / 2;
        if (draw.ordinal % 2 == 0) return 0;
        return std::nullopt;
      });
  EXPECT_EQ(Losses(script, kThere), "1 3 5 7 9");
  EXPECT_EQ(script.Below({DrawKind::kEphemeralPort, kAlice, 1}, 100), 50u);
}

TEST(ScriptedChoices, TellsWhatWasDrawnAndWhatWasNot) {
  ScriptedChoices script;
  script.Happen(DrawKind::kLoss, "lan/alice->bob", 1)
      .Happen(DrawKind::kLoss, "lan/alice->bob", 2, 4);
  script.Flip({DrawKind::kLoss, kThere, 1}, Ratio::Never());
  EXPECT_THAT(script.drawn(), ElementsAre("loss lan/alice->bob #1"));
  EXPECT_THAT(script.CheckUsed(),
              testing::Says("\"loss lan/alice->bob #2-4\", of which there was no draw"));
  script.Flip({DrawKind::kLoss, kThere, 4}, Ratio::Never());
  EXPECT_THAT(script.CheckUsed(), testing::IsOk());
}

TEST(ScriptedChoicesDeathTest, InstructionsMakeSense) {
  ScriptedChoices script;
  EXPECT_DEATH(script.Happen(DrawKind::kEphemeralPort, "alice", 1), "is no fault; use Choose");
  EXPECT_DEATH(script.Choose(DrawKind::kLoss, "alice", 1, 2), "is a fault; use Happen");
  EXPECT_DEATH(script.Happen(DrawKind::kLoss, "alice", 3, 2), "loss alice #3-2 names none");
  EXPECT_DEATH(script.Happen(DrawKind::kLoss, "alice", 0), "counted from 1");
  EXPECT_DEATH(script.Ask(nullptr), "a script is to ask null");
}

}  // namespace
}  // namespace pollux::sim
