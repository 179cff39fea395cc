// SPDX-License-Identifier: Apache-2.0
//
// CoDel by RFC 8289: the control law, the states, and what it is for.

#include "sim/fabric/codel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/fabric/link_bed.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Verdict = CoDelState::Verdict;

absl::Time At(int64_t milliseconds) { return absl::UnixEpoch() + absl::Milliseconds(milliseconds); }

// Section 5.2: the next drop comes after interval / sqrt(count).
TEST(CoDel, DropsComeCloserByTheSquareRoot) {
  for (const uint32_t count : {1u, 2u, 3u, 4u, 9u, 50u, 1000u, 1u << 30}) {
    const double got =
        absl::ToDoubleMilliseconds(CoDelNextDrop(At(0), absl::Milliseconds(100), count) - At(0));
    EXPECT_NEAR(got, 100 / std::sqrt(count), 0.001 * got + 1e-6) << count;
  }
  EXPECT_EQ(CoDelNextDrop(At(5), absl::Milliseconds(100), 4), At(55));
  EXPECT_EQ(CoDelNextDrop(At(0), absl::Hours(1), 1), At(3'600'000));
}

class CoDelStates : public ::testing::Test {
 protected:
  Verdict Next(int64_t at, int64_t wait, bool standing = true, bool markable = false) {
    return state_.Next(CoDel(), absl::Milliseconds(wait), standing, markable, At(at));
  }
  CoDelState state_;
};

TEST_F(CoDelStates, ShortWaitsAreNeverDropped) {
  for (int at = 0; at < 1000; at += 10) EXPECT_EQ(Next(at, 4), Verdict::kSend);
}

TEST_F(CoDelStates, LongWaitsAreDroppedAfterAnInterval) {
  EXPECT_EQ(Next(0, 20), Verdict::kSend);
  EXPECT_EQ(Next(99, 20), Verdict::kSend);
  EXPECT_EQ(Next(100, 20), Verdict::kDrop);
  EXPECT_EQ(Next(100, 20), Verdict::kSend);  // One at a time.
  EXPECT_EQ(Next(199, 20), Verdict::kSend);
  EXPECT_EQ(Next(200, 20), Verdict::kDrop);  // 100 ms later, then 71, then 58.
  EXPECT_EQ(Next(200, 20), Verdict::kSend);
  EXPECT_EQ(Next(270, 20), Verdict::kSend);
  EXPECT_EQ(Next(271, 20), Verdict::kDrop);
  EXPECT_EQ(Next(271, 20), Verdict::kSend);
  EXPECT_EQ(Next(328, 20), Verdict::kSend);
  EXPECT_EQ(Next(329, 20), Verdict::kDrop);
}

TEST_F(CoDelStates, OneShortWaitEndsIt) {
  Next(0, 20);
  EXPECT_EQ(Next(100, 20), Verdict::kDrop);
  Next(100, 20);
  EXPECT_EQ(Next(150, 4), Verdict::kSend);
  EXPECT_EQ(Next(151, 20), Verdict::kSend);  // A new interval begins.
  EXPECT_EQ(Next(250, 20), Verdict::kSend);
  EXPECT_EQ(Next(251, 20), Verdict::kDrop);
}

TEST_F(CoDelStates, LessThanAPacketBehindItIsNoStandingQueue) {
  for (int at = 0; at < 1000; at += 10) EXPECT_EQ(Next(at, 20, false), Verdict::kSend);
}

// Several drops can be due when a packet comes out: they are made up for at once.
TEST_F(CoDelStates, DropsThatAreDueAreMadeUpFor) {
  Next(0, 20);
  EXPECT_EQ(Next(100, 20), Verdict::kDrop);
  EXPECT_EQ(Next(100, 20), Verdict::kSend);
  EXPECT_EQ(Next(300, 300), Verdict::kDrop);  // Due at 200, 270.7, then 328.4.
  EXPECT_EQ(Next(300, 300), Verdict::kDrop);
  EXPECT_EQ(Next(300, 300), Verdict::kSend);
}

