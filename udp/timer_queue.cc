// SPDX-License-Identifier: Apache-2.0

#include "udp/timer_queue.h"

#include <algorithm>
#include <bit>

#include "udp/internal/check.h"
#include "udp/internal/prefetch.h"

namespace pollux {

namespace {

// Four children to a node: the heap is half as deep as a binary one, and the children of a node lie
// side by side.
constexpr size_t kFanOut = 4;
constexpr size_t kFirstRingSize = 8;
// How many entries before its turn one is fetched, and how much of it; its slot before that.
constexpr uint64_t kFetchedAhead = 4;
constexpr uint64_t kSlotFetchedAhead = 4 * kFetchedAhead;
constexpr size_t kFetchedLines = 5;
// Memory for so many entries is given back when none is left: there was something out of the usual.
constexpr size_t kLargeRingSize = 16384;

}  // namespace

TimerQueue::Entry::~Entry() {
  if (queued()) queue_->Remove(*this);
}

TimerQueue::~TimerQueue() {
  POLLUX_CHECK(empty(),
               "a loop was destroyed while timers were waiting in it; destroy timers and sockets "
               "before their engine");
}

void TimerQueue::Add(Entry& entry, absl::Time when) {
  POLLUX_CHECK(entry.queue_ == nullptr || entry.queue_ == this,
               "a timer was started in a second loop while it waits in the first");
  if (entry.queued()) TakeOut(entry);
  const Slot slot = {when, next_sequence_++, &entry};
  entry.queue_ = this;
  entry.when_ = when;
  // The first run that it may end. So their ends descend from run to run, and what is due soon goes
  // behind what is due soon.
  uint8_t place = 0;
  while (place < kRuns && !runs_[place].empty() && runs_[place].back().when > when) ++place;
  entry.place_ = place;
  // Who stands behind others of a run is not the next one.
  const bool first = place == kHeap || runs_[place].empty();
  if (first && (empty() || Before(slot, Front(next_place_)))) next_place_ = place;
  if (place < kRuns) {
    runs_[place].Push(slot);
  } else {
    heap_.push_back(slot);
    SiftUp(heap_.size() - 1);
  }
  used_ |= static_cast<uint8_t>(1 << place);
  ++size_;
}

void TimerQueue::Remove(Entry& entry) {
  if (entry.queue_ == this) TakeOut(entry);
}

TimerQueue::Entry* TimerQueue::PopDue(absl::Time now) {
  if (empty()) return nullptr;
  const Slot& next = Front(next_place_);
  if (next.when > now) return nullptr;
  Entry* const entry = next.entry;
  if (next_place_ == kHeap) {
    TakeOut(*entry);
    return entry;
  }
  entry->queue_ = nullptr;
  --size_;
  runs_[next_place_].TakeFirst();
  FindNext();
  return entry;
}

void TimerQueue::TakeOut(Entry& entry) {
  const bool was_next = Front(next_place_).entry == &entry;
  entry.queue_ = nullptr;
  --size_;
  if (entry.place_ == kHeap) {
    TakeOutOfHeap(entry.position_);
  } else {
    runs_[entry.place_].Take(entry.position_);
  }
  if (IsEmpty(entry.place_)) used_ &= static_cast<uint8_t>(~(1 << entry.place_));
  if (was_next) FindNext();
}

void TimerQueue::FindNext() {
  if (IsEmpty(next_place_)) used_ &= static_cast<uint8_t>(~(1 << next_place_));
  if (used_ == 0) return;
  next_place_ = static_cast<uint8_t>(std::countr_zero(used_));
  for (unsigned others = used_ & (used_ - 1u); others != 0; others &= others - 1) {
    const auto place = static_cast<uint8_t>(std::countr_zero(others));
    if (Before(Front(place), Front(next_place_))) next_place_ = place;
  }
}

// ---- Runs ----

void TimerQueue::Run::Push(const Slot& slot) {
  if (end_ - first_ == ring_.size()) Grow();
  slot.entry->position_ = end_;
  At(end_++) = slot;
}

void TimerQueue::Run::TakeFirst() {
  // Entries lie anywhere in memory: those that come soon are on their way from there by then.
  if (end_ - first_ > kFetchedAhead) {
    internal::Prefetch(&At(first_ + kSlotFetchedAhead));
    internal::PrefetchLines<kFetchedLines>(At(first_ + kFetchedAhead).entry);
  }
  ++first_;
  for (; !empty() && front().entry == nullptr; ++first_) --gaps_;
  if (empty()) Emptied();
}

void TimerQueue::Run::Take(uint64_t number) {
  At(number).entry = nullptr;
  ++gaps_;
  for (; !empty() && front().entry == nullptr; ++first_) --gaps_;
  for (; !empty() && back().entry == nullptr; --end_) --gaps_;
  if (empty()) Emptied();
  // Who starts a timer again and again leaves gaps: no more than entries.
  if (gaps_ > kFirstRingSize && gaps_ > (end_ - first_) / 2) CloseGaps();
}

void TimerQueue::Run::Emptied() {
  if (ring_.size() >= kLargeRingSize) ring_ = {};
}

void TimerQueue::Run::CloseGaps() {
  uint64_t end = first_;
  for (uint64_t number = first_; number != end_; ++number) {
    const Slot slot = At(number);
    if (slot.entry == nullptr) continue;
    slot.entry->position_ = end;
    At(end++) = slot;
  }
  end_ = end;
  gaps_ = 0;
}

void TimerQueue::Run::Grow() {
  std::vector<Slot> ring(std::max(ring_.size() * 2, kFirstRingSize));
  uint64_t end = 0;
  for (uint64_t number = first_; number != end_; ++number) {
    if (At(number).entry == nullptr) continue;
    At(number).entry->position_ = end;
    ring[end++] = At(number);
  }
  ring_.swap(ring);
  first_ = 0;
  end_ = end;
  gaps_ = 0;
}

// ---- The heap ----

void TimerQueue::TakeOutOfHeap(size_t position) {
  const Slot last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  Place(last, position);
  SiftUp(position);
  SiftDown(last.entry->position_);
}

void TimerQueue::Place(const Slot& slot, size_t position) {
  heap_[position] = slot;
  slot.entry->position_ = position;
}

void TimerQueue::SiftUp(size_t position) {
  const Slot slot = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / kFanOut;
    if (!Before(slot, heap_[parent])) break;
    Place(heap_[parent], position);
    position = parent;
  }
  Place(slot, position);
}

void TimerQueue::SiftDown(size_t position) {
  const Slot slot = heap_[position];
  while (true) {
    const size_t first = position * kFanOut + 1;
    if (first >= heap_.size()) break;
    const size_t end = std::min(first + kFanOut, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (Before(heap_[child], heap_[least])) least = child;
    }
    if (!Before(heap_[least], slot)) break;
    Place(heap_[least], position);
    position = least;
  }
  Place(slot, position);
}

}  // namespace pollux
