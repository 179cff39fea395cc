// SPDX-License-Identifier: Apache-2.0
//
// File: run_files.h

#ifndef POLLUX_SIM_TESTING_RUN_FILES_H_
#define POLLUX_SIM_TESTING_RUN_FILES_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/network.h"

namespace pollux::sim {

// Writes down all of a run that failed, for those who look for the reason: a capture file and a web
// page, in the folder where the test runner collects what tests leave
// (TEST_UNDECLARED_OUTPUTS_DIR). Where there is no such folder, does nothing. Loop thread only.
class RunFiles {
 public:
  // Of what happens from now on. `net` must outlive this.
  explicit RunFiles(Network& net);
  ~RunFiles();

  // Writes the files, named after the test, "Suite.Name". Returns what to say of them: which they
  // are, or why there are none; empty where nobody collects them.
  std::string Write(absl::string_view test) const;

 private:
  struct Sinks;

  Network& net_;
  std::string folder_;
  std::unique_ptr<Sinks> sinks_;  // Null where nobody collects files.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_RUN_FILES_H_
