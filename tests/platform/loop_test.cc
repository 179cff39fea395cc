// SPDX-License-Identifier: Apache-2.0
//
// The event loop: the order of a turn, nested runs, other threads, foreign loops.

#include <poll.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/event_loop.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LoopTest : public EngineTest {
 protected:
  // A socket whose callback logs `name`, with a datagram waiting.
  std::unique_ptr<EngineSocket> NewReady(std::string name) {
    std::unique_ptr<EngineSocket> socket = NewBound(AddressFamily::kIpv4);
    Listen(*socket, [this, name] { log_.push_back(name); });
    Poke(*socket);
    return socket;
  }
  void Poke(EngineSocket& socket) {
    EXPECT_THAT(SendOne(*poker_, "poke", LoopbackOf(socket, AddressFamily::kIpv4)), IsOk());
  }
  bool HandleIsReadable(int milliseconds = 0) {
    pollfd ready = {
        .fd = static_cast<int>(*loop().native_handle()), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, milliseconds) == 1;
  }

  std::vector<std::string> log_;
  std::unique_ptr<EngineSocket> poker_ = NewSocket(AddressFamily::kIpv4);
};

TEST_F(LoopTest, ATurnRunsTimersThenTasksThenSocketsByAge) {
  auto first = NewReady("older socket");
  auto second = NewReady("younger socket");
  Poke(*first);  // Arrival does not decide.
  loop().Post([&] { log_.push_back("task 1"); });
  loop().Post([&] { log_.push_back("task 2"); });
  Timer late(loop(), [&] { log_.push_back("later timer"); });
  Timer early(loop(), [&] { log_.push_back("earlier timer"); });
  late.StartAt(loop().Now());
  early.StartAt(loop().Now() - absl::Seconds(1));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("earlier timer", "later timer", "task 1", "task 2", "older socket",
                                "younger socket"));
}

TEST_F(LoopTest, WhatACallbackAddsBelongsToTheNextTurn) {
  auto socket = NewReady("socket");
  Timer again(loop(), [&] { log_.push_back("timer again"); });
  Timer timer(loop(), [&] {
    log_.push_back("timer");
    again.Start(absl::ZeroDuration());
    loop().Post([&] {
      log_.push_back("task");
      loop().Post([&] { log_.push_back("task again"); });
    });
  });
  timer.Start(absl::ZeroDuration());
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("timer", "socket"));
  log_.clear();
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("timer again", "task"));
  log_.clear();
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("task again"));
}

TEST_F(LoopTest, ATimerFiresOnceAndNotEarly) {
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  const absl::Time start = loop().Now();
  timer.Start(absl::Milliseconds(3));
  EXPECT_TRUE(timer.active());
  RunUntil([&] { return !log_.empty(); });
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(3));
  EXPECT_FALSE(timer.active());
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_THAT(log_, ElementsAre("fired"));
}

TEST_F(LoopTest, AStoppedTimerDoesNotFire) {
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  timer.Start(absl::ZeroDuration());
  timer.Stop();
  RunTurn();
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(LoopTest, WithoutPwait2TimersStillFireAndNotEarly) {
  for (const int refusal : {ENOSYS, EPERM}) {
    auto calls = std::make_shared<FaultyCalls>();
    calls->Fail(Call::kEpollPwait2, refusal, 1000);
    auto engine = *EpollEngine::Create(calls);
    int fired = 0;
    const absl::Time start = engine->loop().Now();
    Timer timer(engine->loop(), [&] { ++fired; });
    timer.Start(absl::Microseconds(1500));
    EXPECT_TRUE(engine->loop().RunUntil([&] { return fired == 1; }, absl::Seconds(20)));
    EXPECT_GE(engine->loop().Now() - start, absl::Microseconds(1500));
    // Asked once; and rounding up means no spinning towards the time.
    EXPECT_EQ(calls->count(Call::kEpollPwait2), 1);
    EXPECT_LE(calls->count(Call::kEpollWait), 3);
  }
}

TEST_F(LoopTest, RunForLastsAsLongAsItSays) {
  const absl::Time start = loop().Now();
  loop().RunFor(absl::Milliseconds(3));
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(3));
  // It slept meanwhile.
  EXPECT_LE(calls_->count(Call::kEpollPwait2), 3);
}

TEST_F(LoopTest, ATimerDueWhenTheRunEndsIsRun) {
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  timer.Start(absl::Milliseconds(2));
  loop().RunFor(absl::Milliseconds(2));
  EXPECT_THAT(log_, ElementsAre("fired"));
}

