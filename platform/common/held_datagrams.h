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
#include <optional>
#include <type_traits>

#include "absl/types/span.h"
#include "udp/datagram.h"

namespace pollux::internal {

// Empties a field without a look at what is there.
template <typename T>
inline void Empty(std::optional<T>& field) {
  static_assert(std::is_trivially_destructible_v<T>);
  std::construct_at(&field);
}

// Forgets what an earlier datagram has left in `info`, but for its source. Field by field: to copy
// an empty one over it costs a few nanoseconds more for each datagram.
inline void ClearInfo(DatagramInfo& info) {
  info.truncated = false;
  Empty(info.destination);
  Empty(info.interface_index);
  Empty(info.hop_limit);
  Empty(info.ecn);
  Empty(info.kernel_time);
  Empty(info.drop_count);
}

// Copies an endpoint in pieces that do not overlap, so that the copy can be copied on at once: a
// compiler takes two words of 16 bytes that have some in common.
inline void CopyEndpoint(const Endpoint& from, Endpoint& to) {
  static_assert(std::is_trivially_copyable_v<Endpoint> && sizeof(Endpoint) > 24);
  const auto* const bytes = reinterpret_cast<const char*>(&from);
  auto* const copy = reinterpret_cast<char*>(&to);
  std::memcpy(copy, bytes, 16);
  std::memcpy(copy + 16, bytes + 16, 8);
  std::memcpy(copy + 24, bytes + 24, sizeof(Endpoint) - 24);
}

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
