// SPDX-License-Identifier: Apache-2.0

#include "sim/host_loop.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/base/attributes.h"

namespace pollux::sim {
namespace {

// How many sockets before its turn one is fetched.
constexpr size_t kFetchedAhead = 8;

}  // namespace

HostLoop::HostLoop(Timeline& timeline, const HostClock& clock, ReadySockets& sockets)
    : timeline_(timeline), clock_(clock), sockets_(sockets), turn_event_(*this) {}

HostLoop::~HostLoop() = default;

void HostLoop::Post(absl::AnyInvocable<void()> task) { timeline_.Post(*this, std::move(task)); }

void HostLoop::Run() {
  if (stop_.load(std::memory_order_relaxed)) {
    RunOneTurn();
  } else {
    timeline_.Run(absl::InfiniteFuture(), &stop_, nullptr);
  }
}

void HostLoop::RunFor(absl::Duration duration) {
  if (duration <= absl::ZeroDuration() || stop_.load(std::memory_order_relaxed)) {
    RunOneTurn();
  } else {
    timeline_.Run(Deadline(duration), &stop_, nullptr);
  }
}

bool HostLoop::RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) {
  if (predicate()) return true;
  if (timeout <= absl::ZeroDuration() || stop_.load(std::memory_order_relaxed)) {
    RunOneTurn();
    return predicate();
  }
  return timeline_.Run(Deadline(timeout), &stop_, &predicate);
}

void HostLoop::RunOneTurn() {
  timeline_.RunOneTurn(*this);
  // A stop from within this turn, or from before it, was meant for this run.
  stop_.store(false, std::memory_order_relaxed);
}

bool HostLoop::DropTasks() {
  std::deque<absl::AnyInvocable<void()>> dropped;
  dropped.swap(tasks_);
  return !dropped.empty();
}

void HostLoop::Pause() {
  paused_ = true;
  Schedule();
}

void HostLoop::Resume() {
  paused_ = false;
  Schedule();
}

void HostLoop::Kill() {
  dead_ = true;
  Schedule();
}

void HostLoop::Bury(std::shared_ptr<void> remains) {
  if (depth_ > 0) remains_.push_back(std::move(remains));
}

void HostLoop::StartEntry(TimerQueue::Entry& entry, absl::Duration delay) {
  AddTimer(entry, Now() + delay);
}

void HostLoop::AddTimer(TimerQueue::Entry& timer, absl::Time when) {
  const bool next = Timeline::busy(*this) && when <= Now();
  TimerQueue& queue = next ? next_timers_ : timers_;
  TimerQueue& other = next ? timers_ : next_timers_;
  other.Remove(timer);
  queue.Add(timer, when);
  Schedule();
}

void HostLoop::RemoveTimer(TimerQueue::Entry& timer) {
  timers_.Remove(timer);
  next_timers_.Remove(timer);
  Schedule();
}

void HostLoop::Accept(absl::AnyInvocable<void()> task) {
  if (dead_) return;
  tasks_.push_back(std::move(task));
  Schedule();
}

void HostLoop::Turn() {
  if (stopped()) return;
  ++depth_;
  RunTurn();
  if (--depth_ > 0) return;
  std::vector<std::shared_ptr<void>> buried;
  buried.swap(remains_);
}

void HostLoop::RunTurn() {
  const absl::Time now = Now();
  turns_ = timeline_.now() == instant_ ? turns_ + 1 : 1;
  instant_ = timeline_.now();
  const uint64_t turn = ++turn_;

  // What becomes ready, or is posted, from here on is for the next turn.
  turn_ready_.insert(turn_ready_.end(), ready_.begin(), ready_.end());
  ready_.clear();
  const std::greater<SocketId> later;
  if (!std::is_sorted(turn_ready_.begin(), turn_ready_.end(), later)) {
    std::sort(turn_ready_.begin(), turn_ready_.end(), later);
  }
  while (TimerQueue::Entry* timer = next_timers_.PopDue(now)) timers_.Add(*timer, timer->when());
  tasks_left_ = tasks_.size();

  while (RunNext(now)) {
    // A callback that runs the loop from within has its turns take over what this one had not done
    // yet. What they leave is for the next turn, as is the rest when the run has reached its end,
    // or the host was paused.
    if (turn_ != turn || stopped() || timeline_.IsDone()) return;
  }
}

bool HostLoop::RunNext(absl::Time now) {
  TimerQueue::Entry* const timer = timers_.empty() ? nullptr : timers_.PopDue(now);
  if (timer != nullptr) {
    timer->Fire();
  } else if (tasks_left_ > 0) {
    RunTask();
  } else if (!turn_ready_.empty()) {
    const SocketId socket = turn_ready_.back();
    turn_ready_.pop_back();
    // Of many sockets each lies somewhere else in memory, and is on its way from there by then.
    if (turn_ready_.size() >= kFetchedAhead) {
      sockets_.Approach(turn_ready_[turn_ready_.size() - kFetchedAhead]);
    }
    sockets_.RunReady(socket);
  } else {
    return false;
  }
  return true;
}

ABSL_ATTRIBUTE_NOINLINE void HostLoop::RunTask() {
  --tasks_left_;
  absl::AnyInvocable<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  task();
}

absl::Time HostLoop::NextTurn() const {
  const bool now = !tasks_.empty() || !ready_.empty() || !turn_ready_.empty();
  if (now) return timeline_.now();
  const absl::Time due = std::min(timers_.NextTime(), next_timers_.NextTime());
  return std::max(clock_.NetworkTime(due), timeline_.now());
}

// Of a machine that stands still, the network's time has to do.
absl::Time HostLoop::Deadline(absl::Duration duration) const {
  return clock_.stopped() ? timeline_.now() + duration : clock_.NetworkTime(Now() + duration);
}

void HostLoop::Schedule() {
  if (Timeline::busy(*this)) return;
  if (stopped()) return Unschedule();
  absl::Time next = NextTurn();
  if (next == absl::InfiniteFuture()) return Unschedule();
  if (next == instant_ && turns_ >= kTurnsPerInstant) next += kTurnTime;
  if (!turn_event_.queued() || turn_event_.when() != next) timeline_.Add(turn_event_, next);
}

void HostLoop::Unschedule() { timeline_.Remove(turn_event_); }

}  // namespace pollux::sim
