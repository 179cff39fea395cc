// SPDX-License-Identifier: Apache-2.0
//
// Profiles for one direction: whose counts, and when.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/fabric/link_bed.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LinkProfile After(int milliseconds) { return {.latency = absl::Milliseconds(milliseconds)}; }

class Direction : public LinkBed {
 protected:
  // How long a datagram takes, in milliseconds.
  int64_t Takes(Speaker& from, Speaker& to) {
    const absl::Duration start = net.elapsed();
    from.Say("x", to);
    Run();
    return (to.when.back() - start) / absl::Milliseconds(1);
  }
};

TEST_F(Direction, APairOfHostsCanHaveAProfileOfItsOwn) {
  lan.SetProfile(alice.host, bob.host, After(3));
  EXPECT_EQ(Takes(alice, bob), 3);
  EXPECT_EQ(Takes(bob, alice), 10);
  EXPECT_EQ(Takes(alice, carol), 10);
  lan.ClearProfile(alice.host, bob.host);
  EXPECT_EQ(Takes(alice, bob), 10);
}

TEST_F(Direction, AnUplinkIsForAllThatAHostSendsAndADownlinkForAllThatItGets) {
  lan.SetUplink(alice.host, After(3));
  lan.SetDownlink(alice.host, After(5));
  EXPECT_EQ(Takes(alice, bob), 3);
  EXPECT_EQ(Takes(alice, carol), 3);
  EXPECT_EQ(Takes(bob, alice), 5);
  EXPECT_EQ(Takes(carol, alice), 5);
  EXPECT_EQ(Takes(carol, bob), 10);
  lan.ClearUplink(alice.host);
  lan.ClearDownlink(alice.host);
  EXPECT_EQ(Takes(alice, bob), 10);
  EXPECT_EQ(Takes(bob, alice), 10);
}

TEST_F(Direction, APairComesBeforeAnUplinkAndThatBeforeADownlink) {
  lan.SetDownlink(bob.host, After(5));
  EXPECT_EQ(lan.ProfileInForce(alice.host, bob.host).latency, absl::Milliseconds(5));
  lan.SetUplink(alice.host, After(4));
  EXPECT_EQ(lan.ProfileInForce(alice.host, bob.host).latency, absl::Milliseconds(4));
  EXPECT_EQ(lan.ProfileInForce(carol.host, bob.host).latency, absl::Milliseconds(5));
  lan.SetProfile(alice.host, bob.host, After(3));
  EXPECT_EQ(Takes(alice, bob), 3);
  EXPECT_EQ(lan.pair_profile(alice.host, bob.host)->latency, absl::Milliseconds(3));
  EXPECT_EQ(lan.uplink(alice.host)->latency, absl::Milliseconds(4));
  EXPECT_EQ(lan.downlink(bob.host)->latency, absl::Milliseconds(5));
  EXPECT_EQ(lan.downlink(alice.host), nullptr);
  EXPECT_EQ(lan.pair_profile(bob.host, alice.host), nullptr);
}

TEST_F(Direction, TheSegmentsProfileChangesUnderneath) {
  lan.SetUplink(alice.host, After(3));
  EXPECT_EQ(Takes(bob, alice), 10);
  lan.SetProfile(After(20));
  EXPECT_EQ(Takes(alice, bob), 3);
  EXPECT_EQ(Takes(bob, alice), 20);
}

TEST_F(Direction, WhatIsUnderWayKeepsTheProfileThatItWasSentWith) {
  alice.Say("old", bob);
  lan.SetProfile(alice.host, bob.host, After(1));
  alice.Say("new", bob);
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("new", "old"));
}

TEST_F(Direction, ABroadcastTakesEachWayByItsOwnProfile) {
  lan.SetDownlink(bob.host, {.loss = Ratio::Always()});
  lan.SetProfile(alice.host, carol.host, After(3));
  EXPECT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  alice.Say("all", IpAddress::Broadcast());
  EXPECT_THAT(Run(), HasSubstr("(loss lan/alice->bob #1)"));
  EXPECT_THAT(bob.heard, IsEmpty());
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(3)));
}

// Who joins while a group datagram is under way hears it when it would have come to him.
TEST_F(Direction, AGroupDatagramReachesALateMemberByHisOwnProfile) {
  const IpAddress group = IpAddress::Ipv4(239, 1, 2, 3);
  lan.SetDownlink(bob.host, After(30));
  alice.Say("group", group);
  Run(absl::Milliseconds(20));
  ASSERT_TRUE(bob.socket.JoinMulticastGroup(group).ok());
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(30)));
}

TEST_F(Direction, LoopbackObeysAProfile) {
  const LinkProfile slow = {.latency = absl::Milliseconds(1),
                            .duplicate = Ratio::Always(),
                            .duplicate_delay = absl::Milliseconds(1)};
  EXPECT_EQ(Takes(alice, alice), 0);
  alice.host.SetLoopbackProfile(slow);
  alice.Say("me", IpAddress::LoopbackIpv4());
  EXPECT_THAT(Run(), HasSubstr("(duplicate alice/lo #2 after 1ms)"));
  EXPECT_THAT(alice.heard, ElementsAre("x", "me", "me"));
  EXPECT_EQ(alice.when[1] + absl::Milliseconds(1), alice.when[2]);
  alice.host.SetLoopbackProfile({.loss = Ratio::Always()});
  alice.Say("lost", alice);
  EXPECT_THAT(Run(), HasSubstr("(loss alice/lo #3)"));
  EXPECT_EQ(alice.heard.size(), 3u);
}

TEST_F(Direction, BadOnesAreRefused) {
  Host& dave = net.AddHost("dave");
  EXPECT_DEATH(lan.SetUplink(alice.host, {.latency = -absl::Seconds(1)}),
               "segment lan: latency -1s is not from 0");
  EXPECT_DEATH(lan.SetProfile(alice.host, bob.host, {.mtu = 900}),
               "mtu 900 for one direction: its interfaces have 1500");
  EXPECT_DEATH(lan.SetDownlink(dave, {}), "host dave is not attached to segment lan");
  EXPECT_DEATH(alice.host.SetLoopbackProfile({.jitter = absl::Hours(2)}),
               "loopback of alice: jitter 2h");
  EXPECT_THAT(std::string(lan.ValidateDirection({.mtu = 60}).message()), HasSubstr("mtu 60"));
}

}  // namespace
}  // namespace pollux::sim
