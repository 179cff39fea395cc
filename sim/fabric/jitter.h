// SPDX-License-Identifier: Apache-2.0
//
// File: jitter.h

#ifndef POLLUX_SIM_FABRIC_JITTER_H_
#define POLLUX_SIM_FABRIC_JITTER_H_

#include <cstdint>

#include "absl/time/time.h"

namespace pollux::sim {

// How much later or earlier than the latency packets arrive, given an amount.
enum class JitterShape : uint8_t {
  kUniform,  // By as much, either way, evenly.
  kNormal,   // By this standard deviation, either way (a sum of twelve even ones: within 6 of it).
  kPareto,   // Later alone, and now and then by far: half of it on average, its tail falls with the
             // third power (Pareto's distribution with shape 3, from 0 on).
};

// The deviation that a draw stands for: integers alone, equal on every machine. `word` is any of
// 2^32 numbers.
absl::Duration JitterOf(JitterShape shape, absl::Duration amount, uint32_t word);
// The same for words that resemble each other: words that are near stand for deviations that are,
// within 4 standard deviations for kNormal.
absl::Duration RankedJitterOf(JitterShape shape, absl::Duration amount, uint32_t word);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_JITTER_H_
