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

Timer::Timer(EventLoop& loop, absl::AnyInvocable<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {
  ++loop_.timers_;
}

Timer::~Timer() {
  Stop();
  --loop_.timers_;
}

void Timer::Start(absl::Duration delay) {
  StartAt(loop_.Now() + std::max(delay, absl::ZeroDuration()));
}

void Timer::StartAt(absl::Time when) {
  if (when == absl::InfiniteFuture()) {
    Stop();
  } else {
    loop_.AddTimer(*this, when);
  }
}

void Timer::Stop() {
  if (queued()) loop_.RemoveTimer(*this);
}

// The callback may destroy this timer, and may run the loop, in which the restarted timer fires
// again.
void Timer::Fire() { callback_.Run(); }

}  // namespace pollux
