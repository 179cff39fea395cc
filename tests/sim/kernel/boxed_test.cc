// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/boxed.h"

#include <string>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

TEST(Boxed, TakesTheRoomOfAPointerWhileThereIsNone) {
  const Boxed<std::string> none;
  EXPECT_FALSE(none);
  EXPECT_EQ(sizeof(none), sizeof(void*));
}

TEST(Boxed, ACopyHasAValueOfItsOwn) {
  Boxed<std::string> value;
  value = std::string("one");
  Boxed<std::string> copy = value;
  copy->append(" more");
  EXPECT_EQ(*value, "one");
  EXPECT_EQ(*copy, "one more");
  copy = value;
  EXPECT_EQ(*copy, "one");
  value.reset();
  EXPECT_FALSE(value);
  copy = value;
  EXPECT_FALSE(copy);
}

}  // namespace
}  // namespace pollux::sim
