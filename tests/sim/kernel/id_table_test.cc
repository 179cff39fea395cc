// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/id_table.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

TEST(IdTable, FindsWhatIsThereAndNothingElse) {
  IdTable<std::unique_ptr<int>> table;
  table.Add(1, std::make_unique<int>(10));
  table.Add(4, std::make_unique<int>(40));
  EXPECT_EQ(*table.Find(4), 40);
  for (const uint64_t id : {0, 2, 3, 5}) EXPECT_EQ(table.Find(id), nullptr) << id;
  table.Remove(4);
  table.Remove(9);
  EXPECT_EQ(table.Find(4), nullptr);
  EXPECT_EQ(*table.Find(1), 10);
}

TEST(IdTable, TellsAllInTheOrderOfTheirNumbers) {
  int things[] = {0, 1, 2};
  IdTable<int*> table;
  for (uint64_t id = 1; id <= 3; ++id) table.Add(id, &things[id - 1]);
  table.Remove(2);
  std::vector<int> told;
  table.ForEach([&](int thing) { told.push_back(thing); });
  EXPECT_EQ(told, (std::vector<int>{0, 2}));
  table.Clear();
  table.ForEach([&](int) { ADD_FAILURE() << "nothing is left"; });
}

// However many there were: memory is for those that there are, and a little.
TEST(IdTable, WhatIsGoneLeavesLittleBehind) {
  constexpr uint64_t kPiece = IdTable<std::unique_ptr<int>>::kPiece;
  IdTable<std::unique_ptr<int>> table;
  uint64_t id = 0;
  for (uint64_t i = 0; i < 100 * kPiece; ++i) {
    table.Add(++id, std::make_unique<int>(1));
    if (i != 5) table.Remove(id);
  }
  EXPECT_EQ(table.pieces(), 2u);
  EXPECT_EQ(*table.Find(6), 1);
  table.Remove(6);
  EXPECT_EQ(table.pieces(), 1u);
  table.Add(++id, std::make_unique<int>(2));
  EXPECT_EQ(table.pieces(), 1u);
  EXPECT_EQ(*table.Find(id), 2);
}

// Who is told of one may remove it, and others.
TEST(IdTable, ThingsMayGoWhileAllAreTold) {
  IdTable<std::unique_ptr<int>> table;
  for (uint64_t id = 1; id <= 200; ++id) {
    table.Add(id, std::make_unique<int>(static_cast<int>(id)));
  }
  int told = 0;
  table.ForEach([&](int thing) {
    ++told;
    table.Remove(static_cast<uint64_t>(thing));
    table.Remove(static_cast<uint64_t>(thing) + 1);
  });
  EXPECT_EQ(told, 100);
}

}  // namespace
}  // namespace pollux::sim
