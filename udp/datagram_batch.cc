// SPDX-License-Identifier: Apache-2.0

#include "udp/datagram_batch.h"

#include "absl/base/attributes.h"

namespace pollux {
namespace {

// What a slot can take: any run that a platform hands out.
constexpr size_t kRoom = 65536;
// From one slot's memory to the next. More than the room, by an odd number of cache lines: equal
// distances of a power of two would have the beginnings of all slots compete for the same ones.
constexpr size_t kStride = kRoom + size_t{19} * 64;

// With runs, a call has much to give in few slots, and the fewer are in use the more of their
// memory stays in the processor's caches.
constexpr size_t kSlotsForRuns = 4;
constexpr size_t kRunWorthIt = 8;        // Datagrams in a slot,
constexpr size_t kBytesWorthIt = 32768;  // or bytes, that make it a run.

}  // namespace

DatagramBatch::DatagramBatch(size_t datagrams)
    : slots_(std::max<size_t>(datagrams, 1)), offered_(slots_.size()) {
  bytes_.reset(new char[slots_.size() * kStride]);
  for (size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].buffer = absl::MakeSpan(bytes_.get() + i * kStride, kRoom);
    slots_[i].coalesce = true;
  }
}

ABSL_ATTRIBUTE_HOT void DatagramBatch::Clear() {
  // Engines without runs say nothing of them.
  for (size_t i = 0; i < used_; ++i) slots_[i].segment_size = 0;
  used_ = 0;
  size_ = 0;
}

ABSL_ATTRIBUTE_HOT absl::Span<ReceiveSlot> DatagramBatch::Room() {
  return absl::MakeSpan(slots_).first(offered_);
}

ABSL_ATTRIBUTE_HOT size_t DatagramBatch::Count(size_t slots) {
  used_ = slots;
  size_ = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < slots; ++i) {
    const ReceiveSlot& slot = slots_[i];
    bytes += slot.size;
    size_ += slot.segment_size == 0 ? 1 : (slot.size + slot.segment_size - 1) / slot.segment_size;
  }
  if (slots > 0) {
    const bool runs = size_ >= slots * kRunWorthIt || bytes >= slots * kBytesWorthIt;
    offered_ = runs ? std::min(slots_.size(), kSlotsForRuns) : slots_.size();
  }
  return size_;
}

}  // namespace pollux
