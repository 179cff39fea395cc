// SPDX-License-Identifier: Apache-2.0
//
// Segments whose switch reads IGMP and MLD: alice sends to a group, bob and carol may want it.

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/fault_plan.h"
#include "sim/network.h"
#include "sim/trace/trace.h"
#include "tests/sim/routed_bed.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr char kGroup[] = "239.1.2.3";
constexpr char kGroup6[] = "ff15::7";

class SnoopingTest : public RoutedBed {
 protected:
  // `lan_` is made by the first call, with hosts.
  void Build(const SnoopingOptions& options, const LinkProfile& link = {}) {
    lan_ = &net_.AddSegment(
        "lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64", .link = link, .snooping = options});
    alice_ = &AddHost("alice", *lan_);
    bob_ = &AddHost("bob", *lan_);
    carol_ = &AddHost("carol", *lan_);
  }
  static void Join(Ear& ear, absl::string_view group = kGroup) {
    EXPECT_TRUE(ear.socket().JoinMulticastGroup(*IpAddress::Parse(group)).ok());
  }
  static void Leave(Ear& ear) {
    EXPECT_TRUE(ear.socket().LeaveMulticastGroup(*IpAddress::Parse(kGroup)).ok());
  }
  // Whether a datagram that alice sends, after what is under way has arrived, to the group gets to
  // the ear.
  bool Hears(Ear& sender, Ear& ear, absl::string_view to = "239.1.2.3:7000") {
    Run(absl::Milliseconds(10));
    EXPECT_EQ(sender.Send(to), "ok");
    Run(absl::Milliseconds(10));
    return ear.Take() != "none";
  }

  Segment* lan_ = nullptr;
  Host* alice_ = nullptr;
  Host* bob_ = nullptr;
  Host* carol_ = nullptr;
};

TEST_F(SnoopingTest, PacketsOfAGroupGoToThoseWhoReportedIt) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000), carol(*carol_, 7000);
  Join(bob);
  EXPECT_TRUE(Hears(alice, bob));
  EXPECT_EQ(carol.Take(), "none");
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *carol_));
}

TEST_F(SnoopingTest, GroupsOfIpv6AreReportedByMld) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob, kGroup6);
  EXPECT_TRUE(Hears(alice, bob, "[ff15::7]:7000"));
}

// The classic: it works in the lab, and stops after four minutes and twenty seconds.
TEST_F(SnoopingTest, WithoutAQuerierAGroupFallsSilent) {
  Build({.querier = false});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(255));
  EXPECT_TRUE(Hears(alice, bob));
  Run(absl::Seconds(10));
  Restart();
  EXPECT_FALSE(Hears(alice, bob));
  EXPECT_EQ(Drops("alice", DropCause::kGroupNotReported), 1u);
  EXPECT_THAT(log_->entries().back().Event().ToString(),
              HasSubstr("(group not reported on lan/alice->bob)"));
  Leave(bob);
  Join(bob);
  EXPECT_TRUE(Hears(alice, bob)) << "A report of its own brings the group back.";
}

TEST_F(SnoopingTest, ASecondMemberOnAHostReportsNothing) {
  Build({.querier = false});
  Ear alice(*alice_), first(*bob_, 7000), second(*bob_, 7001);
  Join(first);
  Run(absl::Seconds(200));
  Join(second);
  Run(absl::Seconds(100));
  EXPECT_FALSE(Hears(alice, first));
  EXPECT_EQ(Count(EventKind::kReported), 4u) << "The first member's report, twice: sent, learned.";
}

TEST_F(SnoopingTest, AQuerierKeepsGroupsAlive) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Hours(10));
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, ReportsGetLostAsOtherPacketsDo) {
  Build({.querier = false}, {.loss = Ratio(1, 1)});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(2));
  lan_->SetProfile({});
  EXPECT_FALSE(Hears(alice, bob));
  const std::string story = net_.Story().ToString();
  EXPECT_THAT(story, HasSubstr("loss lan/bob->switch #1\n"));
  EXPECT_THAT(story, HasSubstr("loss lan/bob->switch #2\n"));
}

TEST_F(SnoopingTest, AReportTakesAsLongAsThePacketsOfItsHost) {
  Build({}, {.latency = absl::Milliseconds(30)});
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Milliseconds(29));
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  Run(absl::Milliseconds(1));
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
}

