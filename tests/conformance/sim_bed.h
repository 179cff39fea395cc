// SPDX-License-Identifier: Apache-2.0
//
// File: sim_bed.h
//
// The bed whose hosts are simulated Linux machines.

#ifndef POLLUX_TESTS_CONFORMANCE_SIM_BED_H_
#define POLLUX_TESTS_CONFORMANCE_SIM_BED_H_

#include <memory>

#include "absl/status/statusor.h"
#include "tests/conformance/bed.h"

namespace pollux::conformance {

// Never fails.
absl::StatusOr<std::unique_ptr<Bed>> NewSimulatedLinuxBed();

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_SIM_BED_H_
