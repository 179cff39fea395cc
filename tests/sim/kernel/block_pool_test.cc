// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/block_pool.h"

#include "gtest/gtest.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {
namespace {

TEST(BlockPool, TheNextTakesWhatOneGaveBack) {
  const BlockPool::Owner pool = BlockPool::New();
  void* const block = pool->Take(100);
  pool->Give(block, 100);
  EXPECT_EQ(pool->Take(BlockPool::kStep + 1), block);  // The same number of steps.
  void* const other = pool->Take(100);
  EXPECT_NE(other, block);
  pool->Give(block, BlockPool::kStep + 1);
  pool->Give(other, 100);
}

TEST(BlockPool, LargeBlocksAreNotKept) {
  const BlockPool::Owner pool = BlockPool::New();
  const size_t size = BlockPool::kStep * BlockPool::kSizes + 1;
  pool->Give(pool->Take(size), size);
}

TEST(BlockPool, PayloadsMayBeKeptForLongerThanTheirNetwork) {
  BlockPool::Owner pool = BlockPool::New();
  const Payload payload = Payload::Copy("hello", pool.get());
  pool.reset();
  EXPECT_EQ(payload.bytes(), "hello");
}

TEST(Payload, IsSharedByItsCopies) {
  const Payload payload = Payload::Copy("hello");
  const Payload copy = payload;  // NOLINT: the copy is what is looked at.
  EXPECT_EQ(copy.bytes().data(), payload.bytes().data());
  EXPECT_EQ(copy.bytes(), "hello");
  EXPECT_EQ(Payload().bytes(), "");
  EXPECT_EQ(Payload::Copy("").size(), 0u);
}

}  // namespace
}  // namespace pollux::sim
