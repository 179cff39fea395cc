// SPDX-License-Identifier: Apache-2.0
//
// File: timeline.h
//
// `Timeline` is the time of a simulated network: one clock, and one queue of all that is to come,
// ordered by (time, sequence). Running it takes the next event out, sets the clock to its time, and
// lets it happen; between events no time passes.

#ifndef POLLUX_SIM_TIMELINE_H_
#define POLLUX_SIM_TIMELINE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "sim/trace/trace.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// Loop thread only, but for `Post`, which is thread-safe. The loop thread is the one that runs it.
class Timeline {
 public:
  // Someone who works in turns: the loop of a host. Must outlive all runs of the timeline.
  class Actor {
   public:
    virtual ~Actor() = default;

   private:
    friend class Timeline;
    // A task that was posted, in the order of the posts.
    virtual void Accept(absl::AnyInvocable<void()> task) = 0;
    // Does what there is to do at this instant.
    virtual void Turn() = 0;
    // Puts the next turn in the queue, or takes it out where there is nothing to wait for. Called
    // after each turn, and when a turn is interrupted by a run from within.
    virtual void Schedule() = 0;
    // Takes the next turn out of the queue.
    virtual void Unschedule() = 0;

    bool busy_ = false;
  };

  // `trace` is only asked for what to say when a run exceeds `events_max` events. It must outlive
  // the timeline.
  Timeline(const Trace& trace, uint64_t events_max) : trace_(trace), events_max_(events_max) {}
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  absl::Time now() const { return now_; }
  // Since the simulation began.
  absl::Duration elapsed() const { return elapsed_; }

  // Has `event` fire at `when`, or now if that has passed; behind all that are due at that time.
  void Add(TimerQueue::Entry& event, absl::Time when);
  void Remove(TimerQueue::Entry& event) { queue_.Remove(event); }

  // Has `actor` accept `task` before the next event. Thread-safe.
  void Post(Actor& actor, absl::AnyInvocable<void()> task);

  using Predicate = absl::FunctionRef<bool()>;

  // Runs all events up to `deadline`, and then sets the clock to it; or returns earlier: true once
  // `predicate`, which is asked at first, after every event, and after every callback of a turn,
  // holds, and false once `stop` is set, which is then cleared. Either may be null. With a deadline
  // in the infinite future it also returns when nothing is left to happen. May be called from
  // within an event.
  bool Run(absl::Time deadline, std::atomic<bool>* stop, const Predicate* predicate);
  // Whether the innermost run has reached what it was meant for: a turn then ends early.
  bool IsDone() const { return predicate_ != nullptr && (*predicate_)(); }
  // Runs what is in the queue for the present instant, and then exactly one turn of `actor`.
  void RunOneTurn(Actor& actor);
  // Runs a turn of `actor`; for its own event in the queue.
  void RunTurn(Actor& actor);

  // Destroys the tasks that no one has accepted. Returns whether there were any: what a task owns
  // can post another one when it goes.
  bool DropPosted();

  // Whether a turn of that actor is in progress, and will schedule the next when it ends.
  static bool busy(const Actor& actor) { return actor.busy_; }
  // Whether a run is in progress.
  bool running() const { return depth_ > 0; }

 private:
  class RunScope;
  struct Posted {
    Actor* actor;
    absl::AnyInvocable<void()> task;
  };
  bool Step(absl::Time deadline);
  void SetClock(absl::Time now);
  void AcceptPosted();

  const Trace& trace_;
  const uint64_t events_max_;
  absl::Time now_ = absl::UnixEpoch();
  absl::Duration elapsed_ = absl::ZeroDuration();
  TimerQueue queue_;
  std::vector<Actor*> busy_;              // Whose turns are in progress in the innermost run.
  const Predicate* predicate_ = nullptr;  // Of the innermost run.
  int depth_ = 0;                         // Runs in progress.
  uint64_t events_ = 0;                   // Since the outermost run began.

  std::mutex mutex_;
  std::vector<Posted> posted_;  // Guarded by mutex_.
  std::atomic<bool> has_posted_{false};
  std::vector<Posted> accepting_;  // Keeps its room.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TIMELINE_H_
