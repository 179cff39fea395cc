// SPDX-License-Identifier: Apache-2.0
//
// File: random.h
//
// The simulator's own randomness and hashing. Standard libraries may change theirs between
// versions, and some differ from process to process; these never change, and tests/sim/choice pins
// them.

#ifndef POLLUX_SIM_CHOICE_RANDOM_H_
#define POLLUX_SIM_CHOICE_RANDOM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pollux::sim {

// Scatters the bits of a word: a bijection in which each input bit moves about half of the output
// bits. It is the finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
// Generators", 2014, with the constants of Stafford's variant 13).
constexpr uint64_t MixBits(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

// A hash of bytes, equal on every machine and in every process. Not for enemies: it has no secret.
uint64_t StableHash(absl::string_view bytes);

// The generator SplitMix64: a counter whose steps are scattered. Thread-compatible.
class Random {
 public:
  explicit constexpr Random(uint64_t seed) : state_(seed) {}

  // 64 random bits.
  constexpr uint64_t Next() {
    state_ += kGoldenGamma;
    return MixBits(state_);
  }
  // A number below `bound`, each with exactly the same chance. `bound` is not 0.
  constexpr uint64_t Below(uint64_t bound) {
    // Numbers from the incomplete last multiple of `bound` would favour the small results.
    const uint64_t incomplete = (uint64_t{0} - bound) % bound;
    uint64_t word = Next();
    while (word < incomplete) word = Next();
    return word % bound;
  }

 private:
  static constexpr uint64_t kGoldenGamma = 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio, odd.
  uint64_t state_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_RANDOM_H_
