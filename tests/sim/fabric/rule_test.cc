// SPDX-License-Identifier: Apache-2.0
//
// A test's own hand: rules, and packets that are held and released one by one.

#include "sim/fabric/rule.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/fabric/link_bed.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RuleTest : public LinkBed {};

TEST_F(RuleTest, DecidesByWhatAPacketSays) {
  const RuleGuard rule = net.AddRule("no secrets", [](const Crossing& crossing) {
    EXPECT_EQ(crossing.link, "lan/alice->bob");
    EXPECT_EQ(crossing.from, "alice");
    EXPECT_EQ(crossing.to, "bob");
    EXPECT_EQ(crossing.origin, "alice");
    const bool secret = crossing.packet.payload.bytes() == "secret";
    return secret ? Verdict::Drop() : Verdict::Pass();
  });
  alice.Say("hello", bob);
  alice.Say("secret", bob);
  const std::string story = Run();
  EXPECT_THAT(bob.heard, ElementsAre("hello"));
  EXPECT_THAT(story, HasSubstr("alice/eth0 ruled      alice#2 "));
  EXPECT_THAT(story, HasSubstr("(drop by rule \"no secrets\" on lan/alice->bob)"));
  EXPECT_THAT(story, HasSubstr("alice/eth0 dropped    alice#2"));
  EXPECT_THAT(story, HasSubstr("(by rule)"));
}

TEST_F(RuleTest, EachVerdictDoesWhatItSays) {
  Verdict verdict = Verdict::Pass();
  const RuleGuard rule = net.AddRule("any", [&](const Crossing&) { return verdict; });
  verdict = Verdict::DelayBy(absl::Milliseconds(5));
  alice.Say("delayed", bob);
  EXPECT_THAT(Run(), HasSubstr("(delay by 5ms by rule \"any\" on lan/alice->bob)"));
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(15)));
  verdict = Verdict::DuplicateAfter(absl::Milliseconds(2));
  alice.Say("twice", bob);
  EXPECT_THAT(Run(), HasSubstr("(duplicate after 2ms by rule"));
  EXPECT_THAT(bob.heard, ElementsAre("delayed", "twice", "twice"));
  EXPECT_EQ(bob.when[2] - bob.when[1], absl::Milliseconds(2));
  verdict = Verdict::Corrupt();
  alice.Say("damaged", bob);
  EXPECT_THAT(Run(), HasSubstr("(bad checksum)"));
  verdict = Verdict::Hold();
  alice.Say("held", bob);
  EXPECT_THAT(Run(), HasSubstr("alice/eth0 held "));
  EXPECT_EQ(bob.heard.size(), 3u);
  EXPECT_EQ(net.InFlight().size(), 1u);
}

TEST_F(RuleTest, IsInForceAsLongAsItsGuard) {
  {
    const RuleGuard rule = net.AddRule("wall", PacketMatch(), Verdict::Drop());
    alice.Say("dropped", bob);
  }
  alice.Say("passes", bob);
  RuleGuard again = net.AddRule("wall", PacketMatch(), Verdict::Drop());
  alice.Say("dropped", bob);
  again.Uninstall();
  again.Uninstall();
  alice.Say("passes", bob);
  again = net.AddRule("wall", PacketMatch(), Verdict::Drop());
  RuleGuard moved = std::move(again);
  alice.Say("dropped", bob);
  moved = RuleGuard();
  alice.Say("passes", bob);
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("passes", "passes", "passes"));
}

TEST_F(RuleTest, TheFirstThatDoesNotLetPassDecides) {
  int asked = 0;
  const RuleGuard lets = net.AddRule("lets pass", [&](const Crossing&) {
    ++asked;
    return Verdict::Pass();
  });
  const RuleGuard first =
      net.AddRule("first", PacketMatch(), Verdict::DelayBy(absl::Milliseconds(1)));
  const RuleGuard second = net.AddRule("second", PacketMatch(), Verdict::Drop());
  alice.Say("x", bob);
  EXPECT_THAT(Run(), HasSubstr("by rule \"first\""));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(bob.heard.size(), 1u);
}

