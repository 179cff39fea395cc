// SPDX-License-Identifier: Apache-2.0
//
// Lines with a rate, and the queues before them.

#include <string>

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

constexpr size_t kHeaders = 28;  // Of IPv4 and UDP.

class Line : public LinkBed {
 protected:
  // A datagram whose IP packet has that many bytes.
  void Send(Speaker& from, const Speaker& to, size_t bytes) {
    from.Say(std::string(bytes - kHeaders, 'x'), to);
  }
};

TEST_F(Line, APacketTakesItsBitsByTheRateAndThenTheLatency) {
  lan.SetProfile({.latency = absl::Milliseconds(10), .rate = 8'000'000});
  Send(alice, bob, 1000);
  Send(alice, bob, 500);
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(11), absl::Microseconds(11500)));
}

TEST_F(Line, WhatEachPacketTakesBesideCounts) {
  lan.SetProfile({.rate = 8'000'000, .overhead = 100});
  Send(alice, bob, 900);
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(1)));
}

// 1000 bytes at 3 bits per nanosecond are 2666 2/3 ns: three packets are 8000 ns, not 7998.
TEST_F(Line, NoTimeIsLostBetweenPackets) {
  lan.SetProfile({.rate = 3'000'000'000});
  for (int i = 0; i < 900; ++i) Send(alice, bob, 1000);
  Run();
  ASSERT_EQ(bob.when.size(), 900u);
  EXPECT_EQ(bob.when[0], absl::Nanoseconds(2666));
  EXPECT_EQ(bob.when[2], absl::Nanoseconds(8000));
  EXPECT_EQ(bob.when[899], absl::Nanoseconds(2400000));
}

TEST_F(Line, WhatDoesNotFitTheQueueIsDroppedAtItsTail) {
  lan.SetProfile({.rate = 8'000, .queue = {.bytes = 2000}});
  for (int i = 1; i <= 5; ++i) Send(alice, bob, 800);
  // The first is on the line, two wait.
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, 2u);
  EXPECT_EQ(lan.UplinkQueue(alice.host).bytes, 1600u);
  Send(alice, bob, 400);  // A smaller one still fits.
  const std::string story = Run();
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, 0u);
  EXPECT_EQ(bob.heard.size(), 4u);
  EXPECT_THAT(story, HasSubstr("alice/eth0 dropped    alice#4"));
  EXPECT_THAT(story, HasSubstr("alice/eth0 dropped    alice#5"));
  EXPECT_THAT(story, HasSubstr("(queue full)"));
}

TEST_F(Line, AQueueCanBeLimitedInPackets) {
  lan.SetProfile({.rate = 8'000, .queue = {.packets = 3}});
  for (int i = 0; i < 10; ++i) Send(alice, bob, 100);
  Run();
  EXPECT_EQ(bob.heard.size(), 4u);
}

TEST_F(Line, WithoutLimitsAThousandPacketsWait) {
  lan.SetProfile({.rate = 8'000});
  for (int i = 0; i < 1100; ++i) Send(alice, bob, 100);
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, kDefaultQueuePackets);
}

TEST_F(Line, AHostHasOneForAllThatItSendsTo) {
  lan.SetProfile({.rate = 8'000'000});
  Send(alice, bob, 1000);
  Send(alice, carol, 1000);
  Send(bob, carol, 1000);
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(1)));
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2)));
}

TEST_F(Line, ADownlinkIsSharedByAllWhoSendToTheHost) {
  lan.SetDownlink(carol.host, {.rate = 8'000'000});
  Send(alice, carol, 1000);
  Send(bob, carol, 1000);
  EXPECT_EQ(lan.DownlinkQueue(carol.host).packets, 1u);
  Run();
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2)));
}

TEST_F(Line, APairOfHostsHasOneOfItsOwn) {
  lan.SetProfile(alice.host, bob.host, {.rate = 8'000'000});
  Send(alice, bob, 1000);
  Send(alice, bob, 1000);
  Send(alice, carol, 1000);
  EXPECT_EQ(lan.PairQueue(alice.host, bob.host).packets, 1u);
  EXPECT_EQ(lan.PairQueue(bob.host, alice.host).packets, 0u);
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2)));
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(10)));
}

