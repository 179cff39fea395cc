// SPDX-License-Identifier: Apache-2.0
//
// File: datagram_info.h
//
// How what belongs to a datagram is cleared and copied on the way of every one: the same as by
// assignment, for a few nanoseconds less each. What was written in parts a moment ago is read in
// the same parts, since the processor has to wait where a piece that it reads is several writes.

#ifndef POLLUX_UDP_INTERNAL_DATAGRAM_INFO_H_
#define POLLUX_UDP_INTERNAL_DATAGRAM_INFO_H_

#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

#include "absl/base/optimization.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"

namespace pollux::internal {

// Empties a field without a look at what is there.
template <typename T>
inline void Empty(std::optional<T>& field) {
  static_assert(std::is_trivially_destructible_v<T>);
  std::construct_at(&field);
}

// Forgets what an earlier datagram has left in `info`, but for its source.
inline void ClearInfo(DatagramInfo& info) {
  info.truncated = false;
  Empty(info.destination);
  Empty(info.interface_index);
  Empty(info.hop_limit);
  Empty(info.ecn);
  Empty(info.kernel_time);
  Empty(info.drop_count);
}

// Copies an endpoint in pieces that do not overlap: a compiler takes two words of 16 bytes that
// have some in common.
inline void CopyEndpoint(const Endpoint& from, Endpoint& to) {
  static_assert(std::is_trivially_copyable_v<Endpoint> && sizeof(Endpoint) > 24);
  const auto* const bytes = reinterpret_cast<const char*>(&from);
  auto* const copy = reinterpret_cast<char*>(&to);
  std::memcpy(copy, bytes, 16);
  std::memcpy(copy + 16, bytes + 16, 8);
  std::memcpy(copy + 24, bytes + 24, sizeof(Endpoint) - 24);
}

// Copies only what can be there: without metadata that is little.
inline void CopyInfo(const DatagramInfo& from, bool with_metadata, DatagramInfo& to) {
  if (ABSL_PREDICT_FALSE(with_metadata)) {
    to = from;
    return;
  }
  ClearInfo(to);
  CopyEndpoint(from.source, to.source);
  to.truncated = from.truncated;
}

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_DATAGRAM_INFO_H_
