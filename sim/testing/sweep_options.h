// SPDX-License-Identifier: Apache-2.0
//
// File: sweep_options.h

#ifndef POLLUX_SIM_TESTING_SWEEP_OPTIONS_H_
#define POLLUX_SIM_TESTING_SWEEP_OPTIONS_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "sim/choice/fault_story.h"

namespace pollux::sim {

// What is asked of every SIM_TEST.
struct SweepOptions {
  uint64_t runs = 100;
  uint64_t first_seed = 1;          // The next runs have the next.
  std::optional<FaultStory> story;  // Set: one run, as it says.
};

// Reads the variables that sim_test.h names. Errors: kInvalidArgument and kNotFound, naming the
// variable and its value.
absl::StatusOr<SweepOptions> SweepOptionsFromEnvironment();

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_SWEEP_OPTIONS_H_
