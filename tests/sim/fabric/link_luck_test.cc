// SPDX-License-Identifier: Apache-2.0
//
// What luck does to the packets of one link, beside the losses (loss_model_test.cc): correlated
// luck against the formulas of its process, order, duplicates, damage. The luck is seeded, so the
// figures are always the same; the bounds are those of chance.

#include "sim/fabric/link_luck.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/choices.h"
#include "sim/fabric/correlated_word.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kPackets = 100000;

std::vector<Fate> Fates(const LinkProfile& profile, int packets = kPackets) {
  const absl::Status valid = Validate(profile, false);
  EXPECT_TRUE(valid.ok()) << valid;
  RandomChoices choices(1);
  LinkLuck luck("lan/a->b");
  std::vector<Fate> fates;
  for (int i = 0; i < packets; ++i) fates.push_back(luck.Decide(profile, choices));
  return fates;
}

double MeanOf(const std::vector<double>& all) {
  double sum = 0;
  for (const double one : all) sum += one;
  return sum / static_cast<double>(all.size());
}

double VarianceOf(const std::vector<double>& all) {
  const double mean = MeanOf(all);
  double sum = 0;
  for (const double one : all) sum += (one - mean) * (one - mean);
  return sum / static_cast<double>(all.size());
}

// Of each with the one `lag` behind it.
double CorrelationOf(const std::vector<double>& all, size_t lag) {
  const double mean = MeanOf(all);
  double sum = 0;
  for (size_t i = lag; i < all.size(); ++i) sum += (all[i] - mean) * (all[i - lag] - mean);
  return sum / static_cast<double>(all.size() - lag) / VarianceOf(all);
}

// In milliseconds.
std::vector<double> Delays(const std::vector<Fate>& fates) {
  std::vector<double> delays;
  for (const Fate& fate : fates) delays.push_back(absl::ToDoubleMilliseconds(fate.delay));
  return delays;
}

std::vector<double> Duplicates(const std::vector<Fate>& fates) {
  std::vector<double> duplicates;
  for (const Fate& fate : fates) duplicates.push_back(fate.duplicated ? 1 : 0);
  return duplicates;
}

// ---- Correlated luck ----

// x' = rho x + (1 - rho) u has the mean of u, (1-rho)/(1+rho) of its variance, and the
// autocorrelation rho^k.
TEST(JitterCorrelation, IsThatOfAnAutoregressiveProcess) {
  for (const int percent : {25, 50, 90}) {
    const double rho = percent / 100.0;
    const std::vector<double> delays = Delays(Fates({.latency = absl::Milliseconds(100),
                                                     .jitter = absl::Milliseconds(10),
                                                     .jitter_correlation = Ratio(percent, 100)}));
    EXPECT_NEAR(MeanOf(delays), 100, 0.2) << rho;
    EXPECT_NEAR(VarianceOf(delays) / (100.0 / 3 * (1 - rho) / (1 + rho)), 1, 0.03) << rho;
    EXPECT_NEAR(CorrelationOf(delays, 1), rho, 0.02) << rho;
    EXPECT_NEAR(CorrelationOf(delays, 3), rho * rho * rho, 0.03) << rho;
  }
}

TEST(JitterCorrelation, WithoutItPacketsDoNotKnowOfEachOther) {
  const std::vector<double> delays =
      Delays(Fates({.latency = absl::Milliseconds(100), .jitter = absl::Milliseconds(10)}));
  EXPECT_NEAR(VarianceOf(delays), 100.0 / 3, 0.5);
  EXPECT_NEAR(CorrelationOf(delays, 1), 0, 0.01);
}

TEST(JitterCorrelation, WorksForEachShape) {
  for (const JitterShape shape : {JitterShape::kNormal, JitterShape::kPareto}) {
    const std::vector<double> delays = Delays(Fates({.latency = absl::Milliseconds(100),
                                                     .jitter = absl::Milliseconds(10),
                                                     .jitter_shape = shape,
                                                     .jitter_correlation = Ratio(1, 2)}));
    EXPECT_GT(CorrelationOf(delays, 1), 0.4);
    EXPECT_LT(CorrelationOf(delays, 1), 0.52);
  }
}

// Neighbours stand for neighbours, and all of them for the distribution that the unranked have.
TEST(RankedJitter, IsNormalAndAscends) {
  constexpr uint32_t kWords = 1 << 16;
  std::vector<double> all;
  for (uint32_t i = 0; i < kWords; ++i) {
    all.push_back(absl::ToDoubleMilliseconds(
        RankedJitterOf(JitterShape::kNormal, absl::Milliseconds(1), i << 16 | 0x8000)));
    EXPECT_GE(all[i], all[i == 0 ? 0 : i - 1]) << i;
  }
  EXPECT_NEAR(MeanOf(all), 0, 0.001);
  EXPECT_NEAR(VarianceOf(all), 1, 0.01);
  EXPECT_NEAR(all[kWords * 841 / 1000], 0.9985, 0.005);
  EXPECT_NEAR(all[kWords * 977 / 1000], 1.9954, 0.005);
  EXPECT_NEAR(all[kWords * 23 / 1000], -1.9954, 0.005);
}

