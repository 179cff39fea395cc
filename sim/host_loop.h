// SPDX-License-Identifier: Apache-2.0
//
// File: host_loop.h
//
// The event loop of a simulated host: the contract of `EventLoop`, on the virtual time of its
// network.
//
// Time is what the host's clock makes of the network's: it may run fast or slow.
//
// The Run functions of any host run the whole network: all hosts live while one waits. What is
// different from a loop on real time:
//  * No time passes while a callback runs. But a host that keeps turning at one instant, by a task
//    that posts itself for instance, is made to take `kTurnTime` after every `kTurnsPerInstant`
//    turns, so that it cannot stop the clock.
//  * `Run` also returns when nothing is left to happen in the network, and `RunUntil` with an
//    infinite timeout then returns false: they would wait for ever. Tasks that other threads are
//    about to post do not count: nothing in a simulation waits for other threads.
//  * `RunFor` with zero lets happen what is due in the network at this instant, and then runs one
//    turn of this host. The clock stands: who waits for something to arrive has to let time pass.

#ifndef POLLUX_SIM_HOST_LOOP_H_
#define POLLUX_SIM_HOST_LOOP_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "sim/host_clock.h"
#include "sim/kernel/udp_stack.h"
#include "sim/timeline.h"
#include "udp/event_loop.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// The sockets that a loop tells of their turn.
class ReadySockets {
 public:
  virtual ~ReadySockets() = default;
  // Tells a socket that it is ready.
  virtual void RunReady(SocketId socket) = 0;
  // It will be told soon: has the processor fetch what that will read.
  virtual void Approach(SocketId socket) = 0;
};

// Loop thread only, but for `Post` and `Stop`, which are thread-safe.
class HostLoop final : public EventLoop, private Timeline::Actor {
 public:
  // How often a host turns at one instant before it is made to take time, and how much.
  static constexpr int kTurnsPerInstant = 1000;
  static constexpr absl::Duration kTurnTime = absl::Microseconds(1);

  // All must outlive the loop.
  HostLoop(Timeline& timeline, const HostClock& clock, ReadySockets& sockets);
  ~HostLoop() override;

  absl::Time Now() const override { return clock_.Monotonic(timeline_.now()); }
  absl::Time WallNow() const override { return clock_.Wall(timeline_.now()); }
  void Post(absl::AnyInvocable<void()> task) override;
  void Stop() override { stop_.store(true, std::memory_order_relaxed); }
  void Run() override;
  void RunFor(absl::Duration duration) override;
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) override;

  // Has the socket told in the next turn. Once per turn and socket: that is the caller's task.
  void AddReady(SocketId socket) {
    ready_.push_back(socket);
    if (ready_.size() == 1) Schedule();  // With more, it is.
  }
  // Destroys the tasks that wait, without running them. Returns whether there were any.
  bool DropTasks();
  // Has no callback run from now on, but for one that is running; and has them run again, those
  // first that came due meanwhile.
  void Pause();
  void Resume();
  // The clock has changed its speed: what waits comes due at another network time.
  void ClockChanged() { Schedule(); }
  // Has no callback run any more, for good. Those that wait are destroyed with the loop.
  void Kill();
  bool dead() const { return dead_; }
  // Lets go of `remains` once no callback of this loop is running.
  void Bury(std::shared_ptr<void> remains);
  // For what the engine waits for: fires among the timers of a turn.
  void StartEntry(TimerQueue::Entry& entry, absl::Duration delay);

 private:
  class TurnEvent final : public TimerQueue::Entry {
   public:
    explicit TurnEvent(HostLoop& loop) : loop_(loop) {}
    void Fire() override { loop_.timeline_.RunTurn(loop_); }

   private:
    HostLoop& loop_;
  };

  void AddTimer(TimerQueue::Entry& timer, absl::Time when) override;
  void RemoveTimer(TimerQueue::Entry& timer) override;

  void Accept(absl::AnyInvocable<void()> task) override;
  void Turn() override;
  void Schedule() override;
  void Unschedule() override;

  bool stopped() const { return paused_ || dead_; }
  void RunTurn();
  // The next callback of the present turn; false when there is none.
  bool RunNext(absl::Time now);
  void RunTask();
  // In network time, as all that the timeline is told.
  absl::Time NextTurn() const;
  absl::Time Deadline(absl::Duration duration) const;
  void RunOneTurn();

  Timeline& timeline_;
  const HostClock& clock_;
  ReadySockets& sockets_;

  TimerQueue timers_;
  TimerQueue next_timers_;  // Those that were started in a turn and are due in the next.
  std::deque<absl::AnyInvocable<void()>> tasks_;
  size_t tasks_left_ = 0;             // Of those, how many the present turn has still to run.
  std::vector<SocketId> ready_;       // Since the present turn began.
  std::vector<SocketId> turn_ready_;  // In the present turn, the next one last.

  TurnEvent turn_event_;
  uint64_t turn_ = 0;                          // Counts turns.
  absl::Time instant_ = absl::InfinitePast();  // Of the latest turn, on the network; how many turns
  int turns_ = 0;                              // there were at it.
  std::atomic<bool> stop_{false};
  bool paused_ = false;
  bool dead_ = false;
  int depth_ = 0;                               // Turns in progress.
  std::vector<std::shared_ptr<void>> remains_;  // Buried when none is.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_LOOP_H_
