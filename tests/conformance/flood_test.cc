// SPDX-License-Identifier: Apache-2.0
//
// How much one OnReadyRead hands out: a callback that reads until nothing is pending returns,
// however fast a peer sends, and nothing is lost by that.

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "tests/conformance/bed.h"
#include "udp/event_loop.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;

class FloodTest : public ConformanceTest {
 protected:
  // Has `to` receive "0", "1", ... of a host's own, which fit its buffer.
  void Fill(UdpSocket& to, int count) {
    UdpSocket sender(b());
    for (int i = 0; i < count; ++i) {
      EXPECT_THAT(sender.WriteDatagram(std::to_string(i), to.local_endpoint()), IsOk());
    }
  }
  // As `to` should be received.
  static std::vector<std::string> Numbers(int count) {
    std::vector<std::string> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(std::to_string(i));
    return numbers;
  }
};
POLLUX_CONFORMANCE_SUITE(FloodTest);

TEST_P(FloodTest, DoesNotKeepTheLoopFromTimersPostedFunctionsAndOtherSockets) {
  UdpSocket flooded = Bound(b(), IpAddress::LoopbackIpv4());
  UdpSocket other = Bound(b(), IpAddress::LoopbackIpv4());
  bool timed = false, posted = false, told = false;
  size_t read = 0;
  Timer timer(b().loop(), [&] { timed = true; });
  other.OnReadyRead([&] {
    EXPECT_EQ(other.ReceiveDatagram()->payload, "other");
    told = true;
  });
  const auto all_served = [&] { return timed && posted && told; };
  // Each datagram brings another one: as far as this socket goes, it never ends.
  flooded.OnReadyRead([&] {
    while (flooded.HasPendingDatagrams() && !all_served()) {
      EXPECT_THAT(flooded.ReceiveDatagram(), IsOk());
      ASSERT_LE(++read, 100 * kReadyReadMax) << "nobody else is served";
      EXPECT_THAT(flooded.WriteDatagram("more", flooded.local_endpoint()), IsOk());
    }
  });
  Fill(flooded, 10);
  // Begun while the flood is under way, so that they belong to later turns than its first. (A
  // simulated flood of a host's own takes no time, so that a delay would never be over.)
  b().loop().Post([&] {
    EXPECT_THAT(flooded.WriteDatagram("other", other.local_endpoint()), IsOk());
    timer.Start(absl::ZeroDuration());
    b().loop().Post([&] { posted = true; });
  });
  EXPECT_TRUE(bed().RunUntil(all_served));
}

TEST_P(FloodTest, AtTheMaximumTheSocketLooksEmptyUntilTheCallbackHasReturned) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(10);
  std::vector<std::string> seen;
  std::vector<size_t> calls;
  std::array<char, 8> bytes;
  bob.OnReadyRead([&] {
    const size_t before = seen.size();
    while (bob.HasPendingDatagrams()) seen.push_back(bob.ReceiveDatagram()->payload);
    calls.push_back(seen.size() - before);
    EXPECT_EQ(bob.PendingDatagramSize(), std::nullopt);
    EXPECT_THAT(bob.ReadDatagram(absl::MakeSpan(bytes)), HasCause(SocketError::kTemporary));
    EXPECT_THAT(bob.ReceiveDatagram(), HasCause(SocketError::kTemporary));
    ReceiveSlot slot{.buffer = absl::MakeSpan(bytes)};
    EXPECT_EQ(bob.ReceiveBatch({&slot, 1}).value_or(99), 0u);
  });
  Fill(bob, 25);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 25; }));
  EXPECT_EQ(seen, Numbers(25));
  for (const size_t call : calls) EXPECT_LE(call, 10u);
  EXPECT_GE(calls.size(), 3u);
}

