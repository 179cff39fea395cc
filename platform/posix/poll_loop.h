// SPDX-License-Identifier: Apache-2.0
//
// File: poll_loop.h
//
// `PollLoop` is the event loop for any Unix: poll(2), and a pipe that ends a wait from another
// thread. It looks at every socket each time it waits, so that it is for programs with few of them.
// A foreign loop cannot host it, for there is no one descriptor that tells all.

#ifndef POLLUX_PLATFORM_POSIX_POLL_LOOP_H_
#define POLLUX_PLATFORM_POSIX_POLL_LOOP_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/posix/readiness_loop.h"
#include "platform/posix/system_calls.h"

namespace pollux::posix {

// Threads as `EventLoop` says.
class PollLoop final : public ReadinessLoop {
 public:
  // Errors: kSocketResource, out of descriptors or memory.
  static absl::StatusOr<std::unique_ptr<PollLoop>> Create(std::shared_ptr<SystemCalls> calls);
  ~PollLoop() override;

  int Watch(int fd, Watched& watched) override;
  void Unwatch(Watched& watched) override;
  void Arm(Watched& watched) override;
  void Share(Watched& watched) override;

 private:
  explicit PollLoop(std::shared_ptr<SystemCalls> calls) : ReadinessLoop(std::move(calls)) {}

  absl::Status Open();
  void Wait(absl::Duration timeout) override;
  void Wake() override;
  void WakeHostAt(absl::Time /*when*/) override {}
  // Arms those of the shared ones that were told, and that somebody has emptied since. Whether any
  // is left that waits for that.
  bool ArmEmptied();
  void DrainPipe();

  int read_end_ = -1;
  int write_end_ = -1;
  // Beside each other: the pipe is at 0. A descriptor is negative while its owner is not armed,
  // and poll passes over it.
  std::vector<pollfd> entries_;
  std::vector<Watched*> owners_;
  int shared_ = 0;  // How many of them are.
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_POLL_LOOP_H_
