// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/jitter.h"

#include "sim/choice/random.h"

namespace pollux::sim {
namespace {

constexpr int kParts = 12;  // Whose sum has a variance of 1.
constexpr int64_t kUnit = int64_t{1} << 20;

// Quantiles of the normal distribution in units of 2^-20 of its deviation: of (1/2 + i/256) for i
// up to 127, and of the rest, up to 4 deviations, in 32 steps more.
constexpr int32_t kNormalQuantiles[128] = {
    0,       10267,   20536,   30806,   41079,   51356,   61638,   71926,   82221,   92524,
    102836,  113158,  123491,  133835,  144193,  154565,  164952,  175355,  185776,  196215,
    206673,  217152,  227653,  238177,  248724,  259297,  269897,  280524,  291180,  301866,
    312583,  323333,  334118,  344937,  355794,  366689,  377624,  388599,  399618,  410681,
    421790,  432946,  444152,  455408,  466718,  478081,  489502,  500980,  512519,  524121,
    535786,  547519,  559321,  571193,  583140,  595163,  607264,  619447,  631714,  644068,
    656512,  669050,  681684,  694417,  707254,  720197,  733252,  746421,  759708,  773119,
    786658,  800329,  814137,  828088,  842187,  856441,  870854,  885433,  900186,  915119,
    930241,  945558,  961079,  976814,  992773,  1008964, 1025400, 1042092, 1059051, 1076293,
    1093831, 1111680, 1129857, 1148380, 1167269, 1186544, 1206229, 1226348, 1246929, 1268002,
    1289600, 1311760, 1334521, 1357929, 1382035, 1406893, 1432569, 1459133, 1486668, 1515268,
    1545043, 1576118, 1608642, 1642792, 1678779, 1716860, 1757350, 1800644, 1847245, 1897810,
    1953216, 2014682, 2083969, 2163766, 2258501, 2376311, 2534994, 2789283,
};
constexpr int32_t kNormalTail[33] = {
    2789283, 2800477, 2811999, 2823872, 2836118, 2848763, 2861837, 2875371, 2889402,
    2903971, 2919122, 2934909, 2951390, 2968634, 2986721, 3005742, 3025808, 3047046,
    3069613, 3093698, 3119535, 3147418, 3177721, 3210935, 3247722, 3289001, 3336107,
    3391093, 3457358, 3541194, 3656494, 3846522, 4203503,
};

// Between two neighbours of a table; `part` of 2^bits is how far.
int64_t Between(const int32_t* neighbours, uint32_t part, int bits) {
  const int64_t step = neighbours[1] - neighbours[0];
  return neighbours[0] + (step * int64_t{part} >> bits);
}

// The deviation of which `word` of 2^32 normal ones are below.
int64_t NormalQuantile(uint32_t word) {
  constexpr uint32_t kHalf = uint32_t{1} << 31;
  if (word < kHalf) return -NormalQuantile(~word);
  const uint32_t rank = word - kHalf;
  if (rank >> 24 < 127) return Between(kNormalQuantiles + (rank >> 24), rank & 0xffffff, 24);
  return Between(kNormalTail + (rank >> 19 & 31), rank & 0x7ffff, 19);
}

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

absl::Duration RankedJitterOf(JitterShape shape, absl::Duration amount, uint32_t word) {
  if (shape != JitterShape::kNormal) return JitterOf(shape, amount, word);
  return amount * NormalQuantile(word) / kUnit;
}

absl::Duration JitterOf(JitterShape shape, absl::Duration amount, uint32_t word) {
  return amount * Deviation(shape, word) / kUnit;
}

}  // namespace pollux::sim
