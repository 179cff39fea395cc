// SPDX-License-Identifier: Apache-2.0
//
// File: turn_loop.h
//
// `TurnLoop` is what every native event loop has in common: the order of a turn, timers, posted
// tasks, nested runs and stopping. It knows no operating system: a derived class says how to wait,
// how to end a wait from another thread, and what time it is.
//
// A turn first collects: it waits, and fixes which tasks and which sources it will serve. Then it
// serves due timers, those tasks, and those sources by age. What a callback adds belongs to the
// next turn. A nested run takes over what the turn around it had not served yet, so that nothing
// waits for a callback to return; the outer turn then ends, and what is left over is served in the
// next.

#ifndef POLLUX_PLATFORM_COMMON_TURN_LOOP_H_
#define POLLUX_PLATFORM_COMMON_TURN_LOOP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "udp/event_loop.h"
#include "udp/timer_queue.h"

namespace pollux::internal {

// Threads as `EventLoop` says.
class TurnLoop : public EventLoop {
 public:
  // Something that can become ready, a socket in short. Derive from it. It must be forgotten before
  // it is destroyed.
  class Source {
   public:
    explicit Source(TurnLoop& loop) : age_(loop.next_age_++) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    // Runs in a turn that found the source ready. May do anything, destroying the source included.
    virtual void OnReady() = 0;

   protected:
    ~Source() = default;

   private:
    friend class TurnLoop;
    const uint64_t age_;   // Sources are served in this order.
    bool marked_ = false;  // It is in `ready_`.
  };

  // Has `source` served in the next turn.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void MarkReady(Source& source) {
    if (source.marked_) return;
    source.marked_ = true;
    ready_.push_back(&source);
    if (ABSL_PREDICT_FALSE(hosted_ && depth_ == 0)) Wake();
  }
  // Takes `source` back, whether marked or not.
  void Forget(Source& source);

  void Post(absl::AnyInvocable<void()> task) final;
  void Stop() final;
  void Run() final;
  void RunFor(absl::Duration duration) final;
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) final;

 protected:
  TurnLoop() = default;
  ~TurnLoop() override;

  // Waits for `Wake`, or for a source, at most for `timeout`: zero does not wait, infinite waits
  // for ever. Marks the sources that are ready. May return early.
  virtual void Wait(absl::Duration timeout) = 0;
  // Ends a wait, or the next one if none is under way. Thread-safe.
  virtual void Wake() = 0;
  // While a foreign loop hosts this one: have it wake up at `when`; infinite for no time.
  virtual void WakeHostAt(absl::Time when) = 0;

  // From now on a foreign loop decides when to run this one: it has to be woken for everything.
  void BeHosted();
  // Whether a source waits to be served.
  bool HasReady() const { return next_ready_ < ready_.size(); }
  // Destroys the tasks that wait. A derived class calls it in its destructor, while what the tasks
  // own can still use the loop.
  void DropTasks();

 private:
  using Predicate = absl::FunctionRef<bool()>;

  void AddTimer(TimerQueue::Entry& timer, absl::Time when) final;
  void RemoveTimer(TimerQueue::Entry& timer) final;

  // The time when `timeout` will have passed.
  absl::Time In(absl::Duration timeout) const;
  bool RunTurns(absl::Time deadline, const Predicate* predicate);
  // One turn. Waits until `deadline` at most. True if the predicate came to hold.
  bool Turn(absl::Time deadline, const Predicate* predicate);
  void Collect(absl::Time deadline);
  absl::Duration TimeToWait(absl::Time deadline) const;
  absl::Duration TimeUntil(absl::Time when) const;
  // Takes away what was served, where something is left over.
  void DropServed();
  // Takes over what was posted.
  void TakeTasks();
  // By age, and without those that were forgotten.
  void SortReady();
  bool FireTimers(uint64_t turn, const Predicate* predicate);
  bool RunTasks(uint64_t turn, const Predicate* predicate);
  bool ServeSources(uint64_t turn, const Predicate* predicate);
  bool TakeStop();
  bool HasLeftovers() const;
  void TellHost();

  TimerQueue timers_;
  uint64_t turn_ = 0;      // Counts turns: callbacks that ran the loop are recognised by it.
  absl::Time turn_start_;  // What was due by then is served in this turn, if there are timers.
  bool firing_ = false;    // In the timers' part of a turn.
  int depth_ = 0;          // Run functions under way.
  uint64_t next_age_ = 0;

  // The tasks and sources of the present turn are [next, end); behind them come the next turn's.
  std::vector<absl::AnyInvocable<void()>> tasks_;
  size_t next_task_ = 0;
  size_t tasks_end_ = 0;
  std::vector<Source*> ready_;  // Null where one was forgotten.
  size_t next_ready_ = 0;
  size_t ready_end_ = 0;

  // What other threads change. A turn without news takes no lock: it says that it waits and then
  // looks for news, they bring news and then look whether it waits.
  std::atomic<bool> news_ = false;     // A task was posted, or the loop shall stop.
  std::atomic<bool> waiting_ = false;  // The loop may be asleep, and has not been woken.
  std::mutex mutex_;                   // Guards what follows.
  std::vector<absl::AnyInvocable<void()>> posted_;
  bool stop_ = false;

  bool hosted_ = false;  // Of the loop thread alone.
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_TURN_LOOP_H_
