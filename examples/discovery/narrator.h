// SPDX-License-Identifier: Apache-2.0
//
// File: narrator.h
//
// How the discovery example prints what happens: a line for each thing, with when, who and what.

#ifndef POLLUX_EXAMPLES_DISCOVERY_NARRATOR_H_
#define POLLUX_EXAMPLES_DISCOVERY_NARRATOR_H_

#include <ostream>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/discovery/discovery.h"
#include "udp/event_loop.h"

namespace pollux::examples {

// Prints one line.
void Tell(std::ostream& out, absl::Duration time, absl::string_view who, absl::string_view what);

// Prints what `who` says of itself, with the time since this call. `out` and `loop` must outlive
// it.
Narrator NarratorFor(std::ostream& out, EventLoop& loop, absl::string_view who);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_NARRATOR_H_
