// SPDX-License-Identifier: Apache-2.0

#include "sim/timeline.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

// A run from within a turn leaves that turn unfinished, and what it has not yet done must be able
// to happen in the run: so the interrupted actors are scheduled like idle ones while the run lasts.
class Timeline::RunScope {
 public:
  RunScope(Timeline& timeline, const Predicate* predicate)
      : timeline_(timeline), outer_predicate_(timeline.predicate_) {
    if (timeline_.depth_++ == 0) timeline_.events_ = 0;
    timeline_.predicate_ = predicate;
    // Mostly there are none, and the list keeps its room.
    if (!timeline_.busy_.empty()) interrupted_.swap(timeline_.busy_);
    for (Actor* actor : interrupted_) {
      actor->busy_ = false;
      actor->Schedule();
    }
  }
  ~RunScope() {
    for (Actor* actor : interrupted_) actor->busy_ = true;
    if (!interrupted_.empty()) timeline_.busy_.swap(interrupted_);
    timeline_.predicate_ = outer_predicate_;
    --timeline_.depth_;
  }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  Timeline& timeline_;
  const Predicate* const outer_predicate_;
  std::vector<Actor*> interrupted_;
};

void Timeline::Add(TimerQueue::Entry& event, absl::Time when) {
  queue_.Add(event, std::max(when, now_));
}

void Timeline::Post(Actor& actor, absl::AnyInvocable<void()> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  posted_.push_back({&actor, std::move(task)});
  has_posted_.store(true, std::memory_order_release);
}

void Timeline::AcceptPosted() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    accepting_.swap(posted_);
    has_posted_.store(false, std::memory_order_relaxed);
  }
  for (Posted& posted : accepting_) posted.actor->Accept(std::move(posted.task));
  accepting_.clear();
}

bool Timeline::DropPosted() {
  std::vector<Posted> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(posted_);
  return !dropped.empty();
}

bool Timeline::Run(absl::Time deadline, std::atomic<bool>* stop, const Predicate* predicate) {
  const RunScope scope(*this, predicate);
  do {
    if (IsDone()) return true;
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
      stop->store(false, std::memory_order_relaxed);
      return false;
    }
  } while (Step(deadline));
  if (deadline == absl::InfiniteFuture()) return false;
  SetClock(deadline);
  return IsDone();
}

void Timeline::RunOneTurn(Actor& actor) {
  struct Marker final : TimerQueue::Entry {
    void Fire() override { fired = true; }
    bool fired = false;
  };
  const RunScope scope(*this, nullptr);
  if (has_posted_.load(std::memory_order_acquire)) AcceptPosted();
  // The actor's turn comes last, so that what arrives at this instant is seen in it.
  actor.Unschedule();
  actor.busy_ = true;
  busy_.push_back(&actor);
  Marker marker;
  queue_.Add(marker, now_);
  while (!marker.fired) Step(now_);
  busy_.pop_back();
  RunTurn(actor);
}

void Timeline::RunTurn(Actor& actor) {
  actor.busy_ = true;
  busy_.push_back(&actor);
  actor.Turn();
  busy_.pop_back();
  actor.busy_ = false;
  actor.Schedule();
}

void Timeline::SetClock(absl::Time now) {
  if (now <= now_) return;
  now_ = now;
  elapsed_ = now - absl::UnixEpoch();
}

bool Timeline::Step(absl::Time deadline) {
  if (has_posted_.load(std::memory_order_acquire)) AcceptPosted();
  TimerQueue::Entry* const event = queue_.PopDue(deadline);
  if (event == nullptr) return false;
  SetClock(event->when());
  POLLUX_CHECK(
      ++events_ <= events_max_,
      absl::StrCat("a run has exceeded its limit of ", events_max_,
                   " events (NetworkOptions::events_max) at ", absl::FormatDuration(elapsed()),
                   "; does something start itself for ever? The latest on record:\n",
                   trace_.LatestEvents()));
  event->Fire();
  return true;
}

}  // namespace pollux::sim
