// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/byte_choices.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

const DrawOwner kLink("lan/alice->bob");

// Which of the first `count` losses happen, as "3 5".
std::string Losses(const std::vector<uint8_t>& bytes, uint64_t count) {
  ByteChoices choices(bytes);
  std::string text;
  size_t faults = 0;
  for (uint64_t i = 1; i <= count; ++i) {
    // What cannot happen takes no byte.
    EXPECT_FALSE(choices.Flip({DrawKind::kDuplicate, kLink, i}, Ratio::Never()));
    if (!choices.Flip({DrawKind::kLoss, kLink, i}, Ratio(1, 100))) continue;
    ++faults;
    text += (text.empty() ? "" : " ") + std::to_string(i);
  }
  EXPECT_EQ(choices.faults(), faults);
  return text;
}

TEST(ByteChoices, AByteIsHowLongAllGoesWell) {
  EXPECT_EQ(Losses({0}, 10), "1");
  EXPECT_EQ(Losses({2, 0, 1}, 10), "3 4 6");
  EXPECT_EQ(Losses({254}, 300), "255");
}

TEST(ByteChoices, BehindTheLastByteNothingGoesWrong) {
  EXPECT_EQ(Losses({}, 1000), "");
  EXPECT_EQ(Losses({9}, 1000), "10");
}

TEST(ByteChoices, TheLargestByteIsNoFault) {
  EXPECT_EQ(Losses({255}, 1000), "");
  EXPECT_EQ(Losses({255, 0}, 1000), "256");
  EXPECT_EQ(Losses({255, 255, 3}, 1000), "514");
}

TEST(ByteChoices, ChoicesAmongManyAreTheSeeds) {
  RandomChoices luck(5);
  ByteChoices choices({}, 5);
  const Draw draw{DrawKind::kEphemeralPort, kLink, 1};
  EXPECT_EQ(choices.Below(draw, 1000), luck.Below(draw, 1000));
}

}  // namespace
}  // namespace pollux::sim