// Neither does a read that finds nothing count, nor what an earlier socket of the object gave.
TEST_P(FloodTest, WhatIsReadCountsHoweverItIsRead) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(3);
  std::vector<size_t> calls;
  std::array<char, 8> bytes;
  const auto read = [&] { return bob.ReadDatagram(absl::MakeSpan(bytes)).ok(); };
  bob.OnReadyRead([&] {
    calls.push_back(0);
    while (read()) ++calls.back();
    if (calls.size() > 1) return;
    // One was there; two more may be had.
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(read());
    bob.Close();
    EXPECT_THAT(bob.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    Fill(bob, 7);
    while (read()) ++calls.back();
  });
  Fill(bob, 1);
  size_t all = 0;
  ASSERT_TRUE(bed().RunUntil([&] {
    all = 0;
    for (const size_t call : calls) all += call;
    return all == 8;
  }));
  // In a simulated network nothing arrives while a callback runs.
  const bool simulated = absl::StartsWith(b().name(), "sim:");
  const std::vector<size_t> expected =
      simulated ? std::vector<size_t>{1, 3, 3, 1} : std::vector<size_t>{3, 3, 2};
  EXPECT_EQ(calls, expected);
}

TEST_P(FloodTest, ABatchGivesWhatIsLeft) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(10);
  std::vector<std::string> seen;
  std::vector<std::vector<size_t>> calls;
  std::array<std::array<char, 8>, 4> bytes;
  std::array<ReceiveSlot, 4> slots;
  for (size_t i = 0; i < slots.size(); ++i) slots[i].buffer = absl::MakeSpan(bytes[i]);
  bob.OnReadyRead([&] {
    calls.emplace_back();
    while (true) {
      const size_t count = bob.ReceiveBatch(absl::MakeSpan(slots)).value_or(0);
      if (count == 0) break;
      calls.back().push_back(count);
      for (size_t i = 0; i < count; ++i) seen.emplace_back(slots[i].payload());
    }
  });
  // All there in the first turn: nobody runs the loop meanwhile.
  Fill(bob, 22);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 22; }));
  EXPECT_EQ(seen, Numbers(22));
  EXPECT_THAT(calls, ElementsAre(ElementsAre(4, 4, 2), ElementsAre(4, 4, 2), ElementsAre(2)));
}

TEST_P(FloodTest, ADatagramBatchLosesNothingEither) {
  UdpSocket alice(b()), bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(5);
  DatagramBatch batch(4);
  size_t seen = 0, calls = 0;
  bob.OnReadyRead([&] {
    ++calls;
    size_t taken = 0;
    while (bob.ReceiveBatch(batch).value_or(0) > 0) {
      // A run that begins before the maximum is taken whole; no other call comes after that.
      EXPECT_LT(taken, 5u);
      taken += batch.size();
    }
    seen += taken;
  });
  const std::string payload(100, 'x');
  const SendSlot slot{.payload = payload, .destination = bob.local_endpoint()};
  const std::vector<SendSlot> slots(40, slot);
  EXPECT_EQ(alice.SendBatch(slots).value_or(0), 40u);
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(alice.WriteDatagram(payload, bob.local_endpoint()), IsOk());
  }
  EXPECT_TRUE(bed().RunUntil([&] { return seen == 80; })) << seen << " of 80";
  EXPECT_GE(calls, 2u);
}

TEST_P(FloodTest, WithoutAMaximumOneCallTakesAll) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(2);
  bob.SetReadyReadMax(0);
  std::vector<size_t> calls;
  bob.OnReadyRead([&] {
    calls.push_back(0);
    while (bob.ReceiveDatagram().ok()) ++calls.back();
  });
  Fill(bob, 25);
  ASSERT_TRUE(bed().RunUntil([&] { return !calls.empty(); }));
  bed().Settle();
  EXPECT_THAT(calls, ElementsAre(25));
}

