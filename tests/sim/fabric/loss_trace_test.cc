// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/loss_trace.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LossTrace, IsReadPacketByPacket) {
  const auto losses = ParseLossTrace("# A record.\n01 1\t0\n\n0*3 1*2 # and so on\r\n", "trace");
  ASSERT_TRUE(losses.ok()) << losses.status();
  EXPECT_THAT(losses->lost, ElementsAre(false, true, true, false, false, false, false, true, true));
}

TEST(LossTrace, IsPrintedAsItIsRead) {
  std::vector<bool> lost(2000);
  for (size_t i = 0; i < lost.size(); ++i) lost[i] = (i * i) % 7 == 3 || (i > 500 && i < 700);
  const std::string text = FormatLossTrace({lost});
  const auto again = ParseLossTrace(text, "printed");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->lost, lost);
  EXPECT_EQ(FormatLossTrace({{false, false, true}}), "00 1\n");
  EXPECT_EQ(FormatLossTrace({std::vector<bool>(100, true)}), "1*100\n");
}

TEST(LossTrace, WhatIsNoneSaysWhereAndWhy) {
  const auto error = [](absl::string_view text) {
    const auto losses = ParseLossTrace(text, "lossy.txt");
    EXPECT_EQ(losses.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(losses.status().message());
  };
  EXPECT_THAT(error("0101\n01x1\n"), HasSubstr("lossy.txt:2: \"x1\": a packet is 0"));
  EXPECT_THAT(error("0*\n"), HasSubstr("lossy.txt:1: \"0*\": behind '*'"));
  EXPECT_THAT(error("0*0"), HasSubstr("behind '*'"));
  EXPECT_THAT(error("0*-3"), HasSubstr("behind '*'"));
  EXPECT_THAT(error("0*3x"), HasSubstr("\"0*3x\": behind '*'"));
  EXPECT_THAT(error("0*99999999999999999999"), HasSubstr("behind '*'"));
  EXPECT_THAT(error("1*10000000 1"), HasSubstr("lossy.txt:1: more than 10000000 packets"));
  EXPECT_THAT(error("0*18446744073709551615"), HasSubstr("more than 10000000 packets"));
  EXPECT_THAT(error("# nothing\n\n"), HasSubstr("there are no packets"));
  EXPECT_THAT(error(""), HasSubstr("lossy.txt:1: there are no packets"));
  EXPECT_THAT(error(std::string(1000, 'y')), HasSubstr("...\""));
}

}  // namespace
}  // namespace pollux::sim
