// SPDX-License-Identifier: Apache-2.0
//
// File: id_table.h
//
// `IdTable` finds things by numbers that were given in order, from 1, and are never given again: a
// look at one place in an array, where a tree or a hash table would be several at random ones. A
// thing that is gone leaves the size of a pointer behind.

#ifndef POLLUX_SIM_KERNEL_ID_TABLE_H_
#define POLLUX_SIM_KERNEL_ID_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace pollux::sim {

// Thread-compatible. `Pointer` is a pointer of any kind; null stands for what is gone.
template <typename Pointer>
class IdTable {
 public:
  // `id` must be higher than all before.
  void Add(uint64_t id, Pointer thing) {
    places_.resize(id);
    places_.back() = std::move(thing);
  }
  // Null when there is none.
  auto* Find(uint64_t id) const {
    using Thing = std::remove_reference_t<decltype(*places_[0])>;
    Thing* const none = nullptr;
    if (id - 1 >= places_.size() || places_[id - 1] == nullptr) return none;
    return &*places_[id - 1];
  }
  void Remove(uint64_t id) {
    if (id - 1 < places_.size()) places_[id - 1] = nullptr;
  }
  // Removes all; numbers go on.
  void Clear() {
    for (Pointer& place : places_) place = nullptr;
  }
  // Calls `take` with each thing, in the order of the numbers.
  template <typename Take>
  void ForEach(Take take) const {
    for (const Pointer& place : places_) {
      if (place != nullptr) take(*place);
    }
  }

 private:
  std::vector<Pointer> places_;  // That of number n is at n - 1.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_ID_TABLE_H_
