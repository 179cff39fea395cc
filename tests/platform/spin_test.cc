// SPDX-License-Identifier: Apache-2.0
//
// A loop that spins: it looks into its sockets itself for a while before it sleeps, and is
// otherwise as any other.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/event_loop.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;

class SpinTest : public ::testing::Test {
 protected:
  // Far longer than a test takes, so that such a loop never sleeps.
  explicit SpinTest(absl::Duration spin = absl::Seconds(100))
      : engine_(*EpollEngine::Create(calls_, spin)) {
    for (UdpSocket* socket : {&alice_, &bob_}) {
      EXPECT_THAT(socket->Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    }
  }
  bool RunUntil(absl::FunctionRef<bool()> predicate) {
    return engine_->loop().RunUntil(predicate, absl::Seconds(20));
  }
  void Send(absl::string_view payload) {
    EXPECT_THAT(alice_.WriteDatagram(payload, bob_.local_endpoint()), IsOk());
  }

  const std::shared_ptr<FaultyCalls> calls_ = std::make_shared<FaultyCalls>();
  const std::unique_ptr<EpollEngine> engine_;
  UdpSocket alice_{*engine_};
  UdpSocket bob_{*engine_};
};

class SleepySpinTest : public SpinTest {
 protected:
  SleepySpinTest() : SpinTest(absl::Microseconds(10)) {}
};

TEST_F(SpinTest, DatagramsAreToldWithoutAskingEpoll) {
  std::vector<std::string> seen;
  bob_.OnReadyRead([&] { seen.push_back(bob_.ReceiveDatagram()->payload); });
  const int waits = calls_->count(Call::kEpollPwait2);
  const int controls = calls_->count(Call::kEpollCtl);
  Send("one");
  Send("two");
  EXPECT_TRUE(RunUntil([&] { return seen.size() == 2; }));
  Send("three");
  EXPECT_TRUE(RunUntil([&] { return seen.size() == 3; }));
  EXPECT_THAT(seen, ElementsAre("one", "two", "three"));
  EXPECT_EQ(calls_->count(Call::kEpollPwait2), waits);
  EXPECT_EQ(calls_->count(Call::kEpollCtl), controls);
}

TEST_F(SpinTest, WhatIsLeftUnreadIsNotToldAgainUntilTheProgramReads) {
  int signals = 0;
  bob_.OnReadyRead([&] { ++signals; });
  Send("one");
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  Send("two");
  for (int i = 0; i < 5; ++i) engine_->loop().RunFor(absl::ZeroDuration());
  EXPECT_EQ(signals, 1);
  EXPECT_EQ(bob_.ReceiveDatagram()->payload, "one");
  EXPECT_TRUE(RunUntil([&] { return signals == 2; }));
}

TEST_F(SpinTest, TimersFireAndNotEarly) {
  bob_.OnReadyRead([] {});
  bool fired = false;
  Timer timer(engine_->loop(), [&] { fired = true; });
  const absl::Time start = engine_->loop().Now();
  timer.Start(absl::Milliseconds(3));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  EXPECT_GE(engine_->loop().Now() - start, absl::Milliseconds(3));
}

TEST_F(SpinTest, AFloodDoesNotKeepItFromTimers) {
  bool fired = false;
  size_t read = 0;
  Timer timer(engine_->loop(), [&] { fired = true; });
  bob_.OnReadyRead([&] {
    while (bob_.HasPendingDatagrams() && !fired) {
      EXPECT_THAT(bob_.ReceiveDatagram(), IsOk());
      ++read;
      Send("more");
    }
  });
  Send("flood");
  timer.Start(absl::Milliseconds(1));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  EXPECT_GT(read, 0u);
}

TEST_F(SpinTest, AnotherThreadsTaskIsRun) {
  bob_.OnReadyRead([] {});
  bool ran = false;
  std::thread thread([&] { engine_->loop().Post([&] { ran = true; }); });
  EXPECT_TRUE(RunUntil([&] { return ran; }));
  thread.join();
}

TEST_F(SpinTest, ErrorsAreTold) {
  UdpSocket carol(*engine_);
  int errors = 0;
  carol.OnError([&](const absl::Status&) { ++errors; });
  const Endpoint closed = bob_.local_endpoint();
  bob_.Close();
  ASSERT_THAT(carol.ConnectToHost(closed.address, closed.port), IsOk());
  ASSERT_THAT(carol.Write("x"), IsOk());
  EXPECT_TRUE(RunUntil([&] { return errors == 1; }));
}

TEST_F(SpinTest, MoreSocketsThanItLooksIntoAreServedToo) {
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  int read = 0;
  for (int i = 0; i < 20; ++i) {
    sockets.push_back(std::make_unique<UdpSocket>(*engine_));
    UdpSocket& socket = *sockets.back();
    ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    socket.OnReadyRead([&] { read += socket.ReceiveDatagram().ok(); });
  }
  for (auto& socket : sockets) {
    EXPECT_THAT(alice_.WriteDatagram("x", socket->local_endpoint()), IsOk());
  }
  EXPECT_TRUE(RunUntil([&] { return read == 20; }));
}

TEST_F(SpinTest, AForeignLoopEndsTheSpinning) {
  int signals = 0;
  bob_.OnReadyRead([&] {
    ++signals;
    bob_.ReceiveDatagram().IgnoreError();
  });
  ASSERT_TRUE(engine_->loop().native_handle().has_value());
  Send("one");
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  EXPECT_GT(calls_->count(Call::kEpollPwait2), 0);
}

TEST_F(SpinTest, ASocketWhoseHandleWasTakenIsToldByEpoll) {
  int signals = 0;
  alice_.OnReadyRead([] {});
  bob_.OnReadyRead([&] { ++signals; });
  ASSERT_TRUE(bob_.native_handle().has_value());
  Send("one");
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  Send("two");
  EXPECT_TRUE(RunUntil([&] { return signals == 2; }));
}

TEST_F(SleepySpinTest, WhatComesWhileItSleepsWakesIt) {
  int read = 0;
  bob_.OnReadyRead([&] { read += bob_.ReceiveDatagram().ok(); });
  engine_->loop().RunFor(absl::Milliseconds(2));
  const int waits = calls_->count(Call::kEpollPwait2);
  EXPECT_GT(waits, 0);
  std::atomic<bool> sent = false;
  std::thread thread([&, to = bob_.local_endpoint()] {
    auto engine = *EpollEngine::Create(std::make_shared<SystemCalls>());
    UdpSocket socket(*engine);
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(socket.WriteDatagram("x", to), IsOk());
      engine->loop().RunFor(absl::Microseconds(200));
    }
    sent = true;
  });
  EXPECT_TRUE(RunUntil([&] { return read == 20; }));
  thread.join();
  EXPECT_TRUE(sent);
}

TEST_F(SleepySpinTest, SocketsThatCannotBeWatchedAreLookedIntoAllTheSame) {
  int read = 0;
  bob_.OnReadyRead([&] { read += bob_.ReceiveDatagram().ok(); });
  calls_->Fail(Call::kEpollCtl, ENOMEM, 1000000);
  Send("x");
  EXPECT_TRUE(RunUntil([&] { return read == 1; }));
  engine_->loop().RunFor(absl::Milliseconds(1));
  Send("y");
  EXPECT_TRUE(RunUntil([&] { return read == 2; }));
}

}  // namespace
}  // namespace pollux::linux_engine
