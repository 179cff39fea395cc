// SPDX-License-Identifier: Apache-2.0
//
// File: kernel_netem.h
//
// The running kernel's netem on its loopback interface: what it does to datagrams. Only for a
// kernel that is all a test's own, such as `inside uml` boots (tools/inside): the interface is the
// kernel's, and so is the queue that is put before it.

#ifndef POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_
#define POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/fabric/link_profile.h"
#include "tools/lab/netlink.h"

namespace pollux::differential {

// Loop thread only.
class KernelNetem {
 public:
  // Turns the loopback interface on, and loads netem where it is a module. Errors: kUnimplemented
  // where the kernel has none; kFailedPrecondition where the network is not this process's own.
  static absl::StatusOr<std::unique_ptr<KernelNetem>> Open();

  // Has netem do what a profile says of loss and duplicates, and then sends so many datagrams.
  // Returns how often each arrived.
  absl::StatusOr<std::vector<uint8_t>> Send(const sim::LinkProfile& profile, uint32_t datagrams);

 private:
  explicit KernelNetem(std::unique_ptr<lab::Netlink> netlink) : netlink_(std::move(netlink)) {}

  std::unique_ptr<lab::Netlink> netlink_;
};

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_
