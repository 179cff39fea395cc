// SPDX-License-Identifier: Apache-2.0
//
// File: simulated.h
//
// The hole-punching example between two simulated homes: which kinds of translators let it through.

#ifndef POLLUX_EXAMPLES_HOLE_PUNCH_SIMULATED_H_
#define POLLUX_EXAMPLES_HOLE_PUNCH_SIMULATED_H_

#include <cstdint>
#include <string>

#include "sim/fabric/nat_table.h"

namespace pollux::examples {

// Whether both peers reach each other, with translators of these kinds in front of them.
bool GetsThrough(sim::NatKind alice, sim::NatKind bob, uint64_t seed);

// The answers for each pair, as a table for people to read.
std::string AllPairs(uint64_t seed);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_HOLE_PUNCH_SIMULATED_H_
