// SPDX-License-Identifier: Apache-2.0
//
// The loops of simulated hosts: what tests/conformance does not ask of every engine. Many hosts on
// one clock, runs within runs, and what ends a run on virtual time.

#include "sim/host_loop.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HostLoopTest : public ::testing::Test {
 protected:
  HostLoopTest() {
    Segment& lan = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
    lan.Attach(alice_);
    lan.Attach(bob_);
  }

  EventLoop& a() { return alice_.loop(); }
  EventLoop& b() { return bob_.loop(); }
  void Note(const std::string& what) {
    order_.push_back(what + " at " + absl::FormatDuration(net_.elapsed()));
  }

  Network net_;
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
  std::vector<std::string> order_;
};

TEST_F(HostLoopTest, TimersOfAllHostsShareOneOrder) {
  Timer a1(a(), [&] { Note("a1"); }), b1(b(), [&] { Note("b1"); }), a2(a(), [&] { Note("a2"); });
  b1.Start(absl::Milliseconds(2));
  a1.Start(absl::Milliseconds(2));
  a2.Start(absl::Milliseconds(1));
  net_.RunFor(absl::Milliseconds(2));
  EXPECT_THAT(order_, ElementsAre("a2 at 1ms", "b1 at 2ms", "a1 at 2ms"));
}

TEST_F(HostLoopTest, AnyHostsRunRunsTheNetwork) {
  UdpSocket server(bob_.engine());
  ASSERT_TRUE(server.Bind(7755).ok());
  server.OnReadyRead([&] { Note("server"); });
  UdpSocket client(alice_.engine());
  ASSERT_TRUE(client.WriteDatagram("x", Endpoint(bob_.address(), 7755)).ok());
  a().RunFor(absl::Milliseconds(3));
  EXPECT_THAT(order_, ElementsAre("server at 1ms"));
  EXPECT_EQ(b().Now() - absl::UnixEpoch(), absl::Milliseconds(3));
}

TEST_F(HostLoopTest, WallTimeBeginsWhereToldAndRunsAlong) {
  Network net({.wall_start = absl::FromUnixSeconds(1000)});
  EventLoop& loop = net.AddHost("carol").loop();
  EXPECT_EQ(loop.WallNow(), absl::FromUnixSeconds(1000));
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(loop.WallNow(), absl::FromUnixSeconds(1005));
}

TEST_F(HostLoopTest, RunReturnsWhenNothingIsLeft) {
  Timer timer(b(), [&] { Note("timer"); });
  timer.Start(absl::Hours(1));
  a().Run();
  EXPECT_THAT(order_, ElementsAre("timer at 1h"));
  a().Run();
  EXPECT_FALSE(a().RunUntil([] { return false; }, absl::InfiniteDuration()));
  EXPECT_EQ(net_.elapsed(), absl::Hours(1));
}

// A timer that was stopped leaves nothing behind that a run would wait for.
TEST_F(HostLoopTest, AStoppedTimerIsNothingToWaitFor) {
  Timer timer(a(), [&] { Note("timer"); });
  timer.Start(absl::Hours(1));
  timer.Stop();
  a().Run();
  EXPECT_EQ(net_.elapsed(), absl::ZeroDuration());
}

TEST_F(HostLoopTest, AnIdleRunLetsTimePass) {
  a().RunFor(absl::Hours(10000));
  EXPECT_EQ(net_.elapsed(), absl::Hours(10000));
  EXPECT_FALSE(a().RunUntil([] { return false; }, absl::Seconds(1)));
  EXPECT_EQ(net_.elapsed(), absl::Hours(10000) + absl::Seconds(1));
}

TEST_F(HostLoopTest, APredicateCanBeAboutTheTime) {
  EXPECT_TRUE(net_.RunUntil([&] { return net_.elapsed() >= absl::Seconds(2); }, absl::Seconds(2)));
}

