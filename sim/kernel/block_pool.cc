// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/block_pool.h"

#include <new>

namespace pollux::sim {
namespace {

constexpr std::align_val_t kAlignment{BlockPool::kStep};

size_t StepsOf(size_t size) { return (size + BlockPool::kStep - 1) / BlockPool::kStep; }

}  // namespace

BlockPool::~BlockPool() {
  for (Idle* list : idle_) {
    while (list != nullptr) {
      Idle* const next = list->next;
      ::operator delete(list, kAlignment);
      list = next;
    }
  }
}

void* BlockPool::Take(size_t size) {
  ++taken_;
  const size_t steps = StepsOf(size);
  if (steps > kSizes) return ::operator new(size, kAlignment);
  Idle*& list = idle_[steps - 1];
  if (list == nullptr) return ::operator new(steps* kStep, kAlignment);
  Idle* const block = list;
  list = block->next;
  return block;
}

void BlockPool::Give(void* block, size_t size) {
  const size_t steps = StepsOf(size);
  if (steps > kSizes) {
    ::operator delete(block, kAlignment);
  } else {
    Idle*& list = idle_[steps - 1];
    list = new (block) Idle{list};
  }
  if (--taken_ == 0 && !owned_) delete this;
}

void BlockPool::OwnerGone() {
  owned_ = false;
  if (taken_ == 0) delete this;
}

}  // namespace pollux::sim
