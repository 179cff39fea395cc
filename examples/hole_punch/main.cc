// SPDX-License-Identifier: Apache-2.0
//
// Prints between which kinds of simulated translators a hole can be punched.

#include <cstdint>
#include <iostream>
#include <optional>

#include "absl/flags/flag.h"
#include "examples/common/command_line.h"
#include "examples/hole_punch/simulated.h"

ABSL_FLAG(uint64_t, seed, 1, "where the simulated luck comes from");

namespace pollux::examples {
namespace {

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code = ParseCommandLine(
          argc, argv, "Tells which translators two peers behind them reach each other through.")) {
    return *exit_code;
  }
  std::cout << AllPairs(absl::GetFlag(FLAGS_seed));
  return 0;
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
