// SPDX-License-Identifier: Apache-2.0
//
// OnReadyRead: told once, again after a read, and never lost. The cases named "stall" are those in
// which QUdpSocket falls silent for ever.

#include <array>
#include <memory>
#include <optional>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;

class ReadyReadTest : public ConformanceTest {
 protected:
  void Send(const char* payload, const UdpSocket& to) {
    if (!sender_.has_value()) sender_.emplace(a());
    EXPECT_THAT(sender_->WriteDatagram(payload, to.local_endpoint()), IsOk());
  }
  void TearDown() override { sender_.reset(); }

 private:
  std::optional<UdpSocket> sender_;
};
POLLUX_CONFORMANCE_SUITE(ReadyReadTest);

// The contract page: "This signal is emitted whenever datagrams arrive. In that case,
// hasPendingDatagrams() returns true."
TEST_P(ReadyReadTest, RunsWhenADatagramArrivesAndOneIsPendingThen) {
  UdpSocket bob = Bound(b(), kB);
  std::vector<std::string> seen;
  bob.OnReadyRead([&] {
    EXPECT_TRUE(bob.HasPendingDatagrams());
    while (bob.HasPendingDatagrams()) seen.push_back(bob.ReceiveDatagram()->payload);
  });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 1; }));
  Send("two", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 2; }));
  EXPECT_THAT(seen, ElementsAre("one", "two"));
}

TEST_P(ReadyReadTest, NeverRunsWithinACall) {
  UdpSocket alice = Bound(a(), IpAddress::LoopbackIpv4());
  int signals = 0;
  alice.OnReadyRead([&] { ++signals; });
  EXPECT_THAT(alice.WriteDatagram("self", alice.local_endpoint()), IsOk());
  alice.OnReadyRead([&] { ++signals; });
  EXPECT_EQ(signals, 0);
  EXPECT_TRUE(bed().RunUntil([&] { return signals > 0; }));
}

// The contract page: "An incoming datagram should be read when you receive the readyRead() signal,
// otherwise this signal will not be emitted for the next datagram."
TEST_P(ReadyReadTest, IsNotToldAgainBeforeTheProgramReads) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  Send("two", bob);
  Send("three", bob);
  bed().Settle();
  EXPECT_EQ(signals, 1);
  // Reading one tells of the two that are left; leaving them unread says no more.
  EXPECT_EQ(bob.ReceiveDatagram()->payload, "one");
  bed().Settle();
  EXPECT_EQ(signals, 2);
}

TEST_P(ReadyReadTest, ReadingOnePerSignalReadsAll) {
  UdpSocket bob = Bound(b(), kB);
  std::vector<std::string> seen;
  bob.OnReadyRead([&] { seen.push_back(bob.ReceiveDatagram()->payload); });
  for (const char* text : {"one", "two", "three"}) Send(text, bob);
  EXPECT_TRUE(bed().RunUntil([&] { return seen.size() == 3; }));
  EXPECT_THAT(seen, ElementsAre("one", "two", "three"));
}

TEST_P(ReadyReadTest, DiscardingCountsAsReading) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] {
    ++signals;
    EXPECT_THAT(bob.ReadDatagram({}), IsOk());
  });
  Send("one", bob);
  Send("two", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 2; }));
}

TEST_P(ReadyReadTest, AnEmptyDatagramIsToldToo) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  Send("", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  EXPECT_EQ(bob.PendingDatagramSize(), 0u);
}

TEST_P(ReadyReadTest, DrainedByHandThereIsNothingToTell) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return bob.HasPendingDatagrams(); }));
  bob.OnReadyRead([&] { ++signals; });
  EXPECT_EQ(bob.ReceiveDatagram()->payload, "one");
  bed().Settle();
  EXPECT_EQ(signals, 0);
  Send("two", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
}

// qt-contract 1.9, stall 1: the slot is connected after the first datagram was signalled.
TEST_P(ReadyReadTest, StallLateCallbackIsToldOfWhatIsAlreadyThere) {
  UdpSocket bob = Bound(b(), kB);
  Send("early", bob);
  bed().Settle();
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
}

TEST_P(ReadyReadTest, StallAReplacedCallbackIsToldOfWhatTheFirstLeft) {
  UdpSocket bob = Bound(b(), kB);
  int first = 0, second = 0;
  bob.OnReadyRead([&] { ++first; });
  Send("left", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return first == 1; }));
  bob.OnReadyRead([&] { ++second; });
  EXPECT_TRUE(bed().RunUntil([&] { return second == 1; }));
  EXPECT_EQ(first, 1);
}

// qt-contract 1.9, stall 2: data consumed behind the socket's back.
TEST_P(ReadyReadTest, StallReadingThroughTheNativeHandleDoesNotSilenceLaterArrivals) {
  UdpSocket bob = Bound(b(), kB);
  if (!bob.native_handle().has_value()) GTEST_SKIP() << "this engine's sockets have no handle";
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  ASSERT_TRUE(ReadBehindTheBack(*bob.native_handle()));
  Send("two", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 2; }));
}

// qt-contract 1.9, stall 3: a datagram arrives in a nested loop run by the slot.
TEST_P(ReadyReadTest, StallArrivalInANestedLoopIsToldAfterTheCallbackReturns) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  std::vector<std::string> seen;
  int depth = 0;
  bob.OnReadyRead([&] {
    EXPECT_EQ(++depth, 1) << "told recursively";
    seen.push_back(bob.ReceiveDatagram()->payload);
    if (seen.size() == 1) {
      EXPECT_THAT(alice.WriteDatagram("nested", bob.local_endpoint()), IsOk());
      bed().Settle();
    }
    --depth;
  });
  ASSERT_THAT(alice.WriteDatagram("outer", bob.local_endpoint()), IsOk());
  EXPECT_TRUE(bed().RunUntil([&] { return seen.size() == 2; }));
  EXPECT_THAT(seen, ElementsAre("outer", "nested"));
}