// A state that begins soon after the last goes on nearly as fast as that one was.
TEST_F(CoDelStates, ItRemembersHowFastItWas) {
  Next(0, 20);
  EXPECT_EQ(Next(100, 20), Verdict::kDrop);
  int drops = 1;
  for (int at = 100; at < 1000; ++at) drops += Next(at, 20) == Verdict::kDrop ? 1 : 0;
  Next(1001, 1);
  EXPECT_EQ(Next(1002, 20), Verdict::kSend);
  EXPECT_EQ(Next(1102, 20), Verdict::kDrop);
  Next(1102, 20);
  // With count 1 again, the next would be due 100 ms later.
  const int next = static_cast<int>(100 / std::sqrt(drops - 1)) + 1;
  EXPECT_EQ(Next(1102 + next, 20), Verdict::kDrop);
}

TEST_F(CoDelStates, MarksTakeThePlaceOfDrops) {
  Next(0, 20);
  EXPECT_EQ(Next(100, 20, true, true), Verdict::kMark);
  EXPECT_EQ(Next(101, 20, true, true), Verdict::kSend);
  EXPECT_EQ(Next(200, 20, true, true), Verdict::kMark);
  EXPECT_EQ(Next(201, 20, true, true), Verdict::kSend);
  EXPECT_EQ(Next(271, 20, true, true), Verdict::kMark);
}

TEST_F(CoDelStates, AnEmptyQueueEndsTheWait) {
  Next(0, 20);
  state_.Empty();
  EXPECT_EQ(Next(100, 20), Verdict::kSend);
  EXPECT_EQ(Next(199, 20), Verdict::kSend);
  EXPECT_EQ(Next(200, 20), Verdict::kDrop);
}

TEST(CoDel, ContradictionsAreRefused) {
  const auto message = [](const CoDel& codel) { return std::string(Validate(codel).message()); };
  EXPECT_EQ(message({}), "");
  EXPECT_THAT(message({.target = absl::Milliseconds(200)}),
              HasSubstr("codel target 200ms is above its interval 100ms"));
  EXPECT_THAT(message({.target = absl::ZeroDuration()}), HasSubstr("codel target 0"));
  EXPECT_THAT(message({.interval = absl::Hours(2)}), HasSubstr("codel interval 2h"));
  EXPECT_THAT(message({.interval = -absl::Seconds(1)}), HasSubstr("codel interval -1s"));
}

// ---- What it is for ----

// A greedy sender with a window, as TCP has one: it grows by a packet for each round trip, and is
// halved by a loss or a mark.
class Bulk : public LinkBed {
 protected:
  static constexpr uint64_t kRate = 10'000'000;
  static constexpr size_t kSize = 1250;  // A millisecond on the line.

