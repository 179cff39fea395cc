// SPDX-License-Identifier: Apache-2.0
//
// Interfaces whose queue is fq: when what sockets send leaves by them. What the kernel's own queue
// makes of the same is shown by tests/differential/fq.cc.

#include "sim/fair_queue.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Strings = std::vector<std::string>;

constexpr uint16_t kPort = 7755;
// To fq these are 1042 bytes: the headers of UDP, IPv4 and Ethernet count.
constexpr size_t kPayload = 1000;

// Alice's interface has the queue, and bob tells what arrived when.
class FairQueueTest : public ::testing::Test {
 protected:
  explicit FairQueueTest(const FqOptions& options = {}) {
    lan_.Attach(alice_, {.fq = options});
    lan_.Attach(bob_);
    EXPECT_THAT(receiver_.Bind(kPort), IsOk());
    EXPECT_THAT(sender_.Bind(5000), IsOk());
    receiver_.OnReadyRead([this] {
      while (receiver_.HasPendingDatagrams()) {
        const std::string payload = receiver_.ReceiveDatagram()->payload;
        arrivals_.push_back(absl::StrCat(payload.substr(0, payload.find(' ')), " ",
                                         absl::FormatDuration(net_.elapsed() - start_)));
      }
    });
  }

  Endpoint bob() const { return {bob_.address(), kPort}; }
  // A datagram of `size` bytes that begin with `name`, as from now on for the arrivals.
  absl::Status Send(const std::string& name, std::optional<absl::Duration> after = std::nullopt,
                    size_t size = kPayload) {
    std::string payload = name + " ";
    if (payload.size() < size) payload.resize(size, 'x');
    SendOptions options;
    if (after) options.transmit_time = alice_.engine().loop().Now() + *after;
    return sender_.WriteDatagram(payload, bob(), options);
  }
  void SetRate(int rate) {
    ASSERT_THAT(sender_.SetOption(SocketOption::kMaxPacingRate, rate), IsOk());
  }
  // What has arrived after that time, with how long after the last call of this.
  Strings Run(absl::Duration duration = absl::Seconds(2)) {
    net_.RunFor(duration);
    start_ = net_.elapsed();
    return std::exchange(arrivals_, {});
  }
  size_t Dropped(DropCause cause) const {
    size_t count = 0;
    for (const EventLog::Entry& entry : log_.entries()) {
      count += entry.event.kind == EventKind::kDropped && entry.event.cause == cause ? 1 : 0;
    }
    return count;
  }

  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};
  Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24");
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
  UdpSocket sender_{alice_.engine()};
  UdpSocket receiver_{bob_.engine()};
  absl::Duration start_;
  Strings arrivals_;
};

// ---- Transmit times ----

