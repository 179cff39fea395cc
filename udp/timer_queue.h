// SPDX-License-Identifier: Apache-2.0
//
// File: timer_queue.h
//
// `TimerQueue` is the one order of things to come: every loop, native or simulated, runs what is
// due by (time, sequence), so that two entries of one instant run in the order in which they were
// added. The queue owns nothing and never allocates for an entry: entries are part of the objects
// that wait. Programs use `Timer` (event_loop.h); engines use this.
//
// Most entries come in the order of their times: all packets of links with one latency, all timers
// of one delay. Such a run is a queue, into which, and out of which, an entry goes in a few steps
// however many wait. The queue has a few runs, and a heap for what fits none of them.

#ifndef POLLUX_UDP_TIMER_QUEUE_H_
#define POLLUX_UDP_TIMER_QUEUE_H_

#include <array>
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
    // When it is due; meaningful while queued, and from then on until it is queued again.
    absl::Time when() const { return when_; }

   private:
    friend class TimerQueue;
    absl::Time when_;
    uint64_t position_ = 0;        // Number in its run, or index in the heap, while queued.
    TimerQueue* queue_ = nullptr;  // Null while not queued.
    uint8_t place_ = 0;            // Which run, or `kHeap`, while queued.
  };

  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Puts `entry` in the queue, or moves it within: behind all that are due at the same time.
  void Add(Entry& entry, absl::Time when);
  // Takes `entry` out; nothing happens if it is not in.
  void Remove(Entry& entry);

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // When the next entry is due; `absl::InfiniteFuture()` for none.
  absl::Time NextTime() const { return empty() ? absl::InfiniteFuture() : Front(next_place_).when; }
  // Takes out the next entry that is due by `now`; null for none.
  Entry* PopDue(absl::Time now);

 private:
  // An entry, with what it is ordered by beside it: who orders looks at no entry.
  struct Slot {
    absl::Time when;
    uint64_t sequence = 0;
    Entry* entry = nullptr;
  };
  static bool Before(const Slot& a, const Slot& b) {
    return a.when < b.when || (a.when == b.when && a.sequence < b.sequence);
  }

  // Entries in their order, first in, first out, in a ring. One that is taken out of the middle
  // leaves a gap; the first and the last are none.
  class Run {
   public:
    bool empty() const { return first_ == end_; }
    const Slot& front() const { return At(first_); }
    const Slot& back() const { return At(end_ - 1); }
    // Appends, and tells the entry where it is.
    void Push(const Slot& slot);
    void Take(uint64_t number);
    void TakeFirst();

   private:
    const Slot& At(uint64_t number) const { return ring_[number & (ring_.size() - 1)]; }
    Slot& At(uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
    // The last one was taken: memory that is out of the usual is given back.
    void Emptied();
    // Moves entries into the gaps, in the ring that there is.
    void CloseGaps();
    // The ring is full: moves to one that is twice as large, without gaps.
    void Grow();

    std::vector<Slot> ring_;  // Its size is a power of two, or 0.
    uint64_t first_ = 0;      // Numbers of entries, gaps included.
    uint64_t end_ = 0;
    uint64_t gaps_ = 0;
  };

  static constexpr uint8_t kRuns = 4;
  static constexpr uint8_t kHeap = kRuns;

  bool IsEmpty(uint8_t place) const {
    return place == kHeap ? heap_.empty() : runs_[place].empty();
  }
  const Slot& Front(uint8_t place) const {
    return place == kHeap ? heap_.front() : runs_[place].front();
  }
  // Looks where the next entry is.
  void FindNext();
  void TakeOut(Entry& entry);
  void TakeOutOfHeap(size_t position);
  void Place(const Slot& slot, size_t position);
  void SiftUp(size_t position);
  void SiftDown(size_t position);

  size_t size_ = 0;
  uint64_t next_sequence_ = 0;
  uint8_t next_place_ = kHeap;  // Where the next entry is; meaningful unless empty.
  uint8_t used_ = 0;            // A bit for each run, and for the heap, that is not empty.
  std::array<Run, kRuns> runs_;
  std::vector<Slot> heap_;  // Each entry knows its position; children of i at 4i+1 .. 4i+4.
};

}  // namespace pollux

#endif  // POLLUX_UDP_TIMER_QUEUE_H_
