// SPDX-License-Identifier: Apache-2.0
//
// What a wake-up costs: which system calls a program causes by each way of reading.

#include <fcntl.h>

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

class WakeupTest : public EngineTest {
 protected:
  WakeupTest() { EXPECT_THAT(bob_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk()); }

  void Send(int datagrams) {
    for (int i = 0; i < datagrams; ++i) {
      EXPECT_EQ(*SendOne(*alice_, "datagram", bob_.local_endpoint()), 1u);
    }
  }
  // Receives made, of whatever kind, since the last call.
  int Receives() {
    const int now = calls_->count(Call::kRecvFrom) + calls_->count(Call::kRecvMsg) +
                    calls_->count(Call::kRecvMMsg);
    return now - std::exchange(receives_, now);
  }
  // How often the loop has gone to sleep, or looked.
  int Waits() const { return calls_->count(Call::kEpollPwait2) + calls_->count(Call::kPPoll); }
  int Controls() {
    const int now = calls_->count(Call::kEpollCtl);
    return now - std::exchange(controls_, now);
  }
  // Datagrams come one by one, and are read in the callback. Returns the receives for `datagrams`
  // of them, once the loop has found out about the program.
  int ReceivesOneByOne(int datagrams) {
    Send(1);
    EXPECT_TRUE(RunUntil([&] { return read_ == 1; }));
    RunTurn();
    RunTurn();
    Receives();
    Controls();
    for (int i = 0; i < datagrams; ++i) {
      Send(1);
      EXPECT_TRUE(RunUntil([&] { return read_ == 2 + i; }));
      RunTurn();
    }
    EXPECT_EQ(Controls(), 0);
    return Receives();
  }

  std::unique_ptr<EngineSocket> alice_ = NewBound(AddressFamily::kIpv4);
  UdpSocket bob_{*engine_};
  int read_ = 0;

 private:
  int receives_ = 0;
  int controls_ = 0;
};

TEST_F(WakeupTest, AProgramThatReadsInTheCallbackCostsTheReceiveAlone) {
  bob_.OnReadyRead([&] { read_ += bob_.ReceiveDatagram().ok(); });
  char buffer[100];
  bob_.OnReadyRead([&] { read_ += bob_.ReadDatagram(absl::MakeSpan(buffer)).ok(); });
  EXPECT_EQ(ReceivesOneByOne(10), 10);
}

TEST_F(WakeupTest, AskingForTheSizeFirstCostsNoMore) {
  bob_.OnReadyRead([&] { read_ += bob_.ReceiveDatagram().ok(); });
  EXPECT_EQ(ReceivesOneByOne(10), 10);
}

// Two alone, then as many by one call as there were before: 2, 4, 8, and 4 of the 16 asked for. The
// last one finds nothing.
TEST_F(WakeupTest, ReadingUntilEmptyTakesManyByOneCall) {
  char buffer[100];
  bob_.OnReadyRead([&] {
    while (bob_.ReadDatagram(absl::MakeSpan(buffer)).ok()) ++read_;
  });
  Send(20);
  Receives();
  EXPECT_TRUE(RunUntil([&] { return read_ == 20; }));
  EXPECT_EQ(Receives(), 7);
}

TEST_F(WakeupTest, ReadingWhileSomethingIsPendingCostsNoMore) {
  bob_.OnReadyRead([&] {
    while (bob_.HasPendingDatagrams()) read_ += bob_.ReceiveDatagram().ok();
  });
  Send(20);
  Receives();
  EXPECT_TRUE(RunUntil([&] { return read_ == 20; }));
  EXPECT_EQ(Receives(), 7);
}

TEST_F(WakeupTest, ASocketToWhichNobodyListensIsNotWatched) {
  EXPECT_EQ(Controls(), 1);  // The loop's own wake-up.
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return bob_.HasPendingDatagrams(); }));
  EXPECT_EQ(Controls(), 0);
  bob_.OnReadyRead([&] { ++read_; });
  EXPECT_EQ(Controls(), 1);
  bob_.OnReadyRead(nullptr);
  EXPECT_EQ(Controls(), 1);
  bob_.OnError([](const absl::Status&) {});
  EXPECT_EQ(Controls(), 1);
}

TEST_F(WakeupTest, AProgramThatStopsReadingInItsCallbackDoesNotKeepTheLoopAwake) {
  bool reads = true;
  int signals = 0;
  bob_.OnReadyRead([&] {
    ++signals;
    if (reads) bob_.ReceiveDatagram().IgnoreError();
  });
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  RunTurn();
  reads = false;
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return signals == 2; }));
  const int waits = Waits();
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_LE(Waits(), waits + 4) << "the loop did not sleep";
  EXPECT_EQ(signals, 2);
  // And it is told again once it has read elsewhere.
  Send(1);
  reads = true;
  EXPECT_THAT(bob_.ReceiveDatagram(), IsOk());
  EXPECT_TRUE(RunUntil([&] { return signals == 3; }));
}

TEST_F(WakeupTest, ACallbackThatRunsTheLoopBeforeItReadsLetsItSleep) {
  int signals = 0;
  bob_.OnReadyRead([&] {
    if (++signals == 2) {
      const int waits = Waits();
      loop().RunFor(absl::Milliseconds(5));
      EXPECT_LE(Waits(), waits + 5) << "the loop did not sleep";
    }
    bob_.ReceiveDatagram().IgnoreError();
  });
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  RunTurn();
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return signals == 2; }));
}

// Whoever has the handle may read from it, so that nothing is taken from the kernel ahead.
TEST_F(WakeupTest, WithTheHandleTakenLookingTakesNothing) {
  const int fd = static_cast<int>(*bob_.native_handle());
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  Send(1);
  EXPECT_TRUE(RunUntil([&] { return bob_.HasPendingDatagrams(); }));
  EXPECT_EQ(bob_.PendingDatagramSize(), 8u);
  char buffer[100];
  EXPECT_EQ(::recv(fd, buffer, sizeof(buffer), 0), 8);
  EXPECT_FALSE(bob_.HasPendingDatagrams());
}

TEST_F(WakeupTest, ErrorsWithoutAListenerAreFoundByAsking) {
  UdpSocket carol(*engine_);
  ASSERT_THAT(carol.ConnectToHost(IpAddress::LoopbackIpv4(), ClosedEndpoint().port), IsOk());
  ASSERT_THAT(carol.Write("x"), IsOk());
  EXPECT_TRUE(RunUntil([&] { return !carol.error().ok(); }));
  EXPECT_THAT(carol.error(), HasCause(SocketError::kConnectionRefused));
}

TEST_F(WakeupTest, AListenerThatComesLateIsToldOfEarlierErrors) {
  UdpSocket carol(*engine_);
  ASSERT_THAT(carol.ConnectToHost(IpAddress::LoopbackIpv4(), ClosedEndpoint().port), IsOk());
  ASSERT_THAT(carol.Write("x"), IsOk());
  int errors = 0;
  carol.OnError([&](const absl::Status&) { ++errors; });
  EXPECT_TRUE(RunUntil([&] { return errors == 1; }));
}

}  // namespace
}  // namespace pollux::linux_engine
