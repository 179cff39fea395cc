// SPDX-License-Identifier: Apache-2.0
//
// A NAT between a home (10.0.0.0/24, the NAT is .1) and the internet (203.0.113.0/24, the NAT is
// .2). What its table decides is in nat_table_test.cc; here is what becomes of packets.

#include "sim/nat.h"

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/fault_story.h"
#include "sim/network.h"
#include "tests/sim/routed_bed.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

class NatTest : public RoutedBed {
 protected:
  Nat& Build(const NatRules& rules = {}) {
    return net_.AddNat("nat", home_, internet_, {.rules = rules});
  }

  Segment& internet_ =
      net_.AddSegment("internet", {.ipv4 = "203.0.113.0/24", .ipv6 = "fd00:1::/64"});
  Host& server_ = AddHost("server", internet_);  // .1
  Segment& home_ = net_.AddSegment("home", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00:2::/64"});
};

TEST_F(NatTest, TheServerSeesTheAddressOutside) {
  Nat& nat = Build();
  EXPECT_EQ(nat.external_address().ToString(), "203.0.113.2");
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000), server(server_, 3478);
  EXPECT_EQ(client.Send("203.0.113.1:3478", 5), "ok");
  Run();
  EXPECT_EQ(server.Take(), "5 from 203.0.113.2:4000");
  EXPECT_EQ(server.Send(server.source(), 7), "ok");
  Run();
  EXPECT_EQ(client.Take(), "7 from 203.0.113.1:3478");
  EXPECT_EQ(nat.mappings(), 1u);
  EXPECT_EQ(Count(EventKind::kTranslated, "nat"), 2u);
}

TEST_F(NatTest, TwoHostsInsideShareTheAddress) {
  Build();
  Host& alice = AddHost("alice", home_);
  Host& bob = AddHost("bob", home_);
  Ear a(alice, 4000), b(bob, 4000), server(server_, 3478);
  a.Send("203.0.113.1:3478", 1);
  b.Send("203.0.113.1:3478", 2);
  Run();
  EXPECT_EQ(server.Take(), "1 from 203.0.113.2:4000");
  EXPECT_THAT(server.Take(), HasSubstr("2 from 203.0.113.2:"));
  EXPECT_NE(server.source().port, 4000);
  server.Send(server.source());
  Run();
  EXPECT_EQ(a.Take(), "none");
  EXPECT_NE(b.Take(), "none");
}

TEST(NatPortTest, ThePortIsALabelledDraw) {
  StoryPlayer player(*FaultStory::Parse("seed 7\nNAT port nat #1: 5\n"));
  Network net({.seed = 7, .choices = &player});
  Segment& internet = net.AddSegment("internet", "203.0.113.0/24");
  Segment& home = net.AddSegment("home", "10.0.0.0/24");
  net.AddNat("nat", home, internet, {.rules = RulesOf(NatKind::kSymmetric)});
  Host& server_host = net.AddHost("server");
  Host& alice = net.AddHost("alice");
  internet.Attach(server_host);
  home.Attach(alice);
  Ear client(alice), server(server_host, 3478);
  client.Send("203.0.113.2:3478");
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(server.Take(), "1 from 203.0.113.1:1029");
  EXPECT_TRUE(player.CheckFits().ok());
}

TEST_F(NatTest, WhoWasNotSentToIsFilteredWithoutAWord) {
  Build();
  Host& alice = AddHost("alice", home_);
  Host& mallory = AddHost("mallory", internet_);
  Ear client(alice, 4000), other(mallory, 9000);
  client.Send("203.0.113.1:3478");
  other.Send("203.0.113.2:4000");
  other.Send("203.0.113.2:4001");
  Run();
  EXPECT_EQ(client.Take(), "none");
  EXPECT_EQ(Drops("nat", DropCause::kNatFiltered), 1u);
  EXPECT_EQ(Drops("nat", DropCause::kNatNoMapping), 1u);
  EXPECT_EQ(Icmp("nat"), "");
}

