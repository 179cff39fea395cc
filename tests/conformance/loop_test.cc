// SPDX-License-Identifier: Apache-2.0
//
// The event loop: timers, posted tasks, their order, and running within a run.

#include <memory>
#include <thread>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LoopTest : public ConformanceTest {
 protected:
  EventLoop& loop() { return a().loop(); }
};
POLLUX_CONFORMANCE_SUITE(LoopTest);

TEST_P(LoopTest, TimersFireInTheOrderOfTheirTimesThenOfTheirStarts) {
  std::vector<int> fired;
  Timer late(loop(), [&] { fired.push_back(3); });
  Timer early(loop(), [&] { fired.push_back(1); });
  Timer equal(loop(), [&] { fired.push_back(2); });
  const absl::Time now = loop().Now();
  late.StartAt(now + absl::Milliseconds(3));
  early.StartAt(now + absl::Milliseconds(2));
  equal.StartAt(now + absl::Milliseconds(2));
  EXPECT_TRUE(early.active());
  EXPECT_TRUE(bed().RunUntil([&] { return fired.size() == 3; }));
  EXPECT_THAT(fired, ElementsAre(1, 2, 3));
  EXPECT_FALSE(early.active());
}

TEST_P(LoopTest, ATimerNeverFiresEarlyAndTimeDoesNotGoBack) {
  absl::Time fired;
  Timer timer(loop(), [&] { fired = loop().Now(); });
  const absl::Time due = loop().Now() + absl::Microseconds(1500);
  timer.StartAt(due);
  ASSERT_TRUE(bed().RunUntil([&] { return !timer.active(); }));
  EXPECT_GE(fired, due);
  EXPECT_GE(loop().Now(), fired);
}

TEST_P(LoopTest, StoppedAndDestroyedTimersDoNotFire) {
  std::vector<int> fired;
  Timer stopped(loop(), [&] { fired.push_back(1); });
  auto destroyed = std::make_unique<Timer>(loop(), [&] { fired.push_back(2); });
  Timer forever(loop(), [&] { fired.push_back(3); });
  stopped.Start(absl::ZeroDuration());
  destroyed->Start(absl::ZeroDuration());
  forever.Start(absl::InfiniteDuration());
  stopped.Stop();
  destroyed.reset();
  EXPECT_FALSE(forever.active());
  bed().Settle();
  EXPECT_THAT(fired, IsEmpty());
}

TEST_P(LoopTest, ATimerMayRestartOrDestroyItself) {
  int ticks = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop(), [&] {
    if (++ticks == 5) {
      timer.reset();
    } else {
      timer->Start(absl::Microseconds(10));
    }
  });
  timer->Start(absl::ZeroDuration());
  EXPECT_TRUE(bed().RunUntil([&] { return timer == nullptr; }));
  EXPECT_EQ(ticks, 5);
}

TEST_P(LoopTest, ARestartReplacesTheEarlierStart) {
  int fired = 0;
  Timer timer(loop(), [&] { ++fired; });
  timer.Start(absl::ZeroDuration());
  timer.Start(absl::Milliseconds(1));
  ASSERT_TRUE(bed().RunUntil([&] { return !timer.active(); }));
  bed().Settle();
  EXPECT_EQ(fired, 1);
}

TEST_P(LoopTest, PostedTasksRunInOrderAndNotBeforeTheLoopRuns) {
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) loop().Post([&ran, i] { ran.push_back(i); });
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_TRUE(bed().RunUntil([&] { return ran.size() == 3; }));
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST_P(LoopTest, ATaskPostedByATaskRunsInALaterTurn) {
  std::vector<std::string> ran;
  loop().Post([&] {
    loop().Post([&] { ran.push_back("second"); });
    ran.push_back("first");
  });
  EXPECT_TRUE(bed().RunUntil([&] { return ran.size() == 2; }));
  EXPECT_THAT(ran, ElementsAre("first", "second"));
}