TEST_F(LoopTest, RunUntilAsksFirstAndReturnsWithinATurn) {
  EXPECT_TRUE(loop().RunUntil([] { return true; }, absl::InfiniteDuration()));
  EXPECT_EQ(calls_->count(Call::kEpollPwait2), 0);
  for (int i = 0; i < 3; ++i) loop().Post([&] { log_.push_back("task"); });
  EXPECT_TRUE(RunUntil([&] { return log_.size() == 2; }));
  EXPECT_THAT(log_, ElementsAre("task", "task"));
  RunTurn();
  EXPECT_EQ(log_.size(), 3u);
}

TEST_F(LoopTest, RunUntilEndsAtItsTimeout) {
  const absl::Time start = loop().Now();
  EXPECT_FALSE(loop().RunUntil([] { return false; }, absl::Milliseconds(2)));
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(2));
}

TEST_F(LoopTest, StopEndsTheRunAfterItsTurn) {
  loop().Post([&] {
    loop().Stop();
    log_.push_back("stopping");
  });
  loop().Post([&] { log_.push_back("same turn"); });
  loop().Run();
  EXPECT_THAT(log_, ElementsAre("stopping", "same turn"));
}

TEST_F(LoopTest, StopBeforeARunLeavesItOneTurn) {
  loop().Stop();
  loop().Post([&] { log_.push_back("task"); });
  loop().Run();
  EXPECT_THAT(log_, ElementsAre("task"));
  loop().Stop();
  EXPECT_FALSE(loop().RunUntil([] { return false; }, absl::InfiniteDuration()));
  loop().RunFor(absl::Milliseconds(1));  // Nothing of it is left.
}

TEST_F(LoopTest, StopEndsTheInnermostRunOnly) {
  loop().Post([&] {
    loop().Post([&] {
      loop().Stop();
      log_.push_back("stop");
    });
    loop().Run();
    log_.push_back("inner run over");
    loop().Post([&] { log_.push_back("outer run goes on"); });
  });
  EXPECT_TRUE(RunUntil([&] { return log_.size() == 3; }));
  EXPECT_THAT(log_, ElementsAre("stop", "inner run over", "outer run goes on"));
}

TEST_F(LoopTest, ANestedRunServesWhatItsTurnHadNotServed) {
  auto socket = NewReady("socket");
  loop().Post([&] {
    log_.push_back("outer");
    RunTurn();
    log_.push_back("outer again");
  });
  loop().Post([&] { log_.push_back("waiting task"); });
  Timer timer(loop(), [&] { log_.push_back("timer"); });
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("outer", "waiting task", "socket", "outer again"));
  log_.clear();
  RunTurn();
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(LoopTest, ATimerCanRunTheLoopAndBeDestroyedInIt) {
  auto timer = std::make_unique<Timer>(loop(), [] {});
  timer = std::make_unique<Timer>(loop(), [&] {
    loop().Post([&] { timer.reset(); });
    RunTurn();
    log_.push_back("survived");
  });
  timer->Start(absl::ZeroDuration());
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("survived"));
  EXPECT_EQ(timer, nullptr);
}

TEST_F(LoopTest, TasksOfOtherThreadsRunInTheOrderOfEachThread) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop().Post([&seen, t, i] { seen[t].push_back(i); });
      }
    });
  }
  const bool all = RunUntil([&] {
    for (const std::vector<int>& numbers : seen) {
      if (numbers.size() < kTasks) return false;
    }
    return true;
  });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(all);
  for (const std::vector<int>& numbers : seen) {
    for (int i = 0; i < kTasks; ++i) ASSERT_EQ(numbers[i], i);
  }
}

TEST_F(LoopTest, AnotherThreadStopsASleepingLoop) {
  std::thread stopper([&] { loop().Stop(); });
  loop().Run();
  stopper.join();
}

TEST_F(LoopTest, AnotherThreadWakesASleepingLoopOnce) {
  // Waits until the loop thread is about to sleep, then posts a burst.
  std::atomic<bool> asleep = false;
  std::thread poster([&] {
    while (!asleep) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) loop().Post([&] { log_.push_back("task"); });
  });
  loop().Post([&] { asleep = true; });
  EXPECT_TRUE(RunUntil([&] { return log_.size() == 100; }));
  poster.join();
  // At most one write for each time that the loop went to sleep.
  EXPECT_LE(calls_->count(Call::kWrite), calls_->count(Call::kEpollPwait2));
}