TEST_F(NatTest, InsideIsNotReachedByItsOwnAddresses) {
  Build();
  Host& alice = AddHost("alice", home_);
  server_.AddRoute("10.0.0.0/24", "203.0.113.2");
  Ear client(alice, 4000), server(server_, 3478);
  server.Send("10.0.0.2:4000");
  Run();
  EXPECT_EQ(client.Take(), "none");
  EXPECT_EQ(Drops("nat", DropCause::kNatNoMapping), 1u);
}

TEST_F(NatTest, Ipv6PassesAsItIs) {
  Build();
  Host& alice = AddHost("alice", home_);
  server_.AddRoute("fd00:2::/64", "fd00:1::2");
  Ear client(alice, 4000), server(server_, 3478);
  client.Send("[fd00:1::1]:3478");
  Run();
  EXPECT_EQ(server.Take(), "1 from [fd00:2::2]:4000");
  EXPECT_EQ(Count(EventKind::kTranslated), 0u);
}

// RFC 4787 REQ-9.
TEST_F(NatTest, HostsInsideReachEachOtherByTheirEndpointsOutside) {
  Build(RulesOf(NatKind::kAddressRestricted));
  Host& alice = AddHost("alice", home_);
  Host& bob = AddHost("bob", home_);
  Ear a(alice, 4000), b(bob, 5000), server(server_, 3478);
  a.Send("203.0.113.1:3478");
  b.Send("203.0.113.1:3478");
  b.Send("203.0.113.2:4000", 9);  // Opens the way back; alice has not sent to bob yet.
  Run();
  EXPECT_EQ(a.Take(), "none");
  EXPECT_EQ(Drops("nat", DropCause::kNatFiltered), 1u);
  a.Send("203.0.113.2:5000", 3);
  Run();
  EXPECT_EQ(b.Take(), "3 from 203.0.113.2:4000");
  b.Send(b.source(), 4);
  Run();
  EXPECT_EQ(a.Take(), "4 from 203.0.113.2:5000");
}

TEST_F(NatTest, NotEveryNatTurnsPacketsBack) {
  Build({.filtering = NatBehaviour::kEndpointIndependent, .hairpinning = false});
  Host& alice = AddHost("alice", home_);
  Host& bob = AddHost("bob", home_);
  Ear a(alice, 4000), b(bob, 5000);
  a.Send("203.0.113.1:3478");
  b.Send("203.0.113.2:4000");
  Run();
  EXPECT_EQ(a.Take(), "none");
  EXPECT_EQ(Drops("nat", DropCause::kNatNoHairpin), 1u);
}

// RFC 4787 REQ-10.
TEST_F(NatTest, ErrorsFindTheirWayIn) {
  Build();
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000);
  ASSERT_TRUE(client.socket().ConnectToHost(*IpAddress::Parse("203.0.113.1"), 9).ok());
  client.Send(Endpoint());
  Run();
  EXPECT_EQ(Icmp("server"), "port unreachable from 203.0.113.1\n");
  EXPECT_EQ(client.Error(), "ECONNREFUSED");
}

TEST_F(NatTest, ErrorsFindTheirWayOut) {
  Build();
  Host& alice = AddHost("alice", home_);
  Ear server(server_, 3478);
  {
    Ear client(alice, 4000);
    client.Send("203.0.113.1:3478");
    Run();
  }
  ASSERT_NE(server.Take(), "none");
  ASSERT_TRUE(server.socket().ConnectToHost(*IpAddress::Parse("203.0.113.2"), 4000).ok());
  server.Send(Endpoint());
  Run();
  EXPECT_EQ(Icmp("alice"), "port unreachable from 10.0.0.2\n");
  EXPECT_EQ(server.Error(), "ECONNREFUSED");
}

// The neighbour outside does not answer: the one inside is told.
TEST_F(NatTest, ItsOwnErrorsFindTheirWayIn) {
  Build();
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000);
  ASSERT_TRUE(client.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  client.Send("203.0.113.77:9");
  Run(absl::Seconds(4));
  EXPECT_EQ(client.Error(), "EHOSTUNREACH");
}

