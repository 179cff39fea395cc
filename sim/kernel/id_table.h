// SPDX-License-Identifier: Apache-2.0
//
// File: id_table.h
//
// `IdTable` finds things by numbers that were given in order, from 1, and are never given again: a
// look at one place in an array, where a tree or a hash table would be several at random ones. The
// array is in pieces; a piece whose things are gone leaves the size of a pointer behind, for all of
// them together.

#ifndef POLLUX_SIM_KERNEL_ID_TABLE_H_
#define POLLUX_SIM_KERNEL_ID_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace pollux::sim {

// Thread-compatible. `Pointer` is a pointer of any kind; null stands for what is gone.
template <typename Pointer>
class IdTable {
 public:
  // `id` must be higher than all before, and `thing` not null.
  void Add(uint64_t id, Pointer thing) {
    const uint64_t index = id - 1;
    if (pieces_.size() <= index / kPiece) {
      // What was the last piece gets no more things.
      if (!pieces_.empty()) DropIfEmpty(pieces_.back());
      pieces_.resize(index / kPiece + 1);
    }
    std::unique_ptr<Piece>& piece = pieces_.back();
    if (piece == nullptr) piece = std::make_unique<Piece>();
    piece->places[index % kPiece] = std::move(thing);
    ++piece->things;
  }
  // Null when there is none.
  auto* Find(uint64_t id) const {
    using Thing = std::remove_reference_t<decltype(*std::declval<Pointer&>())>;
    Thing* found = nullptr;
    const uint64_t index = id - 1;
    if (index / kPiece < pieces_.size() && pieces_[index / kPiece] != nullptr) {
      const Pointer& place = pieces_[index / kPiece]->places[index % kPiece];
      if (place != nullptr) found = &*place;
    }
    return found;
  }
  void Remove(uint64_t id) {
    if (Find(id) == nullptr) return;
    std::unique_ptr<Piece>& piece = pieces_[(id - 1) / kPiece];
    piece->places[(id - 1) % kPiece] = nullptr;
    --piece->things;
    if (&piece != &pieces_.back()) DropIfEmpty(piece);
  }
  // Removes all; numbers go on.
  void Clear() {
    for (std::unique_ptr<Piece>& piece : pieces_) piece = nullptr;
  }
  // Calls `take`, which may remove things, with each thing, in the order of the numbers.
  template <typename Take>
  void ForEach(Take take) const {
    for (size_t piece = 0; piece < pieces_.size(); ++piece) {
      for (size_t i = 0; i < kPiece && pieces_[piece] != nullptr; ++i) {
        const Pointer& place = pieces_[piece]->places[i];
        if (place != nullptr) take(*place);
      }
    }
  }
  // How many pieces are there still: for tests.
  size_t pieces() const {
    size_t count = 0;
    for (const std::unique_ptr<Piece>& piece : pieces_) count += piece != nullptr ? 1 : 0;
    return count;
  }

  static constexpr uint64_t kPiece = 64;

 private:
  struct Piece {
    std::array<Pointer, kPiece> places = {};
    uint32_t things = 0;
  };

  static void DropIfEmpty(std::unique_ptr<Piece>& piece) {
    if (piece != nullptr && piece->things == 0) piece = nullptr;
  }

  std::vector<std::unique_ptr<Piece>> pieces_;  // The thing of number n is the (n - 1)th.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_ID_TABLE_H_
