// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/memo.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

struct Number {
  uint32_t value = 0;

  friend bool operator==(const Number& a, const Number& b) { return a.value == b.value; }
  uint32_t mix() const { return value; }
};

class MemoTest : public ::testing::Test {
 protected:
  // Finds ten times the number, and counts how often it had to be found.
  uint32_t Ask(uint32_t number, uint64_t version) {
    return memo_.Get({number}, version, [&] {
      ++found_;
      return number * 10;
    });
  }

  Memo<Number, uint32_t> memo_;
  int found_ = 0;
};

TEST_F(MemoTest, AQuestionIsAnsweredOnce) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Ask(1, 7), 10u);
    EXPECT_EQ(Ask(2, 7), 20u);
  }
  EXPECT_EQ(found_, 2);
}

TEST_F(MemoTest, AnotherVersionIsAnotherAnswer) {
  Ask(1, 7);
  Ask(1, 8);
  Ask(1, 7);
  EXPECT_EQ(found_, 3);
}

// However many questions there are, each gets its own answer.
TEST_F(MemoTest, QuestionsOfOnePlaceAreToldApart) {
  for (int round = 0; round < 2; ++round) {
    for (uint32_t number = 0; number < 1000; ++number) EXPECT_EQ(Ask(number, 7), number * 10);
  }
}

}  // namespace
}  // namespace pollux::sim
