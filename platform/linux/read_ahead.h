// SPDX-License-Identifier: Apache-2.0
//
// File: read_ahead.h
//
// `ReadAhead` is what a socket has taken from the kernel before its program read it: the datagram
// whose presence or size was asked for, a run that the kernel handed out as one, or, where a
// program reads one datagram after the other, those that came by one call for many.
//
// A socket has memory for it only while something is in it: `AheadPool`, one per engine, lends it.

#ifndef POLLUX_PLATFORM_LINUX_READ_AHEAD_H_
#define POLLUX_PLATFORM_LINUX_READ_AHEAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "udp/datagram.h"

namespace pollux::linux_engine {

// Room for one datagram, or run, or for many. Of large ones only what is used becomes memory.
class AheadBlock {
 public:
  static constexpr size_t kSlots = 64;  // Of a large one.

  explicit AheadBlock(size_t count);

  std::vector<ReceiveSlot> slots;

 private:
  const std::unique_ptr<char[]> bytes_;
};

// Loop thread only.
class AheadPool {
 public:
  // How many sockets may read ahead at a time; those that only look for one datagram, or cut a run,
  // get their memory in any case.
  static constexpr size_t kLentMax = 8;

  // A block for that many: one slot, or `AheadBlock::kSlots`.
  std::unique_ptr<AheadBlock> Lend(size_t datagrams);
  // One block of each size is kept for the next socket, and the memory of others given back to the
  // system.
  void TakeBack(std::unique_ptr<AheadBlock> block);
  // Whether there is a large one.
  bool has_plenty() const { return lent_ < kLentMax; }

 private:
  std::unique_ptr<AheadBlock> kept_small_;
  std::unique_ptr<AheadBlock> kept_large_;
  size_t lent_ = 0;  // Large ones.
};

// How many datagrams to take by one call for a program that reads them one by one. Beyond the first
// two of a row, it is as many as the row had until now; a call that gave less than it was asked for
// ends the row. The next callback begins with half as many again as the last one took, so that
// where as many have come, the first call takes them and finds that there are no more. A program
// that gets one datagram for each callback never takes two.
class AheadPace {
 public:
  // A callback begins, in which the program may read. Outside of one, each is taken alone.
  void Begin() {
    reading_ = true;
    row_ = start_;
    taken_ = 0;
  }
  void End() {
    reading_ = false;
    start_ = taken_ < 2 ? 0 : std::min<uint32_t>(taken_ + taken_ / 2, AheadBlock::kSlots);
    row_ = 0;
  }
  // How many to ask for now.
  size_t next() const {
    return row_ < 2 || row_ == kFoundAll ? 1 : std::min<size_t>(row_, AheadBlock::kSlots);
  }
  // Whether that is one, and it is not known that there is none.
  bool alone() const { return row_ < 2; }
  // Whether the last call gave less than it was asked for: there were no more then. True once.
  bool TakeFoundAll() {
    if (row_ != kFoundAll) return false;
    row_ = 0;
    return true;
  }
  // That many were asked for, and taken.
  void Took(size_t asked, size_t datagrams) {
    if (!reading_) return;
    taken_ += static_cast<uint32_t>(datagrams);
    if (datagrams == asked) {
      row_ += static_cast<uint32_t>(datagrams);
    } else {
      row_ = datagrams == 0 ? 0 : kFoundAll;
    }
  }

 private:
  static constexpr uint32_t kFoundAll = UINT32_MAX;

  bool reading_ = false;
  uint32_t start_ = 0;
  uint32_t row_ = 0;
  uint32_t taken_ = 0;  // Since the callback began.
};

// Loop thread only.
class ReadAhead {
 public:
  explicit ReadAhead(AheadPool& pool) : pool_(pool) {}
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead() { GiveBack(); }

  bool empty() const { return block_ == nullptr; }
  // Of the next datagram. Not while empty.
  size_t next_size() const;

  // At most so many slots to receive into, at least one; they take whatever the kernel hands out
  // together. Only while empty, and `Filled` has to follow.
  absl::Span<ReceiveSlot> Room(size_t most);
  // That many have been filled, the first ones, with metadata beyond the source or without.
  void Filled(size_t slots, bool with_metadata);

  // Copies the next one out, and what is known of it unless `info` is null; returns how many bytes.
  // Not while empty.
  size_t Take(absl::Span<char> buffer, DatagramInfo* info);

 private:
  void GiveBack();

  AheadPool& pool_;
  std::unique_ptr<AheadBlock> block_;  // Null while empty.
  const ReceiveSlot* slot_ = nullptr;  // In which the next datagram is,
  const ReceiveSlot* end_ = nullptr;   // the end of the filled ones,
  size_t at_ = 0;                      // and where in its buffer it begins.
  bool with_metadata_ = false;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_READ_AHEAD_H_
