// SPDX-License-Identifier: Apache-2.0
//
// File: lab.h
//
// The lab is two hosts on two wires, made of the running kernel for one test process alone: nothing
// of the machine's own network is seen or touched, and nothing has to be installed.
//
//   host A   va (11) 10.77.0.1/24, 10.77.0.11/24, fd77::1/64, fe80::11
//            wa (12) 10.78.0.1/24, fd78::1/64, fe80::12             lo
//   host B   vb (21) 10.77.0.2/24, fd77::2/64, fe80::21
//            wb (22) 10.78.0.2/24, fd78::2/64, fe80::22             lo
//
// The numbers are interface indices. va and vb are two ends of a cable, so are wa and wb. A's
// default routes go to B by va; B has none. The process is root over both hosts.
//
//   absl::StatusOr<lab::Lab> lab = lab::EnterLab();
//   if (!lab.ok()) GTEST_SKIP() << lab.status();
//   absl::StatusOr<std::unique_ptr<SocketEngine>> b = lab->NewEngine(lab::Host::kB);

#ifndef POLLUX_TOOLS_LAB_LAB_H_
#define POLLUX_TOOLS_LAB_LAB_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/linux/system_calls.h"
#include "udp/socket_engine.h"

namespace pollux::lab {

enum class Host { kA, kB };

// A value, good until the process ends.
class Lab {
 public:
  // Runs `body` on that host: sockets that it makes, and tables that it reads, are the host's.
  // Errors: the kernel's, where it does not let the thread move; kUnimplemented for a host that
  // this lab does not have.
  absl::Status RunOn(Host host, absl::FunctionRef<void()> body) const;

  // A native engine of that host, wherever the thread is: to be used like any other. All engines
  // can be run by one thread.
  absl::StatusOr<std::unique_ptr<SocketEngine>> NewEngine(Host host) const;
  // The same as system calls, for an engine of which a test wants to make some fail.
  std::shared_ptr<linux_engine::SystemCalls> NewSystemCalls(Host host) const;

 private:
  friend absl::StatusOr<Lab> BuildLab();
  friend Lab LabAroundHostA();
  Lab(int namespace_a, int namespace_b) : namespaces_{namespace_a, namespace_b} {}

  int NamespaceOf(Host host) const { return namespaces_[host == Host::kA ? 0 : 1]; }

  // Descriptors that are kept for the life of the process. Of none where the thread is on host A
  // for good.
  int namespaces_[2];
};

// Builds the lab and takes the calling thread, and those it starts from then on, to host A. To be
// called by the main thread, before there are others: the kernel asks for it where the user is not
// root. Only the first call does something; later ones return the same.
//
// Errors: kSocketAccess where the machine does not permit namespaces, as in some containers. Tests
// then say so and skip.
absl::StatusOr<Lab> EnterLab();

// For a process that somebody else has put on host A, and that cannot leave it, as `inside gvisor`
// (tools/inside) does: the lab without host B. Indices of interfaces are then the kernel's choice.
Lab LabAroundHostA();

}  // namespace pollux::lab

#endif  // POLLUX_TOOLS_LAB_LAB_H_
