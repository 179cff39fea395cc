// SPDX-License-Identifier: Apache-2.0
//
// File: prefetch.h
//
// `Prefetch` has the processor fetch memory that will be read soon: while it does, there is other
// work to do. It changes nothing but time, and may name memory that is not there any more.

#ifndef POLLUX_UDP_INTERNAL_PREFETCH_H_
#define POLLUX_UDP_INTERNAL_PREFETCH_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"

namespace pollux::internal {

inline constexpr size_t kCacheLine = 64;

// The line of the cache that is `offset` bytes from `memory`, which may be null. Always inlined:
// GCC takes a function that does nothing else for one that does nothing, and leaves calls of it
// out.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* memory, ptrdiff_t offset = 0) {
#ifdef __GNUC__
  // By numbers, since a pointer must not be moved to where nothing is.
  const uintptr_t at = reinterpret_cast<uintptr_t>(memory) + static_cast<uintptr_t>(offset);
  __builtin_prefetch(reinterpret_cast<const void*>(at));  // NOLINT(performance-no-int-to-ptr)
  asm volatile("");  // So that whoever calls this does something.
#else
  static_cast<void>(memory);
  static_cast<void>(offset);
#endif
}

// The first `size` bytes.
inline void PrefetchBytes(const void* memory, size_t size) {
#pragma GCC unroll 4
  for (size_t at = 0; at < size; at += kCacheLine) Prefetch(memory, static_cast<ptrdiff_t>(at));
}

// So many lines, from `offset` bytes on: no more instructions than lines.
template <size_t kLines>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void PrefetchLines(const void* memory, ptrdiff_t offset = 0) {
  if constexpr (kLines > 0) {
    Prefetch(memory, offset);
    PrefetchLines<kLines - 1>(memory, offset + static_cast<ptrdiff_t>(kCacheLine));
  }
}

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_PREFETCH_H_
