// SPDX-License-Identifier: Apache-2.0
//
// File: chaos.h
//
// A plan of faults that luck draws, within a budget: `Network::DrawPlan` makes it for the hosts and
// segments that a network has. It is a plan like any other: it can be printed, kept, and cut down.
//
//   const sim::FaultPlan plan = net.DrawPlan({.end = absl::Seconds(20), .faults = 4});
//   ASSERT_TRUE(net.Apply(plan).ok()) << plan.ToString();
//   net.RunFor(absl::Seconds(20));  // At the end of it all faults have ended.
//   EXPECT_TRUE(net.RunUntil([&] { return client.recovered(); }, absl::Seconds(30)));

#ifndef POLLUX_SIM_CHAOS_H_
#define POLLUX_SIM_CHAOS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sim/choice/choices.h"
#include "sim/fault_plan.h"

namespace pollux::sim {

// What may be drawn. Times count from the beginning of the simulation.
struct ChaosOptions {
  absl::Duration begin = absl::ZeroDuration();  // The first fault is not earlier,
  absl::Duration end = absl::Seconds(10);       // and here all have ended: the plan quiesces.
  // How many faults are drawn at most, up to 100: one that contradicts an earlier one is left out.
  int faults = 5;
  absl::Duration longest = absl::Seconds(2);  // What lasts, lasts from 1 ms to this.
  // Each is as likely as the others. Those that end something cannot be drawn: what is drawn ends.
  // What happens to switches, kSwitchRestart and kQuerierOff, is drawn where it is asked for.
  std::vector<FaultPlan::Verb> verbs = {
      FaultPlan::Verb::kCrash, FaultPlan::Verb::kPause,     FaultPlan::Verb::kFreeze,
      FaultPlan::Verb::kDown,  FaultPlan::Verb::kUnplug,    FaultPlan::Verb::kStep,
      FaultPlan::Verb::kDrift, FaultPlan::Verb::kPartition, FaultPlan::Verb::kLink};
  std::vector<std::string> spared = {};  // Hosts to which nothing is done.
};

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const ChaosOptions& options);

// What there is in a network, by names.
struct ChaosTargets {
  struct Host {
    std::string name;
    std::vector<std::string> interfaces;
  };
  struct Segment {
    std::string name;
    std::vector<std::string> hosts;
    bool has_switch = false;
  };
  std::vector<Host> hosts;
  std::vector<Segment> segments;
};

// Draws a plan; the options are valid. `draws` counts the draws of these kinds in a run: each has a
// label of its own. A fault whose length, or amount, is drawn as 0 is none: so a story that draws
// less makes the plan's faults earlier, shorter and weaker, and leaves them out in the end.
FaultPlan DrawPlan(const ChaosOptions& options, const ChaosTargets& targets, Choices& choices,
                   uint64_t& draws);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHAOS_H_
