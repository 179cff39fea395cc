// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/block_pool.h"

#include <new>

namespace pollux::sim {
namespace {

constexpr std::align_val_t kAlignment{BlockPool::kStep};

}  // namespace

BlockPool::~BlockPool() {
  for (Idle* list : idle_) {
    while (list != nullptr) {
      Idle* const next = list->next;
      Free(list);
      list = next;
    }
  }
}

void* BlockPool::Allocate(size_t size) { return ::operator new(StepsOf(size) * kStep, kAlignment); }

void BlockPool::Free(void* block) { ::operator delete(block, kAlignment); }

void BlockPool::OwnerGone() {
  owned_ = false;
  if (taken_ == 0) End();
}

void BlockPool::End() { delete this; }

}  // namespace pollux::sim
