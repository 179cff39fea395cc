// SPDX-License-Identifier: Apache-2.0
//
// File: timer_queue.h
//
// `TimerQueue` is the one order of things to come: every loop, native or simulated, runs what is
// due by (time, sequence), so that two entries of one instant run in the order in which they were
// added. The queue owns nothing and never allocates for an entry: entries are part of the objects
// that wait. Programs use `Timer` (event_loop.h); engines use this.

#ifndef POLLUX_UDP_TIMER_QUEUE_H_
#define POLLUX_UDP_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace pollux {

// Thread-compatible. Must outlive the entries that wait in it, or be emptied first: both are
// checked.
class TimerQueue {
 public:
  // Something that happens at a time. Derive from it; destroying an entry takes it out of its
  // queue.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry();

    // Runs once the entry is due and no longer in the queue. May do anything, destroying itself
    // included.
    virtual void Fire() = 0;

    bool queued() const { return queue_ != nullptr; }
    // When it is due; meaningful while queued.
    absl::Time when() const { return when_; }

   private:
    friend class TimerQueue;
    absl::Time when_;
    uint64_t sequence_ = 0;
    size_t position_ = 0;          // Index in the heap, while queued.
    TimerQueue* queue_ = nullptr;  // Null while not queued.
  };

  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Puts `entry` in the queue, or moves it within: behind all that are due at the same time.
  void Add(Entry& entry, absl::Time when);
  // Takes `entry` out; nothing happens if it is not in.
  void Remove(Entry& entry);

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  // When the next entry is due; `absl::InfiniteFuture()` for none.
  absl::Time NextTime() const {
    return heap_.empty() ? absl::InfiniteFuture() : heap_.front()->when_;
  }
  // Takes out the next entry that is due by `now`; null for none.
  Entry* PopDue(absl::Time now);

 private:
  static bool Before(const Entry& a, const Entry& b) {
    return a.when_ < b.when_ || (a.when_ == b.when_ && a.sequence_ < b.sequence_);
  }
  void Place(Entry* entry, size_t position);
  void SiftUp(size_t position);
  void SiftDown(size_t position);

  std::vector<Entry*> heap_;  // Each entry knows its position; children of i at 4i+1 .. 4i+4.
  uint64_t next_sequence_ = 0;
};

}  // namespace pollux

#endif  // POLLUX_UDP_TIMER_QUEUE_H_
