// SPDX-License-Identifier: Apache-2.0
//
// Runs are the same everywhere. What this build makes of the scenarios is what fingerprints.txt
// says; that it is the same for gcc and clang, with and without optimisation, with the debug mode
// of the standard library and hardened Abseil, and for Windows, is the same test in those
// configurations (.ci/run golden windows).

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/choice/choices.h"
#include "sim/choice/fault_story.h"
#include "sim/choice/ratio.h"
#include "sim/network.h"
#include "sim/testing/verify_determinism.h"
#include "tests/golden/expected.h"
#include "tests/golden/scenarios.h"
#include "udp/testing/matchers.h"

namespace pollux::golden {
namespace {

class Golden : public ::testing::TestWithParam<Scenario> {};

TEST_P(Golden, FingerprintIsTheFiles) {
  const std::string line = FingerprintLine(GetParam());
  EXPECT_TRUE(absl::StrContains(absl::StrCat("\n", Expected()), absl::StrCat("\n", line)))
      << "this run is\n"
      << line << "and tests/golden/fingerprints.txt has\n"
      << Expected() << "scenarios.h says how to write it anew.";
}

TEST_P(Golden, TwiceIsTheSame) {
  EXPECT_THAT(sim::VerifyDeterminism([](sim::Network& net) { GetParam().run(net); }, {.seed = 7}),
              ::pollux::testing::IsOk());
}

// To the last bit, and by its text: so nothing that a run draws has a label that another draw has.
TEST_P(Golden, ItsStoryMakesItAgain) {
  sim::Network first({.seed = 7});
  GetParam().run(first);
  const absl::StatusOr<sim::FaultStory> story = sim::FaultStory::Parse(first.Story().ToString());
  ASSERT_THAT(story, ::pollux::testing::IsOk());
  sim::StoryPlayer player(*story);
  sim::Network again({.seed = 7, .choices = &player});
  GetParam().run(again);
  EXPECT_THAT(player.CheckFits(), ::pollux::testing::IsOk());
  EXPECT_EQ(again.trace().count(), first.trace().count());
  EXPECT_EQ(again.Fingerprint(), first.Fingerprint());
  EXPECT_EQ(again.Story().ToString(), first.Story().ToString());
}

// Luck that remembers what it was asked. Also of what has no chance.
class Questions final : public sim::Choices {
 public:
  bool Flip(const sim::Draw& draw, sim::Ratio chance) override {
    Remember(draw);
    return luck_.Flip(draw, chance);
  }
  uint64_t Below(const sim::Draw& draw, uint64_t bound) override {
    Remember(draw);
    return luck_.Below(draw, bound);
  }
  size_t count() const { return asked_.size(); }
  const std::string& twice() const { return twice_; }

 private:
  void Remember(const sim::Draw& draw) {
    std::string label = draw.ToString();
    if (!asked_.insert(label).second && twice_.empty()) twice_ = std::move(label);
  }

  sim::RandomChoices luck_{7};
  std::set<std::string> asked_;
  std::string twice_;  // The first of which it was asked again; empty for none.
};

// The law of `sim::Choices`. It is the same run as without one who is asked about everything.
TEST_P(Golden, EachLabelIsDrawnOnce) {
  Questions questions;
  sim::Network net({.seed = 7, .choices = &questions});
  GetParam().run(net);
  EXPECT_EQ(questions.twice(), "");
  EXPECT_GT(questions.count(), 0u);
  sim::Network plain({.seed = 7});
  GetParam().run(plain);
  EXPECT_EQ(net.Fingerprint(), plain.Fingerprint());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Golden, ::testing::ValuesIn(Scenarios()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(GoldenFile, HasALineForEachScenario) {
  const std::vector<std::string> lines = absl::StrSplit(Expected(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), Scenarios().size());
}

}  // namespace
}  // namespace pollux::golden
