// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/snooping_table.h"

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/ip_address.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr SnoopingTable::Port kAlice = 0, kBob = 1;

absl::Duration At(int seconds) { return absl::Seconds(seconds); }

const IpAddress kGroup = *IpAddress::Parse("239.1.2.3");
const IpAddress kOther = *IpAddress::Parse("ff15::7");

TEST(SnoopingTableTest, PassesAGroupToPortsThatReportedItAlone) {
  SnoopingTable table({.querier = false}, At(0));
  table.JoinReported(kBob, kGroup, At(10));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(10)));
  EXPECT_FALSE(table.Forwards(kAlice, kGroup, At(10)));
  EXPECT_FALSE(table.Forwards(kBob, kOther, At(10)));
}

TEST(SnoopingTableTest, ForgetsWithoutAQuerierWhatIsNotRepeated) {
  SnoopingTable table({.querier = false}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(269)));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(270)));
  table.JoinReported(kBob, kGroup, At(300));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(559)));
}

TEST(SnoopingTableTest, KeepsWithAQuerierWhatHostsWant) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(100'000)));
}

TEST(SnoopingTableTest, LearnsFromTheNextQueryWhatNoReportSaid) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(124)));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(125)));
}

TEST(SnoopingTableTest, AHostThatIsSilentIsForgottenAfterItsLatestAnswer) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  table.Silence(kBob, At(400));  // It answered at 375.
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(634)));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(635)));
  table.Hear(kBob, At(700));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(749)));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(750)));
}

TEST(SnoopingTableTest, AnswersEndWithTheQuerier) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  table.SetQuerier(false, At(300));  // The last query was at 250.
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(509)));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(510)));
  table.SetQuerier(true, At(600));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(600)));
}

TEST(SnoopingTableTest, AQuerierAsksBeforeItBelievesThatNobodyIsLeft) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  table.Unwant(kBob, kGroup, At(20));
  table.LeaveReported(kBob, kGroup, At(20));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(21)));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(22)));
}

TEST(SnoopingTableTest, ALeaveThatIsLostCostsTheWholeInterval) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  table.Unwant(kBob, kGroup, At(130));  // It answered at 125.
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(384)));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(385)));
}

TEST(SnoopingTableTest, WithoutAQuerierNobodyAsksAfterALeave) {
  SnoopingTable table({.querier = false}, At(0));
  table.JoinReported(kBob, kGroup, At(10));
  table.LeaveReported(kBob, kGroup, At(20));
  EXPECT_TRUE(table.Forwards(kBob, kGroup, At(269)));
}

TEST(SnoopingTableTest, FastLeaveCutsAPortOffAtOnce) {
  SnoopingTable table({.fast_leave = true}, At(0));
  table.JoinReported(kBob, kGroup, At(10));
  table.LeaveReported(kBob, kGroup, At(20));
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(20)));
}

TEST(SnoopingTableTest, FloodsGroupsThatNobodyReportedIfToldTo) {
  SnoopingTable table({.querier = false, .flood_unknown = true}, At(0));
  EXPECT_TRUE(table.Forwards(kAlice, kGroup, At(5)));
  table.JoinReported(kBob, kGroup, At(10));
  EXPECT_FALSE(table.Forwards(kAlice, kGroup, At(10)));
  EXPECT_TRUE(table.Forwards(kAlice, kGroup, At(270))) << "Bob is forgotten, and so is the group.";
}

TEST(SnoopingTableTest, ALostLinkIsForgottenAtOnce) {
  SnoopingTable table({}, At(0));
  table.Want(kBob, kGroup, At(10));
  table.JoinReported(kBob, kGroup, At(10));
  table.Silence(kBob, At(200));
  table.Flush(kBob);
  EXPECT_FALSE(table.Forwards(kBob, kGroup, At(200)));
  EXPECT_THAT(table.Wanted(kBob), ElementsAre(kGroup)) << "The host still does.";
}

TEST(SnoopingTableTest, GroupsOfTheLinkItselfGoEverywhere) {
  SnoopingTable table({}, At(0));
  for (const char* group : {"224.0.0.1", "224.0.0.251", "ff02::1", "ff01::5"}) {
    EXPECT_TRUE(table.Forwards(kAlice, *IpAddress::Parse(group), At(0))) << group;
  }
  for (const char* group : {"224.0.1.1", "239.0.0.1", "ff02::fb", "ff12::1", "ff05::1"}) {
    EXPECT_FALSE(table.Forwards(kAlice, *IpAddress::Parse(group), At(0))) << group;
  }
}

TEST(SnoopingTableTest, RefusesContradictions) {
  const auto refusal = [](const SnoopingOptions& options) {
    return std::string(Validate(options).message());
  };
  EXPECT_EQ(Validate(SnoopingOptions()), absl::OkStatus());
  EXPECT_THAT(refusal({.query_interval = absl::Seconds(-1)}),
              HasSubstr("query_interval -1s is not positive and finite"));
  EXPECT_THAT(refusal({.membership_interval = absl::Seconds(100)}),
              HasSubstr("membership_interval 1m40s is not longer than the query_interval of 2m5s"));
  EXPECT_THAT(refusal({.last_member_time = absl::InfiniteDuration()}),
              HasSubstr("last_member_time inf is not positive and finite"));
  EXPECT_EQ(Validate({.querier = false, .membership_interval = absl::Seconds(100)}),
            absl::OkStatus());
}

}  // namespace
}  // namespace pollux::sim