TEST_F(FairQueueTest, ADatagramLeavesAtItsTransmitTime) {
  EXPECT_THAT(Send("a", absl::Milliseconds(10)), IsOk());
  EXPECT_THAT(Send("b", absl::Milliseconds(10)), IsOk());
  EXPECT_THAT(Send("c", absl::Milliseconds(25)), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 10ms", "b 10ms", "c 25ms"));
  EXPECT_THAT(Send("past", -absl::Milliseconds(5)), IsOk());
  EXPECT_THAT(Send("now"), IsOk());
  EXPECT_THAT(Run(), ElementsAre("past 0", "now 0"));
}

TEST_F(FairQueueTest, WithoutItATransmitTimeAndARateAreKeptAndNoMore) {
  UdpSocket plain(bob_.engine()), at_alice(alice_.engine());
  ASSERT_THAT(at_alice.Bind(kPort), IsOk());
  ASSERT_THAT(plain.SetOption(SocketOption::kMaxPacingRate, 1), IsOk());
  const absl::Time later = bob_.engine().loop().Now() + absl::Seconds(1);
  const Endpoint alice(alice_.address(), kPort);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(plain.WriteDatagram("x", alice), IsOk());
  EXPECT_THAT(plain.WriteDatagram("x", alice, {.transmit_time = later}), IsOk());
  net_.RunFor(absl::ZeroDuration());
  int arrived = 0;
  for (; at_alice.HasPendingDatagrams(); ++arrived) at_alice.ReceiveDatagram().IgnoreError();
  EXPECT_EQ(arrived, 4);
  EXPECT_EQ(*plain.GetOption(SocketOption::kMaxPacingRate), 1);
}

// Linux keeps a flow in the order of its times, and does not look at one that waits.
TEST_F(FairQueueTest, NothingOfAFlowOvertakesWhatItWaitsFor) {
  for (int i = 4; i > 0; --i) {
    EXPECT_THAT(Send(absl::StrCat(i), absl::Milliseconds(10 * i)), IsOk());
  }
  EXPECT_THAT(Send("now"), IsOk());
  EXPECT_THAT(Run(), ElementsAre("now 40ms", "1 40ms", "2 40ms", "3 40ms", "4 40ms"));
}

TEST_F(FairQueueTest, OfAnUnconnectedSocketEachDestinationIsAFlowOfItsOwn) {
  UdpSocket other(bob_.engine());
  ASSERT_THAT(other.Bind(9000), IsOk());
  EXPECT_THAT(Send("late", absl::Milliseconds(50)), IsOk());
  EXPECT_THAT(sender_.WriteDatagram("x", Endpoint(bob_.address(), 9000)), IsOk());
  net_.RunFor(absl::ZeroDuration());
  EXPECT_TRUE(other.HasPendingDatagrams());
  EXPECT_THAT(Run(), ElementsAre("late 50ms"));
}

TEST_F(FairQueueTest, AConnectedSocketIsOneFlow) {
  UdpSocket other(bob_.engine());
  ASSERT_THAT(other.Bind(9000), IsOk());
  ASSERT_THAT(sender_.ConnectToHost(bob_.address(), kPort), IsOk());
  SendOptions later;
  later.transmit_time = alice_.engine().loop().Now() + absl::Milliseconds(50);
  EXPECT_THAT(sender_.WriteDatagram("late ", bob(), later), IsOk());
  EXPECT_THAT(sender_.WriteDatagram("x", Endpoint(bob_.address(), 9000)), IsOk());
  net_.RunFor(absl::Milliseconds(49));
  EXPECT_FALSE(other.HasPendingDatagrams());
  EXPECT_THAT(Run(), ElementsAre("late 50ms"));
  EXPECT_TRUE(other.HasPendingDatagrams());
}

TEST_F(FairQueueTest, ATimeThatIsMoreThanTenSecondsAheadIsDroppedInSilence) {
  EXPECT_THAT(Send("far", absl::Seconds(10) + absl::Nanoseconds(1)), IsOk());
  EXPECT_EQ(Dropped(DropCause::kBeyondHorizon), 1u);
  EXPECT_EQ(log_.entries().back().Event().ToString(),
            "0.000000000 alice/eth0 dropped    alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 1000 bytes "
            "(transmit time too far ahead)");
  EXPECT_THAT(Send("near", absl::Seconds(10)), IsOk());
  EXPECT_THAT(Run(absl::Seconds(20)), ElementsAre("near 10s"));
}

TEST_F(FairQueueTest, WhoAsksForIcmpErrorsIsToldThatTheQueueHadNoRoom) {
  ASSERT_THAT(sender_.SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  const absl::Status status = Send("far", absl::Seconds(11));
  EXPECT_THAT(status, HasCause(SocketError::kSocketResource));
  EXPECT_THAT(status, Says("with a transmit time"));
}

class CappedFairQueueTest : public FairQueueTest {
 protected:
  CappedFairQueueTest()
      : FairQueueTest({.flow_packets = 3, .horizon = absl::Seconds(2), .horizon_cap = true}) {}
};

TEST_F(CappedFairQueueTest, ATimeThatIsTooFarAheadCanBeTheHorizonInstead) {
  EXPECT_THAT(Send("far", absl::Hours(1)), IsOk());
  EXPECT_THAT(Run(absl::Seconds(9)), ElementsAre("far 2s"));
}

TEST_F(CappedFairQueueTest, AFlowThatIsTooLongLosesItsEnd) {
  for (const char* name : {"a", "b", "c", "d"}) {
    EXPECT_THAT(Send(name, absl::Milliseconds(10)), IsOk());
  }
  EXPECT_EQ(Dropped(DropCause::kQueueFull), 1u);
  EXPECT_THAT(Run(), ElementsAre("a 10ms", "b 10ms", "c 10ms"));
}

// ---- Rates ----

TEST_F(FairQueueTest, BelowTheThresholdEachDatagramHasItsGap) {
  SetRate(50'000);  // 1042 bytes take 20.84 ms.
  for (const char* name : {"a", "b", "c"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Run(absl::Milliseconds(60)), ElementsAre("a 0", "b 20.84ms", "c 41.68ms"));
  // The gap behind the latest one is not over.
  EXPECT_THAT(Send("d"), IsOk());
  EXPECT_THAT(Run(), ElementsAre("d 2.52ms"));
}

TEST_F(FairQueueTest, WhoHasSentNothingForAWhileHasItsNextGapHalved) {
  SetRate(50'000);
  EXPECT_THAT(Send("a"), IsOk());
  Run();
  for (const char* name : {"b", "c", "d"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Run(), ElementsAre("b 0", "c 10.42ms", "d 31.26ms"));
}

// Ten packets of the MTU and the link's header at first, two from then on: 15,140 bytes and 3,028.
TEST_F(FairQueueTest, AboveTheThresholdTheGapIsBehindWhatAFlowMaySendAtOnce) {
  SetRate(1'000'000);
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Send(absl::StrCat(i)), IsOk());
  const Strings arrivals = Run();
  ASSERT_THAT(arrivals, SizeIs(20));
  EXPECT_EQ(arrivals[14], "14 0");
  EXPECT_EQ(arrivals[15], "15 3.028ms");
  EXPECT_EQ(arrivals[17], "17 3.028ms");
  EXPECT_EQ(arrivals[18], "18 6.056ms");
}

TEST_F(FairQueueTest, AFlowThatWasIdleMaySendTwoPacketsMoreAtOnce) {
  SetRate(1'000'000);
  for (int i = 0; i < 14; ++i) EXPECT_THAT(Send(absl::StrCat(i)), IsOk());
  EXPECT_THAT(Run(absl::Milliseconds(50)), SizeIs(14));
  // Of the first 15,140 bytes 552 are left, and 3,028 they may be.
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 0", "c 0", "d 3.028ms"));
}

// fq_gc: a flow that has sent nothing for three seconds is forgotten, once there are 2,048. When it
// comes back it may send as much at once as at first.
class ManyFlowsTest : public FairQueueTest {
 protected:
  static constexpr int kMany = 2048;

  // Has the flow to bob's port use up what it may send at once, but for 552 bytes.
  void Spend() {
    SetRate(1'000'000);
    for (int i = 0; i < 14; ++i) EXPECT_THAT(Send(absl::StrCat(i)), IsOk());
    EXPECT_THAT(Run(absl::ZeroDuration()), SizeIs(14));
  }
  // One datagram each to that many more destinations.
  void SendToOthers(int flows) {
    for (int i = 0; i < flows; ++i) {
      const Endpoint other(bob_.address(), static_cast<uint16_t>(10'000 + i));
      EXPECT_THAT(sender_.WriteDatagram("x", other), IsOk());
    }
  }
  Strings SendFour() {
    for (const char* name : {"a", "b", "c", "d"}) EXPECT_THAT(Send(name), IsOk());
    return Run();
  }
};

TEST_F(ManyFlowsTest, OneThatHasLongBeenIdleIsForgotten) {
  Spend();
  Run(absl::Milliseconds(3001));
  // The last of them is the one that finds the table full.
  SendToOthers(kMany);
  EXPECT_THAT(SendFour(), ElementsAre("a 0", "b 0", "c 0", "d 0"));
}

TEST_F(ManyFlowsTest, WithFewOthersItIsRemembered) {
  Spend();
  Run(absl::Milliseconds(3001));
  SendToOthers(kMany - 1);
  EXPECT_THAT(SendFour(), ElementsAre("a 0", "b 0", "c 0", "d 3.028ms"));
}

TEST_F(ManyFlowsTest, OneThatHasNotLongBeenIdleIsRemembered) {
  Spend();
  Run(absl::Seconds(3));
  SendToOthers(kMany);
  EXPECT_THAT(SendFour(), ElementsAre("a 0", "b 0", "c 0", "d 3.028ms"));
}

TEST_F(ManyFlowsTest, OneInWhichSomethingWaitsIsRemembered) {
  EXPECT_THAT(Send("late", absl::Seconds(9)), IsOk());
  Run(absl::Seconds(4));
  SendToOthers(kMany);
  EXPECT_THAT(Send("behind it"), IsOk());
  EXPECT_THAT(Run(absl::Seconds(6)), ElementsAre("behind 5s", "late 5s"));
}

TEST_F(FairQueueTest, ADatagramWithATimeHasNoRate) {
  SetRate(50'000);
  for (const char* name : {"a", "b", "c"}) EXPECT_THAT(Send(name, absl::ZeroDuration()), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 0", "c 0"));
}

TEST_F(FairQueueTest, ARateOnlyFalls) {
  SetRate(50'000);
  SetRate(-1);
  SetRate(60'000);
  EXPECT_EQ(*sender_.GetOption(SocketOption::kMaxPacingRate), 60'000);
  for (const char* name : {"a", "b"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 20.84ms"));
}

TEST_F(FairQueueTest, ARateCountsForWhatWaitsAlready) {
  SetRate(50'000);
  for (const char* name : {"a", "b", "c"}) EXPECT_THAT(Send(name), IsOk());
  SetRate(25'000);
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 20.84ms", "c 62.52ms"));
}

TEST_F(FairQueueTest, NoGapIsLongerThanASecond) {
  SetRate(1);
  for (const char* name : {"a", "b"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 1s"));
}

// ---- The socket ----

// 2304 bytes are charged for each: the 93rd is the first to find 212,992 bytes taken.
TEST_F(FairQueueTest, WhatWaitsTakesOfTheSendBuffer) {
  SetRate(50'000);
  int sent = 0;
  while (sent < 200 && Send("x").ok()) ++sent;
  EXPECT_EQ(sent, 1 + 93) << "one has left at once";
  EXPECT_THAT(Send("x"), HasCause(SocketError::kTemporary));
  net_.RunFor(absl::Milliseconds(21));
  EXPECT_THAT(Send("x"), IsOk()) << "the next one has left";
  EXPECT_THAT(Send("x"), HasCause(SocketError::kTemporary));
}

TEST_F(FairQueueTest, WhatWaitsLeavesAfterItsSocketIsClosed) {
  SetRate(50'000);
  for (const char* name : {"a", "b"}) EXPECT_THAT(Send(name), IsOk());
  EXPECT_THAT(Send("c", absl::Milliseconds(30)), IsOk());
  sender_.Close();
  EXPECT_THAT(Run(), ElementsAre("a 0", "b 20.84ms", "c 41.68ms"))
      << "a time of its own does not spare c the gap behind b";
}

TEST_F(FairQueueTest, WhatStaysOnTheHostDoesNotWait) {
  UdpSocket own(alice_.engine());
  ASSERT_THAT(own.Bind(kPort), IsOk());
  SendOptions later;
  later.transmit_time = alice_.engine().loop().Now() + absl::Seconds(1);
  EXPECT_THAT(sender_.WriteDatagram("x", Endpoint(alice_.address(), kPort), later), IsOk());
  net_.RunFor(absl::ZeroDuration());
  EXPECT_TRUE(own.HasPendingDatagrams());
}

TEST_F(FairQueueTest, FragmentsWaitEach) {
  SetRate(50'000);
  EXPECT_THAT(Send("whole", std::nullopt, 2000), IsOk());
  // 1500 bytes leave at once, and 14 of the link's are behind them.
  EXPECT_THAT(Run(), ElementsAre("whole 30.28ms"));
}

// ---- Faults ----

TEST_F(FairQueueTest, AnInterfaceThatGoesDownLosesWhatWaits) {
  EXPECT_THAT(Send("a", absl::Milliseconds(30)), IsOk());
  alice_.TakeDown("eth0");
  alice_.BringUp("eth0");
  EXPECT_EQ(Dropped(DropCause::kInterfaceDown), 1u);
  EXPECT_THAT(Send("b", absl::Milliseconds(20)), IsOk());
  alice_.Unplug("eth0");
  EXPECT_EQ(Dropped(DropCause::kNoCarrier), 1u);
  EXPECT_THAT(Send("c", absl::Milliseconds(20)), IsOk());
  EXPECT_EQ(Dropped(DropCause::kNoCarrier), 2u) << "nothing waits for a cable";
  alice_.PlugIn("eth0");
  EXPECT_THAT(Send("d", absl::Milliseconds(10)), IsOk());
  EXPECT_THAT(Run(), ElementsAre("d 10ms"));
}

TEST_F(FairQueueTest, ACrashTakesWhatWaitsWithIt) {
  EXPECT_THAT(Send("a", absl::Milliseconds(30)), IsOk());
  alice_.Crash();
  EXPECT_EQ(Dropped(DropCause::kHostDown), 1u);
  EXPECT_THAT(Run(), IsEmpty());
  EXPECT_THAT(net_.InFlight(), IsEmpty());
}

TEST_F(FairQueueTest, TimesAreByTheHostsOwnClock) {
  alice_.SetClockDrift(250'000'000);  // A fourth faster.
  EXPECT_THAT(Send("a", absl::Milliseconds(100)), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 80ms"));
  EXPECT_THAT(Send("b", absl::Milliseconds(100)), IsOk());
  net_.RunFor(absl::Milliseconds(40));
  alice_.SetClockDrift(0);
  EXPECT_THAT(Run(), ElementsAre("b 90ms"));
}

TEST_F(FairQueueTest, AMachineThatStandsStillSendsNothing) {
  EXPECT_THAT(Send("a", absl::Milliseconds(100)), IsOk());
  net_.RunFor(absl::Milliseconds(40));
  alice_.Freeze();
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(arrivals_, IsEmpty());
  alice_.Thaw();
  EXPECT_THAT(Run(), ElementsAre("a 1.1s"));
}

TEST_F(FairQueueTest, AProgramThatIsPausedHasItsDatagramsSent) {
  EXPECT_THAT(Send("a", absl::Milliseconds(100)), IsOk());
  alice_.Pause();
  EXPECT_THAT(Run(), ElementsAre("a 100ms"));
}

// ---- What tests see ----

TEST_F(FairQueueTest, ThatADatagramHadToWaitIsOnRecord) {
  EXPECT_THAT(Send("a", absl::Milliseconds(10)), IsOk());
  EXPECT_THAT(Send("b", absl::Milliseconds(10)), IsOk());
  Run();
  EXPECT_EQ(log_.Count(EventKind::kPaced, "alice"), 2u);
  const EventLog::Entry& last = log_.entries().back();
  EXPECT_EQ(log_.Explain(last.event.sequence),
            "#6 0.010000000 bob/eth0   delivered  alice#2 10.0.0.1:5000 > 10.0.0.2:7755, 1000 "
            "bytes (socket 1) because of #4\n"
            "#4 0.010000000 alice/eth0 paced      alice#2 10.0.0.1:5000 > 10.0.0.2:7755, 1000 "
            "bytes (waited 10ms) because of #2\n"
            "#2 0.000000000 alice/eth0 sent       alice#2 10.0.0.1:5000 > 10.0.0.2:7755, 1000 "
            "bytes\n");
  EXPECT_THAT(Send("now"), IsOk());
  Run();
  EXPECT_EQ(log_.Count(EventKind::kPaced), 2u) << "what leaves at once is sent, and no more";
}

TEST_F(FairQueueTest, WhatWaitsIsListedAndCanBeHeldReleasedAndDiscarded) {
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_THAT(Send(name, absl::Milliseconds(10)), IsOk());
  }
  const std::vector<InFlightPacket> waiting = net_.InFlight();
  ASSERT_THAT(waiting, SizeIs(3));
  EXPECT_EQ(waiting[0].ToString(),
            absl::StrCat("#", waiting[0].id,
                         " alice/eth0 10.0.0.1:5000 > 10.0.0.2:7755, 1000 bytes, waits"));
  EXPECT_THAT(net_.Hold(waiting[0].id), IsOk());
  EXPECT_THAT(net_.Discard(waiting[1].id), IsOk());
  EXPECT_THAT(Run(absl::Milliseconds(30)), ElementsAre("c 10ms"));
  EXPECT_THAT(net_.Release(waiting[0].id), IsOk());
  EXPECT_THAT(Run(), ElementsAre("a 0"));
  EXPECT_EQ(Dropped(DropCause::kDiscarded), 1u);
}

TEST_F(FairQueueTest, AManyThatIsSentToAllWaitsOnce) {
  ASSERT_THAT(sender_.SetOption(SocketOption::kBroadcast, 1), IsOk());
  SendOptions later;
  later.transmit_time = alice_.engine().loop().Now() + absl::Milliseconds(10);
  EXPECT_THAT(sender_.WriteDatagram("all ", Endpoint(IpAddress::Ipv4(10, 0, 0, 255), kPort), later),
              IsOk());
  EXPECT_THAT(Run(), ElementsAre("all 10ms"));
}

TEST(FairQueue, BadOptionsAreRefused) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& mac = net.AddHost("mac", {.platform = Platform::kMacOs});
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  const auto message = [&](Host& host, const FqOptions& options) {
    return std::string(lan.ValidateAttach(host, {.fq = options}).message());
  };
  EXPECT_EQ(message(alice, {}), "");
  EXPECT_THAT(message(alice, {.packets = 0}), HasSubstr("fq.packets 0 leaves room for nothing"));
  EXPECT_THAT(message(alice, {.flow_packets = 0}), HasSubstr("fq.flow_packets 0"));
  EXPECT_THAT(message(alice, {.horizon = absl::ZeroDuration()}), HasSubstr("fq.horizon 0 is"));
  EXPECT_THAT(message(alice, {.horizon = absl::InfiniteDuration()}), HasSubstr("fq.horizon inf"));
  EXPECT_THAT(message(mac, {}), HasSubstr("the queue fq is Linux's; macos has none that paces"));
}

}  // namespace
}  // namespace pollux::sim