TEST_F(SnoopingTest, TheSwitchPassesOnForAWhileWhatAHostHasLeft) {
  Build({});
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  Leave(bob);
  Run(absl::Milliseconds(1900));
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  Run(absl::Milliseconds(1200));  // The second report may have begun the wait anew.
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
}

TEST_F(SnoopingTest, ACrashedHostLeavesNothing) {
  Build({});
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  bob_->Crash();
  Run(absl::Seconds(10));
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  Run(absl::Seconds(260));
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
}

TEST_F(SnoopingTest, AHostThatStandsStillIsForgotten) {
  Build({});
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  bob_->Freeze();
  Run(absl::Seconds(265));
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  bob_->Thaw();
  Run(absl::Seconds(125));
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_)) << "It answers the next query.";
}

TEST_F(SnoopingTest, APulledCableIsForgottenUntilTheNextQuery) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  bob_->Unplug("eth0");
  bob_->PlugIn("eth0");
  EXPECT_FALSE(Hears(alice, bob));
  Run(absl::Seconds(125));
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, AnInterfaceThatComesUpReportsItsGroups) {
  Build({.querier = false});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  bob_->TakeDown("eth0");
  EXPECT_FALSE(lan_->Forwards(*IpAddress::Parse(kGroup), *bob_));
  bob_->BringUp("eth0");
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, ASwitchThatRestartsHasToLearnAnew) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(5));
  lan_->RestartSwitch();
  EXPECT_FALSE(Hears(alice, bob));
  Run(absl::Seconds(125));
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, TheQuerierCanGo) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(130));
  lan_->SetQuerier(false);
  Run(absl::Seconds(260));
  EXPECT_FALSE(Hears(alice, bob));
  lan_->SetQuerier(true);
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, RoutersGetAllGroups) {
  Build({});
  Router& router = net_.AddRouter("router", {*lan_});
  EXPECT_TRUE(lan_->Forwards(*IpAddress::Parse(kGroup), router));
}

TEST_F(SnoopingTest, ReportsAreOnRecordWithWhatBecameOfThem) {
  Build({});
  std::vector<std::string> notes;
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Seconds(2));
  Leave(bob);
  Run(absl::Milliseconds(1));
  uint64_t sent = 0;
  for (const EventLog::Entry& entry : log_->entries()) {
    if (entry.event.kind != EventKind::kReported) continue;
    notes.push_back(absl::StrCat(entry.event.host, "/", entry.event.interface, " ", entry.note));
    if (absl::StartsWith(entry.note, "reports")) {
      sent = entry.event.sequence;
    } else {
      EXPECT_EQ(entry.event.because, sent) << entry.note;
    }
  }
  EXPECT_THAT(notes, ElementsAre("bob/eth0 reports that it wants 239.1.2.3",
                                 "bob/eth0 wants 239.1.2.3, the switch learns",
                                 "bob/eth0 reports that it wants 239.1.2.3",
                                 "bob/eth0 wants 239.1.2.3, the switch learns",
                                 "bob/eth0 reports that it leaves 239.1.2.3",
                                 "bob/eth0 leaves 239.1.2.3, the switch learns",
                                 "lan/switch asks who still wants 239.1.2.3"));
}

TEST_F(SnoopingTest, APlanTakesTheQuerierAwayAndRestartsTheSwitch) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  ASSERT_TRUE(net_.Apply(*FaultPlan::Parse("from 10s to 300s switch lan querier off\n"
                                           "at 400s switch lan restart\n"))
                  .ok());
  Run(absl::Seconds(280));
  EXPECT_FALSE(Hears(alice, bob));
  Run(absl::Seconds(30));
  EXPECT_TRUE(Hears(alice, bob)) << "Whoever asks again, asks at once.";
  Run(absl::Seconds(95));
  EXPECT_FALSE(Hears(alice, bob));
  Run(absl::Seconds(125));
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, QuiesceBringsTheQuerierBackWhateverHoldsItOff) {
  Build({});
  Ear alice(*alice_), bob(*bob_, 7000);
  Join(bob);
  lan_->SetQuerier(false);
  const FaultGuard off = lan_->HoldQuerierOff();
  Run(absl::Seconds(270));
  EXPECT_FALSE(Hears(alice, bob));
  net_.Quiesce();
  EXPECT_TRUE(Hears(alice, bob));
}