TEST_F(RuleTest, MatchesHostsLinksPortsAndPayload) {
  const auto drops = [&](const PacketMatch& match, absl::string_view text = "hello world") {
    const RuleGuard rule = net.AddRule("match", match, Verdict::Drop());
    const size_t before = bob.heard.size();
    alice.Say(text, bob);
    Run();
    return bob.heard.size() == before;
  };
  EXPECT_TRUE(drops({}));
  EXPECT_TRUE(drops({.from = "alice", .to = "bob"}));
  EXPECT_FALSE(drops({.from = "bob"}));
  EXPECT_FALSE(drops({.to = "carol"}));
  EXPECT_TRUE(drops({.origin = "alice"}));
  EXPECT_FALSE(drops({.origin = "bob"}));
  EXPECT_TRUE(drops({.link = "lan/alice->bob"}));
  EXPECT_FALSE(drops({.link = "lan/bob->alice"}));
  EXPECT_TRUE(drops({.source_port = 7755, .destination_port = 7755}));
  EXPECT_FALSE(drops({.source_port = 1}));
  EXPECT_FALSE(drops({.destination_port = 1}));
  EXPECT_TRUE(drops({.payload_has = "lo wo"}));
  EXPECT_FALSE(drops({.payload_has = "low"}));
}

TEST_F(RuleTest, NamesHostsInAnyCase) {
  const RuleGuard rule =
      net.AddRule("wall", {.from = "ALICE", .to = "Bob", .origin = "aLice"}, Verdict::Drop());
  alice.Say("x", bob);
  Run();
  EXPECT_THAT(bob.heard, IsEmpty());
}

// It would never fire, and nobody would say why.
TEST_F(RuleTest, WhatNoPacketCanMatchIsRefused) {
  Host& far = net.AddHost("far");
  net.AddSegment("wan", "10.1.0.0/24").Attach(far);
  lan.Attach(alice.host);
  const auto message = [&](const PacketMatch& match) {
    return std::string(net.ValidateMatch(match).message());
  };
  EXPECT_EQ(message({.from = "dave"}),
            "from: there is no host \"dave\"; there is alice, bob, carol, far");
  EXPECT_THAT(message({.to = "a b"}), HasSubstr("to: there is no host \"a b\""));
  EXPECT_THAT(message({.origin = "dave"}), HasSubstr("origin: there is no host"));
  EXPECT_EQ(message({.from = "far", .to = "alice"}),
            "no link goes from far to alice: they are on no segment together; `origin` is who sent "
            "a packet at first");
  EXPECT_EQ(message({.to = "alice", .origin = "far"}), "");
  for (const char* link : {"lan/alice->bob", "lan/bob->alice.eth1", "alice/lo"}) {
    EXPECT_EQ(message({.link = link}), "") << link;
  }
  for (const char* link : {"lan", "lan/", "lan/alice", "lan/alice->", "lan/alice->dave",
                           "lan/alice->alice", "lan/Alice->bob", "lan/alice->far", "lan/->"}) {
    EXPECT_THAT(message({.link = link}),
                HasSubstr("; on segment lan there is alice, bob, carol, alice.eth1, and its links "
                          "are called as lan/FROM->TO"))
        << link;
  }
  EXPECT_THAT(message({.link = "alice"}), HasSubstr("and loopback as alice/lo"));
  EXPECT_THAT(message({.link = "/"}), HasSubstr("called as SEGMENT/FROM->TO, and loopback as"));
  EXPECT_EQ(message({.from = "alice", .to = "Bob", .link = "lan/alice->bob"}), "");
  EXPECT_EQ(message({.from = "carol", .link = "lan/alice->bob"}),
            "link lan/alice->bob goes from alice to bob, and the match says otherwise");
  EXPECT_THAT(message({.to = "bob", .link = "alice/lo"}), HasSubstr("goes from alice to alice"));
}

TEST_F(RuleTest, DecidesForEachReceiverOfABroadcast) {
  ASSERT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  const RuleGuard rule = net.AddRule("not bob", PacketMatch{.to = "bob"}, Verdict::Drop());
  alice.Say("all", IpAddress::Broadcast());
  Run();
  EXPECT_THAT(bob.heard, IsEmpty());
  EXPECT_THAT(carol.heard, ElementsAre("all"));
}

TEST_F(RuleTest, LoopbackObeysThem) {
  const RuleGuard rule = net.AddRule("alone", PacketMatch{.link = "alice/lo"}, Verdict::Drop());
  alice.Say("me", alice);
  Run();
  EXPECT_THAT(alice.heard, IsEmpty());
}

TEST_F(RuleTest, MayUninstallItself) {
  std::optional<RuleGuard> once;
  once = net.AddRule("once", [&](const Crossing&) {
    once.reset();
    return Verdict::Drop();
  });
  alice.Say("first", bob);
  alice.Say("second", bob);
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("second"));
}

