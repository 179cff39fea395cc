// SPDX-License-Identifier: Apache-2.0
//
// Routers: alice in the office (10.1.0.0/24, fd01::/64), r1, and bob in the factory (10.2.0.0/24,
// fd02::/64).

#include "sim/router.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "tests/sim/routed_bed.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

class RouterTest : public RoutedBed {
 protected:
  Segment& office_ = net_.AddSegment("office", {.ipv4 = "10.1.0.0/24", .ipv6 = "fd01::/64"});
  Segment& factory_ = net_.AddSegment("factory", {.ipv4 = "10.2.0.0/24", .ipv6 = "fd02::/64"});
  Router& r1_ = net_.AddRouter("r1", {office_, factory_});
  Host& alice_ = AddHost("alice", office_);  // .2, since the router came first.
  Host& bob_ = AddHost("bob", factory_);
};

TEST_F(RouterTest, HostsOfItsSegmentsReachEachOther) {
  Ear alice(alice_), bob(bob_, 7000);
  EXPECT_EQ(alice.Send("10.2.0.2:7000", 5), "ok");
  EXPECT_EQ(alice.Send("[fd02::2]:7000", 6), "ok");
  Run();
  EXPECT_EQ(bob.Take(), absl::StrCat("5 from 10.1.0.2:", alice.port()));
  EXPECT_EQ(bob.Send(bob.source(), 7), "ok");
  EXPECT_EQ(bob.Take(), absl::StrCat("6 from [fd01::2]:", alice.port()));
  Run();
  EXPECT_EQ(alice.Take(), "7 from 10.2.0.2:7000");
  EXPECT_EQ(Count(EventKind::kForwarded, "r1"), 3u);
}

TEST_F(RouterTest, HostsThatCameBeforeItLearnOfIt) {
  Segment& yard = net_.AddSegment("yard", "10.3.0.0/24");
  Host& carol = AddHost("carol", yard);
  Ear ear(carol, 7000), alice(alice_);
  EXPECT_EQ(ear.Send("10.1.0.2:7000"), "ENETUNREACH");
  yard.Attach(r1_);
  EXPECT_EQ(alice.Send("10.3.0.1:7000"), "ok");
  Run();
  EXPECT_EQ(ear.Take(), absl::StrCat("1 from 10.1.0.2:", alice.port()));
}

TEST_F(RouterTest, AHostCanDoWithoutADefaultRoute) {
  Host& carol = AddHost("carol", office_, {.default_route = false});
  Ear ear(carol);
  EXPECT_EQ(ear.Send("10.2.0.2:7000"), "ENETUNREACH");
  carol.AddRoute("10.2.0.0/16", "10.1.0.1");
  EXPECT_EQ(ear.Send("10.2.0.2:7000"), "ok");
}

// RFC 1812 5.3.1: what reaches its last hop here goes no further, and its sender is told.
TEST_F(RouterTest, TheHopLimitGoesDownAndEnds) {
  Ear alice(alice_), bob(bob_, 7000);
  ASSERT_TRUE(bob.socket().RequestMetadata(Metadata::kHopLimit).ok());
  for (const char* to : {"10.2.0.2:7000", "[fd02::2]:7000"}) {
    alice.Send(to);
    Run();
    EXPECT_EQ(bob.socket().ReceiveDatagram()->info.hop_limit, 63) << to;
    ASSERT_TRUE(alice.socket().SetOption(SocketOption::kHopLimit, 1).ok());
    Restart();
    alice.Send(to);
    Run();
    EXPECT_EQ(bob.Take(), "none");
    EXPECT_EQ(Drops("r1", DropCause::kHopLimit), 1u);
    EXPECT_THAT(Icmp("r1"), HasSubstr("time exceeded from "));
    EXPECT_EQ(alice.Error(), "none");  // Linux tells those who ask: a hint, it says.
    ASSERT_TRUE(alice.socket().SetOption(SocketOption::kHopLimit, 64).ok());
  }
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kHopLimit, 1).ok());
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(alice.Error(), "EHOSTUNREACH");
}

// udp-semantics 4.3 "TTL exceeded": WSAENETRESET on recv.
TEST_F(RouterTest, WindowsSaysThatTheNetworkWasReset) {
  Host& carol = AddHost("carol", office_, {.platform = Platform::kWindows});
  const SocketId socket = *carol.kernel().Socket(AddressFamily::kIpv4, 1000);
  ASSERT_TRUE(carol.kernel().SetOption(socket, SocketOption::kHopLimit, 1).ok());
  ASSERT_TRUE(carol.kernel()
                  .Send(socket, {.payload = "x", .destination = *Endpoint::Parse("10.2.0.2:9")})
                  .ok());
  Run();
  ReceiveSlot slot;
  EXPECT_EQ(carol.kernel().Receive(socket, slot).error(), OsError::kNetworkReset);
  carol.kernel().Close(socket);
}

