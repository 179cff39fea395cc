// SPDX-License-Identifier: Apache-2.0
//
// File: sim_target.h
//
// Targets that are simulated kernels: every host of a program plays the same release.

#ifndef POLLUX_TOOLS_PROGRAM_SIM_TARGET_H_
#define POLLUX_TOOLS_PROGRAM_SIM_TARGET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "sim/kernel/platform_rules.h"
#include "tools/program/target.h"

namespace pollux::program {

// "sim:linux", "sim:macos", "sim:freebsd", "sim:freebsd14", "sim:windows", "sim:windowsxp",
// "sim:symbian".
std::string SimTargetName(sim::Release release);

// A target that calls the kernels of simulated hosts, on segments without latency and loss. Each
// program begins at the same instant, with the same luck, which comes from `seed`.
//
// Build fails with kUnimplemented where an interface has no address of a protocol that others have
// on its segment: simulated segments give every interface one of each.
std::unique_ptr<Target> NewSimTarget(sim::Release release, uint64_t seed = 1);

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_SIM_TARGET_H_