// event_loop.h: timers, then tasks, then sockets.
TEST_P(LoopTest, OneTurnRunsTimersThenTasksThenSockets) {
  UdpSocket alice = Bound(a(), IpAddress::LoopbackIpv4());
  bed().Settle();
  std::vector<std::string> ran;
  alice.OnReadyRead([&] { ran.push_back("socket"); });
  bed().Settle();
  Timer timer(loop(), [&] { ran.push_back("timer"); });
  ASSERT_THAT(alice.WriteDatagram("x", alice.local_endpoint()), IsOk());
  loop().Post([&] { ran.push_back("task"); });
  timer.Start(absl::ZeroDuration());
  EXPECT_TRUE(bed().RunUntil([&] { return ran.size() == 3; }));
  EXPECT_THAT(ran, ElementsAre("timer", "task", "socket"));
}

TEST_P(LoopTest, RunForTakesAtLeastThatLong) {
  const absl::Time start = loop().Now();
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(5));
}

TEST_P(LoopTest, RunForZeroRunsWhatIsDueAndDoesNotWait) {
  int ran = 0;
  Timer due(loop(), [&] { ++ran; }), later(loop(), [&] { ++ran; });
  due.Start(absl::ZeroDuration());
  later.Start(absl::Hours(1));
  loop().RunFor(absl::ZeroDuration());
  EXPECT_EQ(ran, 1);
}

TEST_P(LoopTest, RunUntilAsksThePredicateFirstAndGivesUpInTime) {
  EXPECT_TRUE(loop().RunUntil([] { return true; }, absl::ZeroDuration()));
  const absl::Time start = loop().Now();
  EXPECT_FALSE(loop().RunUntil([] { return false; }, absl::Milliseconds(5)));
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(5));
}

TEST_P(LoopTest, StopEndsTheRun) {
  Timer timer(loop(), [&] { loop().Stop(); });
  timer.Start(absl::Milliseconds(1));
  loop().Run();
  EXPECT_FALSE(timer.active());
  // A stop is used up by the run that it ended.
  int ran = 0;
  Timer next(loop(), [&] { ++ran; });
  next.Start(absl::Milliseconds(1));
  EXPECT_TRUE(loop().RunUntil([&] { return ran == 1; }, absl::Seconds(5)));
}

TEST_P(LoopTest, StopEndsTheInnermostRunOnly) {
  std::vector<std::string> order;
  Timer inner(loop(), [&] {
    order.push_back("inner");
    loop().Stop();
  });
  Timer after(loop(), [&] { order.push_back("after"); });
  Timer outer(loop(), [&] {
    inner.Start(absl::Milliseconds(1));
    loop().Run();
    order.push_back("outer");
    after.Start(absl::Milliseconds(1));
  });
  outer.Start(absl::ZeroDuration());
  EXPECT_TRUE(loop().RunUntil([&] { return order.size() == 3; }, absl::Seconds(5)));
  EXPECT_THAT(order, ElementsAre("inner", "outer", "after"));
}

TEST_P(LoopTest, ATimerThatRunsTheLoopMayFireAgainWithin) {
  int depth = 0, deepest = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop(), [&] {
    deepest = std::max(deepest, ++depth);
    if (depth < 3) {
      timer->Start(absl::ZeroDuration());
      loop().RunFor(absl::Milliseconds(1));
    }
    --depth;
  });
  timer->Start(absl::ZeroDuration());
  EXPECT_TRUE(bed().RunUntil([&] { return deepest == 3 && depth == 0; }));
}

TEST_P(LoopTest, PostAndStopWorkFromOtherThreads) {
  int ran = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop().Post([&] { ++ran; });
    loop().Post([&] { loop().Stop(); });
  });
  if (loop().native_handle().has_value()) {
    loop().Run();
    other.join();
  } else {
    // Virtual time passes at once, so a simulated run does not wait for other threads.
    other.join();
    loop().Run();
  }
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace pollux::conformance