TEST_F(HostLoopTest, RunForZeroIsOneTurn) {
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    a().Post(again);
  };
  a().Post(again);
  for (int turn = 1; turn <= 5; ++turn) {
    a().RunFor(absl::ZeroDuration());
    EXPECT_EQ(ran, turn);
  }
  EXPECT_EQ(net_.elapsed(), absl::ZeroDuration());
}

// On a real machine a program that never waits does not stop the clock either.
TEST_F(HostLoopTest, ATaskThatPostsItselfTakesTime) {
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    a().Post(again);
  };
  a().Post(again);
  Timer other(b(), [&] { Note("other"); });
  other.Start(absl::Microseconds(5));
  a().RunFor(absl::Microseconds(10));
  EXPECT_THAT(order_, ElementsAre("other at 5us"));
  EXPECT_GE(ran, 10 * HostLoop::kTurnsPerInstant);
  EXPECT_LE(ran, 12 * HostLoop::kTurnsPerInstant);
}

TEST_F(HostLoopTest, ARunWithinARunDoesWhatTheOuterHadLeft) {
  a().Post([&] {
    Note("first");
    a().RunFor(absl::Milliseconds(1));
    Note("end of first");
  });
  a().Post([&] { Note("second"); });
  Timer timer(a(), [&] { Note("timer"); });
  timer.Start(absl::Microseconds(10));
  b().Post([&] { Note("bob"); });
  a().RunFor(absl::Milliseconds(2));
  EXPECT_THAT(order_, ElementsAre("first at 0", "bob at 0", "second at 0", "timer at 10us",
                                  "end of first at 1ms"));
  EXPECT_EQ(net_.elapsed(), absl::Milliseconds(2));
}

TEST_F(HostLoopTest, ARunWithinARunOfAnotherHost) {
  b().Post([&] {
    Note("bob waits");
    EXPECT_TRUE(b().RunUntil([&] { return order_.size() == 2; }, absl::Seconds(1)));
    Note("bob");
  });
  Timer timer(a(), [&] { Note("alice"); });
  timer.Start(absl::Milliseconds(5));
  a().RunFor(absl::Milliseconds(2));
  EXPECT_THAT(order_, ElementsAre("bob waits at 0", "alice at 5ms", "bob at 5ms"));
  // The inner run went past the end of the outer one, and time does not go back.
  EXPECT_EQ(net_.elapsed(), absl::Milliseconds(5));
}

TEST_F(HostLoopTest, AStopBeforeARunLeavesItOneTurn) {
  a().Stop();
  a().Post([&] { Note("task"); });
  Timer timer(a(), [&] { Note("timer"); });
  timer.Start(absl::Milliseconds(1));
  a().Run();
  EXPECT_THAT(order_, ElementsAre("task at 0"));
  a().Run();
  EXPECT_THAT(order_, ElementsAre("task at 0", "timer at 1ms"));
}

TEST_F(HostLoopTest, AStopIsForTheHostThatItIsCalledOn) {
  b().Post([&] { a().Stop(); });
  Timer timer(b(), [&] { Note("timer"); });
  timer.Start(absl::Milliseconds(1));
  a().RunFor(absl::Seconds(1));
  EXPECT_THAT(order_, IsEmpty());
  EXPECT_EQ(net_.elapsed(), absl::ZeroDuration());
}

TEST_F(HostLoopTest, CallbacksMayDestroySocketsOfAnyHost) {
  auto server = std::make_unique<UdpSocket>(bob_.engine());
  auto second = std::make_unique<UdpSocket>(bob_.engine());
  auto client = std::make_unique<UdpSocket>(alice_.engine());
  ASSERT_TRUE(server->Bind(1000 + 7755).ok());
  ASSERT_TRUE(second->Bind(1001 + 7755).ok());
  server->OnReadyRead([&] {
    Note("server");
    second.reset();
    client.reset();
    server.reset();
  });
  second->OnReadyRead([&] { Note("second"); });
  for (uint16_t port : {8755, 8756}) {
    ASSERT_TRUE(client->WriteDatagram("x", Endpoint(bob_.address(), port)).ok());
  }
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(order_, ElementsAre("server at 1ms"));
}

