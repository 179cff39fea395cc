// SPDX-License-Identifier: Apache-2.0

#include "platform/common/turn_loop.h"

#include <algorithm>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "udp/internal/check.h"

namespace pollux::internal {
namespace {

// Null never does.
inline bool Holds(const absl::FunctionRef<bool()>* predicate) {
  return predicate != nullptr && (*predicate)();
}

}  // namespace

TurnLoop::~TurnLoop() {
  POLLUX_CHECK(depth_ == 0, "an event loop was destroyed by one of its own callbacks");
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

ABSL_ATTRIBUTE_HOT absl::Time TurnLoop::In(absl::Duration timeout) const {
  return timeout == absl::InfiniteDuration() ? absl::InfiniteFuture() : Now() + timeout;
}

// A loop that has slept runs from cold caches, and each return to a function that was called before
// it slept is a surprise to the processor. So what every turn does is one function, and what few
// turns do is elsewhere.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool TurnLoop::Turn(absl::Time deadline,
                                                        const Predicate* predicate) {
  Collect(deadline);
  const uint64_t turn = turn_;
  if (ABSL_PREDICT_FALSE(!timers_.empty()) && FireTimers(turn, predicate)) return true;
  if (ABSL_PREDICT_FALSE(next_task_ < tasks_end_) && RunTasks(turn, predicate)) return true;
  return ServeSources(turn, predicate) || Holds(predicate);
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void TurnLoop::Collect(absl::Time deadline) {
  absl::Duration timeout = absl::ZeroDuration();
  if (ABSL_PREDICT_FALSE(HasLeftovers())) {
    DropServed();
  } else {
    if (ABSL_PREDICT_FALSE(!tasks_.empty())) tasks_.clear();
    ready_.clear();
    timeout = TimeToWait(deadline);
    if (timeout > absl::ZeroDuration()) {
      waiting_ = true;
      if (news_) timeout = absl::ZeroDuration();
    }
  }
  next_task_ = 0;
  next_ready_ = 0;
  Wait(timeout);
  if (ABSL_PREDICT_FALSE(hosted_)) {
    // A host that waits for this loop has to be woken by the next task, whenever it comes. As
    // before a wait, this is said before the look for news: else a task that comes between the two
    // is seen by neither.
    waiting_ = true;
  } else {
    // Whoever does not see it yet wakes the loop once more than needed.
    waiting_.store(false, std::memory_order_relaxed);
  }
  if (ABSL_PREDICT_FALSE(news_)) TakeTasks();
  tasks_end_ = tasks_.size();
  if (ABSL_PREDICT_FALSE(ready_.size() > 1)) SortReady();
  ready_end_ = ready_.size();
  ++turn_;
  // To look at the clock costs as much as the rest of an idle turn.
  if (ABSL_PREDICT_FALSE(!timers_.empty())) turn_start_ = Now();
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline absl::Duration TurnLoop::TimeToWait(absl::Time deadline) const {
  if (ABSL_PREDICT_TRUE(timers_.empty() && deadline == absl::InfiniteFuture())) {
    return absl::InfiniteDuration();
  }
  return TimeUntil(std::min(deadline, timers_.NextTime()));
}

absl::Duration TurnLoop::TimeUntil(absl::Time when) const {
  if (when == absl::InfiniteFuture()) return absl::InfiniteDuration();
  return std::max(when - Now(), absl::ZeroDuration());
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool TurnLoop::HasLeftovers() const {
  return next_task_ + next_ready_ < tasks_.size() + ready_.size();
}

void TurnLoop::DropServed() {
  tasks_.erase(tasks_.begin(), tasks_.begin() + static_cast<ptrdiff_t>(next_task_));
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(next_ready_));
}

void TurnLoop::TakeTasks() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (absl::AnyInvocable<void()>& task : posted_) tasks_.push_back(std::move(task));
  posted_.clear();
  news_ = stop_;
}

void TurnLoop::SortReady() {
  ready_.erase(std::remove(ready_.begin(), ready_.end(), nullptr), ready_.end());
  std::sort(ready_.begin(), ready_.end(),
            [](const Source* a, const Source* b) { return a->age_ < b->age_; });
}

bool TurnLoop::FireTimers(uint64_t turn, const Predicate* predicate) {
  firing_ = true;
  bool satisfied = false;
  while (turn_ == turn && !satisfied) {
    TimerQueue::Entry* const timer = timers_.PopDue(turn_start_);
    if (timer == nullptr) break;
    timer->Fire();
    satisfied = Holds(predicate);
  }
  firing_ = false;
  return satisfied;
}

bool TurnLoop::RunTasks(uint64_t turn, const Predicate* predicate) {
  while (turn_ == turn && next_task_ < tasks_end_) {
    absl::AnyInvocable<void()> task = std::move(tasks_[next_task_++]);
    task();
    if (Holds(predicate)) return true;
  }
  return false;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool TurnLoop::ServeSources(uint64_t turn,
                                                                const Predicate* predicate) {
  while (turn_ == turn && next_ready_ < ready_end_) {
    Source* const source = ready_[next_ready_++];
    if (source == nullptr) continue;
    source->marked_ = false;
    source->OnReady();
    if (Holds(predicate)) return true;
  }
  return false;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool TurnLoop::RunTurns(absl::Time deadline,
                                                            const Predicate* predicate) {
  ++depth_;
  bool satisfied = false;
  while (true) {
    satisfied = Turn(deadline, predicate);
    const bool stopped = news_ && TakeStop();
    if (satisfied || stopped) break;
    if (deadline != absl::InfiniteFuture() && Now() >= deadline) break;
  }
  --depth_;
  if (hosted_ && depth_ == 0) TellHost();
  return satisfied;
}

void TurnLoop::Run() { RunFor(absl::InfiniteDuration()); }

ABSL_ATTRIBUTE_HOT void TurnLoop::RunFor(absl::Duration duration) {
  RunTurns(In(duration), nullptr);
}

ABSL_ATTRIBUTE_HOT bool TurnLoop::RunUntil(absl::FunctionRef<bool()> predicate,
                                           absl::Duration timeout) {
  return predicate() || RunTurns(In(timeout), &predicate);
}

bool TurnLoop::TakeStop() {
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
