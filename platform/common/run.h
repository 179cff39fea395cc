// SPDX-License-Identifier: Apache-2.0
//
// File: run.h
//
// `Run` is a row of datagrams that can leave as one, where the system cuts what it is given into
// datagrams of equal size: UDP_SEGMENT of Linux, UDP_SEND_MSG_SIZE of Windows.

#ifndef POLLUX_PLATFORM_COMMON_RUN_H_
#define POLLUX_PLATFORM_COMMON_RUN_H_

#include <cstddef>

#include "absl/base/optimization.h"
#include "udp/datagram.h"

namespace pollux::internal {

// To one destination, with the same options, and of equal size, of which the last may be shorter.
class Run {
 public:
  // Datagrams in one. Newer kernels of Linux take 128, but those that took 64 are in use.
  static constexpr size_t kSegmentsMax = 64;
  // Bytes in one, the last datagram included: what one IPv4 datagram could hold.
  static constexpr size_t kBytesMax = 65507;

  // Begins with `first`, which has to outlive it. Those of more than `segment_max` bytes stay
  // alone.
  Run(const SendSlot& first, size_t segment_max)
      : first_(first), bytes_(first.payload.size()), open_(bytes_ != 0 && bytes_ <= segment_max) {}

  // How many datagrams it has.
  size_t size() const { return size_; }
  // Whether `next` can be one of it.
  bool Fits(const SendSlot& next) const {
    const size_t more = next.payload.size();
    return open_ && more != 0 && more <= first_.payload.size() && bytes_ + more <= kBytesMax &&
           next.destination == first_.destination && Alike(first_.options, next.options);
  }
  // Appends one that fits.
  void Add(const SendSlot& next) {
    const size_t more = next.payload.size();
    bytes_ += more;
    ++size_;
    open_ = more == first_.payload.size() && size_ < kSegmentsMax;
  }

 private:
  static bool Alike(const SendOptions& a, const SendOptions& b) {
    if (ABSL_PREDICT_TRUE(a.empty())) return b.empty();
    return a.hop_limit == b.hop_limit && a.ecn == b.ecn && a.interface_index == b.interface_index &&
           a.source == b.source && a.transmit_time == b.transmit_time;
  }

  const SendSlot& first_;
  size_t bytes_;
  size_t size_ = 1;
  bool open_;
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_RUN_H_
