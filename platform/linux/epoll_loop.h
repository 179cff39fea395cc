// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_loop.h
//
// `EpollLoop` is the event loop of Linux: epoll(7) with edge-triggered sockets, an eventfd that
// ends a wait from another thread, and, once a foreign loop asked for the handle, a timerfd.

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/common/turn_loop.h"
#include "platform/linux/system_calls.h"

namespace pollux::linux_engine {

// Threads as `EventLoop` says.
class EpollLoop final : public internal::TurnLoop {
 public:
  // A descriptor that the loop watches.
  class Watched : public Source {
   public:
    explicit Watched(EpollLoop& loop) : Source(loop) {}

   protected:
    ~Watched() = default;

    // What epoll has reported since the socket was last found empty, or free of errors.
    bool maybe_readable_ = false;
    bool maybe_failed_ = false;

   private:
    friend class EpollLoop;
  };

  // Errors: kSocketResource, out of descriptors or memory.
  static absl::StatusOr<std::unique_ptr<EpollLoop>> Create(std::shared_ptr<SystemCalls> calls);
  ~EpollLoop() override;

  // Watches `fd` for datagrams and errors, on behalf of `watched`. Errors: kSocketResource.
  absl::Status Watch(int fd, Watched& watched);
  // Before `fd` is closed: the kernel forgets a descriptor only when its last duplicate is closed.
  void Unwatch(int fd, Watched& watched);

  absl::Time Now() const override;
  absl::Time WallNow() const override;
  std::optional<NativeHandle> native_handle() override;

 private:
  explicit EpollLoop(std::shared_ptr<SystemCalls> calls) : calls_(std::move(calls)) {}

  absl::Status Open();
  // Puts a descriptor of the loop's own into the epoll set.
  int WatchOwn(int fd);
  void Wait(absl::Duration timeout) override;
  int Poll(absl::Duration timeout);
  void Wake() override;
  void WakeHostAt(absl::Time when) override;

  const std::shared_ptr<SystemCalls> calls_;
  int epoll_ = -1;
  int event_ = -1;
  int timer_ = -1;  // -1 while no foreign loop hosts this one.
  absl::Time timer_set_to_ = absl::InfiniteFuture();
  bool has_pwait2_ = true;  // Until the kernel, or a sandbox, says otherwise.
  std::array<epoll_event, 256> events_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_