// The share of x below `chance`, and how often two neighbours both are, by stepping the density of
// the process to its limit.
struct Shares {
  double below = 0;
  double both = 0;
};
Shares StationaryShares(double rho, double chance) {
  constexpr int kCells = 1000;
  std::vector<double> density(kCells, 1.0 / kCells);
  // Where x goes from the middle of a cell: evenly over a range of 1 - rho.
  const auto spread = [&](const std::vector<double>& from) {
    std::vector<double> to(kCells, 0);
    const int width = static_cast<int>(std::lround((1 - rho) * kCells));
    for (int cell = 0; cell < kCells; ++cell) {
      const int first = static_cast<int>(std::lround(rho * (cell + 0.5)));
      for (int i = 0; i < width; ++i) to[std::min(first + i, kCells - 1)] += from[cell] / width;
    }
    return to;
  };
  for (int step = 0; step < 40; ++step) density = spread(density);
  const int bound = static_cast<int>(std::lround(chance * kCells));
  Shares shares;
  std::vector<double> low(kCells, 0);
  for (int cell = 0; cell < bound; ++cell) {
    low[cell] = density[cell];
    shares.below += density[cell];
  }
  const std::vector<double> next = spread(low);
  for (int cell = 0; cell < bound; ++cell) shares.both += next[cell];
  return shares;
}

TEST(DuplicateCorrelation, IsThatOfAnAutoregressiveProcess) {
  for (const int percent : {10, 50}) {
    for (const int correlation : {25, 60}) {
      const std::vector<double> twice = Duplicates(Fates(
          {.duplicate = Ratio(percent, 100), .duplicate_correlation = Ratio(correlation, 100)}));
      double both = 0;
      for (size_t i = 1; i < twice.size(); ++i) both += twice[i] * twice[i - 1];
      const Shares shares = StationaryShares(correlation / 100.0, percent / 100.0);
      SCOPED_TRACE(testing::Message() << percent << "% correlation " << correlation << "%");
      EXPECT_NEAR(MeanOf(twice), shares.below, 0.005);
      EXPECT_NEAR(both / kPackets, shares.both, 0.005);
    }
  }
}

TEST(DuplicateCorrelation, WithoutItTheyComeByTheirChance) {
  const std::vector<double> twice = Duplicates(Fates({.duplicate = Ratio(1, 10)}));
  EXPECT_NEAR(MeanOf(twice), 0.1, 0.003);
  EXPECT_NEAR(CorrelationOf(twice, 1), 0, 0.01);
}

TEST(LossCorrelation, MakesLossesComeTogether) {
  std::vector<double> lost;
  for (const Fate& fate : Fates({.loss = Ratio(3, 10), .loss_correlation = Ratio(1, 2)})) {
    lost.push_back(fate.lost ? 1 : 0);
  }
  EXPECT_NEAR(MeanOf(lost), StationaryShares(0.5, 0.3).below, 0.005);
  EXPECT_GT(CorrelationOf(lost, 1), 0.2);
}

TEST(CorrelatedWord, IsNetemsIntegerProcess) {
  CorrelatedWord word;
  EXPECT_EQ(word.Next(1000, Ratio(1, 4)), 1000u);
  EXPECT_EQ(word.Next(2000, Ratio(1, 4)), 1750u);
  EXPECT_EQ(word.Next(0, Ratio(1, 4)), 437u);
  EXPECT_EQ(word.Next(0xffffffff, Ratio::Never()), 0xffffffffu);
  EXPECT_EQ(word.Next(0, Ratio::Always()), 0xffffffffu);
}

// ---- Order ----

std::vector<int> Overtaking(const std::vector<Fate>& fates) {
  std::vector<int> numbers;
  for (size_t i = 0; i < fates.size(); ++i) {
    if (fates[i].overtakes) numbers.push_back(static_cast<int>(i) + 1);
  }
  return numbers;
}

// netem's "delay 10ms reorder 100% gap 5": the fifth packet, and each fifth behind it.
TEST(Overtaking, ByGapIsEveryNthPacket) {
  EXPECT_THAT(
      Overtaking(Fates(
          {.latency = absl::Milliseconds(10), .overtake = Ratio::Always(), .overtake_gap = 5}, 17)),
      ElementsAre(5, 10, 15));
}

// netem's "reorder 25% gap 4": behind three that cannot, each can until one does.
TEST(Overtaking, ByGapAndChanceTakesAPacketBehindTheGap) {
  const std::vector<int> numbers = Overtaking(Fates(
      {.latency = absl::Milliseconds(10), .overtake = Ratio(1, 4), .overtake_gap = 4}, 40000));
  for (size_t i = 1; i < numbers.size(); ++i) EXPECT_GE(numbers[i] - numbers[i - 1], 4);
  // Three packets, and then four on average.
  EXPECT_NEAR(40000.0 / static_cast<double>(numbers.size()), 7, 0.15);
}

