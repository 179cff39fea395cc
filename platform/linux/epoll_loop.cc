// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/epoll_loop.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "udp/internal/check.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::linux_engine {
namespace {

// One wait collects at most this often, so that a flood cannot keep the loop from running.
constexpr int kPollsMax = 16;

// Sockets that a loop that spins looks into itself: with more, asking epoll is cheaper.
constexpr size_t kSpunMax = 8;
constexpr int kProbesPerLookAtTheClock = 8;

// Waking early would spin until the time has come.
timespec RoundedUp(absl::Duration timeout) {
  if (timeout == absl::ZeroDuration()) return {};
  return absl::ToTimespec(absl::Ceil(timeout, absl::Nanoseconds(1)));
}

absl::Status Failure(int result, absl::string_view what) {
  return OsStatusFromNumber(Platform::kLinux, -result, what);
}

}  // namespace

absl::StatusOr<std::unique_ptr<EpollLoop>> EpollLoop::Create(std::shared_ptr<SystemCalls> calls,
                                                             absl::Duration spin) {
  std::unique_ptr<EpollLoop> loop(new EpollLoop(std::move(calls), spin));
  if (absl::Status status = loop->Open(); !status.ok()) return status;
  return loop;
}

absl::Status EpollLoop::Open() {
  epoll_ = calls_->EpollCreate1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return Failure(epoll_, "create an event loop");
  event_ = calls_->EventFd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_ < 0) return Failure(event_, "create an event loop's wake-up");
  const int result = WatchOwn(event_);
  if (result < 0) return Failure(result, "watch an event loop's wake-up");
  return absl::OkStatus();
}

EpollLoop::~EpollLoop() {
  DropTasks();
  for (const int fd : {timer_, event_, epoll_}) {
    if (fd >= 0) calls_->Close(fd);
  }
}

