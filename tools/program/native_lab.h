// SPDX-License-Identifier: Apache-2.0
//
// File: native_lab.h
//
// Makes the lab (tools/lab) what programs expect of `LabTopology()`.

#ifndef POLLUX_TOOLS_PROGRAM_NATIVE_LAB_H_
#define POLLUX_TOOLS_PROGRAM_NATIVE_LAB_H_

#include "absl/status/status.h"
#include "tools/lab/lab.h"

namespace pollux::program {

// On both hosts: interfaces get the link-local addresses of `LinkLocalOf` in place of the lab's,
// and the kernel answers every datagram to a closed port, not so many a second. To be called once
// for a lab. Errors: the kernel's.
absl::Status PrepareLab(const lab::Lab& lab);

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_NATIVE_LAB_H_
