// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/choices.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

std::vector<uint64_t> LossesOf(Choices& choices, absl::string_view name, int packets,
                               Ratio chance) {
  const DrawOwner owner(name);
  std::vector<uint64_t> lost;
  for (int ordinal = 1; ordinal <= packets; ++ordinal) {
    const Draw draw{DrawKind::kLoss, owner, static_cast<uint64_t>(ordinal)};
    if (choices.Flip(draw, chance)) lost.push_back(draw.ordinal);
  }
  return lost;
}

// What a seed means never changes: stories that people keep must stay true.
TEST(RandomChoices, StaysTheSame) {
  RandomChoices choices(7);
  EXPECT_EQ(LossesOf(choices, "lan/alice->bob", 100, Ratio(1, 20)),
            (std::vector<uint64_t>{10, 41, 49, 60, 62, 70, 73}));
  const DrawOwner alice("alice");
  EXPECT_EQ(choices.Below({DrawKind::kEphemeralPort, alice, 1}, 28232), 19459u);
}

TEST(RandomChoices, DependsOnSeedOwnerKindAndOrdinal) {
  RandomChoices choices(7);
  RandomChoices other(8);
  const DrawOwner alice("alice");
  const DrawOwner bob("bob");
  constexpr uint64_t kBound = uint64_t{1} << 62;
  const uint64_t value = choices.Below({DrawKind::kEphemeralPort, alice, 1}, kBound);
  EXPECT_EQ(value, choices.Below({DrawKind::kEphemeralPort, alice, 1}, kBound));
  EXPECT_NE(value, other.Below({DrawKind::kEphemeralPort, alice, 1}, kBound));
  EXPECT_NE(value, choices.Below({DrawKind::kEphemeralPort, bob, 1}, kBound));
  EXPECT_NE(value, choices.Below({DrawKind::kReusePortGroup, alice, 1}, kBound));
  EXPECT_NE(value, choices.Below({DrawKind::kEphemeralPort, alice, 2}, kBound));
}

// The luck of one owner is the same whether others draw as well, and in whatever order.
TEST(RandomChoices, OwnersDoNotDisturbEachOther) {
  RandomChoices alone(3);
  const std::vector<uint64_t> expected = LossesOf(alone, "lan/a->b", 200, Ratio(1, 10));
  EXPECT_FALSE(expected.empty());
  RandomChoices shared(3);
  LossesOf(shared, "lan/c->b", 57, Ratio(1, 3));
  EXPECT_EQ(LossesOf(shared, "lan/a->b", 200, Ratio(1, 10)), expected);
}

TEST(RandomChoices, KeepsToTheChance) {
  RandomChoices choices(11);
  EXPECT_TRUE(LossesOf(choices, "link", 1000, Ratio::Never()).empty());
  EXPECT_EQ(LossesOf(choices, "link", 1000, Ratio::Always()).size(), 1000u);
  // 1000 expected of 100000; the standard deviation is about 31.
  EXPECT_NEAR(static_cast<double>(LossesOf(choices, "link", 100000, Ratio(1, 100)).size()), 1000,
              130);
}

// What is lost at a small chance is lost at a greater one too: weakening a fault only removes.
TEST(RandomChoices, GreaterChancesAddFaults) {
  RandomChoices choices(5);
  const std::vector<uint64_t> few = LossesOf(choices, "link", 5000, Ratio(1, 100));
  const std::vector<uint64_t> many = LossesOf(choices, "link", 5000, Ratio(3, 17));
  EXPECT_FALSE(few.empty());
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
}

TEST(Draw, SaysWhatItIs) {
  const DrawOwner owner("lan/alice->bob");
  EXPECT_EQ((Draw{DrawKind::kLoss, owner, 3}).ToString(), "loss lan/alice->bob #3");
}

TEST(RandomChoicesDeathTest, NothingIsBelowZero) {
  RandomChoices choices(1);
  const DrawOwner alice("alice");
  EXPECT_DEATH(choices.Below({DrawKind::kEphemeralPort, alice, 2}, 0), "ephemeral port alice #2");
}

}  // namespace
}  // namespace pollux::sim
