// SPDX-License-Identifier: Apache-2.0
//
// File: chain.h
//
// `Chain` is a list of pointers that grows at its front, in one piece of memory: the sockets of a
// port, the newest first. A chain of one, as most are, takes no memory of its own.

#ifndef POLLUX_SIM_KERNEL_CHAIN_H_
#define POLLUX_SIM_KERNEL_CHAIN_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/types/span.h"

namespace pollux::sim {

// Thread-compatible. Move-only.
template <typename T>
class Chain {
 public:
  Chain() = default;
  Chain(Chain&& other) noexcept
      : one_(other.one_),
        places_(std::move(other.places_)),
        room_(std::exchange(other.room_, 1)),
        first_(std::exchange(other.first_, 1)),
        end_(std::exchange(other.end_, 1)) {}
  Chain& operator=(Chain&&) = delete;
  ~Chain() = default;

  bool empty() const { return first_ == end_; }
  uint32_t size() const { return end_ - first_; }
  // Good until the chain changes.
  absl::Span<T* const> all() const { return {data() + first_, size()}; }

  void PushFront(T* thing) {
    if (first_ == 0) MakeRoom();
    data()[--first_] = thing;
  }
  void PushBack(T* thing) {
    PushFront(thing);
    T** const begin = data() + first_;
    std::rotate(begin, begin + 1, data() + end_);
  }
  // Takes that pointer out; nothing happens if it is not there. It is looked for from both ends,
  // and the shorter part moves: the newest and the oldest go at once in a chain of any length.
  void Erase(const T* thing) {
    T** const places = data();
    for (uint32_t low = first_, high = end_; low < high; ++low) {
      if (places[low] == thing) {
        std::move_backward(places + first_, places + low, places + low + 1);
        ++first_;
        break;
      }
      if (places[--high] == thing) {
        std::move(places + high + 1, places + end_, places + high);
        --end_;
        break;
      }
    }
    if (empty()) first_ = end_ = room_;
  }

 private:
  T** data() { return places_ != nullptr ? places_.get() : &one_; }
  T* const* data() const { return places_ != nullptr ? places_.get() : &one_; }

  // Makes room at the front: of what has become free at the end, where that is enough.
  void MakeRoom() {
    const uint32_t count = size();
    if (count <= room_ / 2) {
      std::move_backward(data(), data() + end_, data() + room_);
    } else {
      auto larger = std::make_unique<T*[]>(room_ * 2);
      std::copy(data(), data() + end_, larger.get() + room_ * 2 - count);
      places_ = std::move(larger);
      room_ *= 2;
    }
    end_ = room_;
    first_ = room_ - count;
  }

  T* one_ = nullptr;
  std::unique_ptr<T*[]> places_;  // Null while there is room for one alone.
  uint32_t room_ = 1;             // How many places there are,
  uint32_t first_ = 1;            // and of those in use the first, and the end.
  uint32_t end_ = 1;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_CHAIN_H_