TEST_F(RuleTest, WhatItLetsPassIsLeftToLuck) {
  lan.SetProfile({.loss = Ratio::Always()});
  const RuleGuard rule = net.AddRule("pass", PacketMatch(), Verdict::Pass());
  alice.Say("x", bob);
  const std::string story = Run();
  EXPECT_THAT(story, HasSubstr("(loss lan/alice->bob #1)"));
  EXPECT_THAT(story, Not(HasSubstr("ruled")));
}

TEST(RuleGuard, MayOutliveTheNetwork) {
  RuleGuard guard;
  {
    Network net;
    guard = net.AddRule("late", PacketMatch(), Verdict::Drop());
  }
  guard.Uninstall();
}

TEST_F(RuleTest, WhatItMustNotDoIsFoundOut) {
  RuleGuard sends = net.AddRule("sends", [&](const Crossing&) {
    alice.Say("again", carol);
    return Verdict::Pass();
  });
  EXPECT_DEATH(alice.Say("x", bob), "a rule has sent a packet");
  // What a packet on its way needs is not changed under it.
  const std::pair<const char*, std::function<void()>> deeds[] = {
      {"a rule has run the network", [&] { net.RunFor(absl::Seconds(1)); }},
      {"a rule has run the network", [&] { net.RunUntil([] { return true; }, absl::Seconds(1)); }},
      {"a rule has attached a host to segment lan", [&] { lan.Attach(net.AddHost("dave")); }},
      {"a rule has set a profile of segment lan", [&] { lan.SetProfile({.mtu = 1400}); }},
      {"a rule has set a profile", [&] { lan.SetProfile(alice.host, bob.host, {}); }},
      {"a rule has set a profile", [&] { lan.SetUplink(alice.host, {.rate = 1000}); }},
      {"a rule has set a profile", [&] { lan.ClearDownlink(bob.host); }},
  };
  for (const auto& [message, deed] : deeds) {
    const RuleGuard first = net.AddRule("first", [&, &deed = deed](const Crossing&) {
      deed();
      return Verdict::Drop();
    });
    sends.Uninstall();
    EXPECT_DEATH(alice.Say("x", bob), message);
  }
  EXPECT_DEATH(net.AddRule("wall", {.to = "dave"}, Verdict::Drop()).Uninstall(),
               "rule \"wall\": to: there is no host \"dave\"");
  EXPECT_DEATH(net.AddRule("null", Rule()).Uninstall(), "rule \"null\" is no function");
  EXPECT_DEATH(Verdict::DelayBy(-absl::Seconds(1)), "the delay -1s of a verdict");
  std::vector<RuleGuard> many;
  EXPECT_DEATH(for (int i = 0; i < 1001; ++i)
                   many.push_back(net.AddRule("", PacketMatch(), Verdict::Drop())),
               "more than 1000 rules");
}

// ---- Packets under way ----

class InFlightTest : public LinkBed {};

TEST_F(InFlightTest, AreListedInTheOrderOfTheirSending) {
  alice.Say("hello", bob);
  carol.Say("x", bob);
  const std::vector<InFlightPacket> packets = net.InFlight();
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(packets[0].way, "lan/alice->bob");
  EXPECT_EQ(packets[0].origin, "alice");
  EXPECT_THAT(packets[0].to, ElementsAre("bob"));
  EXPECT_EQ(packets[0].arrives, absl::Milliseconds(10));
  EXPECT_EQ(packets[0].packet.payload.bytes(), "hello");
  EXPECT_EQ(packets[0].ToString(), absl::StrCat("#", packets[0].id,
                                                " lan/alice->bob 10.0.0.1:7755 > 10.0.0.2:7755, "
                                                "5 bytes, arrives at 10ms"));
  EXPECT_LT(packets[0].id, packets[1].id);
  Run();
  EXPECT_THAT(net.InFlight(), IsEmpty());
}

TEST_F(InFlightTest, OfABroadcastThoseWhoShareItsFlightAreOne) {
  ASSERT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  alice.Say("all", IpAddress::Broadcast());
  const std::vector<InFlightPacket> packets = net.InFlight();
  ASSERT_EQ(packets.size(), 2u);  // And alice's own copy.
  EXPECT_EQ(packets[0].way == "lan" ? packets[0].to : packets[1].to,
            (std::vector<std::string>{"bob", "carol"}));
}

