// SPDX-License-Identifier: Apache-2.0
//
// File: readiness_loop.h
//
// `ReadinessLoop` is an event loop on Unix that tells sockets once that something has arrived, and
// again when they ask for it: they are armed, and to be told disarms. How the kernel is asked is
// left to `PollLoop` and `KqueueLoop`.

#ifndef POLLUX_PLATFORM_POSIX_READINESS_LOOP_H_
#define POLLUX_PLATFORM_POSIX_READINESS_LOOP_H_

#include <ctime>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/common/turn_loop.h"
#include "platform/posix/system_calls.h"

namespace pollux::posix {

// Threads as `EventLoop` says.
class ReadinessLoop : public internal::TurnLoop {
 public:
  // A descriptor that the loop can watch.
  class Watched : public Source {
   public:
    explicit Watched(ReadinessLoop& loop) : Source(loop) {}

   protected:
    ~Watched() = default;

    // What the loop was told last: an error, or the end of the socket, beside what can be read.
    bool maybe_ended_ = false;

   private:
    friend class ReadinessLoop;
    friend class PollLoop;
    friend class KqueueLoop;
    int fd_ = -1;  // -1 while it is not watched.
    bool armed_ = false;
    bool shared_ = false;  // Somebody else may read from it.
    size_t place_ = 0;     // `PollLoop`'s.
  };

  // Watches `fd` for datagrams and errors, on behalf of `watched`, which is armed. Returns 0, or a
  // negated errno where nothing has changed.
  virtual int Watch(int fd, Watched& watched) = 0;
  // Before `fd` is closed. Nothing happens if it is not watched.
  virtual void Unwatch(Watched& watched) = 0;
  // Has it told what is there, or comes, once more. Nothing happens if it is not watched.
  virtual void Arm(Watched& watched) = 0;
  // From now on `watched` is told of arrivals even if it was told before and has not read since:
  // somebody else may have.
  virtual void Share(Watched& watched) = 0;
  static bool IsWatched(const Watched& watched) { return watched.fd_ >= 0; }

  absl::Time Now() const final { return Clock(CLOCK_MONOTONIC); }
  absl::Time WallNow() const final { return Clock(CLOCK_REALTIME); }

 protected:
  explicit ReadinessLoop(std::shared_ptr<SystemCalls> calls) : calls_(std::move(calls)) {}

  SystemCalls& calls() const { return *calls_; }

 private:
  absl::Time Clock(clockid_t clock) const {
    timespec now = {};
    calls_->ClockGetTime(clock, &now);
    return absl::TimeFromTimespec(now);
  }

  const std::shared_ptr<SystemCalls> calls_;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_READINESS_LOOP_H_
