// SPDX-License-Identifier: Apache-2.0
//
// Runs a program inside another kernel, with the machine's own files:
//
//   inside uml [--limit=10m] PROGRAM [ARGUMENT]...      Linux 6.1: Debian's package user-mode-linux
//   inside gvisor [--limit=10m] PROGRAM [ARGUMENT]...   gVisor: Debian's package runsc
//
// Its output and exit code are the program's. Others are 124 (it took too long), 125 (the kernel
// cannot run here, which a message explains), 126 and 127 (there is no such program), and 128 with
// the number of the signal that ended it. docs/kernels.md tells what this is for.

#include <cstddef>
#include <iostream>
#include <string>

#include "tools/inside/job.h"
#include "tools/inside/kernels.h"

int main(int argc, char** argv) {
  using namespace pollux::inside;  // NOLINT(google-build-using-namespace)
  if (IsUmlInit()) RunAsUmlInit();
  const absl::StatusOr<Job> job =
      ParseJob(absl::MakeConstSpan(argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)));
  if (!job.ok()) {
    std::cerr << "inside: " << job.status().message() << '\n' << kUsage;
    return kNotHere;
  }
  const absl::StatusOr<std::string> program = FindProgram(job->program[0]);
  if (!program.ok()) {
    std::cerr << "inside: " << program.status().message() << '\n';
    return absl::IsPermissionDenied(program.status()) ? kNotExecutable : kNotFound;
  }
  return job->kernel == Kernel::kUml ? RunInUml(*job, *program) : RunInGvisor(*job, *program);
}