// Linux gives up three seconds after it asked who has the address: until then the datagram is on no
// link, whatever went by one before.
TEST_F(InFlightTest, WhatWaitsForAnAddressThatNobodyHasIsOnNoLink) {
  alice.Say("hello", bob);
  Run();
  alice.Say("hello?", IpAddress::Ipv4(10, 0, 0, 99));
  const std::vector<InFlightPacket> packets = net.InFlight();
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(packets[0].way, "");
  EXPECT_THAT(packets[0].to, ElementsAre("alice"));
  EXPECT_THAT(packets[0].ToString(),
              HasSubstr(" 10.0.0.1:7755 > 10.0.0.99:7755, 6 bytes, arrives"));
}

TEST_F(InFlightTest, HeldOnesAreReleasedInAnyOrder) {
  const RuleGuard rule = net.AddRule("hold", PacketMatch{.to = "bob"}, Verdict::Hold());
  for (const char* text : {"1", "2", "3"}) alice.Say(text, bob);
  Run();
  EXPECT_THAT(bob.heard, IsEmpty());
  const std::vector<InFlightPacket> held = net.InFlight();
  ASSERT_EQ(held.size(), 3u);
  EXPECT_FALSE(held[0].arrives.has_value());
  EXPECT_THAT(held[0].ToString(), HasSubstr("1 bytes, held"));
  for (const size_t i : {2, 0, 1}) EXPECT_TRUE(net.Release(held[i].id).ok());
  const std::string story = Run(absl::ZeroDuration());
  EXPECT_THAT(bob.heard, ElementsAre("3", "1", "2"));
  EXPECT_THAT(story, HasSubstr("released   alice#3"));
  EXPECT_THAT(story, HasSubstr("(on lan/alice->bob)"));
}

TEST_F(InFlightTest, OneCanBeHeldInTheMiddleOfItsFlight) {
  alice.Say("1", bob);
  alice.Say("2", bob);
  Run(absl::Milliseconds(5));
  const uint64_t first = net.InFlight().front().id;
  EXPECT_TRUE(net.Hold(first).ok());
  EXPECT_TRUE(net.Hold(first).ok());
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("2"));
  EXPECT_TRUE(net.Release(first).ok());
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("2", "1"));
}

TEST_F(InFlightTest, OneCanBeThrownAway) {
  alice.Say("1", bob);
  alice.Say("2", bob);
  EXPECT_TRUE(net.Discard(net.InFlight().front().id).ok());
  EXPECT_THAT(Run(), HasSubstr("(discarded)"));
  EXPECT_THAT(bob.heard, ElementsAre("2"));
}

TEST_F(InFlightTest, AllCanBeReleasedAtOnce) {
  {
    const RuleGuard rule = net.AddRule("hold", PacketMatch(), Verdict::Hold());
    for (const char* text : {"1", "2", "3"}) alice.Say(text, bob);
  }
  net.ReleaseAll();
  Run();
  EXPECT_THAT(bob.heard, ElementsAre("1", "2", "3"));
}

TEST_F(InFlightTest, WhatIsNotUnderWayIsNotFound) {
  EXPECT_EQ(net.Release(99).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(net.Hold(0).message()), HasSubstr("packet 0 is not under way"));
  alice.Say("1", bob);
  const uint64_t packet = net.InFlight().front().id;
  EXPECT_EQ(net.Release(packet).code(), absl::StatusCode::kFailedPrecondition);
  Run();
  EXPECT_EQ(net.Discard(packet).code(), absl::StatusCode::kNotFound);
}

TEST(InFlightLimits, HeldPacketsCount) {
  Network net({.packets_in_flight_max = 10});
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {});
  Speaker alice(net, "alice");
  Speaker bob(net, "bob");
  lan.Attach(alice.host);
  lan.Attach(bob.host);
  const RuleGuard rule = net.AddRule("hold", PacketMatch(), Verdict::Hold());
  EXPECT_DEATH(
      for (int i = 0; i < 11; ++i) {
        alice.Say("x", bob);
        net.RunFor(absl::Seconds(1));
      },
      "more than 10 packets are under way");
}

// ---- Packets that wait for a line ----

// A packet of 100 bytes takes alice's line 100 ms.
class WaitingTest : public LinkBed {
 protected:
  WaitingTest() { lan.SetUplink(alice.host, {.latency = absl::Milliseconds(10), .rate = 8000}); }
  void Say(char c, const Speaker& to) { alice.Say(std::string(72, c), to); }
  // The first letters of what bob heard.
  std::string Heard() const {
    std::string letters;
    for (const std::string& text : bob.heard) letters += text.front();
    return letters;
  }
};

