// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/random.h"

#include <array>
#include <cstdint>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

// Published with the algorithm: the outputs for seed 1234567 (rosettacode.org, "Pseudo-random
// numbers/Splitmix64").
TEST(Random, IsSplitMix64) {
  Random random(1234567);
  for (const uint64_t word : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                              4593380528125082431u, 16408922859458223821u}) {
    EXPECT_EQ(random.Next(), word);
  }
}

// Every seed means what it meant: these values never change.
TEST(Random, StaysTheSame) {
  Random random(7);
  EXPECT_EQ(random.Below(100), 87u);
  EXPECT_EQ(random.Below(1000000007), 427130214u);
  EXPECT_EQ(StableHash(""), 16294208416658607535u);
  EXPECT_EQ(StableHash("alice"), 3974105475444497402u);
  EXPECT_EQ(StableHash("lan/alice->bob"), 1718201997591313199u);
}

TEST(Random, StaysBelow) {
  Random random(1);
  for (uint64_t bound : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1} << 63,
                         (uint64_t{1} << 63) + 1, UINT64_MAX}) {
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below(bound), bound);
  }
}

TEST(Random, IsEven) {
  constexpr int kDraws = 60000;
  Random random(3);
  std::array<int, 6> counts = {};
  for (int i = 0; i < kDraws; ++i) ++counts[random.Below(6)];
  // 10000 expected; the standard deviation is about 91.
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 6, 400);
}

TEST(Random, HashesApart) {
  EXPECT_NE(StableHash("a->b"), StableHash("b->a"));
  EXPECT_NE(StableHash(absl::string_view("a\0", 2)), StableHash("a"));
}

}  // namespace
}  // namespace pollux::sim
