// SPDX-License-Identifier: Apache-2.0
//
// File: ring_queue.h
//
// `RingQueue` is a queue in one piece of memory, whose end follows its beginning. Its first place
// is its own: it takes memory only for a second thing, and then keeps what it once needed.

#ifndef POLLUX_SIM_KERNEL_RING_QUEUE_H_
#define POLLUX_SIM_KERNEL_RING_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace pollux::sim {

// Thread-compatible, and stays where it is. `T` has a default value, which a place holds that was
// never used. One that was used is given that value again, or, where `T` has a `Release()`, only
// called that.
template <typename T>
class RingQueue {
 public:
  RingQueue() = default;
  RingQueue(const RingQueue&) = delete;
  RingQueue& operator=(const RingQueue&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // The oldest; there must be one.
  T& front() { return places()[first_]; }
  const T& front() const { return places()[first_]; }
  // That many after the oldest; there must be one.
  const T& operator[](size_t place) const {
    return places()[(first_ + static_cast<uint32_t>(place)) & (room_ - 1)];
  }

  void push_back(T value) { NewBack() = std::move(value); }
  // Appends a place, with what it was left with, for the caller to fill.
  T& NewBack() {
    if (size_ == room_) Grow();
    return places()[(first_ + size_++) & (room_ - 1)];
  }
  void pop_front() {
    if constexpr (requires(T & gone) { gone.Release(); }) {
      front().Release();
    } else {
      front() = T();
    }
    --size_;
    // An empty one begins again at the place that the processor has at hand.
    first_ = empty() ? 0 : (first_ + 1) & (room_ - 1);
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  T* places() { return more_ == nullptr ? &one_ : more_.get(); }
  const T* places() const { return more_ == nullptr ? &one_ : more_.get(); }

  void Grow() {
    auto larger = std::make_unique<T[]>(size_t{room_} * 2);
    for (uint32_t i = 0; i < size_; ++i) {
      larger[i] = std::move(places()[(first_ + i) & (room_ - 1)]);
    }
    more_ = std::move(larger);
    room_ *= 2;
    first_ = 0;
  }

  T one_ = {};
  std::unique_ptr<T[]> more_;  // In place of the one; null while that was enough.
  uint32_t room_ = 1;          // How many places there are: a power of two.
  uint32_t first_ = 0;
  uint32_t size_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_RING_QUEUE_H_
