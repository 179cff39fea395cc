// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/chain.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

std::vector<int> Of(const Chain<int>& chain) {
  std::vector<int> all;
  for (const int* thing : chain.all()) all.push_back(*thing);
  return all;
}

TEST(Chain, TheNewestIsTheFirst) {
  int things[] = {0, 1, 2, 3, 4};
  Chain<int> chain;
  EXPECT_TRUE(chain.empty());
  for (int& thing : things) chain.PushFront(&thing);
  EXPECT_EQ(Of(chain), (std::vector<int>{4, 3, 2, 1, 0}));
}

TEST(Chain, AnOldPlaceIsAtTheEnd) {
  int things[] = {0, 1, 2};
  Chain<int> chain;
  chain.PushBack(&things[0]);
  chain.PushFront(&things[1]);
  chain.PushBack(&things[2]);
  EXPECT_EQ(Of(chain), (std::vector<int>{1, 0, 2}));
}

// Whatever was taken out, and in whatever order: the others stay in theirs.
TEST(Chain, WhoLeavesLeavesNoGap) {
  int things[] = {0, 1, 2, 3, 4, 5, 6};
  for (int gone = 0; gone < 7; ++gone) {
    Chain<int> chain;
    for (int& thing : things) chain.PushFront(&thing);
    std::vector<int> rest;
    for (int i = 6; i >= 0; --i) {
      if (i != gone) rest.push_back(i);
    }
    chain.Erase(&things[gone]);
    EXPECT_EQ(Of(chain), rest);
    chain.Erase(&things[gone]);
    EXPECT_EQ(Of(chain), rest);
    chain.PushFront(&things[gone]);
    rest.insert(rest.begin(), gone);
    EXPECT_EQ(Of(chain), rest);
  }
}

// As many come as go, at either end: the order stays.
TEST(Chain, ComesAndGoesForEver) {
  std::vector<int> things(1000);
  for (int i = 0; i < 1000; ++i) things[i] = i;
  for (const int length : {1, 2, 3, 5, 8}) {
    Chain<int> chain;
    for (int i = 0; i < 1000; ++i) {
      chain.PushFront(&things[i]);
      if (i >= length) chain.Erase(&things[i - length]);
    }
    std::vector<int> newest;
    for (int i = 0; i < length; ++i) newest.push_back(999 - i);
    EXPECT_EQ(Of(chain), newest);
    for (int i = 0; i < length; ++i) chain.Erase(&things[999 - i]);
    EXPECT_TRUE(chain.empty());
  }
}

TEST(Chain, MovesAndIsEmptyAfterwards) {
  int things[] = {0, 1, 2};
  for (const int count : {0, 1, 3}) {
    Chain<int> from;
    for (int i = 0; i < count; ++i) from.PushFront(&things[i]);
    const std::vector<int> all = Of(from);
    Chain<int> to = std::move(from);
    EXPECT_EQ(Of(to), all);
    EXPECT_TRUE(from.empty());  // NOLINT: that is what is tested.
    from.PushFront(&things[0]);
    EXPECT_EQ(Of(from), std::vector<int>{0});
  }
}

}  // namespace
}  // namespace pollux::sim
