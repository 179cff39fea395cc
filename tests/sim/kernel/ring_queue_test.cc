// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/ring_queue.h"

#include <string>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

TEST(RingQueue, FirstInIsFirstOutAtEverySize) {
  RingQueue<std::string> queue;
  int in = 0;
  int out = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i <= round % 7; ++i) queue.push_back(std::to_string(in++));
    for (int i = 0; i < round % 5 && !queue.empty(); ++i) {
      EXPECT_EQ(queue.front(), std::to_string(out++));
      queue.pop_front();
    }
    EXPECT_EQ(queue.size(), static_cast<size_t>(in - out));
  }
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

struct Holding {
  std::string held;
  int rest = 0;

  void Release() { held.clear(); }
};

// What gives back what it holds by itself keeps the rest, for whoever fills its place next.
TEST(RingQueue, APlaceIsFilledAgain) {
  RingQueue<Holding> queue;
  for (int round = 1; round < 4; ++round) {
    Holding& place = queue.NewBack();
    EXPECT_EQ(place.held, "");
    EXPECT_EQ(place.rest, round - 1);
    place.held = "something";
    place.rest = round;
    EXPECT_EQ(queue.front().held, "something");
    queue.pop_front();
    EXPECT_TRUE(queue.empty());
  }
}

}  // namespace
}  // namespace pollux::sim
