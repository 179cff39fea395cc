// SPDX-License-Identifier: Apache-2.0
//
// File: kernels.h
//
// The kernels that a program can run inside of.

#ifndef POLLUX_TOOLS_INSIDE_KERNELS_H_
#define POLLUX_TOOLS_INSIDE_KERNELS_H_

#include "tools/inside/job.h"

namespace pollux::inside {

// Boots User-Mode Linux with this very binary as its first process, and runs the job's program in
// it as root, with the machine's files, read-only. What it writes is passed on when it has ended.
// Needs ptrace alone. Returns an exit code.
int RunInUml(const Job& job, const std::string& program);

// Whether this process is that first one.
bool IsUmlInit();
// What it does. Does not return.
[[noreturn]] void RunAsUmlInit();

// Runs the job's program in a sandbox of gVisor, as root, with the machine's files and nothing that
// it writes kept. The sandbox has the interfaces of host A of the lab (tools/lab); host B is a
// namespace of this machine's kernel, without a program, that answers. Needs user namespaces and
// ptrace. Returns an exit code.
int RunInGvisor(const Job& job, const std::string& program);

}  // namespace pollux::inside

#endif  // POLLUX_TOOLS_INSIDE_KERNELS_H_