TEST_F(LoopTest, TasksOfTheLoopThreadCostNoSystemCall) {
  for (int i = 0; i < 100; ++i) loop().Post([&] { loop().Post([] {}); });
  RunTurn();
  RunTurn();
  EXPECT_EQ(calls_->count(Call::kWrite), 0);
}

TEST_F(LoopTest, AWakeThatIsInterruptedIsRepeated) {
  calls_->Fail(Call::kWrite, EINTR, 3);
  std::thread stopper([&] { loop().Stop(); });
  loop().Run();
  stopper.join();
}

TEST_F(LoopTest, AnInterruptedWaitIsAnEmptyTurn) {
  calls_->Fail(Call::kEpollPwait2, EINTR, 5);
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  timer.Start(absl::Milliseconds(1));
  EXPECT_TRUE(RunUntil([&] { return !log_.empty(); }));
}

TEST_F(LoopTest, TasksThatNeverRanAreDestroyedWithTheLoop) {
  auto calls = std::make_shared<FaultyCalls>();
  auto engine = *EpollEngine::Create(calls);
  // Its destruction uses the loop, so the loop must still be there.
  std::unique_ptr<EngineSocket> owned = *engine->NewUdpSocket(AddressFamily::kIpv4);
  auto token = std::make_shared<int>(0);
  engine->loop().Post([socket = std::move(owned), token] { FAIL(); });
  EXPECT_EQ(token.use_count(), 2);
  engine.reset();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(LoopTest, TasksOfManyThreadsRunOrAreDestroyedHoweverTheLoopEnds) {
  for (const bool hosted : {false, true}) {
    auto engine = *EpollEngine::Create(std::make_shared<SystemCalls>());
    if (hosted) {
      ASSERT_TRUE(engine->loop().native_handle().has_value());
    }
    auto token = std::make_shared<int>(0);
    std::atomic<int> ran = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&engine, &ran, token] {
        for (int task = 0; task < 1000; ++task) engine->loop().Post([&ran, token] { ++ran; });
        engine->loop().Stop();
      });
    }
    engine->loop().Run();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    EXPECT_EQ(token.use_count(), 1 + 4000 - ran);
    engine.reset();
    EXPECT_EQ(token.use_count(), 1);
  }
}

TEST_F(LoopTest, NowIsMonotonicAndWallNowIsTheTimeOfDay) {
  const absl::Time before = loop().Now();
  EXPECT_LE(before, loop().Now());
  timespec now = {};
  calls_->ClockGetTime(CLOCK_REALTIME, &now);
  const absl::Duration difference = loop().WallNow() - absl::TimeFromTimespec(now);
  EXPECT_LT(absl::AbsDuration(difference), absl::Hours(1));
}

// ---- Hosted by a foreign loop, here poll(2) ----

TEST_F(LoopTest, TheHandleIsQuietWhileNothingIsToDo) {
  EXPECT_FALSE(HandleIsReadable());
  RunTurn();
  EXPECT_FALSE(HandleIsReadable());
}

TEST_F(LoopTest, TheHandleTellsOfDatagrams) {
  ASSERT_TRUE(loop().native_handle().has_value());
  auto socket = NewReady("socket");
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("socket"));
  EXPECT_FALSE(HandleIsReadable());
}

TEST_F(LoopTest, TheHandleTellsOfTasksPostedBeforeAndAfterItWasAskedFor) {
  loop().Post([&] { log_.push_back("before"); });
  EXPECT_TRUE(HandleIsReadable());
  RunTurn();
  EXPECT_FALSE(HandleIsReadable());
  std::thread poster([&] { loop().Post([&] { log_.push_back("after"); }); });
  EXPECT_TRUE(HandleIsReadable(20000));
  poster.join();
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("before", "after"));
  EXPECT_FALSE(HandleIsReadable());
}

TEST_F(LoopTest, TheHandleTellsOfTasksThatACallbackPosted) {
  ASSERT_TRUE(loop().native_handle().has_value());
  loop().Post([&] { loop().Post([&] { log_.push_back("second"); }); });
  RunTurn();
  EXPECT_TRUE(HandleIsReadable());
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("second"));
}

TEST_F(LoopTest, TheHandleTellsOfTimers) {
  Timer before(loop(), [&] { log_.push_back("before"); });
  before.Start(absl::Milliseconds(2));
  ASSERT_TRUE(loop().native_handle().has_value());
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("before"));
  EXPECT_FALSE(HandleIsReadable());
  Timer after(loop(), [&] { log_.push_back("after"); });
  after.Start(absl::ZeroDuration());
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("before", "after"));
}

