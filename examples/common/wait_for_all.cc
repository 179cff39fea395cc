// SPDX-License-Identifier: Apache-2.0

#include "examples/common/wait_for_all.h"

#include <iostream>

#include "examples/common/command_line.h"

namespace pollux::examples {

int WaitForAll(EventLoop& loop, const StopOnSignal& signals, const int& received, int wanted,
               absl::Duration timeout) {
  loop.RunUntil([&] { return wanted != 0 && received == wanted; }, timeout);
  if (signals.signalled()) {
    std::cout << "stopped; " << received << " received" << std::endl;
  } else if (received < wanted || wanted == 0) {
    std::cout << received << " received within " << absl::FormatDuration(timeout) << std::endl;
  }
  return received >= wanted ? 0 : kExitFailed;
}

}  // namespace pollux::examples
