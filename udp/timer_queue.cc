// SPDX-License-Identifier: Apache-2.0

#include "udp/timer_queue.h"

#include <algorithm>

#include "udp/internal/check.h"

namespace pollux {

// Four children to a node: the heap is half as deep as a binary one, and the children of a node lie
// side by side.
constexpr size_t kFanOut = 4;

TimerQueue::Entry::~Entry() {
  if (queued()) queue_->Remove(*this);
}

TimerQueue::~TimerQueue() {
  POLLUX_CHECK(heap_.empty(),
               "a loop was destroyed while timers were waiting in it; destroy timers and sockets "
               "before their engine");
}

void TimerQueue::Add(Entry& entry, absl::Time when) {
  POLLUX_CHECK(entry.queue_ == nullptr || entry.queue_ == this,
               "a timer was started in a second loop while it waits in the first");
  entry.when_ = when;
  entry.sequence_ = next_sequence_++;
  if (!entry.queued()) {
    entry.queue_ = this;
    entry.position_ = heap_.size();
    heap_.push_back(&entry);
  }
  SiftUp(entry.position_);
  SiftDown(entry.position_);
}

void TimerQueue::Remove(Entry& entry) {
  if (entry.queue_ != this) return;
  entry.queue_ = nullptr;
  Entry* last = heap_.back();
  heap_.pop_back();
  if (last == &entry) return;
  Place(last, entry.position_);
  SiftUp(last->position_);
  SiftDown(last->position_);
}

TimerQueue::Entry* TimerQueue::PopDue(absl::Time now) {
  if (heap_.empty() || heap_.front()->when_ > now) return nullptr;
  Entry* entry = heap_.front();
  Remove(*entry);
  return entry;
}

void TimerQueue::Place(Entry* entry, size_t position) {
  heap_[position] = entry;
  entry->position_ = position;
}

void TimerQueue::SiftUp(size_t position) {
  Entry* entry = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / kFanOut;
    if (!Before(*entry, *heap_[parent])) break;
    Place(heap_[parent], position);
    position = parent;
  }
  Place(entry, position);
}

void TimerQueue::SiftDown(size_t position) {
  Entry* entry = heap_[position];
  while (true) {
    const size_t first = position * kFanOut + 1;
    if (first >= heap_.size()) break;
    const size_t end = std::min(first + kFanOut, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (Before(*heap_[child], *heap_[least])) least = child;
    }
    if (!Before(*heap_[least], *entry)) break;
    Place(heap_[least], position);
    position = least;
  }
  Place(entry, position);
}

}  // namespace pollux
