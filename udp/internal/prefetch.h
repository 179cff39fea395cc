// SPDX-License-Identifier: Apache-2.0
//
// File: prefetch.h
//
// `Prefetch` has the processor fetch memory that will be read soon: while it does, there is other
// work to do. It changes nothing but time, and may name memory that is not there any more.

#ifndef POLLUX_UDP_INTERNAL_PREFETCH_H_
#define POLLUX_UDP_INTERNAL_PREFETCH_H_

#include <cstddef>

#include "absl/base/attributes.h"

namespace pollux::internal {

inline constexpr size_t kCacheLine = 64;

// One line of the cache. Always inlined: GCC takes a function that does nothing else for one that
// does nothing, and leaves calls of it out.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* memory) {
#ifdef __GNUC__
  __builtin_prefetch(memory);
  asm volatile("");  // So that whoever calls this does something.
#else
  static_cast<void>(memory);
#endif
}

// `size` bytes, from `memory` on.
inline void Prefetch(const void* memory, size_t size) {
  const char* const bytes = static_cast<const char*>(memory);
#pragma GCC unroll 4
  for (size_t at = 0; at < size; at += kCacheLine) Prefetch(bytes + at);
}

// That many lines, from `memory` on: no more instructions than lines.
template <size_t kLines>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void PrefetchLines(const void* memory) {
  if constexpr (kLines > 0) {
    Prefetch(memory);
    PrefetchLines<kLines - 1>(static_cast<const char*>(memory) + kCacheLine);
  }
}

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_PREFETCH_H_