TEST_F(WaitingTest, AreListedWithThoseThatFly) {
  carol.Say("flies", bob);
  Say('a', bob);
  Say('b', carol);
  const std::vector<InFlightPacket> packets = net.InFlight();
  ASSERT_EQ(packets.size(), 3u);
  EXPECT_FALSE(packets[0].waits);
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_LT(packets[i - 1].id, packets[i].id);
    EXPECT_TRUE(packets[i].waits);
    EXPECT_FALSE(packets[i].arrives.has_value());
    EXPECT_EQ(packets[i].origin, "alice");
  }
  EXPECT_EQ(packets[2].way, "lan/alice->carol");
  EXPECT_THAT(packets[2].to, ElementsAre("carol"));
  EXPECT_THAT(packets[2].ToString(), HasSubstr("72 bytes, waits"));
  Run(absl::Milliseconds(150));
  // The first is on its flight, under another number; carol's was long ago.
  EXPECT_EQ(net.InFlight().size(), 1u);
  EXPECT_EQ(net.InFlight()[0].id, packets[2].id);
}

TEST_F(WaitingTest, AHeldOneIsPassedByTheOthersAndThenWaitsAgain) {
  for (const char c : {'a', 'b', 'c', 'd'}) Say(c, bob);
  const uint64_t b = net.InFlight()[1].id;
  EXPECT_TRUE(net.Hold(b).ok());
  EXPECT_TRUE(net.Hold(b).ok());
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, 2u);
  EXPECT_THAT(net.InFlight()[1].ToString(), HasSubstr("held in the queue"));
  Run(absl::Milliseconds(250));
  EXPECT_EQ(Heard(), "ac");
  EXPECT_TRUE(net.Release(b).ok());
  EXPECT_EQ(net.Release(b).code(), absl::StatusCode::kFailedPrecondition);
  Run(absl::Seconds(1));
  EXPECT_EQ(Heard(), "acdb");
  EXPECT_EQ(bob.when.back(), absl::Milliseconds(410)) << "it had the line for its own time";
  EXPECT_THAT(net.InFlight(), IsEmpty());
}

TEST_F(WaitingTest, OneThatTheLineIsSendingIsHeldBehindIt) {
  Say('a', bob);
  Say('b', bob);
  const uint64_t a = net.InFlight()[0].id;
  EXPECT_TRUE(net.Hold(a).ok());
  Run(absl::Seconds(1));
  EXPECT_EQ(Heard(), "b");
  EXPECT_TRUE(net.Release(a).ok());
  Run(absl::Milliseconds(10));
  EXPECT_EQ(Heard(), "ba") << "the line is behind it";
}

TEST_F(WaitingTest, OnesAreThrownAwayWherever) {
  for (const char c : {'a', 'b', 'c', 'd'}) Say(c, bob);
  const std::vector<InFlightPacket> packets = net.InFlight();
  EXPECT_TRUE(net.Discard(packets[0].id).ok()) << "on the line";
  EXPECT_TRUE(net.Discard(packets[1].id).ok()) << "in the queue";
  EXPECT_TRUE(net.Hold(packets[2].id).ok());
  EXPECT_TRUE(net.Discard(packets[2].id).ok()) << "held";
  EXPECT_EQ(net.Discard(packets[2].id).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(net.InFlight().size(), 1u);
  const std::string story = Run(absl::Seconds(1));
  EXPECT_THAT(story, HasSubstr("(discarded)"));
  EXPECT_EQ(Heard(), "d");
  EXPECT_EQ(bob.when.back(), absl::Milliseconds(210)) << "the line sent the first to its end";
}

TEST_F(WaitingTest, ForManyIsOneAndHasNoReceiversYet) {
  ASSERT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  alice.Say(std::string(72, 'x'), IpAddress::Broadcast());
  std::vector<InFlightPacket> waiting;
  for (const InFlightPacket& packet : net.InFlight()) {
    if (packet.waits) waiting.push_back(packet);
  }
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].way, "lan");
  EXPECT_THAT(waiting[0].to, IsEmpty());
  EXPECT_TRUE(net.Hold(waiting[0].id).ok());
  Run(absl::Seconds(1));
  EXPECT_THAT(bob.heard, IsEmpty());
  net.ReleaseAll();
  Run(absl::Seconds(1));
  EXPECT_EQ(Heard(), "x");
  EXPECT_EQ(carol.heard.size(), 1u);
}

}  // namespace
}  // namespace pollux::sim
