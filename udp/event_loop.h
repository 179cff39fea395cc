// SPDX-License-Identifier: Apache-2.0
//
// File: event_loop.h
//
// `EventLoop` runs the callbacks of one engine: timers, posted tasks, and what sockets have to say.
// A program takes all its time from it, and so runs as well on virtual time.
//
//   Timer retry(engine.loop(), [&] { AskAgain(); });
//   retry.Start(absl::Milliseconds(250));
//   if (!engine.loop().RunUntil([&] { return answered; }, absl::Seconds(5))) ...  // Timed out.
//
// In one turn a loop runs, in this order: timers that are due, tasks that were posted, sockets that
// became ready, in the order in which the sockets were created. A callback may do anything: start
// and destroy timers, create and destroy sockets, its own included, and run the loop again from
// within.

#ifndef POLLUX_UDP_EVENT_LOOP_H_
#define POLLUX_UDP_EVENT_LOOP_H_

#include <cstdint>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "udp/internal/signal.h"
#include "udp/timer_queue.h"

namespace pollux {

namespace internal {
class Waiter;
}  // namespace internal

// A descriptor on Unix (epoll, kqueue or socket), a HANDLE or SOCKET on Windows.
using NativeHandle = uintptr_t;

// Loop thread only, but for `Post` and `Stop`, which are thread-safe. The loop thread is the one
// that calls the Run functions. Owned by its engine; timers must be gone before it is: this is
// checked.
class EventLoop {
 public:
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  virtual ~EventLoop();

  // Monotonic time, for timers and intervals. Its zero means nothing.
  virtual absl::Time Now() const = 0;
  // The time of day, which can be set and can jump.
  virtual absl::Time WallNow() const = 0;

  // Runs `task` from the loop, in the order of the calls. Thread-safe. A task that is still waiting
  // when the loop is destroyed is destroyed with it, without having run.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;
  // Makes the innermost Run function return after its present turn; when none is running, the next
  // one returns after one turn. Thread-safe.
  virtual void Stop() = 0;

  // Runs until `Stop`.
  virtual void Run() = 0;
  // Runs for that long, or until `Stop`. With zero: one turn, without waiting.
  virtual void RunFor(absl::Duration duration) = 0;
  // Runs until `predicate`, which is asked at first and after every callback or turn, holds, and
  // returns true; or returns false at `timeout` or `Stop`.
  virtual bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) = 0;

  // What a foreign loop can wait on: it becomes readable when `RunFor(absl::ZeroDuration())` has
  // something to do. Nullopt for a simulated loop.
  virtual std::optional<NativeHandle> native_handle() { return std::nullopt; }

 protected:
  EventLoop() = default;

 private:
  friend class internal::Waiter;
  // Puts a timer in the loop's queue, to fire when `Now()` has reached `when`.
  virtual void AddTimer(TimerQueue::Entry& timer, absl::Time when) = 0;
  virtual void RemoveTimer(TimerQueue::Entry& timer) = 0;

  int timers_ = 0;  // Living `Waiter`s.
};

namespace internal {

// What waits in a loop for a time, as `Timer` does, and is itself what is called then. Loop thread
// only. Destroying it stops it.
class Waiter : private TimerQueue::Entry {
 public:
  // Starts, or restarts. A delay that is zero or negative is due in the next turn of the loop; an
  // infinite one never.
  void Start(absl::Duration delay);
  // The same with a time of the loop's `Now()`.
  void StartAt(absl::Time when);
  void Stop();
  // Whether it is started and has not yet fired.
  bool active() const { return queued(); }

 protected:
  // `loop` must outlive it.
  explicit Waiter(EventLoop& loop);
  ~Waiter() override;

 private:
  EventLoop& loop_;
};

}  // namespace internal

// Runs a callback at a time: its members are `Waiter`'s. Loop thread only. Destroying it stops it.
class Timer final : public internal::Waiter {
 public:
  // `loop` must outlive the timer. `callback` runs from the loop, once for each start.
  Timer(EventLoop& loop, absl::AnyInvocable<void()> callback);

 private:
  void Fire() override;

  internal::Signal<> callback_;
};

}  // namespace pollux

#endif  // POLLUX_UDP_EVENT_LOOP_H_
