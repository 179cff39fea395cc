// SPDX-License-Identifier: Apache-2.0
//
// File: block_pool.h
//
// `BlockPool` is the memory that payloads are in. What one gives back the next takes, the latest
// first, whose bytes the processor still has at hand: so a network that only passes datagrams on
// allocates nothing.

#ifndef POLLUX_SIM_KERNEL_BLOCK_POOL_H_
#define POLLUX_SIM_KERNEL_BLOCK_POOL_H_

#include <array>
#include <cstddef>
#include <memory>
#include <new>

namespace pollux::sim {

// Loop thread only. Lives until its owner is gone and all blocks are back, since a program may keep
// payloads for longer than their network.
class BlockPool {
 public:
  struct Retire {
    void operator()(BlockPool* pool) const { pool->OwnerGone(); }
  };
  using Owner = std::unique_ptr<BlockPool, Retire>;

  static Owner New() { return Owner(new BlockPool); }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block of at least that many bytes, aligned to `kStep`.
  void* Take(size_t size) {
    ++taken_;
    const size_t steps = StepsOf(size);
    if (steps > kSizes || idle_[steps - 1] == nullptr) return Allocate(size);
    Idle* const block = idle_[steps - 1];
    idle_[steps - 1] = block->next;
    return block;
  }
  // Gives it back; `size` is what it was asked for with.
  void Give(void* block, size_t size) {
    const size_t steps = StepsOf(size);
    if (steps > kSizes) {
      Free(block);
    } else {
      idle_[steps - 1] = new (block) Idle{idle_[steps - 1]};
    }
    if (--taken_ == 0 && !owned_) End();
  }

  // Blocks come in multiples of this, a processor's cache line. Larger ones than `kStep * kSizes`
  // are not kept.
  static constexpr size_t kStep = 64;
  static constexpr size_t kSizes = 64;

 private:
  // What an idle block holds.
  struct Idle {
    Idle* next;
  };

  static size_t StepsOf(size_t size) { return (size + kStep - 1) / kStep; }

  BlockPool() = default;
  ~BlockPool();
  static void* Allocate(size_t size);
  static void Free(void* block);
  void OwnerGone();
  // Nobody can have the pool any more. Not inline: GCC would take what follows a `Give` for a use
  // of what was deleted there.
  void End();

  std::array<Idle*, kSizes> idle_ = {};  // By size, the latest first.
  size_t taken_ = 0;
  bool owned_ = true;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_BLOCK_POOL_H_
