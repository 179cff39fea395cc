// SPDX-License-Identifier: Apache-2.0
//
// A socket's readiness. What it sends and receives is in epoll_send.cc and epoll_receive.cc.

#include "platform/linux/epoll_socket.h"

#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/time/time.h"
#include "udp/event_loop.h"

namespace pollux::linux_engine {
namespace {

// There is a limit of watches for all programs of a user: one that ends makes room.
constexpr absl::Duration kWatchAgainAfter = absl::Milliseconds(100);

}  // namespace

class EpollSocket::WatchTimer final : public internal::Waiter {
 public:
  explicit WatchTimer(EpollSocket& socket) : Waiter(socket.loop_), socket_(socket) {}

 private:
  void Fire() override { socket_.BeWatchedAtLast(); }

  EpollSocket& socket_;
};

absl::StatusOr<std::unique_ptr<EngineSocket>> EpollSocket::Create(const SocketHome& home,
                                                                  AddressFamily family) {
  absl::StatusOr<posix::SocketRef> socket = Open(home.calls, family);
  if (!socket.ok()) return socket.status();
  return std::unique_ptr<EngineSocket>(new EpollSocket(home, *socket));
}

EpollSocket::EpollSocket(const SocketHome& home, const posix::SocketRef& socket)
    : KernelSocket(home.engine, socket),
      Watched(home.loop),
      ahead_(home.ahead),
      ahead_pool_(home.ahead),
      loop_(home.loop),
      batches_(home.batches),
      calls_(home.calls) {}

EpollSocket::~EpollSocket() { loop_.Unwatch(socket_.fd, *this); }

std::optional<NativeHandle> EpollSocket::native_handle() {
  if (!handle_taken_) {
    // Whoever has it expects it not to block, and may read where this class does not see it: what
    // epoll reports is then no more than a hint, and nothing may be taken ahead.
    handle_taken_ = true;
    levels_refused_ = true;
    if (ahead_.empty()) SetKnownDatagrams(Waiting::kUnknown);
    socket_.calls->SetNonBlocking(socket_.fd);
    loop_.StopSpinning(*this);
    if (watch_ == Watch::kLevels) loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  }
  return static_cast<NativeHandle>(socket_.fd);
}

void EpollSocket::SetListener(ReadyListener* listener) {
  listener_ = listener;
  if (listener_ == nullptr) {
    SetKnownErrors(Waiting::kUnknown);
    return loop_.Unwatch(socket_.fd, *this);
  }
  if (watch_ == Watch::kNothing) BeWatched();
  if (errors_.kept() || !ahead_.empty()) loop_.MarkReady(*this);
}

void EpollSocket::BeWatched() {
  // The kernel reports at once what is there already.
  const int result = loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  if (result >= 0) return;
  errors_.KeepWatchFailure(-result);
  SetKnownErrors(Waiting::kUnknown);
  if (watch_timer_ == nullptr) watch_timer_ = std::make_unique<WatchTimer>(*this);
  watch_timer_->Start(kWatchAgainAfter);
}

void EpollSocket::BeWatchedAtLast() {
  if (listener_ == nullptr || watch_ != Watch::kNothing) return;
  // That it is refused was told; the kernel reports at once what has come since.
  const int result = loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  if (result < 0) watch_timer_->Start(kWatchAgainAfter);
}

ABSL_ATTRIBUTE_HOT void EpollSocket::RequestReady() {
  if (ABSL_PREDICT_FALSE(listener_ == nullptr)) return;
  if (ABSL_PREDICT_FALSE(watch_ == Watch::kNothing)) BeWatched();
  // Epoll tells of what comes later, and of levels in the next turn by itself.
  const bool by_itself = watch_ == Watch::kLevels;
  const bool pending = maybe_failed_ || (maybe_readable_ && !by_itself);
  if (pending || errors_.kept() || !ahead_.empty()) loop_.MarkReady(*this);
}

// Nothing is done once the listener has returned: it may have destroyed the socket, and each
// function that is returned to after a system call costs several nanoseconds.
ABSL_ATTRIBUTE_HOT void EpollSocket::OnReady() {
  if (ABSL_PREDICT_FALSE(listener_ == nullptr)) return;
  received_ = false;
  read_failed_ = false;
  if (!handle_taken_) ahead_pace_.Begin();
  SetKnownErrors(HasNoError() ? Waiting::kNothing : Waiting::kUnknown);
  if (surely_readable_ && !handle_taken_) SetKnownDatagrams(Waiting::kSomething);
  listener_->OnReady();
}

ABSL_ATTRIBUTE_HOT void EpollSocket::Told(bool again) {
  ahead_pace_.End();
  AdaptToListener();
  if (again) RequestReady();
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void EpollSocket::AdaptToListener() {
  const bool left = (surely_readable_ && !received_) || maybe_failed_ || read_failed_;
  if (ABSL_PREDICT_TRUE(watch_ == Watch::kLevels && !left)) return;
  if (watch_ == Watch::kEdges && received_ && !levels_refused_) {
    loop_.SetWatch(socket_.fd, *this, Watch::kLevels);
  } else if (watch_ == Watch::kLevels) {
    // Left as it was: levels would have the loop run for nothing until that changes.
    levels_refused_ = true;
    loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  }
}

ABSL_ATTRIBUTE_HOT std::optional<AsyncError> EpollSocket::TakeAsyncError() {
  // What it is almost always, in a few steps.
  if (ABSL_PREDICT_TRUE(HasNoError())) return std::nullopt;
  return LookForAsyncError();
}

ABSL_ATTRIBUTE_NOINLINE std::optional<AsyncError> EpollSocket::LookForAsyncError() {
  if (errors_.kept()) return errors_.TakeKept();
  std::optional<AsyncError> error = TakePendingError();
  if (!error.has_value()) maybe_failed_ = false;
  return error;
}

void EpollSocket::MayHaveFailed() {
  maybe_failed_ = true;
  SetKnownErrors(Waiting::kUnknown);
}

void EpollSocket::TellLater() {
  MayHaveFailed();
  if (listener_ != nullptr) loop_.MarkReady(*this);
}

}  // namespace pollux::linux_engine
