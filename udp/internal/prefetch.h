// SPDX-License-Identifier: Apache-2.0
//
// File: prefetch.h
//
// `Prefetch` has the processor fetch memory that will be read soon: while it does, there is other
// work to do. It changes nothing but time, and may name memory that is not there any more.

#ifndef POLLUX_UDP_INTERNAL_PREFETCH_H_
#define POLLUX_UDP_INTERNAL_PREFETCH_H_

#include <cstddef>

namespace pollux::internal {

inline constexpr size_t kCacheLine = 64;

inline void Prefetch(const void* memory, size_t size = kCacheLine) {
#ifdef __GNUC__
  const char* const bytes = static_cast<const char*>(memory);
#pragma GCC unroll 4
  for (size_t at = 0; at < size; at += kCacheLine) __builtin_prefetch(bytes + at);
#else
  static_cast<void>(memory);
  static_cast<void>(size);
#endif
}

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_PREFETCH_H_