TEST_F(RouterTest, LoopsEnd) {
  Segment& core = net_.AddSegment("core", "10.9.0.0/24");
  Router& a = net_.AddRouter("a", {core}, {.learns_routes = false});
  Router& b = net_.AddRouter("b", {core}, {.learns_routes = false});
  Host& carol = AddHost("carol", core);
  a.AddRoute("0.0.0.0/0", "10.9.0.2");
  b.AddRoute("0.0.0.0/0", "10.9.0.1");
  Ear ear(carol);
  ASSERT_TRUE(ear.socket().SetOption(SocketOption::kHopLimit, 10).ok());
  ear.Send("192.0.2.1:9");
  Run();
  EXPECT_EQ(Count(EventKind::kForwarded), 9u);
  EXPECT_EQ(Drops("a", DropCause::kHopLimit) + Drops("b", DropCause::kHopLimit), 1u);
}

TEST_F(RouterTest, NoRouteIsNetworkUnreachable) {
  Ear alice(alice_);
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  alice.Send("192.0.2.1:9");
  Run();
  EXPECT_EQ(Icmp("r1"), "network unreachable from 10.1.0.1\n");
  EXPECT_EQ(alice.Error(), "ENETUNREACH");
}

// ARP asks three times, a second each.
TEST_F(RouterTest, NobodyThereIsHostUnreachableAfterThreeSeconds) {
  Ear alice(alice_);
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  for (const char* to : {"10.2.0.99:9", "[fd02::99]:9"}) {
    Restart();
    alice.Send(to);
    Run(absl::Milliseconds(2900));
    EXPECT_EQ(Icmp("r1"), "");
    Run(absl::Milliseconds(200));
    EXPECT_THAT(Icmp("r1"), HasSubstr("host unreachable from "));
    EXPECT_EQ(alice.Error(), "EHOSTUNREACH") << to;
  }
}

TEST_F(RouterTest, AHostIsToldByItsOwnKernelThatANeighbourIsMissing) {
  Ear alice(alice_);
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  alice.Send("10.1.0.99:9");
  Run(absl::Milliseconds(1500));
  alice.Send("10.1.0.99:9");
  Run(absl::Milliseconds(3100));
  EXPECT_EQ(Icmp("alice"), "host unreachable from 10.1.0.2\nhost unreachable from 10.1.0.2\n");
  EXPECT_EQ(alice.Error(), "EHOSTUNREACH");
}

TEST_F(RouterTest, APortUnreachableFindsItsWayBack) {
  Ear alice(alice_);
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  alice.Send("10.2.0.2:9");
  Run();
  EXPECT_EQ(Icmp("bob"), "port unreachable from 10.2.0.2\n");
  EXPECT_EQ(alice.Error(), "ECONNREFUSED");
}

TEST_F(RouterTest, WhatIsSaidLastOfAnAddressCounts) {
  Ear alice(alice_), bob(bob_, 7000);
  r1_.Prohibit("10.2.0.0/24");
  r1_.Swallow("10.2.0.0/24");
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(Drops("r1", DropCause::kSwallowed), 1u);
  r1_.Prohibit("10.2.0.0/16");
  Restart();
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(Drops("r1", DropCause::kProhibited), 1u);
  // Without it what was said before counts, of which there is one word for each prefix.
  r1_.Permit("10.2.0.0/16");
  Restart();
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(Drops("r1", DropCause::kSwallowed), 1u);
  r1_.Permit("10.2.0.0/24");
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_NE(bob.Take(), "none");
}

TEST_F(RouterTest, RulesProhibitAndSwallow) {
  Ear alice(alice_), bob(bob_, 7000);
  r1_.Prohibit("10.2.0.0/24");
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(Icmp("r1"), "administratively prohibited from 10.1.0.1\n");
  EXPECT_EQ(Drops("r1", DropCause::kProhibited), 1u);
  r1_.Permit("10.2.0.0/24");
  r1_.Swallow("10.2.0.2/32");
  Restart();
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(Icmp("r1"), "");
  EXPECT_EQ(Drops("r1", DropCause::kSwallowed), 1u);
  EXPECT_EQ(bob.Take(), "none");
  r1_.Permit("10.2.0.2/32");
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_NE(bob.Take(), "none");
}

