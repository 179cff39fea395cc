// SPDX-License-Identifier: Apache-2.0
//
// File: fold.h
//
// How fingerprints make one word of two.

#ifndef POLLUX_SIM_TRACE_FOLD_H_
#define POLLUX_SIM_TRACE_FOLD_H_

#include <cstdint>

#include "absl/numeric/int128.h"

namespace pollux::sim {

// The compiler's own numbers of 128 bits where it has them: it makes better code of these.
#ifdef ABSL_HAVE_INTRINSIC_INT128
__extension__ using WideWord = unsigned __int128;
#else
using WideWord = absl::uint128;
#endif

// The halves of the product, on top of each other: each bit depends on all bits of both. Different
// pairs can give the same word, as with any one word for two.
inline uint64_t Fold(uint64_t a, uint64_t b) {
  const WideWord product = WideWord{a} * b;
  return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
}

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_FOLD_H_
