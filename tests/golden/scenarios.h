// SPDX-License-Identifier: Apache-2.0
//
// File: scenarios.h
//
// Simulated runs in which much happens, and of which it is known what: fingerprints.txt has what
// has to come of each, whatever compiled it, on whatever machine and in whatever process. A feature
// of the simulator that draws, orders or computes something gets a scenario here.
//
// To add one: write it in scenarios.cc, name it in its list, and have the file written anew,
//
//   bazel run -c opt //tests/golden:fingerprints > tests/golden/fingerprints.txt
//
// The same command after a change that is meant to change runs; a line that changes says that the
// stories and seeds of users mean something else from now on.

#ifndef POLLUX_TESTS_GOLDEN_SCENARIOS_H_
#define POLLUX_TESTS_GOLDEN_SCENARIOS_H_

#include <string>

#include "absl/types/span.h"
#include "sim/network.h"

namespace pollux::golden {

struct Scenario {
  const char* name;
  // Makes all that it needs on an empty network, and is done with it when it returns.
  void (*run)(sim::Network& net);
};

absl::Span<const Scenario> Scenarios();

// What came of a run: its name, how many events it had, and its fingerprint, as a line with
// newline. Runs it with the seed 7.
std::string FingerprintLine(const Scenario& scenario);
// Those of all scenarios: what fingerprints.txt has to say.
std::string FingerprintLines();

}  // namespace pollux::golden

#endif  // POLLUX_TESTS_GOLDEN_SCENARIOS_H_
