// SPDX-License-Identifier: Apache-2.0
//
// Each loss model against the formula of its source: how many packets are lost, and how long the
// bursts are. The luck is seeded, so the figures are always the same; the bounds are those of
// chance, wide enough for any seed.

#include "sim/fabric/loss_model.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/choices.h"
#include "sim/fabric/link_profile.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kPackets = 200000;

// Which packets a link loses.
std::vector<bool> Losses(const LossModel& model, uint64_t packets = kPackets) {
  EXPECT_TRUE(Validate(model).ok());
  RandomChoices choices(1);
  const DrawOwner link("lan/a->b");
  LossState state;
  std::vector<bool> lost;
  for (uint64_t number = 1; number <= packets; ++number) {
    const Ratio chance = state.ChanceOfNext(model, Ratio::Never(), choices, link, number);
    lost.push_back(choices.Flip({DrawKind::kLoss, link, number}, chance));
  }
  return lost;
}

double ShareOf(const std::vector<bool>& lost) {
  double sum = 0;
  for (const bool one : lost) sum += one ? 1 : 0;
  return sum / static_cast<double>(lost.size());
}

// How many runs of lost packets there are of each length, from 1.
std::vector<double> Bursts(const std::vector<bool>& lost) {
  std::vector<double> bursts(1);
  size_t length = 0;
  for (const bool one : lost) {
    if (one) {
      ++length;
      continue;
    }
    if (length >= bursts.size()) bursts.resize(length + 1);
    if (length > 0) ++bursts[length];
    length = 0;
  }
  return bursts;
}

double MeanOf(const std::vector<double>& bursts) {
  double packets = 0;
  double count = 0;
  for (size_t length = 1; length < bursts.size(); ++length) {
    packets += static_cast<double>(length) * bursts[length];
    count += bursts[length];
  }
  return packets / count;
}

TEST(GilbertElliott, LosesInBurstsOfAGeometricLength) {
  const std::vector<bool> lost =
      Losses(GilbertElliott{.into_bad = Ratio(1, 50), .out_of_bad = Ratio(1, 4)});
  EXPECT_NEAR(ShareOf(lost), 0.02 / (0.02 + 0.25), 0.005);  // p / (p + r)
  const std::vector<double> bursts = Bursts(lost);
  EXPECT_NEAR(MeanOf(bursts), 4, 0.2);  // 1 / r
  // Every further packet of a burst has the same chance.
  for (size_t length = 1; length < 6; ++length) {
    EXPECT_NEAR(bursts[length + 1] / bursts[length], 0.75, 0.12) << length;
  }
}

// The link of netem's "loss gemodel 1% 10% 70% 0.1%".
TEST(GilbertElliott, GoodAndBadTimesCanBothLose) {
  const std::vector<bool> lost = Losses(GilbertElliott{.into_bad = Ratio(1, 100),
                                                       .out_of_bad = Ratio(10, 100),
                                                       .loss_in_bad = Ratio(70, 100),
                                                       .loss_in_good = Ratio(1, 1000)});
  // p/(p+r) (1-h) + r/(p+r) (1-k)
  EXPECT_NEAR(ShareOf(lost), 0.01 / 0.11 * 0.7 + 0.1 / 0.11 * 0.001, 0.005);
}

TEST(FourStates, LosesAsItsStationaryStateSays) {
  const double p13 = 0.02, p31 = 0.3, p32 = 0.4, p23 = 0.5, p14 = 0.01;
  const std::vector<bool> lost = Losses(FourStates{.gap_to_burst_loss = Ratio(2, 100),
                                                   .burst_loss_to_gap = Ratio(30, 100),
                                                   .burst_loss_to_burst = Ratio(40, 100),
                                                   .burst_to_burst_loss = Ratio(50, 100),
                                                   .gap_to_single_loss = Ratio(1, 100)});
  // By how often each state is left and entered, in units of state 1.
  const double three = p13 / p31;
  const double two = p32 / p23 * three;
  const double four = p14;
  EXPECT_NEAR(ShareOf(lost), (three + four) / (1 + two + three + four), 0.005);
  // A burst of losses ends with the chance of p31 + p32; those in a gap are of one packet.
  const double share_of_gap = p14 / (p14 + p13 + two * p23);
  EXPECT_NEAR(MeanOf(Bursts(lost)), share_of_gap * 1 + (1 - share_of_gap) / (p31 + p32), 0.05);
}

