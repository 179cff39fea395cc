// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/read_ahead.h"

#include <algorithm>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "udp/internal/datagram_info.h"
#include "udp/internal/prefetch.h"

namespace pollux::linux_engine {
namespace {

// No datagram, and no run, is larger.
constexpr size_t kRoom = 65536;
// From one slot's memory to the next: by an odd number of cache lines more than the room, so that
// the beginnings of the slots do not compete for the same lines of the processor's caches.
constexpr size_t kStride = kRoom + size_t{19} * 64;

// Of the next datagram, while one is copied.
constexpr size_t kFetchedMost = 1536;

}  // namespace

AheadBlock::AheadBlock(size_t count) : slots(count), bytes_(new char[count * kStride]) {
  for (size_t i = 0; i < count; ++i) {
    slots[i].buffer = absl::MakeSpan(bytes_.get() + i * kStride, kRoom);
    slots[i].coalesce = true;
  }
}

std::unique_ptr<AheadBlock> AheadPool::Lend(size_t datagrams) {
  const bool large = datagrams > 1;
  if (large) ++lent_;
  std::unique_ptr<AheadBlock>& kept = large ? kept_large_ : kept_small_;
  if (ABSL_PREDICT_TRUE(kept != nullptr)) return std::move(kept);
  return std::make_unique<AheadBlock>(large ? AheadBlock::kSlots : 1);
}

void AheadPool::TakeBack(std::unique_ptr<AheadBlock> block) {
  const bool large = block->slots.size() > 1;
  if (large) --lent_;
  std::unique_ptr<AheadBlock>& kept = large ? kept_large_ : kept_small_;
  if (kept == nullptr) kept = std::move(block);
}

size_t ReadAhead::next_size() const {
  const size_t left = slot_->size - at_;
  return slot_->segment_size == 0 ? left : std::min(left, slot_->segment_size);
}

absl::Span<ReceiveSlot> ReadAhead::Room(size_t most) {
  block_ = pool_.Lend(most);
  return absl::MakeSpan(block_->slots).first(std::min(most, block_->slots.size()));
}

void ReadAhead::Filled(size_t slots, bool with_metadata) {
  with_metadata_ = with_metadata;
  slot_ = block_->slots.data();
  end_ = slot_ + slots;
  at_ = 0;
  if (slots == 0) GiveBack();
}

ABSL_ATTRIBUTE_HOT size_t ReadAhead::Take(absl::Span<char> buffer, DatagramInfo* info) {
  const ReceiveSlot& from = *slot_;
  const size_t size = next_size();
  const size_t stored = std::min(size, buffer.size());
  // What will be taken next is mostly as long as this.
  if (slot_ + 1 != end_) {
    internal::PrefetchBytes(slot_[1].buffer.data(), std::min(size, kFetchedMost));
  }
  if (stored > 0) std::memcpy(buffer.data(), from.buffer.data() + at_, stored);
  if (info != nullptr) {
    internal::CopyInfo(from.info, with_metadata_, *info);
    info->truncated = size > buffer.size();
  }
  at_ += size;
  // An empty datagram is one as well: the end of a slot is not told by its size alone.
  if (at_ >= from.size) {
    at_ = 0;
    if (++slot_ == end_) GiveBack();
  }
  return stored;
}

void ReadAhead::GiveBack() {
  if (block_ != nullptr) pool_.TakeBack(std::move(block_));
}

}  // namespace pollux::linux_engine