TEST(Overtaking, ByChanceIsAnyPacket) {
  const std::vector<int> numbers =
      Overtaking(Fates({.latency = absl::Milliseconds(10), .overtake = Ratio(1, 4)}, 40000));
  EXPECT_NEAR(static_cast<double>(numbers.size()) / 40000, 0.25, 0.01);
}

TEST(Late, PacketsComeLaterByTheirDelay) {
  const std::vector<Fate> fates = Fates(
      {.latency = absl::Milliseconds(10), .late = Ratio(1, 5), .late_by = absl::Milliseconds(3)},
      10000);
  int late = 0;
  for (const Fate& fate : fates) {
    EXPECT_EQ(fate.delay, absl::Milliseconds(fate.late ? 13 : 10));
    late += fate.late ? 1 : 0;
  }
  EXPECT_NEAR(late, 2000, 120);
}

// ---- Damage ----

TEST(CorruptBits, AreDistinctAndAnyOfThePayload) {
  RandomChoices choices(1);
  LinkLuck luck("lan/a->b");
  const LinkProfile profile = {.corrupt = Ratio::Always(), .corrupt_bits = 3};
  std::set<uint64_t> seen;
  for (int i = 0; i < 500; ++i) {
    luck.Decide(profile, choices);
    const std::vector<uint64_t> bits = luck.DrawBits(profile, 2, choices);
    ASSERT_EQ(bits.size(), 3u);
    EXPECT_LT(bits[0], bits[1]);
    EXPECT_LT(bits[1], bits[2]);
    EXPECT_LT(bits[2], 16u);
    seen.insert(bits.begin(), bits.end());
  }
  EXPECT_EQ(seen.size(), 16u);
  EXPECT_EQ(luck.DrawBits({.corrupt_bits = 64}, 1, choices).size(), 8u);
  EXPECT_TRUE(luck.DrawBits(profile, 0, choices).empty());
}

// ---- What is refused ----

TEST(LinkProfile, ContradictionsAreRefused) {
  const auto message = [](const LinkProfile& profile) {
    return std::string(Validate(profile, false).message());
  };
  const absl::Duration ms = absl::Milliseconds(1);
  EXPECT_EQ(message({.rate = 1, .queue = {.bytes = 1500, .codel = CoDel()}}), "");
  EXPECT_THAT(message({.queue = {.bytes = 5000}}), HasSubstr("rate 0 and a queue"));
  EXPECT_THAT(message({.queue = {.packets = 5}}), HasSubstr("rate 0 and a queue"));
  EXPECT_THAT(message({.queue = {.codel = CoDel()}}), HasSubstr("rate 0 and a queue"));
  EXPECT_THAT(message({.rate = 2'000'000'000'000}), HasSubstr("rate 2000000000000 is not up to"));
  EXPECT_THAT(message({.overhead = 2000}), HasSubstr("overhead 2000"));
  EXPECT_THAT(message({.rate = 1, .queue = {.bytes = 1499}}),
              HasSubstr("queue.bytes 1499 has no room for a packet of mtu 1500"));
  EXPECT_THAT(message({.rate = 1, .queue = {.codel = CoDel{.target = absl::Seconds(1)}}}),
              HasSubstr("codel target 1s is above its interval 100ms"));
  EXPECT_THAT(message({.overtake = Ratio(1, 2)}), HasSubstr("there is none to overtake"));
  EXPECT_THAT(message({.latency = ms, .overtake_gap = 5}), HasSubstr("overtake_gap 5 and"));
  EXPECT_THAT(message({.latency = ms, .overtake = Ratio(1, 2), .overtake_gap = 0}),
              HasSubstr("overtake_gap 0"));
  EXPECT_THAT(message({.latency = ms, .overtake = Ratio(1, 2), .keep_order = true}),
              HasSubstr("overtake 1/2 and keep_order"));
  EXPECT_THAT(message({.late = Ratio(1, 2)}), HasSubstr("late 1/2 with a late_by of 0"));
  EXPECT_THAT(message({.late = Ratio(1, 2), .late_by = -ms}), HasSubstr("late_by -1ms"));
  EXPECT_THAT(message({.jitter_correlation = Ratio(1, 2)}),
              HasSubstr("jitter_correlation 1/2 with a jitter of 0"));
  EXPECT_THAT(message({.loss_model = EveryNth{2}, .loss_correlation = Ratio(1, 2)}),
              HasSubstr("loss_correlation 1/2 is for loss"));
  EXPECT_THAT(message({.corrupt_bits = 0}), HasSubstr("corrupt_bits 0 is not from 1 to 64"));
  EXPECT_THAT(message({.corrupt_bits = 65}), HasSubstr("corrupt_bits 65"));
}

}  // namespace
}  // namespace pollux::sim