// qt-contract 1.9, stalls 4 and 5: an ICMP error raises a signal with nothing to read.
TEST_P(ReadyReadTest, StallAnIcmpErrorIsNoReadSignalAndLaterDatagramsAreTold) {
  UdpSocket alice = Bound(a(), kA), bob = Bound(b(), kB);
  const Endpoint bob_at = bob.local_endpoint();
  ASSERT_THAT(alice.ConnectToHost(kB, bob_at.port), IsOk());
  int signals = 0, errors = 0;
  std::vector<std::string> seen;
  alice.OnError([&](const absl::Status& status) {
    EXPECT_THAT(status, HasCause(SocketError::kConnectionRefused));
    ++errors;
  });
  alice.OnReadyRead([&] {
    ++signals;
    while (alice.HasPendingDatagrams()) seen.push_back(alice.ReceiveDatagram()->payload);
  });
  bob.Close();
  ASSERT_THAT(alice.Write("anyone?"), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return errors == 1; }));
  bed().Settle();
  EXPECT_EQ(signals, 0);
  ASSERT_THAT(bob.Bind(bob_at.address, bob_at.port), IsOk());
  for (const char* text : {"one", "two", "three", "four"}) {
    ASSERT_THAT(bob.WriteDatagram(text, alice.local_endpoint()), IsOk());
    bed().Settle();
  }
  EXPECT_THAT(seen, ElementsAre("one", "two", "three", "four"));
  EXPECT_EQ(signals, 4);
}

// qt-contract 1.9, stall 4, the other way in: a program that drains the queue from elsewhere.
TEST_P(ReadyReadTest, StallDrainingBetweenSignalAndNextArrivalIsHarmless) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  b().loop().Post([&] {
    while (bob.HasPendingDatagrams()) EXPECT_THAT(bob.ReceiveDatagram(), IsOk());
  });
  bed().Settle();
  for (int i = 2; i <= 4; ++i) {
    Send("more", bob);
    ASSERT_TRUE(bed().RunUntil([&] { return signals == i; })) << i;
    EXPECT_THAT(bob.ReceiveDatagram(), IsOk());
  }
}

// qt-contract 1.9: the re-check after a failed read.
TEST_P(ReadyReadTest, StallAReadThatFindsNothingRearms) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] {
    ++signals;
    EXPECT_THAT(bob.ReceiveDatagram(), IsOk());
    EXPECT_THAT(bob.ReceiveDatagram(), HasCause(SocketError::kTemporary));
  });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  Send("two", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 2; }));
}

TEST_P(ReadyReadTest, TheCallbackMayDestroyItsSocket) {
  auto bob = std::make_unique<UdpSocket>(Bound(b(), kB));
  bool ran = false;
  bob->OnReadyRead([&] {
    ran = true;
    bob.reset();
  });
  Send("one", *bob);
  Send("two", *bob);
  EXPECT_TRUE(bed().RunUntil([&] { return ran; }));
  bed().Settle();
}

TEST_P(ReadyReadTest, TheCallbackMayDestroyAnotherReadySocket) {
  auto first = std::make_unique<UdpSocket>(Bound(b(), kB));
  auto second = std::make_unique<UdpSocket>(Bound(b(), kB));
  int signals = 0;
  first->OnReadyRead([&] {
    ++signals;
    second.reset();
  });
  second->OnReadyRead([&] {
    ++signals;
    first.reset();
  });
  Send("one", *second);
  Send("one", *first);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  bed().Settle();
  EXPECT_EQ(signals, 1);
}

TEST_P(ReadyReadTest, TheCallbackMayReplaceItselfAndRebindItsSocket) {
  UdpSocket bob = Bound(b(), kB);
  std::vector<std::string> told;
  bob.OnReadyRead([&] {
    told.push_back("first");
    bob.OnReadyRead([&] {
      told.push_back("second");
      while (bob.HasPendingDatagrams()) EXPECT_THAT(bob.ReceiveDatagram(), IsOk());
    });
    bob.Close();
    EXPECT_THAT(bob.Bind(kB, 0), IsOk());
  });
  Send("one", bob);
  ASSERT_TRUE(bed().RunUntil([&] { return told.size() == 1; }));
  bed().Settle();
  Send("two", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return told.size() == 2; }));
  EXPECT_THAT(told, ElementsAre("first", "second"));
}

TEST_P(ReadyReadTest, ReadySocketsAreToldInTheOrderOfTheirCreation) {
  std::vector<UdpSocket> sockets;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    sockets.push_back(Bound(b(), kB));
    sockets.back().OnReadyRead([&order, i] { order.push_back(i); });
  }
  for (int i : {3, 0, 4, 2, 1}) Send("x", sockets[static_cast<size_t>(i)]);
  // Sent while nobody runs the receiver's loop, they are all there in its first turn.
  EXPECT_TRUE(bed().RunUntil([&] { return order.size() == 5; }));
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_P(ReadyReadTest, CallbacksStayOverCloseAndBind) {
  UdpSocket bob = Bound(b(), kB);
  int signals = 0;
  bob.OnReadyRead([&] { ++signals; });
  bob.Close();
  ASSERT_THAT(bob.Bind(kB, 0), IsOk());
  Send("one", bob);
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
}

}  // namespace
}  // namespace pollux::conformance
