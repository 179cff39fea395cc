// SPDX-License-Identifier: Apache-2.0
//
// File: shrink_story.h

#ifndef POLLUX_SIM_TESTING_SHRINK_STORY_H_
#define POLLUX_SIM_TESTING_SHRINK_STORY_H_

#include "absl/functional/function_ref.h"
#include "sim/choice/fault_story.h"

namespace pollux::sim {

// The shortest story that was found by leaving decisions out of one that `fails`: no decision of it
// can be left out by itself. Asks `fails` at most `runs_max` times (delta debugging: Zeller,
// Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
FaultStory ShrinkStory(FaultStory story, absl::FunctionRef<bool(const FaultStory&)> fails,
                       int runs_max);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_SHRINK_STORY_H_