TEST_F(LoopTest, TheHandleIsQuietOnceATimerIsStopped) {
  ASSERT_TRUE(loop().native_handle().has_value());
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  timer.Start(absl::Milliseconds(2));
  timer.Stop();
  EXPECT_FALSE(HandleIsReadable(5));
}

TEST_F(LoopTest, TheHandleTellsOfATimerThatACallbackStarted) {
  ASSERT_TRUE(loop().native_handle().has_value());
  Timer timer(loop(), [&] { log_.push_back("fired"); });
  loop().Post([&] { timer.Start(absl::Milliseconds(1)); });
  RunTurn();
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("fired"));
}

TEST_F(LoopTest, TheHandleTellsOfARequestForReadiness) {
  ASSERT_TRUE(loop().native_handle().has_value());
  auto socket = NewReady("socket");
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_FALSE(HandleIsReadable());
  socket->RequestReady();  // The datagram was not read.
  EXPECT_TRUE(HandleIsReadable());
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("socket", "socket"));
}

TEST_F(LoopTest, TheHandleTellsOfWhatARunLeftBehind) {
  ASSERT_TRUE(loop().native_handle().has_value());
  Timer first(loop(), [&] { log_.push_back("timer"); });
  Timer second(loop(), [&] { log_.push_back("second timer"); });
  first.Start(absl::ZeroDuration());
  second.Start(absl::ZeroDuration());
  EXPECT_TRUE(RunUntil([&] { return log_.size() == 1; }));
  EXPECT_TRUE(HandleIsReadable(20000));
  RunTurn();
  EXPECT_THAT(log_, ElementsAre("timer", "second timer"));
}

// A program that waits for something in its callback, in the way in which it waits elsewhere.
TEST_F(LoopTest, TheHandleTellsAHostThatRunsWithinACallback) {
  ASSERT_TRUE(loop().native_handle().has_value());
  Timer timer(loop(), [&] { log_.push_back("timer within"); });
  std::unique_ptr<EngineSocket> late = NewBound(AddressFamily::kIpv4);
  Listen(*late, [&] { log_.push_back("socket within"); });
  loop().Post([&] {
    loop().Post([&] { log_.push_back("task within"); });
    timer.Start(absl::ZeroDuration());
    Poke(*late);
    while (log_.size() < 3 && HandleIsReadable(20000)) RunTurn();
    log_.push_back("end of the callback");
  });
  EXPECT_TRUE(HandleIsReadable());
  RunTurn();
  EXPECT_THAT(log_, ::testing::UnorderedElementsAre("task within", "timer within", "socket within",
                                                    "end of the callback"));
  EXPECT_EQ(log_.back(), "end of the callback");
  while (HandleIsReadable()) RunTurn();
  EXPECT_THAT(log_, ::testing::SizeIs(4));
}

TEST_F(LoopTest, WithoutATimerDescriptorThereIsNoHandle) {
  calls_->Fail(Call::kTimerFdCreate, EMFILE);
  EXPECT_FALSE(loop().native_handle().has_value());
  calls_->Fail(Call::kEpollCtl, ENOSPC);
  EXPECT_FALSE(loop().native_handle().has_value());
  EXPECT_TRUE(loop().native_handle().has_value());
}

using LoopDeathTest = LoopTest;

TEST_F(LoopDeathTest, ATimerMustNotOutliveItsLoop) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto engine = *EpollEngine::Create(std::make_shared<SystemCalls>());
        auto timer = std::make_unique<Timer>(engine->loop(), [] {});
        engine.reset();
      },
      "before its timers");
}

TEST_F(LoopDeathTest, AnEngineMustNotBeDestroyedByItsOwnCallback) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto engine = *EpollEngine::Create(std::make_shared<SystemCalls>());
        engine->loop().Post([&] { engine.reset(); });
        engine->loop().Run();
      },
      "destroyed by one of its own callbacks");
}

TEST_F(LoopDeathTest, ASocketMustNotOutliveItsEngine) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto engine = *EpollEngine::Create(std::make_shared<SystemCalls>());
        auto socket = *engine->NewUdpSocket(AddressFamily::kIpv4);
        engine.reset();
      },
      "before its sockets");
}

}  // namespace
}  // namespace pollux::linux_engine
