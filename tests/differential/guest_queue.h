// SPDX-License-Identifier: Apache-2.0
//
// File: guest_queue.h
//
// `GuestQueue` is the queue before the loopback interface of a running kernel that is all a test's
// own, such as `inside uml` boots (tools/inside): the interface is the kernel's, and so is what is
// put before it.

#ifndef POLLUX_TESTS_DIFFERENTIAL_GUEST_QUEUE_H_
#define POLLUX_TESTS_DIFFERENTIAL_GUEST_QUEUE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/lab/netlink.h"

namespace pollux::differential {

// What a program ends with where the kernel has not the queue that it looks at: as `inside` does
// where there is no such kernel. Nothing was found out, which is no success.
inline constexpr int kNotHere = 125;

// Loop thread only.
class GuestQueue {
 public:
  // Turns the loopback interface on. Errors: kFailedPrecondition where the network is not this
  // process's own.
  static absl::StatusOr<std::unique_ptr<GuestQueue>> Open();

  // Replaces the queue: `kind` is its name, as "netem", and `options` what linux/pkt_sched.h says
  // of that kind, as bytes. Loads it where it is a module. Errors: kUnimplemented where the kernel
  // does not take it.
  absl::Status Set(const std::string& kind, const std::string& options);

 private:
  explicit GuestQueue(std::unique_ptr<lab::Netlink> netlink) : netlink_(std::move(netlink)) {}

  std::unique_ptr<lab::Netlink> netlink_;
};

// An attribute of rtnetlink(7), whose value can be others.
std::string Attribute(int type, const std::string& value);

// A number or a structure as it lies in memory.
template <typename T>
std::string BytesOf(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_GUEST_QUEUE_H_
