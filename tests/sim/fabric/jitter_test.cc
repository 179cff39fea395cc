// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/jitter.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

constexpr uint32_t kLast = 0xffffffff;

// The deviations of evenly spread draws, in units of the amount.
std::vector<double> Deviations(JitterShape shape) {
  std::vector<double> all;
  constexpr uint32_t kDraws = 100000;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const uint32_t word = kLast / kDraws * i + kLast / kDraws / 2;
    all.push_back(
        absl::FDivDuration(JitterOf(shape, absl::Milliseconds(1), word), absl::Milliseconds(1)));
  }
  return all;
}

double MeanOf(const std::vector<double>& all) {
  double sum = 0;
  for (const double one : all) sum += one;
  return sum / static_cast<double>(all.size());
}

double SharePast(const std::vector<double>& all, double bound) {
  double count = 0;
  for (const double one : all) count += one > bound ? 1 : 0;
  return count / static_cast<double>(all.size());
}

TEST(Jitter, UniformIsWithinTheAmountEvenly) {
  EXPECT_EQ(JitterOf(JitterShape::kUniform, absl::Seconds(1), 0), -absl::Seconds(1));
  EXPECT_LT(JitterOf(JitterShape::kUniform, absl::Seconds(1), kLast), absl::Seconds(1));
  const std::vector<double> all = Deviations(JitterShape::kUniform);
  EXPECT_NEAR(MeanOf(all), 0, 0.001);
  EXPECT_NEAR(SharePast(all, 0.5), 0.25, 0.001);
}

TEST(Jitter, NormalHasTheAmountAsItsStandardDeviation) {
  const std::vector<double> all = Deviations(JitterShape::kNormal);
  EXPECT_NEAR(MeanOf(all), 0, 0.02);
  EXPECT_NEAR(SharePast(all, 1), 0.1587, 0.01);
  EXPECT_NEAR(SharePast(all, 2), 0.0228, 0.004);
  EXPECT_NEAR(SharePast(all, -1), 0.8413, 0.01);
}

TEST(Jitter, ParetoIsNeverEarlyAndNowAndThenVeryLate) {
  const std::vector<double> all = Deviations(JitterShape::kPareto);
  EXPECT_NEAR(MeanOf(all), 0.5, 0.02);
  EXPECT_DOUBLE_EQ(SharePast(all, -0.001), 1);
  for (const double late : {0.5, 1.0, 3.0}) {
    EXPECT_NEAR(SharePast(all, late), std::pow(1 + late, -3), 0.003) << late;
  }
}

// Seeds would mean something else if these changed.
TEST(Jitter, StaysTheSame) {
  const auto text = [](JitterShape shape) {
    return absl::FormatDuration(JitterOf(shape, absl::Seconds(1), 123456789));
  };
  EXPECT_EQ(text(JitterShape::kUniform), "-942.5115585ms");
  EXPECT_EQ(text(JitterShape::kNormal), "316.91455825ms");
  EXPECT_EQ(text(JitterShape::kPareto), "2.263671875s");
}

}  // namespace
}  // namespace pollux::sim