  // Runs a greedy sender over a line of 10 ms each way, and returns how long each packet was in the
  // queue, in milliseconds, in the second half of the time.
  std::vector<double> Waits(const std::optional<CoDel>& codel, bool ecn) {
    lan.SetProfile({.latency = absl::Milliseconds(10)});
    lan.SetProfile(alice.host, bob.host,
                   {.latency = absl::Milliseconds(10),
                    .rate = kRate,
                    .queue = {.bytes = 500'000, .codel = codel}});
    tells = false;
    double window = 10;
    int under_way = 0;
    uint64_t sent = 0;
    uint64_t got = 0;
    bool marked = false;
    std::vector<absl::Duration> when;
    std::vector<double> waits;
    const Endpoint to_bob(bob.host.address(), Speaker::kPort);
    const SendOptions options = {.ecn = ecn ? Ecn::kCapable0 : Ecn::kNotCapable};
    EXPECT_TRUE(bob.socket.RequestMetadata(Metadata::kEcn).ok());
    const auto fill = [&] {
      for (; under_way < static_cast<int>(window); ++under_way) {
        std::string text = std::to_string(sent++);
        text.resize(kSize - 28, ' ');
        when.push_back(net.elapsed());
        EXPECT_TRUE(alice.socket.WriteDatagram(text, to_bob, options).ok());
      }
    };
    bob.socket.OnReadyRead([&] {
      while (bob.socket.HasPendingDatagrams()) {
        const auto datagram = bob.socket.ReceiveDatagram();
        const uint64_t number = std::stoull(datagram->payload);
        if (net.elapsed() > absl::Seconds(6)) {
          waits.push_back(absl::ToDoubleMilliseconds(net.elapsed() - when[number]) - 11);
        }
        bob.Say(absl::StrCat(number, datagram->info.ecn == Ecn::kCongestion ? " CE" : ""), alice);
      }
    });
    alice.socket.OnReadyRead([&] {
      while (alice.socket.HasPendingDatagrams()) {
        const std::string answer = alice.socket.ReceiveDatagram()->payload;
        const uint64_t number = std::stoull(answer);
        const bool congested = number > got || answer.find("CE") != answer.npos;
        marks += answer.find("CE") != answer.npos ? 1 : 0;
        losses += number - got;
        under_way -= static_cast<int>(number - got + 1);
        got = number + 1;
        window = congested && !marked ? std::max(window / 2, 2.0) : window + 1 / window;
        marked = congested;
        fill();
      }
    });
    fill();
    net.RunFor(absl::Seconds(12));
    return waits;
  }
  static double MeanOf(const std::vector<double>& all) {
    double sum = 0;
    for (const double one : all) sum += one;
    return sum / static_cast<double>(all.size());
  }

  uint64_t marks = 0;
  uint64_t losses = 0;
};

TEST_F(Bulk, WithoutCoDelTheQueueStands) { EXPECT_GT(MeanOf(Waits(std::nullopt, false)), 60); }

TEST_F(Bulk, WithCoDelTheStandingQueueFallsToTheTarget) {
  const std::vector<double> waits = Waits(CoDel(), false);
  EXPECT_LT(MeanOf(waits), 2 * 5);
  EXPECT_GT(losses, 10u);
  // And the line is used: a millisecond each.
  EXPECT_GT(static_cast<double>(waits.size()), 0.85 * 6'000);
}

TEST_F(Bulk, WithEcnItFallsWithoutALoss) {
  const std::vector<double> waits = Waits(CoDel{.ecn = true}, true);
  EXPECT_LT(MeanOf(waits), 2 * 5);
  EXPECT_EQ(losses, 0u);
  EXPECT_GT(marks, 10u);
}

TEST_F(Bulk, WhoDoesNotSpeakEcnIsDropped) {
  Waits(CoDel{.ecn = true}, false);
  EXPECT_EQ(marks, 0u);
  EXPECT_GT(losses, 10u);
}

class CoDelOnALink : public LinkBed {};

TEST_F(CoDelOnALink, WhatItDoesIsOnRecord) {
  lan.SetProfile({.rate = 8'000, .queue = {.codel = CoDel()}});
  for (int i = 0; i < 5; ++i) alice.Say(std::string(972, 'x'), bob);
  const std::string story = Run();
  EXPECT_THAT(story, HasSubstr("dropped    alice#"));
  EXPECT_THAT(story, HasSubstr("(queue delay)"));
  EXPECT_THAT(story, Not(HasSubstr("marked")));
  lan.SetProfile({.rate = 8'000, .queue = {.codel = CoDel{.ecn = true}}});
  const Endpoint to_bob(bob.host.address(), Speaker::kPort);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(
        alice.socket.WriteDatagram(std::string(972, 'x'), to_bob, {.ecn = Ecn::kCapable1}).ok());
  }
  EXPECT_THAT(Run(), HasSubstr("marked     alice#8"));
}

}  // namespace
}  // namespace pollux::sim
