// SPDX-License-Identifier: Apache-2.0

#include "platform/common/turn_loop.h"

#include <algorithm>
#include <utility>

#include "udp/internal/check.h"

namespace pollux::internal {

TurnLoop::~TurnLoop() {
  POLLUX_CHECK(depth_ == 0, "an event loop was destroyed by one of its own callbacks");
}

void TurnLoop::MarkReady(Source& source) {
  if (source.marked_) return;
  source.marked_ = true;
  ready_.push_back(&source);
  if (hosted_ && depth_ == 0) Wake();
}

void TurnLoop::Forget(Source& source) {
  if (!source.marked_) return;
  source.marked_ = false;
  *std::find(ready_.begin() + static_cast<ptrdiff_t>(next_ready_), ready_.end(), &source) = nullptr;
}

void TurnLoop::Post(absl::AnyInvocable<void()> task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    posted_.push_back(std::move(task));
    news_ = true;
  }
  if (waiting_.exchange(false)) Wake();
}

void TurnLoop::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    news_ = true;
  }
  if (waiting_.exchange(false)) Wake();
}

void TurnLoop::Run() { RunTurns(absl::InfiniteFuture(), nullptr); }

void TurnLoop::RunFor(absl::Duration duration) { RunTurns(In(duration), nullptr); }

bool TurnLoop::RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) {
  return predicate() || RunTurns(In(timeout), &predicate);
}

absl::Time TurnLoop::In(absl::Duration timeout) const {
  return timeout == absl::InfiniteDuration() ? absl::InfiniteFuture() : Now() + timeout;
}

bool TurnLoop::RunTurns(absl::Time deadline, const Predicate* predicate) {
  ++depth_;
  bool satisfied = false;
  while (true) {
    satisfied = Turn(deadline, predicate);
    const bool stopped = TakeStop();
    if (satisfied || stopped) break;
    if (deadline != absl::InfiniteFuture() && Now() >= deadline) break;
  }
  --depth_;
  if (hosted_ && depth_ == 0) TellHost();
  return satisfied;
}

bool TurnLoop::Turn(absl::Time deadline, const Predicate* predicate) {
  Collect(deadline);
  const uint64_t turn = turn_;
  return FireTimers(turn, predicate) || RunTasks(turn, predicate) ||
         ServeSources(turn, predicate) || (predicate != nullptr && (*predicate)());
}

void TurnLoop::Collect(absl::Time deadline) {
  absl::Duration timeout = TimeToWait(deadline);
  if (timeout > absl::ZeroDuration()) {
    waiting_ = true;
    if (news_) timeout = absl::ZeroDuration();
  }
  Wait(timeout);
  // A host that waits for this loop has to be woken by the next task, whenever it comes.
  // Whoever does not see it yet wakes the loop once more than needed.
  waiting_.store(hosted_, std::memory_order_relaxed);

  if (next_task_ > 0) {
    tasks_.erase(tasks_.begin(), tasks_.begin() + static_cast<ptrdiff_t>(next_task_));
  }
  if (news_) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (absl::AnyInvocable<void()>& task : posted_) tasks_.push_back(std::move(task));
    posted_.clear();
    news_ = stop_;
  }
  next_task_ = 0;
  tasks_end_ = tasks_.size();

  ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(next_ready_));
  ready_.erase(std::remove(ready_.begin(), ready_.end(), nullptr), ready_.end());
  if (ready_.size() > 1) {
    std::sort(ready_.begin(), ready_.end(),
              [](const Source* a, const Source* b) { return a->age_ < b->age_; });
  }
  next_ready_ = 0;
  ready_end_ = ready_.size();

  ++turn_;
  // To look at the clock costs as much as the rest of an idle turn.
  if (timers_.NextTime() != absl::InfiniteFuture()) turn_start_ = Now();
}

absl::Duration TurnLoop::TimeToWait(absl::Time deadline) const {
  if (HasLeftovers()) return absl::ZeroDuration();
  const absl::Time until = std::min(deadline, timers_.NextTime());
  if (until == absl::InfiniteFuture()) return absl::InfiniteDuration();
  return std::max(until - Now(), absl::ZeroDuration());
}

bool TurnLoop::HasLeftovers() const {
  return next_task_ < tasks_.size() || next_ready_ < ready_.size();
}

bool TurnLoop::FireTimers(uint64_t turn, const Predicate* predicate) {
  firing_ = true;
  bool satisfied = false;
  while (turn_ == turn && !satisfied) {
    TimerQueue::Entry* const timer = timers_.PopDue(turn_start_);
    if (timer == nullptr) break;
    timer->Fire();
    satisfied = predicate != nullptr && (*predicate)();
  }
  firing_ = false;
  return satisfied;
}

bool TurnLoop::RunTasks(uint64_t turn, const Predicate* predicate) {
  while (turn_ == turn && next_task_ < tasks_end_) {
    absl::AnyInvocable<void()> task = std::move(tasks_[next_task_++]);
    task();
    if (predicate != nullptr && (*predicate)()) return true;
  }
  return false;
}

bool TurnLoop::ServeSources(uint64_t turn, const Predicate* predicate) {
  while (turn_ == turn && next_ready_ < ready_end_) {
    Source* const source = ready_[next_ready_++];
    if (source == nullptr) continue;
    source->marked_ = false;
    source->OnReady();
    if (predicate != nullptr && (*predicate)()) return true;
  }
  return false;
}

bool TurnLoop::TakeStop() {
  if (!news_) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  news_ = !posted_.empty();
  return std::exchange(stop_, false);
}

void TurnLoop::AddTimer(TimerQueue::Entry& timer, absl::Time when) {
  // One that a timer's callback starts with no delay belongs to the next turn, also where the clock
  // has not advanced since this one began.
  if (firing_ && when <= turn_start_) when = turn_start_ + absl::Nanoseconds(1);
  timers_.Add(timer, when);
  if (hosted_ && depth_ == 0) WakeHostAt(timers_.NextTime());
}

void TurnLoop::RemoveTimer(TimerQueue::Entry& timer) {
  timers_.Remove(timer);
  if (hosted_ && depth_ == 0) WakeHostAt(timers_.NextTime());
}

void TurnLoop::BeHosted() {
  hosted_ = true;
  waiting_ = true;
  if (depth_ > 0) return;
  if (news_) Wake();
  TellHost();
}

void TurnLoop::TellHost() {
  // A timer that is due was announced before, so it does not count as news any more.
  if (HasLeftovers() || timers_.NextTime() <= Now()) Wake();
  WakeHostAt(timers_.NextTime());
}

void TurnLoop::DropTasks() {
  tasks_.clear();
  next_task_ = 0;
  // A task's destructor may post another one.
  std::vector<absl::AnyInvocable<void()>> dropped;
  do {
    dropped.clear();
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(posted_);
  } while (!dropped.empty());
}

}  // namespace pollux::internal
