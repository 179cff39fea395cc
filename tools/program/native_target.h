// SPDX-License-Identifier: Apache-2.0
//
// File: native_target.h
//
// The kernel of this machine as a `Target`: programs run on raw system calls, in network namespaces
// of the process's own (tools/lab). Nothing of the machine's own network is seen or touched.

#ifndef POLLUX_TOOLS_PROGRAM_NATIVE_TARGET_H_
#define POLLUX_TOOLS_PROGRAM_NATIVE_TARGET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "tools/program/target.h"

namespace pollux::program {

enum class NativeNetwork {
  kLab,    // Both hosts of the lab, which the target builds for itself.
  kHostA,  // The one that is here, which has to be host a: see LabAroundHostA. Host b has no
           // program.
};

// The target "native". It can build LabTopology() and nothing else. Sockets of users other than
// root need a process that is root on the machine itself: elsewhere such a `socket` call answers
// EPERM. Port 61439 of 127.0.0.1 on the first host is the target's own.
//
// To be called by the main thread, before there are others (see lab.h). The thread is then host
// a's, and stays on the processor that it is on: packets of one processor keep their order, which
// is how the target knows that all has come to rest (native_probe.h).
//
// When it is destroyed, the lab of this process is out of order for good.
//
// Errors: kSocketAccess where the machine does not permit namespaces.
absl::StatusOr<std::unique_ptr<Target>> NewNativeTarget(
    NativeNetwork network = NativeNetwork::kLab);

// Whether sockets can be those of other users here.
bool NativeUsersPermitted();

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_NATIVE_TARGET_H_
