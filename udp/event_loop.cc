// SPDX-License-Identifier: Apache-2.0

#include "udp/event_loop.h"

#include <algorithm>
#include <utility>

#include "udp/internal/check.h"

namespace pollux {

EventLoop::~EventLoop() {
  POLLUX_CHECK(timers_ == 0,
               "an event loop was destroyed before its timers; destroy timers and sockets before "
               "their engine");
}

namespace internal {

Waiter::Waiter(EventLoop& loop) : loop_(loop) { ++loop_.timers_; }

Waiter::~Waiter() {
  Stop();
  --loop_.timers_;
}

void Waiter::Start(absl::Duration delay) {
  StartAt(loop_.Now() + std::max(delay, absl::ZeroDuration()));
}

void Waiter::StartAt(absl::Time when) {
  if (when == absl::InfiniteFuture()) {
    Stop();
  } else {
    loop_.AddTimer(*this, when);
  }
}

void Waiter::Stop() {
  if (queued()) loop_.RemoveTimer(*this);
}

}  // namespace internal

Timer::Timer(EventLoop& loop, absl::AnyInvocable<void()> callback)
    : Waiter(loop), callback_(std::move(callback)) {}

// The callback may destroy this timer, and may run the loop, in which the restarted timer fires
// again.
void Timer::Fire() { callback_.Run(); }

}  // namespace pollux