// facts "ICMP rate limit": a burst of six, then one in a second.
TEST_F(RouterTest, IcmpErrorsAreLimited) {
  Ear alice(alice_);
  for (int i = 0; i < 20; ++i) alice.Send("192.0.2.1:9");
  Run();
  EXPECT_EQ(Count(EventKind::kSent, "r1"), 6u);
  EXPECT_EQ(Drops("r1", DropCause::kNoRoute), 20u);
}

// RFC 1812 5.3.5, 5.3.4; RFC 4291 2.5.6.
TEST_F(RouterTest, WhatIsForOneLinkStaysThere) {
  Ear alice(alice_), bob(bob_, 7000);
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kBroadcast, 1).ok());
  for (const char* to : {"255.255.255.255:7000", "10.1.0.255:7000", "10.2.0.255:7000",
                         "224.0.0.251:7000", "239.1.2.3:7000"}) {
    alice.Send(to);
  }
  Run();
  EXPECT_EQ(Count(EventKind::kForwarded), 0u);
  EXPECT_EQ(bob.Take(), "none");
}

TEST_F(RouterTest, AGroupGoesWhereItsRouteLeads) {
  r1_.AddMulticastRoute("239.1.2.3", office_, {factory_});
  r1_.AddMulticastRoute("ff05::7", office_, {factory_});
  Ear alice(alice_), bob(bob_, 7000);
  ASSERT_TRUE(bob.socket().SetOption(SocketOption::kMulticastLoopback, 0).ok());
  for (const char* group : {"239.1.2.3", "ff05::7"}) {
    const IpAddress address = *IpAddress::Parse(group);
    ASSERT_TRUE(bob.socket().JoinMulticastGroup(address).ok());
    ASSERT_TRUE(alice.socket().SetOption(SocketOption::kMulticastHopLimit, 1).ok());
    alice.Send(Endpoint(address, 7000));
    Run();
    EXPECT_EQ(bob.Take(), "none");
    ASSERT_TRUE(alice.socket().SetOption(SocketOption::kMulticastHopLimit, 2).ok());
    alice.Send(Endpoint(address, 7000));
    Run();
    EXPECT_NE(bob.Take(), "none") << group;
    // Not the other way.
    ASSERT_TRUE(bob.socket().SetOption(SocketOption::kMulticastHopLimit, 2).ok());
    Restart();
    bob.Send(Endpoint(address, 7000));
    Run();
    EXPECT_EQ(Count(EventKind::kForwarded), 0u);
  }
}

TEST_F(RouterTest, RoutersKnowTheWayToEverySegment) {
  Segment& core = net_.AddSegment("core", {.ipv4 = "10.9.0.0/24", .ipv6 = "fd09::/64"});
  Segment& yard = net_.AddSegment("yard", {.ipv4 = "10.3.0.0/24", .ipv6 = "fd03::/64"});
  core.Attach(r1_);
  net_.AddRouter("r2", {core, yard});
  Host& carol = AddHost("carol", yard);
  Ear alice(alice_), ear(carol, 7000);
  alice.Send("10.3.0.2:7000", 5);
  alice.Send("[fd03::2]:7000", 6);
  Run();
  EXPECT_EQ(ear.Take(), absl::StrCat("5 from 10.1.0.2:", alice.port()));
  EXPECT_EQ(ear.Take(), absl::StrCat("6 from [fd01::2]:", alice.port()));
  EXPECT_EQ(Count(EventKind::kForwarded, "r2"), 2u);
}

TEST_F(RouterTest, ARouterIsAHostToo) {
  Ear alice(alice_), ear(r1_, 7000);
  alice.Send("10.1.0.1:7000");
  alice.Send("10.2.0.1:7000");  // Its address on the other side.
  Run();
  EXPECT_NE(ear.Take(), "none");
  EXPECT_NE(ear.Take(), "none");
  EXPECT_EQ(Count(EventKind::kForwarded), 0u);
}

TEST_F(RouterTest, ARouterThatIsDownPassesNothingOn) {
  Ear alice(alice_), bob(bob_, 7000);
  r1_.Crash();
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_EQ(bob.Take(), "none");
  r1_.Restart();
  alice.Send("10.2.0.2:7000");
  Run();
  EXPECT_NE(bob.Take(), "none");
}

// ---- Sizes ----

