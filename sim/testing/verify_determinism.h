// SPDX-License-Identifier: Apache-2.0
//
// File: verify_determinism.h
//
// `VerifyDeterminism` runs a scenario twice and says where the second run is another one: the first
// event that differs, with what both runs did around it. What a program keeps from one run to the
// next, a clock that it asks, an order of pointers or of hashes, shows so as a line that can be
// looked into, and not as two fingerprints that are not equal.
//
//   TEST(MyProtocol, IsDeterministic) {
//     EXPECT_THAT(sim::VerifyDeterminism([](sim::Network& net) {
//       sim::Host& alice = net.AddHost("alice");
//       ...
//       net.RunFor(absl::Seconds(10));
//     }, {.seed = 7}), testing::IsOk());
//   }

#ifndef POLLUX_SIM_TESTING_VERIFY_DETERMINISM_H_
#define POLLUX_SIM_TESTING_VERIFY_DETERMINISM_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "sim/network.h"

namespace pollux::sim {

// Runs `scenario` on two networks of these options, one after the other. It makes its hosts,
// sockets and timers itself and is done with them when it returns. The first run is kept as text,
// about a hundred bytes an event. `options.choices` decides in both runs, so that it has to answer
// the same twice: null, for luck from the seed, always does. Errors: kFailedPrecondition, with the
// number of the first event that is not the same, some that were before it, and how each run goes
// on; or with what differs where all events are the same: the time, or the story.
//
// Loop thread only.
absl::Status VerifyDeterminism(absl::FunctionRef<void(Network& net)> scenario,
                               const NetworkOptions& options = {});

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_VERIFY_DETERMINISM_H_
