// SPDX-License-Identifier: Apache-2.0
//
// File: sim_bed.h
//
// The beds whose hosts are simulated machines, of each platform.

#ifndef POLLUX_TESTS_CONFORMANCE_SIM_BED_H_
#define POLLUX_TESTS_CONFORMANCE_SIM_BED_H_

#include <vector>

#include "tests/conformance/bed.h"

namespace pollux::conformance {

// None ever fails to be made.
std::vector<BedFactory> SimulatedBeds();

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_SIM_BED_H_