TEST_F(NatTest, PathMtuDiscoveryWorksThroughIt) {
  Segment& narrow = net_.AddSegment("narrow", "198.51.100.0/24", {.mtu = 1000});
  net_.AddRouter("r1", {internet_, narrow});
  Host& far = AddHost("far", narrow);
  Build();
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000), ear(far, 7000);
  client.Send("198.51.100.2:7000", 1400);
  Run();
  EXPECT_EQ(ear.Take(), "none");
  client.Send("198.51.100.2:7000", 1400);
  Run();
  EXPECT_EQ(ear.Take(), "1400 from 203.0.113.3:4000");
}

TEST_F(NatTest, FragmentsArePutTogetherAndSplitAgain) {
  Build();
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000), server(server_, 3478);
  client.Send("203.0.113.1:3478", 4000);
  Run();
  EXPECT_EQ(server.Take(), "4000 from 203.0.113.2:4000");
  EXPECT_EQ(Count(EventKind::kTranslated), 1u);
  EXPECT_EQ(Count(EventKind::kForwarded), 3u);
  server.Send(server.source(), 3000);
  Run();
  EXPECT_EQ(client.Take(), "3000 from 203.0.113.1:3478");
}

TEST_F(NatTest, PortsComeToAnEnd) {
  Build({.first_port = 5000, .last_port = 5001});
  Host& alice = AddHost("alice", home_);
  Ear a(alice), b(alice), c(alice), server(server_, 3478);
  for (Ear* ear : {&a, &b, &c}) ear->Send("203.0.113.1:3478");
  Run();
  EXPECT_EQ(Drops("nat", DropCause::kNatPortsExhausted), 1u);
  EXPECT_EQ(Count(EventKind::kForwarded, "nat"), 2u);
}

TEST_F(NatTest, MappingsDieUnusedAndWithAReboot) {
  Nat& nat = Build({.timeout = absl::Minutes(2)});
  Host& alice = AddHost("alice", home_);
  Ear client(alice, 4000), server(server_, 3478);
  const auto answered = [&] {
    server.Send("203.0.113.2:4000");
    Run(absl::Milliseconds(1));
    return client.Take() != "none";
  };
  client.Send("203.0.113.1:3478");
  Run(absl::Seconds(119));
  EXPECT_TRUE(answered());
  Run(absl::Seconds(1));
  EXPECT_FALSE(answered());
  client.Send("203.0.113.1:3478");
  Run(absl::Milliseconds(1));
  EXPECT_TRUE(answered());
  nat.Reboot();
  EXPECT_EQ(nat.mappings(), 0u);
  EXPECT_FALSE(answered());
  EXPECT_EQ(Count(EventKind::kFault, "nat"), 1u);
}

TEST_F(NatTest, TheTraceSaysWhatItWasBefore) {
  Build();
  Host& alice = AddHost("alice", home_);
  TextTrace text(net_.trace());
  Ear client(alice, 4000);
  client.Send("203.0.113.1:3478");
  Run();
  EXPECT_THAT(text.text(),
              HasSubstr("translated alice#1 203.0.113.2:4000 > 203.0.113.1:3478, 1 byte (was "
                        "10.0.0.2:4000 > 203.0.113.1:3478)\n"));
  EXPECT_THAT(text.text(), HasSubstr("nat/eth1   forwarded  alice#1 203.0.113.2:4000"));
}

TEST_F(NatTest, ContradictionsAreRefused) {
  const auto says = [&](const Segment& inside, const Segment& outside, const NatOptions& options) {
    return std::string(net_.ValidateNat("nat", inside, outside, options).message());
  };
  Segment& six = net_.AddSegment("six", "fd00:6::/64");
  EXPECT_THAT(says(home_, home_, {}), HasSubstr("home cannot be both inside and outside"));
  EXPECT_THAT(says(six, internet_, {}), HasSubstr("segment six has no IPv4"));
  EXPECT_THAT(says(home_, internet_, {.rules = {.timeout = absl::ZeroDuration()}}),
              HasSubstr("NAT nat: timeout 0"));
  EXPECT_EQ(net_.ValidateNat("server", home_, internet_, {}).code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace pollux::sim
