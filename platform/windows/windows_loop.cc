// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/windows_loop.h"

#include <algorithm>
#include <cstdint>

#include "platform/windows/socket_ref.h"
#include "udp/internal/check.h"

namespace pollux::windows_engine {
namespace {

// FILETIME counts from 1601 on.
constexpr absl::Duration kFileTimeToUnix = absl::Seconds(11'644'473'600);

// The unit of the system's timers.
constexpr absl::Duration kTick = absl::Nanoseconds(100);

// Rounded up: waking early would wait a second time.
int64_t Ticks(absl::Duration duration) { return absl::Ceil(duration, kTick) / kTick; }

}  // namespace

absl::StatusOr<std::unique_ptr<WindowsLoop>> WindowsLoop::Create(std::shared_ptr<Winsock> calls,
                                                                 absl::Duration spin) {
  std::unique_ptr<WindowsLoop> loop(new WindowsLoop(std::move(calls), spin));
  if (absl::Status status = loop->Open(); !status.ok()) return status;
  return loop;
}

absl::Status WindowsLoop::Open() {
  if (const Result result = calls_->NewEvent(&event_); result < 0) {
    return StatusOf(result, "create an event loop");
  }
  return StatusOf(calls_->NewTimer(&timer_), "create an event loop's timer");
}

WindowsLoop::~WindowsLoop() {
  DropTasks();
  if (alarm_ != nullptr) calls_->CloseAlarm(alarm_);
  for (HANDLE handle : {timer_, event_}) {
    if (handle != nullptr) calls_->CloseHandle(handle);
  }
}

Result WindowsLoop::Watch(SOCKET socket, Watched& watched) {
  const Result result = calls_->SelectReads(socket, event_);
  if (result < 0 || watched.watched()) return result;
  watched.socket_ = socket;
  watched_.push_back(&watched);
  return 0;
}

void WindowsLoop::Unwatch(Watched& watched) {
  Forget(watched);
  if (!watched.watched()) return;
  calls_->SelectReads(watched.socket_, nullptr);
  watched.socket_ = INVALID_SOCKET;
  watched_.erase(std::find(watched_.begin(), watched_.end(), &watched));
}

absl::Time WindowsLoop::Now() const {
  return absl::UnixEpoch() + absl::Nanoseconds(calls_->MonotonicNanoseconds());
}

absl::Time WindowsLoop::WallNow() const {
  return absl::UnixEpoch() + kTick * calls_->WallHundredNanoseconds() - kFileTimeToUnix;
}

void WindowsLoop::Wait(absl::Duration timeout) {
  if (!WaitForEvent(timeout)) return;
  // First this: what comes from now on sets it again.
  calls_->ResetEvent(event_);
  AskSockets();
}

bool WindowsLoop::WaitForEvent(absl::Duration timeout) {
  if (IsEventSet()) return true;
  if (timeout <= absl::ZeroDuration()) return false;
  if (spin_ > absl::ZeroDuration()) {
    const absl::Duration spent = std::min(spin_, timeout);
    const absl::Time end = Now() + spent;
    while (Now() < end) {
      if (IsEventSet()) return true;
    }
    timeout -= spent;
    if (timeout <= absl::ZeroDuration()) return false;
  }
  const HANDLE handles[] = {event_, timer_};
  const bool limited = timeout != absl::InfiniteDuration();
  if (limited && calls_->SetTimer(timer_, Ticks(timeout)) < 0) {
    // In coarser steps, then.
    const int64_t milliseconds = absl::Ceil(timeout, absl::Milliseconds(1)) / absl::Milliseconds(1);
    return calls_->Wait(handles, 1, static_cast<DWORD>(std::min<int64_t>(milliseconds, 60'000))) ==
           0;
  }
  const Result result = calls_->Wait(handles, limited ? 2 : 1, INFINITE);
  POLLUX_CHECK(result >= 0, "waiting failed: the program closed a handle that is the event loop's");
  return result == 0;
}

bool WindowsLoop::IsEventSet() { return calls_->Wait(&event_, 1, 0) == 0; }

void WindowsLoop::AskSockets() {
  for (Watched* const watched : watched_) {
    const Result result = calls_->TakeReads(watched->socket_);
    if (result == 0) continue;
    watched->OnNews(result);
    MarkReady(*watched);
  }
}

void WindowsLoop::Wake() { calls_->SetEvent(event_); }

std::optional<NativeHandle> WindowsLoop::native_handle() {
  if (alarm_ == nullptr) {
    alarm_ = calls_->NewAlarm(event_);
    if (alarm_ == nullptr) return std::nullopt;
    BeHosted();
  }
  return reinterpret_cast<NativeHandle>(event_);
}

void WindowsLoop::WakeHostAt(absl::Time when) {
  const bool never = when == absl::InfiniteFuture();
  calls_->SetAlarm(alarm_, never ? -1 : Ticks(std::max(when - Now(), absl::ZeroDuration())));
}

}  // namespace pollux::windows_engine
