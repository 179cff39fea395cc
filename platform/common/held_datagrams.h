// SPDX-License-Identifier: Apache-2.0
//
// File: held_datagrams.h
//
// `HeldDatagrams` is what a socket has taken from the kernel before the program read it: the
// datagram whose presence or size was asked for, or a run that the kernel handed out as one and
// that is read one by one. It holds what one receive call gave, and no more: the kernel's buffer
// stays the socket's queue.

#ifndef POLLUX_PLATFORM_COMMON_HELD_DATAGRAMS_H_
#define POLLUX_PLATFORM_COMMON_HELD_DATAGRAMS_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "absl/types/span.h"
#include "udp/datagram.h"

namespace pollux::internal {

class HeldDatagrams {
 public:
  // No datagram, and no run, is larger.
  static constexpr size_t kRoom = 65536;

  bool empty() const { return left_ == 0; }
  // Of the next one. Not while empty.
  size_t next_size() const { return left_ == 1 ? end_ - at_ : segment_; }

  // Where a receive call may store, while empty. Allocated once.
  absl::Span<char> room() {
    if (bytes_ == nullptr) bytes_.reset(new char[kRoom]);
    return absl::MakeSpan(bytes_.get(), kRoom);
  }
  DatagramInfo& info() { return info_; }
  // `room()` has `size` bytes now: datagrams of `segment` bytes, of which the last may be shorter;
  // a `segment` of 0 says it is one datagram.
  void Hold(size_t size, size_t segment) {
    at_ = 0;
    end_ = size;
    segment_ = segment;
    left_ = segment == 0 || size <= segment ? 1 : (size + segment - 1) / segment;
  }

  // Copies the next one out. Not while empty.
  void Take(ReceiveSlot& slot) {
    const size_t size = next_size();
    slot.size = std::min(size, slot.buffer.size());
    slot.segment_size = 0;
    if (slot.size > 0) std::memcpy(slot.buffer.data(), bytes_.get() + at_, slot.size);
    slot.info = info_;
    slot.info.truncated = size > slot.buffer.size();
    at_ += size;
    --left_;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  DatagramInfo info_;
  size_t at_ = 0;
  size_t end_ = 0;
  size_t segment_ = 0;
  size_t left_ = 0;
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_HELD_DATAGRAMS_H_