int EpollLoop::WatchOwn(int fd) {
  // Edges: each write or expiry is reported once, and nobody needs to read the descriptor.
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  return calls_->EpollCtl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

int EpollLoop::Control(int operation, Watched& watched) {
  epoll_event event = {};
  event.events = EPOLLIN;  // EPOLLERR is always reported.
  if (watched.watch_ == Watched::Watch::kEdges) event.events |= EPOLLET;
  event.data.ptr = &watched;
  return calls_->EpollCtl(epoll_, operation, watched.fd_, &event);
}

int EpollLoop::SetWatch(int fd, Watched& watched, Watched::Watch watch) {
  const Watched::Watch before = std::exchange(watched.watch_, watch);
  watched.fd_ = fd;
  if (watched.spun_ || (watched.polled_ && watch == Watched::Watch::kLevels)) return 0;
  const bool fresh = before == Watched::Watch::kNothing;
  if (watched.polled_) {
    const int result = StopPolling(watched);
    if (result < 0) watched.watch_ = before;
    return result;
  }
  if (fresh && watched.spinnable_ && spin_ > absl::ZeroDuration() && spun_.size() < kSpunMax) {
    watched.spun_ = true;
    spun_.push_back(&watched);
    return 0;
  }
  if (!fresh && watch == Watched::Watch::kLevels && MayPoll()) {
    BeginPolling(watched);
    return 0;
  }
  const int result = Control(fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watched);
  if (result < 0) {
    watched.watch_ = before;
  } else if (fresh) {
    ++set_size_;
    if (set_size_ > kPolledMax) StopPolling();
  }
  return result;
}

bool EpollLoop::MayPoll() const {
  // A foreign loop knows of the epoll set alone.
  const bool hosted = timer_ >= 0;
  return can_poll_ && !hosted && spin_ <= absl::ZeroDuration() && polled_.size() < kPolledMax &&
         set_size_ <= kPolledMax;
}

void EpollLoop::BeginPolling(Watched& watched) {
  epoll_event unused = {};
  calls_->EpollCtl(epoll_, EPOLL_CTL_DEL, watched.fd_, &unused);
  --set_size_;
  watched.polled_ = true;
  polled_.push_back(&watched);
  ListPolled();
}

void EpollLoop::ListPolled() {
  // The sockets come first: where one has something the kernel does not prepare to sleep on those
  // behind it.
  poll_entries_.clear();
  for (const Watched* const watched : polled_) {
    poll_entries_.push_back({.fd = watched->fd_, .events = POLLIN, .revents = 0});
  }
  poll_entries_.push_back({.fd = event_, .events = POLLIN, .revents = 0});
}

int EpollLoop::StopPolling(Watched& watched) {
  const int result = Control(EPOLL_CTL_ADD, watched);
  if (result < 0) return result;
  ++set_size_;
  watched.polled_ = false;
  polled_.erase(std::find(polled_.begin(), polled_.end(), &watched));
  ListPolled();
  return result;
}

void EpollLoop::Unwatch(int fd, Watched& watched) {
  Forget(watched);
  if (watched.watch_ == Watched::Watch::kNothing) return;
  watched.watch_ = Watched::Watch::kNothing;
  watched.maybe_readable_ = true;
  watched.surely_readable_ = false;
  if (std::exchange(watched.spun_, false)) {
    spun_.erase(std::find(spun_.begin(), spun_.end(), &watched));
    return;
  }
  if (std::exchange(watched.polled_, false)) {
    polled_.erase(std::find(polled_.begin(), polled_.end(), &watched));
    ListPolled();
    return;
  }
  epoll_event unused = {};
  calls_->EpollCtl(epoll_, EPOLL_CTL_DEL, fd, &unused);
  --set_size_;
}

absl::Time EpollLoop::Now() const {
  timespec now = {};
  calls_->ClockGetTime(CLOCK_MONOTONIC, &now);
  return absl::TimeFromTimespec(now);
}

absl::Time EpollLoop::WallNow() const {
  timespec now = {};
  calls_->ClockGetTime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

ABSL_ATTRIBUTE_HOT void EpollLoop::Wait(absl::Duration timeout) {
  if (ABSL_PREDICT_TRUE(!polled_.empty())) return WaitByPolling(timeout);
  if (spun_.empty()) return WaitForEvents(timeout);
  WaitBySpinning(timeout);
}

void EpollLoop::WaitBySpinning(absl::Duration timeout) {
  const absl::Duration spent = std::min(spin_, timeout);
  const bool found = Spin(spent);
  if (found || spent == timeout) {
    // Others shall not wait for those that are looked into.
    if (set_size_ > 0) WaitForEvents(absl::ZeroDuration());
    return;
  }
  for (Watched* const watched : spun_) {
    // One that the kernel cannot watch now is looked into when the wait has ended.
    if (Control(EPOLL_CTL_ADD, *watched) < 0) timeout = spent;
  }
  WaitForEvents(timeout - spent);
  epoll_event unused = {};
  for (const Watched* const watched : spun_) {
    calls_->EpollCtl(epoll_, EPOLL_CTL_DEL, watched->fd_, &unused);
  }
}

void EpollLoop::StopPolling() {
  // One that cannot be moved stays where it is.
  while (!polled_.empty() && StopPolling(*polled_.back()) >= 0) {
  }
}

bool EpollLoop::ProbeAll() {
  // To look first is cheaper than to exchange each time.
  bool found =
      woken_.load(std::memory_order_relaxed) && woken_.exchange(false, std::memory_order_acquire);
  for (Watched* const watched : spun_) {
    if (!watched->Probe()) continue;
    MarkReady(*watched);
    found = true;
  }
  return found || HasReady();
}

bool EpollLoop::Spin(absl::Duration limit) {
  if (ProbeAll()) return true;
  if (limit <= absl::ZeroDuration()) return false;
  // The clock is looked at only once the answer was not there at once.
  std::optional<absl::Time> end;
  while (true) {
    for (int i = 0; i < kProbesPerLookAtTheClock; ++i) {
      if (ProbeAll()) return true;
    }
    if (set_size_ > 0) {
      WaitForEvents(absl::ZeroDuration());
      if (HasReady()) return true;
    }
    const absl::Time now = Now();
    if (!end.has_value()) end = now + limit;
    if (now >= *end) return false;
  }
}

void EpollLoop::StopSpinning(Watched& watched) {
  watched.spinnable_ = false;
  if (!watched.spun_) return;
  const Watched::Watch watch = watched.watch_;
  Unwatch(watched.fd_, watched);
  // Where it fails the socket is not watched, and the next request for readiness tries again.
  SetWatch(watched.fd_, watched, watch);
  // It may have been ready.
  MarkReady(watched);
}

void EpollLoop::StopSpinning() {
  spin_ = absl::ZeroDuration();
  while (!spun_.empty()) StopSpinning(*spun_.back());
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void EpollLoop::Report(Watched& watched, uint32_t events) {
  // An error that ends a partly filled batch is put back without another report, so that the socket
  // counts as readable too.
  watched.maybe_readable_ = true;
  if ((events & EPOLLIN) != 0) watched.surely_readable_ = true;
  if (ABSL_PREDICT_FALSE((events & EPOLLERR) != 0)) watched.MayHaveFailed();
  MarkReady(watched);
}

ABSL_ATTRIBUTE_HOT void EpollLoop::WaitForEvents(absl::Duration timeout) {
  for (int polls = 0; polls < kPollsMax; ++polls) {
    const int count = Poll(polls == 0 ? timeout : absl::ZeroDuration());
    POLLUX_CHECK(count >= 0 || count == -EINTR,
                 "epoll failed: the program closed a descriptor that is the event loop's");
    for (int i = 0; i < count; ++i) {
      if (events_[i].data.ptr == nullptr) continue;
      Report(*static_cast<Watched*>(events_[i].data.ptr), events_[i].events);
    }
    if (count < static_cast<int>(events_.size())) return;
  }
}

ABSL_ATTRIBUTE_HOT void EpollLoop::WaitByPolling(absl::Duration timeout) {
  static_assert(POLLIN == EPOLLIN && POLLERR == EPOLLERR);
  const size_t sockets = polled_.size();
  pollfd* const entries = poll_entries_.data();
  // All else is the set, or the one descriptor in it.
  const bool by_set = set_size_ > 0;
  entries[sockets].fd = by_set ? epoll_ : event_;
  int result = 0;
  if (ABSL_PREDICT_TRUE(timeout == absl::InfiniteDuration())) {
    result = calls_->PollStraight(entries, sockets + 1, -1);  // Has less to do.
  } else {
    const timespec limit = RoundedUp(timeout);
    result = calls_->PPoll(entries, sockets + 1, &limit);
  }
  if (ABSL_PREDICT_FALSE(result < 0)) return PollingFailed(result, timeout);
  for (size_t i = sockets; i > 0; --i) {
    const pollfd& entry = entries[i - 1];
    if (entry.revents == 0) continue;
    // A descriptor that the program has closed would be reported for ever; all else is again.
    const bool closed = (entry.revents & POLLNVAL) != 0;
    if (ABSL_PREDICT_FALSE(closed)) return Unwatch(entry.fd, *polled_[i - 1]);
    Report(*polled_[i - 1], static_cast<uint32_t>(entry.revents));
  }
  if (ABSL_PREDICT_TRUE(entries[sockets].revents == 0)) return;
  if (by_set) return WaitForEvents(absl::ZeroDuration());
  // Unlike an edge, it would be told again.
  uint64_t unused = 0;
  calls_->Read(event_, &unused, sizeof(unused));
}

void EpollLoop::PollingFailed(int result, absl::Duration timeout) {
  if (result == -EINTR) return;
  // Where epoll does not take them either they are tried again, after a while.
  can_poll_ = false;
  StopPolling();
  WaitForEvents(polled_.empty() ? timeout : std::min(timeout, absl::Milliseconds(1)));
}

ABSL_ATTRIBUTE_HOT int EpollLoop::Poll(absl::Duration timeout) {
  const int max = static_cast<int>(events_.size());
  if (has_pwait2_) {
    const bool for_ever = timeout == absl::InfiniteDuration();
    const timespec limit = for_ever ? timespec{} : RoundedUp(timeout);
    const int count = calls_->EpollPwait2(epoll_, events_.data(), max, for_ever ? nullptr : &limit);
    // Kernels before 5.11 lack the call; some sandboxes refuse what they do not know.
    if (count != -ENOSYS && count != -EPERM) return count;
    has_pwait2_ = false;
  }
  if (timeout == absl::InfiniteDuration())
    return calls_->EpollWait(epoll_, events_.data(), max, -1);
  // Rounded up: waking early would spin until the time has come.
  const int64_t milliseconds =
      absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)));
  return calls_->EpollWait(epoll_, events_.data(), max,
                           static_cast<int>(std::min<int64_t>(milliseconds, INT_MAX)));
}

void EpollLoop::Wake() {
  woken_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  // The only failure of a living eventfd is a full counter, which wakes as well.
  while (calls_->Write(event_, &one, sizeof(one)) == -EINTR) {
  }
}

std::optional<NativeHandle> EpollLoop::native_handle() {
  if (timer_ < 0) {
    const int timer = calls_->TimerFdCreate(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0) return std::nullopt;
    if (WatchOwn(timer) < 0) {
      calls_->Close(timer);
      return std::nullopt;
    }
    timer_ = timer;
    StopSpinning();
    StopPolling();
    BeHosted();
  }
  return static_cast<NativeHandle>(epoll_);
}

void EpollLoop::WakeHostAt(absl::Time when) {
  if (when == timer_set_to_) return;
  timer_set_to_ = when;
  itimerspec value = {};
  if (when != absl::InfiniteFuture()) {
    // A value of zero would disarm the timer.
    const absl::Duration since_start = when - absl::UnixEpoch();
    value.it_value = absl::ToTimespec(
        std::max(absl::Ceil(since_start, absl::Nanoseconds(1)), absl::Nanoseconds(1)));
  }
  calls_->TimerFdSetTime(timer_, TFD_TIMER_ABSTIME, &value);
}

}  // namespace pollux::linux_engine
