// SPDX-License-Identifier: Apache-2.0

#include "udp/timer_queue.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "udp/testing/allocations.h"

namespace pollux {
namespace {

absl::Time At(int64_t milliseconds) { return absl::UnixEpoch() + absl::Milliseconds(milliseconds); }

class Recorder : public TimerQueue::Entry {
 public:
  Recorder(int number, std::vector<int>& fired) : number_(number), fired_(fired) {}
  void Fire() override { fired_.push_back(number_); }

 private:
  int number_;
  std::vector<int>& fired_;
};

void FireAll(TimerQueue& queue, absl::Time now) {
  while (TimerQueue::Entry* entry = queue.PopDue(now)) entry->Fire();
}

TEST(TimerQueueTest, EntriesOfOneInstantFireInTheOrderOfAdding) {
  TimerQueue queue;
  std::vector<int> fired;
  Recorder a(1, fired), b(2, fired), c(3, fired);
  queue.Add(b, At(5));
  queue.Add(a, At(5));
  queue.Add(c, At(4));
  FireAll(queue, At(5));
  EXPECT_EQ(fired, (std::vector<int>{3, 2, 1}));
}

TEST(TimerQueueTest, NothingIsDueBeforeItsTime) {
  TimerQueue queue;
  std::vector<int> fired;
  Recorder a(1, fired);
  queue.Add(a, At(5));
  EXPECT_EQ(queue.PopDue(At(5) - absl::Nanoseconds(1)), nullptr);
  EXPECT_EQ(queue.NextTime(), At(5));
  EXPECT_EQ(queue.PopDue(At(5)), &a);
  EXPECT_EQ(queue.NextTime(), absl::InfiniteFuture());
}

TEST(TimerQueueTest, AddingAgainMovesBehindOthersOfTheSameTime) {
  TimerQueue queue;
  std::vector<int> fired;
  Recorder a(1, fired), b(2, fired);
  queue.Add(a, At(5));
  queue.Add(b, At(5));
  queue.Add(a, At(5));
  EXPECT_EQ(queue.size(), 2u);
  FireAll(queue, At(5));
  EXPECT_EQ(fired, (std::vector<int>{2, 1}));
}

TEST(TimerQueueTest, ADestroyedEntryIsGone) {
  TimerQueue queue;
  std::vector<int> fired;
  auto a = std::make_unique<Recorder>(1, fired);
  Recorder b(2, fired);
  queue.Add(*a, At(1));
  queue.Add(b, At(2));
  a.reset();
  FireAll(queue, At(9));
  EXPECT_EQ(fired, (std::vector<int>{2}));
}

// Against the plainest model there is: a list that is sorted whenever something is taken.
TEST(TimerQueueTest, AgreesWithASortedListOverManyRandomChanges) {
  TimerQueue queue;
  std::vector<int> fired, expected;
  std::vector<std::unique_ptr<Recorder>> entries;
  for (int i = 0; i < 200; ++i) entries.push_back(std::make_unique<Recorder>(i, fired));
  struct Waiting {
    int64_t when;
    int sequence;
    int number;
    bool operator<(const Waiting& other) const {
      return std::pair(when, sequence) < std::pair(other.when, other.sequence);
    }
  };
  std::vector<Waiting> model;
  uint32_t random = 12345;
  const auto next = [&random](uint32_t bound) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % bound;
  };
  int64_t now = 0;
  for (int step = 0; step < 20000; ++step) {
    const int number = static_cast<int>(next(200));
    std::erase_if(model, [number](const Waiting& w) { return w.number == number; });
    if (next(4) == 0) {
      queue.Remove(*entries[number]);
    } else {
      const int64_t when = now + next(50);
      queue.Add(*entries[number], At(when));
      model.push_back({when, step, number});
    }
    if (next(3) == 0) {
      ++now;
      FireAll(queue, At(now));
      std::sort(model.begin(), model.end());
      while (!model.empty() && model.front().when <= now) {
        expected.push_back(model.front().number);
        model.erase(model.begin());
      }
      ASSERT_EQ(fired, expected) << "at step " << step;
    }
  }
  EXPECT_GT(fired.size(), 1000u);
}

// As timers that are pushed on by whatever happens: most of what was in the queue is gone again.
TEST(TimerQueueTest, EntriesThatAreMovedAgainAndAgainKeepTheirOrder) {
  TimerQueue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Recorder>> entries;
  for (int i = 0; i < 10; ++i) entries.push_back(std::make_unique<Recorder>(i, fired));
  for (int64_t now = 0; now < 10000; ++now) {
    for (const auto& entry : entries) {
      if (&entry - entries.data() >= now % 10) queue.Add(*entry, At(now + 1000));
    }
    ASSERT_EQ(queue.size(), entries.size());
    ASSERT_EQ(queue.PopDue(At(now + 980)), nullptr);
  }
  FireAll(queue, At(11000));
  EXPECT_EQ(fired, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

// As a program does that starts a timer anew with each datagram of a peer, while others wait for
// long.
TEST(TimerQueueTest, EntriesThatAreMovedAgainAndAgainTakeNoMemory) {
  TimerQueue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Recorder>> entries;
  int64_t now = 0;
  for (int i = 0; i < 100; ++i) {
    entries.push_back(std::make_unique<Recorder>(i, fired));
    queue.Add(*entries.back(), At(++now));
  }
  std::vector<size_t> moved;  // All but each tenth, in another order each round.
  const auto round = [&](size_t step) {
    moved.clear();
    for (size_t i = 0; i < entries.size(); ++i) {
      if (const size_t next = i * step % entries.size(); next % 10 != 0) moved.push_back(next);
    }
    for (const size_t i : moved) queue.Add(*entries[i], At(++now));
  };
  for (int i = 0; i < 10; ++i) round(37);
  const uint64_t before = testing::AllocationsSoFar();
  for (int i = 0; i < 100; ++i) round(i % 2 == 0 ? 13 : 37);
  EXPECT_EQ(testing::AllocationsSoFar(), before);
  std::vector<int> expected = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90};
  expected.insert(expected.end(), moved.begin(), moved.end());
  FireAll(queue, At(now));
  EXPECT_EQ(fired, expected);
}

TEST(TimerQueueDeathTest, AQueueMustOutliveWhatWaitsInIt) {
  std::vector<int> fired;
  Recorder a(1, fired);
  EXPECT_DEATH(
      {
        TimerQueue queue;
        queue.Add(a, At(1));
      },
      "destroyed while timers were waiting");
}

}  // namespace
}  // namespace pollux
