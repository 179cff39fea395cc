// SPDX-License-Identifier: Apache-2.0
//
// File: wait_for_all.h
//
// How the receivers among the examples end.

#ifndef POLLUX_EXAMPLES_COMMON_WAIT_FOR_ALL_H_
#define POLLUX_EXAMPLES_COMMON_WAIT_FOR_ALL_H_

#include "absl/time/time.h"
#include "examples/common/stop_on_signal.h"
#include "udp/event_loop.h"

namespace pollux::examples {

// Runs the loop until `received`, which callbacks count up, is `wanted`; or for ever if that is 0.
// A signal, or the timeout, ends it earlier. Says how it ended, and returns the exit code: 0 if all
// that was wanted has come.
int WaitForAll(EventLoop& loop, const StopOnSignal& signals, const int& received, int wanted,
               absl::Duration timeout);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_COMMON_WAIT_FOR_ALL_H_