TEST_F(HostLoopTest, AReadyCallbackMayRunTheLoopAndBeRunWithin) {
  UdpSocket server(bob_.engine());
  UdpSocket other(bob_.engine());
  ASSERT_TRUE(server.Bind(7755).ok());
  ASSERT_TRUE(other.Bind(7756).ok());
  UdpSocket client(alice_.engine());
  server.OnReadyRead([&] {
    server.ReceiveDatagram().status().IgnoreError();
    Note("server begins");
    bob_.loop().RunFor(absl::Milliseconds(10));
    Note("server ends");
  });
  other.OnReadyRead([&] { Note("other"); });
  for (uint16_t port : {7755, 7756}) {
    ASSERT_TRUE(client.WriteDatagram("x", Endpoint(bob_.address(), port)).ok());
  }
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(order_, ElementsAre("server begins at 1ms", "other at 1ms", "server ends at 11ms"));
}

TEST_F(HostLoopTest, TasksOfOtherThreadsArriveInTheirOrder) {
  std::vector<int> ran;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) a().Post([&ran, i] { ran.push_back(i); });
  });
  other.join();
  a().RunFor(absl::ZeroDuration());
  ASSERT_EQ(ran.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST_F(HostLoopTest, OtherThreadsMayPostAndStopWhileItRuns) {
  int ran = 0;
  Timer tick(a(), [] {});
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) b().Post([&ran] { ++ran; });
    a().Post([] {});
    a().Stop();
  });
  // Turns go on for as long as the other thread works.
  std::function<void()> busy = [&] {
    if (ran < 100) a().Post(busy);
  };
  a().Post(busy);
  net_.RunUntil([&] { return ran == 100; }, absl::InfiniteDuration());
  other.join();
  EXPECT_EQ(ran, 100);
}

TEST_F(HostLoopTest, TasksThatNeverRanAreDestroyedWithTheNetwork) {
  auto token = std::make_shared<int>(1);
  {
    Network net;
    Host& carol = net.AddHost("carol");
    carol.loop().Post([token] { ADD_FAILURE(); });
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

// The callbacks that wait go first, whatever they own.
TEST_F(HostLoopTest, CallbacksThatNeverRanMayOwnSocketsOfAnyHost) {
  Network net;
  Host& carol = net.AddHost("carol");
  Host& dave = net.AddHost("dave");
  const auto bound = [](Host& host) {
    auto socket = std::make_shared<UdpSocket>(host.engine());
    EXPECT_TRUE(socket->Bind().ok());
    return socket;
  };
  carol.loop().Post([socket = bound(dave)] {});
  dave.loop().Post([socket = bound(carol)] {});
  net.RunUntil([] { return false; }, absl::ZeroDuration());
  carol.loop().Post([socket = bound(dave)] {});
  dave.engine().Resolve("carol", [socket = bound(carol)](auto) {});
}

using HostLoopDeathTest = HostLoopTest;

TEST_F(HostLoopDeathTest, TimersAndSocketsMustGoBeforeTheNetwork) {
  EXPECT_DEATH(
      {
        auto net = std::make_unique<Network>();
        Timer timer(net->AddHost("carol").loop(), [] {});
        net.reset();
      },
      "before its timers");
  EXPECT_DEATH(
      {
        auto net = std::make_unique<Network>();
        UdpSocket socket(net->AddHost("carol").engine());
        socket.Bind().IgnoreError();
        net.reset();
      },
      "destroy");
}

TEST_F(HostLoopDeathTest, ANetworkIsNotDestroyedByItsOwnCallback) {
  EXPECT_DEATH(
      {
        auto net = std::make_unique<Network>();
        net->AddHost("carol").loop().Post([&] { net.reset(); });
        net->RunFor(absl::ZeroDuration());
      },
      "destroyed by one of its own callbacks");
}

}  // namespace
}  // namespace pollux::sim