// Runs of losses are bursts, which end with the chance of p31 + p32 behind each packet, and single
// ones in a gap.
TEST(FourStates, BurstsAreOfAGeometricLengthAndLossesInAGapAreAlone) {
  const double p13 = 0.02, p31 = 0.1, p32 = 0.1, p14 = 0.02;
  const std::vector<double> bursts =
      Bursts(Losses(FourStates{.gap_to_burst_loss = Ratio(2, 100),
                               .burst_loss_to_gap = Ratio(1, 10),
                               .burst_loss_to_burst = Ratio(1, 10),
                               .burst_to_burst_loss = Ratio(1, 2),
                               .gap_to_single_loss = Ratio(2, 100)}));
  double count = 0;
  for (const double of_length : bursts) count += of_length;
  EXPECT_GT(count, 8000);
  // Bursts begin behind a gap, and, as often as they end in one, behind what came through in a
  // burst: in units of state 1.
  const double begun = p13 + p32 * p13 / p31;
  const double alone = p14 / (p14 + begun);
  const double end = p31 + p32;
  double more = 1 - alone;  // The share of bursts of that length or longer.
  for (size_t length = 1; length < 12; ++length) {
    const double share = more * end + (length == 1 ? alone : 0);
    // Four standard deviations of a share of so many.
    const double tolerance = 4 * std::sqrt(share * (1 - share) / count);
    EXPECT_NEAR(bursts[length] / count, share, tolerance) << length;
    more *= 1 - end;
  }
}

TEST(LossModels, RegularListedAndRecordedOnes) {
  const auto numbers = [](const LossModel& model) {
    std::vector<size_t> lost;
    const std::vector<bool> all = Losses(model, 10);
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i]) lost.push_back(i + 1);
    }
    return lost;
  };
  EXPECT_THAT(numbers(EveryNth{3}), ElementsAre(3, 6, 9));
  EXPECT_THAT(numbers(ListedLosses{{1, 4, 5, 100}}), ElementsAre(1, 4, 5));
  EXPECT_THAT(numbers(RecordedLosses{{false, true, true, false}}), ElementsAre(2, 3, 6, 7, 10));
}

TEST(LossModels, ContradictionsAreRefused) {
  const auto error = [](const LossModel& model) { return std::string(Validate(model).message()); };
  EXPECT_THAT(
      error(FourStates{.gap_to_burst_loss = Ratio(3, 4), .gap_to_single_loss = Ratio(1, 3)}),
      HasSubstr("gap_to_burst_loss 3/4 and gap_to_single_loss 1/3 are more than 1"));
  EXPECT_THAT(
      error(FourStates{.burst_loss_to_gap = Ratio(3, 4), .burst_loss_to_burst = Ratio(1, 3)}),
      HasSubstr("burst_loss_to_gap 3/4 and burst_loss_to_burst 1/3"));
  EXPECT_THAT(error(EveryNth{0}), HasSubstr("must be 1 or more"));
  EXPECT_THAT(error(ListedLosses{{0}}), HasSubstr("there is no packet 0"));
  EXPECT_THAT(error(ListedLosses{{4, 4}}), HasSubstr("packet 4 stands behind 4"));
  EXPECT_THAT(error(RecordedLosses{}), HasSubstr("nothing was recorded"));
  const LinkProfile both = {.loss = Ratio(1, 2), .loss_model = EveryNth{2}};
  EXPECT_THAT(std::string(Validate(both, false).message()),
              HasSubstr("loss 1/2 and a loss_model: one of them"));
  EXPECT_THAT(std::string(Validate({.jitter = -absl::Seconds(1)}, false).message()),
              HasSubstr("jitter -1s is not from 0"));
}

}  // namespace
}  // namespace pollux::sim