TEST_P(FloodTest, WhatIsReadOutsideOfTheCallbackIsNotBounded) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(2);
  Fill(bob, 25);
  ASSERT_TRUE(bed().RunUntil([&] { return bob.HasPendingDatagrams(); }));
  EXPECT_EQ(ReadAll(bob), Numbers(25));
}

TEST_P(FloodTest, AfterTheCallbackThereIsNoBoundAnyMore) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(2);
  std::vector<std::string> seen;
  size_t in_task = 0;
  bob.OnReadyRead([&] {
    const bool first = seen.empty();
    while (bob.HasPendingDatagrams()) seen.push_back(bob.ReceiveDatagram()->payload);
    EXPECT_LE(seen.size(), first ? 2u : 25u);
    if (!first) return;
    // Runs before the next OnReadyRead does.
    b().loop().Post([&] {
      while (bob.HasPendingDatagrams()) {
        seen.push_back(bob.ReceiveDatagram()->payload);
        ++in_task;
      }
    });
  });
  Fill(bob, 25);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 25; }));
  EXPECT_EQ(seen, Numbers(25));
  EXPECT_EQ(in_task, 23u);
}

TEST_P(FloodTest, ACallbackThatRunsTheLoopMayGoOnAfterATurn) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(2);
  std::vector<std::string> seen;
  int calls = 0;
  bob.OnReadyRead([&] {
    ++calls;
    // Such a callback would wait for ever if only its return gave it more.
    EXPECT_TRUE(bed().RunUntil([&] {
      while (bob.HasPendingDatagrams()) seen.push_back(bob.ReceiveDatagram()->payload);
      return seen.size() == 7;
    }));
  });
  Fill(bob, 7);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 7; }));
  bed().Settle();
  EXPECT_EQ(seen, Numbers(7));
  EXPECT_EQ(calls, 1);
}

TEST_P(FloodTest, TheDatagramThatReadLineIsInIsReadToItsEnd) {
  UdpSocket alice = Bound(b(), IpAddress::LoopbackIpv4());
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  ASSERT_THAT(bob.ConnectToHost(IpAddress::LoopbackIpv4(), alice.local_endpoint().port), IsOk());
  bob.SetReadyReadMax(1);
  std::vector<std::string> lines;
  int calls = 0;
  bob.OnReadyRead([&] {
    ++calls;
    while (true) {
      absl::StatusOr<std::string> line = bob.ReadLine();
      if (!line.ok()) break;
      lines.push_back(*std::move(line));
    }
  });
  for (const char* text : {"a\nb\n", "c\nd\n"}) {
    EXPECT_THAT(alice.WriteDatagram(text, bob.local_endpoint()), IsOk());
  }
  ASSERT_TRUE(bed().RunUntil([&] { return lines.size() == 4; }));
  EXPECT_THAT(lines, ElementsAre("a\n", "b\n", "c\n", "d\n"));
  EXPECT_EQ(calls, 2);
}

TEST_P(FloodTest, AtTheMaximumTheCallbackMayCloseAndBindAgain) {
  UdpSocket bob = Bound(b(), IpAddress::LoopbackIpv4());
  bob.SetReadyReadMax(3);
  std::vector<std::string> seen;
  bob.OnReadyRead([&] {
    const bool first = seen.empty();
    while (bob.HasPendingDatagrams()) seen.push_back(bob.ReceiveDatagram()->payload);
    if (!first) return;
    bob.Close();
    EXPECT_FALSE(bob.HasPendingDatagrams());
    EXPECT_THAT(bob.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  });
  Fill(bob, 5);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 3; }));
  bed().Settle();
  EXPECT_EQ(seen, Numbers(3));  // The rest went with the old binding.
  seen.push_back("again");
  Fill(bob, 4);
  ASSERT_TRUE(bed().RunUntil([&] { return seen.size() == 8; }));
  EXPECT_THAT(seen, ElementsAre("0", "1", "2", "again", "0", "1", "2", "3"));
}

}  // namespace
}  // namespace pollux::conformance