TEST_F(SnoopingTest, APlanNeedsASwitchThatReadsIgmp) {
  net_.AddSegment("plain", "10.9.0.0/24");
  const auto apply = [this](absl::string_view text) {
    return std::string(net_.Apply(*FaultPlan::Parse(text, "my.plan")).message());
  };
  EXPECT_THAT(apply("at 1s switch plain restart"),
              HasSubstr("my.plan:1: \"at 1s switch plain restart\": segment plain has no switch "
                        "that reads IGMP"));
  EXPECT_THAT(apply("at 1s switch nowhere querier off"),
              HasSubstr("there is no segment \"nowhere\""));
}

TEST_F(SnoopingTest, LuckDrawsWhatHappensToSwitchesWhereItIsAskedTo) {
  Build({});
  std::set<std::string> drawn;
  for (int i = 0; i < 30; ++i) {
    const FaultPlan plan =
        net_.DrawPlan({.verbs = {FaultPlan::Verb::kSwitchRestart, FaultPlan::Verb::kQuerierOff}});
    for (const FaultPlan::Entry& entry : plan.entries) {
      drawn.insert(absl::StrCat(ToString(entry.verb), " ", entry.segment, entry.end ? " for" : ""));
    }
    EXPECT_EQ(FaultPlan::Parse(plan.ToString())->entries, plan.entries);
  }
  EXPECT_THAT(drawn, UnorderedElementsAre("switch lan", "switch lan for", "quiesce "));
}

// A switch that reads nothing loads every line; one that does spares those who want nothing.
TEST_F(SnoopingTest, LinesAreSparedThatNobodyListensOn) {
  Build({}, {.latency = absl::Milliseconds(1)});
  Ear alice(*alice_), bob(*bob_, 7000), carol(*carol_, 7000);
  lan_->SetDownlink(*carol_, {.latency = absl::Milliseconds(1), .rate = 1'000'000});
  Join(bob);
  Run();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(alice.Send("239.1.2.3:7000", 1000), "ok");
  EXPECT_EQ(lan_->DownlinkQueue(*carol_).packets, 0u);
}

TEST_F(SnoopingTest, AnEventTellsWhatTheSwitchLearned) {
  Build({});
  Ear bob(*bob_, 7000);
  Join(bob);
  Run(absl::Milliseconds(1));
  ASSERT_EQ(Count(EventKind::kReported), 2u);
  EXPECT_THAT(log_->entries().back().Event().ToString(),
              HasSubstr("bob/eth0   reported   wants 239.1.2.3, the switch learns"));
}

TEST_F(SnoopingTest, AnotherHostChangesNothing) {
  const auto run = [](bool another) {
    Network net({.seed = 3});
    Segment& lan = net.AddSegment(
        "lan",
        {.ipv4 = "10.0.0.0/24", .link = {.loss = Ratio(1, 4)}, .snooping = SnoopingOptions()});
    Host& bob = net.AddHost("bob");
    lan.Attach(bob);
    if (another) lan.Attach(net.AddHost("idle"));
    EventLog log(net.trace());
    Ear ear(bob, 7000);
    for (int i = 0; i < 10; ++i) {
      Join(ear);
      net.RunFor(absl::Seconds(3));
      Leave(ear);
      net.RunFor(absl::Seconds(3));
    }
    std::string text;
    for (const EventLog::Entry& entry : log.entries()) text += entry.Event().ToString() + "\n";
    return text;
  };
  const std::string alone = run(false);
  EXPECT_THAT(alone, HasSubstr("lost (lan/bob->switch #"));
  EXPECT_EQ(alone, run(true));
}

TEST_F(SnoopingTest, WhatOnlySuchASwitchCanIsRefusedElsewhere) {
  Segment& plain = net_.AddSegment("plain", "10.1.0.0/24");
  EXPECT_DEATH(plain.SetQuerier(true), "segment plain has no switch that reads IGMP");
  EXPECT_THAT(std::string(net_.ValidateSegment(
                                  "bad", {.ipv4 = "10.2.0.0/24",
                                          .snooping = SnoopingOptions{.query_interval =
                                                                          absl::ZeroDuration()}})
                              .message()),
              HasSubstr("segment bad: snooping: query_interval 0 is not positive"));
}

}  // namespace
}  // namespace pollux::sim
