// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/kqueue_loop.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "platform/posix/socket_ref.h"
#include "udp/internal/check.h"

namespace pollux::posix {
namespace {

// Both are numbers of our own, of different kinds of events.
constexpr uintptr_t kWakeUp = 1;
constexpr uintptr_t kHostTimer = 1;

struct kevent UserEvent(unsigned flags, unsigned fflags) {
  struct kevent event;
  EV_SET(&event, kWakeUp, EVFILT_USER, static_cast<uint16_t>(flags), fflags, 0, nullptr);
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KqueueLoop>> KqueueLoop::Create(std::shared_ptr<SystemCalls> calls) {
  std::unique_ptr<KqueueLoop> loop(new KqueueLoop(std::move(calls)));
  if (absl::Status status = loop->Open(); !status.ok()) return status;
  return loop;
}

absl::Status KqueueLoop::Open() {
  queue_ = calls().Kqueue();
  if (queue_ < 0) return StatusOf(queue_, "create an event loop");
  const int result = Change(UserEvent(EV_ADD | EV_CLEAR, NOTE_FFNOP));
  return StatusOf(result, "watch an event loop's wake-up");
}

KqueueLoop::~KqueueLoop() {
  DropTasks();
  if (queue_ >= 0) calls().Close(queue_);
}

int KqueueLoop::Change(const struct kevent& change) {
  const timespec none = {};
  int result = 0;
  do {
    result = calls().Kevent(queue_, &change, 1, nullptr, 0, &none);
  } while (result == -EINTR);
  return result;
}

struct kevent KqueueLoop::EventOf(Watched& watched, unsigned flags) {
  struct kevent event;
  EV_SET(&event, static_cast<uintptr_t>(watched.fd_), EVFILT_READ, static_cast<uint16_t>(flags), 0,
         0, &watched);
  return event;
}

int KqueueLoop::Watch(int fd, Watched& watched) {
  if (watched.fd_ >= 0) return 0;
  watched.fd_ = fd;
  // Edges tell of an arrival whoever read what was there before.
  const int result = Change(EventOf(watched, EV_ADD | (watched.shared_ ? EV_CLEAR : EV_DISPATCH)));
  if (result < 0) {
    watched.fd_ = -1;
  } else {
    watched.armed_ = true;
  }
  return result;
}

void KqueueLoop::Unwatch(Watched& watched) {
  Forget(watched);
  if (watched.fd_ < 0) return;
  std::replace(to_arm_.begin(), to_arm_.end(), &watched, static_cast<Watched*>(nullptr));
  Change(EventOf(watched, EV_DELETE));
  watched.fd_ = -1;
}

void KqueueLoop::Arm(Watched& watched) {
  if (watched.fd_ < 0 || watched.armed_) return;
  watched.armed_ = true;
  // Added again, it is reported if something is there now, whether it was before or not.
  if (hosted_ || watched.shared_) {
    Change(EventOf(watched, EV_ADD | EV_ENABLE | (watched.shared_ ? EV_CLEAR : EV_DISPATCH)));
  } else {
    to_arm_.push_back(&watched);
  }
}

void KqueueLoop::Share(Watched& watched) {
  if (watched.shared_) return;
  watched.shared_ = true;
  if (watched.fd_ < 0) return;
  const int fd = watched.fd_;
  Unwatch(watched);
  Watch(fd, watched);
}

void KqueueLoop::Wait(absl::Duration timeout) {
  changes_.clear();
  for (Watched* const watched : to_arm_) {
    if (watched != nullptr) changes_.push_back(EventOf(*watched, EV_ENABLE | EV_DISPATCH));
  }
  to_arm_.clear();
  const timespec limit = absl::ToTimespec(absl::Ceil(timeout, absl::Nanoseconds(1)));
  const int count = calls().Kevent(queue_, changes_.data(), static_cast<int>(changes_.size()),
                                   events_.data(), static_cast<int>(events_.size()),
                                   timeout == absl::InfiniteDuration() ? nullptr : &limit);
  // Interrupted, it has made the changes.
  POLLUX_CHECK(count >= 0 || count == -EINTR,
               "kqueue failed: the program closed a descriptor that is the event loop's");
  for (int i = 0; i < count; ++i) {
    // The wake-up, and the timer of a host, have no owner.
    if (events_[i].udata == nullptr) continue;
    Watched* const watched = static_cast<Watched*>(events_[i].udata);
    watched->armed_ = false;
    watched->maybe_ended_ = (events_[i].flags & (EV_EOF | EV_ERROR)) != 0;
    MarkReady(*watched);
  }
}

void KqueueLoop::Wake() { Change(UserEvent(0, NOTE_TRIGGER)); }

std::optional<NativeHandle> KqueueLoop::native_handle() {
  if (!hosted_) {
    hosted_ = true;
    for (Watched* const watched : std::exchange(to_arm_, {})) {
      if (watched != nullptr) Change(EventOf(*watched, EV_ENABLE | EV_DISPATCH));
    }
    BeHosted();
  }
  return static_cast<NativeHandle>(queue_);
}

void KqueueLoop::WakeHostAt(absl::Time when) {
  struct kevent timer;
  if (when == absl::InfiniteFuture()) {
    EV_SET(&timer, kHostTimer, EVFILT_TIMER, EV_DELETE, 0, 0, nullptr);
    Change(timer);  // Which fails where there is none, and that is as well.
    return;
  }
  const int64_t microseconds = std::max<int64_t>(
      absl::ToInt64Microseconds(absl::Ceil(when - Now(), absl::Microseconds(1))), 1);
  EV_SET(&timer, kHostTimer, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, microseconds,
         nullptr);
  Change(timer);
}

}  // namespace pollux::posix
