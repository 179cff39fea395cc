// SPDX-License-Identifier: Apache-2.0
//
// File: ring_queue.h
//
// `RingQueue` is a queue in one piece of memory, whose end follows its beginning. It has none while
// nothing was ever in it - most sockets of a large simulation wait for something - and else keeps
// what it once needed.

#ifndef POLLUX_SIM_KERNEL_RING_QUEUE_H_
#define POLLUX_SIM_KERNEL_RING_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "udp/internal/prefetch.h"

namespace pollux::sim {

// Thread-compatible. `T` has a default value, which a place holds that was never used. One that was
// used is given that value again, or, where `T` has a `Release()`, only called that.
template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // The oldest; there must be one.
  T& front() { return places_[first_]; }
  const T& front() const { return places_[first_]; }
  // That many after the oldest; there must be one.
  const T& operator[](size_t place) const {
    return places_[(first_ + static_cast<uint32_t>(place)) & (room_ - 1)];
  }

  void push_back(T value) { NewBack() = std::move(value); }
  // Appends a place, with what it was left with, for the caller to fill.
  T& NewBack() {
    if (size_ == room_) Grow();
    T& place = places_[(first_ + size_++) & (room_ - 1)];
    // Where one comes, mostly more do, before any is taken.
    internal::Prefetch(&places_[(first_ + size_) & (room_ - 1)], sizeof(T));
    return place;
  }
  void pop_front() {
    if constexpr (requires(T & gone) { gone.Release(); }) {
      places_[first_].Release();
    } else {
      places_[first_] = T();
    }
    --size_;
    // An empty one begins again at the place that the processor has at hand.
    first_ = empty() ? 0 : (first_ + 1) & (room_ - 1);
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  void Grow() {
    const uint32_t room = room_ == 0 ? 1 : room_ * 2;
    auto larger = std::make_unique<T[]>(room);
    for (uint32_t i = 0; i < size_; ++i) {
      larger[i] = std::move(places_[(first_ + i) & (room_ - 1)]);
    }
    places_ = std::move(larger);
    room_ = room;
    first_ = 0;
  }

  std::unique_ptr<T[]> places_;
  uint32_t room_ = 0;  // How many places there are: a power of two, or none.
  uint32_t first_ = 0;
  uint32_t size_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_RING_QUEUE_H_
