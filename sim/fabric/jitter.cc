// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/jitter.h"

#include "sim/choice/random.h"

namespace pollux::sim {
namespace {

constexpr int kParts = 12;  // Whose sum has a variance of 1.
constexpr int64_t kUnit = int64_t{1} << 20;

// The largest number whose third power is not above `cube`.
uint64_t CubeRoot(uint64_t cube) {
  uint64_t root = 0;
  // Bit by bit from the top: 2^21 is the largest root of 64 bits.
  for (int bit = 21; bit >= 0; --bit) {
    const uint64_t larger = root | uint64_t{1} << bit;
    if (larger <= 2642245 && larger * larger * larger <= cube) root = larger;
  }
  return root;
}

// In units of 2^-20.
int64_t Deviation(JitterShape shape, uint32_t word) {
  switch (shape) {
    case JitterShape::kUniform:
      return (int64_t{word} >> 11) - kUnit;
    case JitterShape::kNormal: {
      Random parts(word);
      int64_t sum = 0;
      for (int i = 0; i < kParts; ++i) sum += static_cast<int64_t>(parts.Next() >> 44);
      return sum - kParts * kUnit / 2;
    }
    case JitterShape::kPareto:
      break;
  }
  // 1/cbrt(u) - 1 for an even u from 2^-32 to 1, in steps of 2^-10.
  const uint64_t u = uint64_t{word} + 1;
  const uint64_t root = CubeRoot((uint64_t{1} << 62) / u);  // 2^10 / cbrt(u / 2^32)
  return static_cast<int64_t>(root) * (kUnit >> 10) - kUnit;
}

}  // namespace

absl::Duration JitterOf(JitterShape shape, absl::Duration amount, uint32_t word) {
  return amount * Deviation(shape, word) / kUnit;
}

}  // namespace pollux::sim
