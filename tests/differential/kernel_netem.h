// SPDX-License-Identifier: Apache-2.0
//
// File: kernel_netem.h
//
// The running kernel's netem on its loopback interface: what it does to datagrams. Only for a
// kernel that is all a test's own (guest_queue.h).

#ifndef POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_
#define POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/fabric/link_profile.h"
#include "tests/differential/guest_queue.h"

namespace pollux::differential {

// Loop thread only.
class KernelNetem {
 public:
  // Puts netem before the loopback interface. Errors: as `GuestQueue`'s.
  static absl::StatusOr<std::unique_ptr<KernelNetem>> Open();

  // Has netem do what a profile says of loss and duplicates, and then sends so many datagrams.
  // Returns how often each arrived.
  absl::StatusOr<std::vector<uint8_t>> Send(const sim::LinkProfile& profile, uint32_t datagrams);

 private:
  explicit KernelNetem(std::unique_ptr<GuestQueue> queue) : queue_(std::move(queue)) {}

  std::unique_ptr<GuestQueue> queue_;
};

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_KERNEL_NETEM_H_