class NarrowTest : public RoutedBed {
 protected:
  Segment& office_ = net_.AddSegment("office", {.ipv4 = "10.1.0.0/24", .ipv6 = "fd01::/64"});
  Segment& narrow_ = net_.AddSegment(
      "narrow", {.ipv4 = "10.2.0.0/24", .ipv6 = "fd02::/64", .link = {.mtu = 1280}});
  Segment& factory_ = net_.AddSegment("factory", {.ipv4 = "10.3.0.0/24", .ipv6 = "fd03::/64"});
  Router& r1_ = net_.AddRouter("r1", {office_, narrow_});
  Router& r2_ = net_.AddRouter("r2", {narrow_, factory_});
  Host& alice_ = AddHost("alice", office_);
  Host& bob_ = AddHost("bob", factory_);
};

// udp-semantics 1.4 "DF": Linux sends what fits its own link with DF, hears of the narrow one, and
// splits the next one itself.
TEST_F(NarrowTest, PathMtuDiscoveryLosesTheFirstDatagramAlone) {
  Ear alice(alice_), bob(bob_, 7000);
  for (const char* to : {"10.3.0.2:7000", "[fd03::2]:7000"}) {
    Restart();
    EXPECT_EQ(alice.Send(to, 1400), "ok");
    Run();
    EXPECT_EQ(bob.Take(), "none");
    EXPECT_EQ(Drops("r1", DropCause::kTooLarge), 1u);
    EXPECT_THAT(Icmp("r1"), HasSubstr(", mtu 1280"));
    Restart();
    EXPECT_EQ(alice.Send(to, 1400), "ok");
    Run();
    EXPECT_THAT(bob.Take(), HasSubstr("1400 from"));
    EXPECT_EQ(Count(EventKind::kSent, "alice"), 2u);  // Fragments.
    // It is forgotten, and found out again.
    Run(absl::Minutes(10));
    alice.Send(to, 1400);
    Run();
    EXPECT_EQ(bob.Take(), "none");
  }
}

TEST_F(NarrowTest, WhoMustNotSplitLearnsTheSizeAndIsRefused) {
  Ear alice(alice_);
  Ear bob(bob_, 7000);
  UdpSocket& socket = alice.socket();
  ASSERT_TRUE(socket.SetOption(SocketOption::kDontFragment, 1).ok());
  ASSERT_TRUE(socket.ConnectToHost(*IpAddress::Parse("10.3.0.2"), 7000).ok());
  EXPECT_EQ(*socket.GetOption(SocketOption::kPathMtu), 1500);
  EXPECT_EQ(alice.Send(Endpoint(), 1400), "ok");
  Run();
  EXPECT_EQ(alice.Error(), "EMSGSIZE");
  EXPECT_EQ(*socket.GetOption(SocketOption::kPathMtu), 1280);
  EXPECT_EQ(alice.Send(Endpoint(), 1400), "EMSGSIZE");
  EXPECT_EQ(alice.Send(Endpoint(), 1252), "ok");
  Run();
  EXPECT_THAT(bob.Take(), HasSubstr("1252 from"));
}

// Those without DF are split on the way, and stay so (macOS sends none with it).
TEST_F(NarrowTest, ARouterSplitsWhatMayBeSplit) {
  Host& mac = AddHost("mac", office_, {.platform = Platform::kMacOs});
  Ear ear(mac), bob(bob_, 7000);
  ear.Send("10.3.0.2:7000", 1400);
  Run();
  EXPECT_THAT(bob.Take(), HasSubstr("1400 from"));
  EXPECT_EQ(Count(EventKind::kForwarded, "r1"), 2u);
  EXPECT_EQ(Count(EventKind::kForwarded, "r2"), 2u);
  // Fragments are split further: 1480 bytes become 1256 and 224, twice, and 1048 fit.
  Restart();
  ear.Send("10.3.0.2:7000", 4000);
  Run();
  EXPECT_THAT(bob.Take(), HasSubstr("4000 from"));
  EXPECT_EQ(Count(EventKind::kForwarded, "r1"), 5u);
  // IPv6 is not split by routers, whoever sends it.
  Restart();
  ear.Send("[fd03::2]:7000", 1400);
  Run();
  EXPECT_EQ(Drops("r1", DropCause::kTooLarge), 1u);
}

// RFC 2923 2.1: without the news, every datagram is lost.
TEST_F(NarrowTest, ABlackHoleSwallowsTheNews) {
  Ear alice(alice_), bob(bob_, 7000);
  for (const RouterIcmp icmp : {RouterIcmp::kSilent, RouterIcmp::kSwallows}) {
    r1_.SetIcmp(icmp);
    for (int i = 0; i < 3; ++i) {
      alice.Send("10.3.0.2:7000", 1400);
      Run();
    }
    EXPECT_EQ(bob.Take(), "none");
    alice.Send("10.3.0.2:7000", 1200);
    Run();
    EXPECT_THAT(bob.Take(), HasSubstr("1200 from"));
  }
  // The one that swallows keeps others' news back, too.
  ASSERT_TRUE(alice.socket().SetOption(SocketOption::kReportUnreachable, 1).ok());
  alice.Send("10.3.0.2:9");
  Run();
  EXPECT_EQ(alice.Error(), "none");
  EXPECT_EQ(Drops("r1", DropCause::kSwallowed), 1u);
}

