// SPDX-License-Identifier: Apache-2.0
//
// File: kqueue_loop.h
//
// `KqueueLoop` is the event loop of macOS and the BSDs: kqueue(2) with sockets that are disabled
// once they were reported (EV_DISPATCH), and a user event that ends a wait from another thread.

#ifndef POLLUX_PLATFORM_POSIX_KQUEUE_LOOP_H_
#define POLLUX_PLATFORM_POSIX_KQUEUE_LOOP_H_

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/posix/readiness_loop.h"
#include "platform/posix/system_calls.h"

namespace pollux::posix {

// Threads as `EventLoop` says.
class KqueueLoop final : public ReadinessLoop {
 public:
  // Errors: kSocketResource, out of descriptors or memory.
  static absl::StatusOr<std::unique_ptr<KqueueLoop>> Create(std::shared_ptr<SystemCalls> calls);
  ~KqueueLoop() override;

  int Watch(int fd, Watched& watched) override;
  void Unwatch(Watched& watched) override;
  void Arm(Watched& watched) override;
  void Share(Watched& watched) override;
  std::optional<NativeHandle> native_handle() override;

 private:
  explicit KqueueLoop(std::shared_ptr<SystemCalls> calls) : ReadinessLoop(std::move(calls)) {}

  absl::Status Open();
  // Changes something now; 0 or a negated errno.
  int Change(const struct kevent& change);
  // The event of a socket, with `flags` of what to do about it.
  static struct kevent EventOf(Watched& watched, unsigned flags);
  void Wait(absl::Duration timeout) override;
  void Wake() override;
  void WakeHostAt(absl::Time when) override;

  int queue_ = -1;
  bool hosted_ = false;
  // Sockets that were armed since the last wait: the next one tells the kernel in the same call.
  // Null where one is not watched any more.
  std::vector<Watched*> to_arm_;
  std::vector<struct kevent> changes_;
  std::array<struct kevent, 256> events_;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_KQUEUE_LOOP_H_
