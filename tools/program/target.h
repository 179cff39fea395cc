// SPDX-License-Identifier: Apache-2.0
//
// File: target.h
//
// `Target` carries programs out: a simulated platform (sim_target.h), or the kernel of this machine
// (native_target.h). Calls are the platform's own, quirks included: nothing of `UdpSocket` is
// between.

#ifndef POLLUX_TOOLS_PROGRAM_TARGET_H_
#define POLLUX_TOOLS_PROGRAM_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/program/program.h"

namespace pollux::program {

// What a call returned, in words that are the same on all targets (answer.h writes them):
//
//   "ok"                                a call that returns nothing
//   "EADDRINUSE"                        one that failed: the POSIX name, WSA names on Windows
//   "5"                                 send: bytes; pending: size; get: the value
//   "5 \"hello\" from 10.77.0.1:5000"   receive; with " truncated" behind it where it was
//   "nothing"                           receive and pending on an empty queue
//   "end"                               receive that says, with 0 bytes, that no more will come
//   "10.77.0.1:5000"                    local, peer; addresses unmapped, "*" as Any
//   "none"                              error: nothing is pending
//
// Payloads longer than 32 bytes are shown as their length and a checksum. Scopes are shown as the
// interface's name. Ports that the program did not name, so that the platform chose them, are shown
// as "port#1", "port#2" in the order in which the program first saw them, so that luck does not
// count. A call on a socket that is not open, because its `socket` call failed, is answered with
// the platform's EBADF.
using Answer = std::string;

class Target {
 public:
  virtual ~Target() = default;

  // "sim:windows", "native".
  virtual std::string name() const = 0;
  // Makes the network that the next programs run on. Errors: kUnimplemented for what this target
  // cannot build.
  virtual absl::Status Build(const std::vector<HostSpec>& hosts) = 0;
  // Carries one call out and waits until all that it set off has come to rest.
  virtual Answer Do(const Call& call) = 0;
  // Closes all sockets and forgets them, so that the next program finds the network as it was
  // built.
  virtual void Reset() = 0;
};

// Builds, does each call in order, and closes what the program left open. The answers are one for
// each call.
absl::StatusOr<std::vector<Answer>> Run(Target& target, const Program& program);

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_TARGET_H_