// ---- Links, and bad input ----

TEST_F(RoutedBed, ALinkHasAProfileForEachDirection) {
  Router& a = net_.AddRouter("a");
  Router& b = net_.AddRouter("b");
  Segment& link = net_.AddLink("link", a, b,
                               {.ipv4 = "10.255.0.0/30",
                                .there = {.latency = absl::Milliseconds(10)},
                                .back = LinkProfile{.latency = absl::Milliseconds(100)}});
  EXPECT_EQ(a.address().ToString(), "10.255.0.1");
  EXPECT_EQ(b.address().ToString(), "10.255.0.2");
  EXPECT_EQ(link.ProfileInForce(a, b).latency, absl::Milliseconds(10));
  Ear there(a), back(b, 7000);
  there.Send("10.255.0.2:7000");
  Run(absl::Milliseconds(10));
  ASSERT_NE(back.Take(), "none");
  back.Send(back.source());
  Run(absl::Milliseconds(99));
  EXPECT_EQ(there.Take(), "none");
  Run(absl::Milliseconds(1));
  EXPECT_NE(there.Take(), "none");
}

TEST_F(RouterTest, ContradictionsAreRefused) {
  const auto says = [](const absl::Status& status) { return std::string(status.message()); };
  EXPECT_THAT(says(alice_.ValidateRoute("10.0.0.1/8", "10.1.0.1")),
              HasSubstr("behind its first 8"));
  EXPECT_THAT(says(alice_.ValidateRoute("10.0.0.0/8", "10.2.0.1")),
              HasSubstr("none of the host's"));
  EXPECT_THAT(says(alice_.ValidateRoute("10.0.0.0/8", "10.1.0.2")),
              HasSubstr("none of the host's"));
  EXPECT_THAT(says(alice_.ValidateRoute("::/0", "10.1.0.1")), HasSubstr("one is IPv4"));
  EXPECT_THAT(says(alice_.ValidateRoute("0.0.0.0/33", "10.1.0.1")), HasSubstr("from 0 to 32"));
  Segment& yard = net_.AddSegment("yard", "10.3.0.0/24");
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("10.1.1.1", office_, {factory_})),
              HasSubstr("no group"));
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("224.0.0.5", office_, {factory_})),
              HasSubstr("on its link"));
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("239.0.0.5", office_, {yard})),
              HasSubstr("not attached to segment yard"));
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("239.0.0.5", office_, {})),
              HasSubstr("leads nowhere"));
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("239.0.0.5", office_, {factory_, office_})),
              HasSubstr("leads back to segment office"));
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("239.0.0.5", office_, {factory_, factory_})),
              HasSubstr("leads to segment factory already"));
  r1_.AddMulticastRoute("239.0.0.5", office_, {factory_});
  EXPECT_THAT(says(r1_.ValidateMulticastRoute("239.0.0.5", office_, {factory_})),
              HasSubstr("leads to segment factory already"));
  EXPECT_EQ(says(r1_.ValidateMulticastRoute("239.0.0.5", factory_, {office_})), "");
  EXPECT_THAT(says(net_.ValidateLink("l", alice_, alice_, {.ipv4 = "10.8.0.0/30"})),
              HasSubstr("both of its ends"));
  EXPECT_THAT(says(net_.ValidateLink("l", alice_, bob_, {.ipv4 = "10.8.0.0/24"})),
              HasSubstr("more than two"));
  EXPECT_THAT(says(net_.ValidateLink("l", alice_, bob_, {.ipv4 = "10.1.0.0/30"})),
              HasSubstr("overlaps"));
  EXPECT_THAT(says(net_.ValidateLink("l", alice_, bob_,
                                     {.ipv4 = "10.8.0.0/30", .back = LinkProfile{.mtu = 600}})),
              HasSubstr("1500 there and 600 back"));
  EXPECT_THAT(
      says(net_.ValidateLink("l", alice_, bob_, {.ipv4 = "10.8.0.0/30", .there = {.mtu = 500}})),
      HasSubstr("mtu 500"));
}

}  // namespace
}  // namespace pollux::sim