TEST_F(Line, ABroadcastTakesItOnceHoweverManyGetIt) {
  lan.SetProfile({.rate = 8'000'000});
  ASSERT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  const std::string text(1000 - kHeaders, 'x');
  alice.Say(text, IpAddress::Broadcast());
  Send(alice, bob, 1000);
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2)));
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(1)));
}

TEST_F(Line, ABroadcastReachesThoseWithOtherLinesByTheirs) {
  lan.SetProfile({.rate = 8'000'000});
  lan.SetProfile(alice.host, bob.host, {.rate = 4'000'000});
  lan.SetDownlink(carol.host, {.latency = absl::Milliseconds(7)});
  ASSERT_TRUE(alice.socket.SetOption(SocketOption::kBroadcast, 1).ok());
  alice.Say(std::string(1000 - kHeaders, 'x'), IpAddress::Broadcast());
  Run();
  EXPECT_THAT(bob.when, ElementsAre(absl::Milliseconds(2)));
  EXPECT_THAT(carol.when, ElementsAre(absl::Milliseconds(7)));
}

// Luck is drawn when a packet leaves: what never does has none.
TEST_F(Line, WhatWaitsHasNoLuckYet) {
  lan.SetProfile({.loss = Ratio::Always(), .rate = 8'000, .queue = {.packets = 1}});
  for (int i = 0; i < 3; ++i) Send(alice, bob, 1000);
  const std::string story = Run();
  EXPECT_THAT(story, HasSubstr("1.000000000 alice/eth0 lost       alice#1"));
  EXPECT_THAT(story, HasSubstr("2.000000000 alice/eth0 lost       alice#2"));
  EXPECT_THAT(story, HasSubstr("(loss lan/alice->bob #2)"));
  EXPECT_THAT(story, Not(HasSubstr("(loss lan/alice->bob #3)")));
}

TEST_F(Line, ANewRateIsForThePacketsThatTheLineHasNotBegun) {
  lan.SetProfile({.rate = 8'000'000});
  for (int i = 0; i < 3; ++i) Send(alice, bob, 1000);
  Run(absl::Microseconds(1500));
  lan.SetProfile({.rate = 80'000'000});
  Run(absl::Milliseconds(10));
  EXPECT_THAT(bob.when,
              ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2), absl::Microseconds(2100)));
}

TEST_F(Line, WithoutARateWhatStillWaitsLeavesAtOnceAndInOrder) {
  lan.SetProfile({.rate = 8'000'000});
  for (int i = 0; i < 3; ++i) alice.Say(absl::StrCat(i, std::string(971, 'x')), bob);
  lan.SetProfile({});
  alice.Say("3", bob);
  Run();
  ASSERT_EQ(bob.heard.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(bob.heard[i].substr(0, 1), absl::StrCat(i));
  EXPECT_EQ(bob.when[3], absl::Milliseconds(1));
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, 0u);
}

TEST_F(Line, WithoutARateNothingWaits) {
  lan.SetProfile({});
  for (int i = 0; i < 5; ++i) Send(alice, bob, 1000);
  EXPECT_EQ(lan.UplinkQueue(alice.host).packets, 0u);
  Run(absl::ZeroDuration());
  EXPECT_EQ(bob.heard.size(), 5u);
}

TEST_F(Line, LoopbackCanHaveOne) {
  alice.host.SetLoopbackProfile({.rate = 8'000'000});
  Send(alice, alice, 1000);
  Send(alice, alice, 1000);
  Run();
  EXPECT_THAT(alice.when, ElementsAre(absl::Milliseconds(1), absl::Milliseconds(2)));
}

// A network can go while packets wait.
TEST_F(Line, WhatWaitsAtTheEndIsNoLeak) {
  lan.SetProfile({.rate = 8'000});
  for (int i = 0; i < 5; ++i) Send(alice, bob, 1000);
  EXPECT_THAT(bob.heard, IsEmpty());
}

}  // namespace
}  // namespace pollux::sim
