// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/socket_core.h"

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "udp/socket_error.h"

namespace pollux::internal {
namespace {

// Room for so many signals to come is kept: for those of the largest batches.
constexpr size_t kEventsKept = 4096;

}  // namespace

SocketCore::SocketCore(SocketEngine& of) : engine(of), flush_(*this) {}

absl::Status SocketCore::Fail(absl::Status status) {
  error = status;
  return status;
}

absl::Status SocketCore::Refuse(SocketError cause, absl::string_view call,
                                absl::string_view message) {
  return Fail(SocketStatus(cause, absl::StrCat(call, ": ", message)));
}

absl::StatusOr<std::unique_ptr<EngineSocket>> SocketCore::Open(AddressFamily& family) {
  absl::StatusOr<std::unique_ptr<EngineSocket>> opened = engine.NewUdpSocket(family);
  if (family == AddressFamily::kDual &&
      OsErrorOf(opened.status()) == OsError::kAddressFamilyNotSupported) {
    family = AddressFamily::kIpv4;
    opened = engine.NewUdpSocket(family);
  }
  if (!opened.ok()) return opened;
  // The contract's broadcast examples work without asking; a program that wants the kernel's guard
  // sets the option to 0.
  if (absl::Status s = (*opened)->SetOption(SocketOption::kBroadcast, 1); !s.ok()) return s;
  if (options != nullptr) {
    for (const auto& [option, value] : *options) {
      if (absl::Status s = (*opened)->SetOption(option, value); !s.ok()) return s;
    }
  }
  if (metadata != Metadata::kNone) {
    if (absl::Status s = (*opened)->RequestMetadata(metadata); !s.ok()) return s;
  }
  return opened;
}

void SocketCore::Adopt(std::unique_ptr<EngineSocket> opened) {
  CountGiven();
  socket = std::move(opened);
  SetLeft(left_);
  ++openings;
  listening_ = false;
  ListenAsNeeded();
}

void SocketCore::ListenAsNeeded() {
  // A socket to which nobody listens is cheaper.
  const bool needed = ready_read.is_set() || error_occurred.is_set();
  if (socket == nullptr || needed == listening_) return;
  listening_ = needed;
  socket->SetListener(needed ? this : nullptr);
}

void SocketCore::CollectErrors() {
  if (socket == nullptr || listening_) return;
  while (std::optional<AsyncError> asynchronous = socket->TakeAsyncError()) {
    error = std::move(asynchronous->status);
  }
}

void SocketCore::Drop() {
  ++lookups;
  CountGiven();
  socket.reset();
  listening_ = false;
  bound_by_program = false;
  peer = Endpoint();
  EndReading();
  told_ = false;
  handle_taken_ = false;
  SetState(SocketState::kUnconnected);
}

void SocketCore::Close() {
  if (running_ > 0) until_then_ = shared_from_this();
  Drop();
  closed_ = true;
  flush_.Stop();
  events_.clear();
  first_event_ = 0;
  ready_read.Set(nullptr);
  bytes_written.Set(nullptr);
  state_changed.Set(nullptr);
  error_occurred.Set(nullptr);
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline SocketCore::Running::~Running() {
  if (--core_.running_ > 0 || ABSL_PREDICT_TRUE(!core_.closed_)) return;
  const std::shared_ptr<SocketCore> gone = std::move(core_.until_then_);
}

void SocketCore::SetState(SocketState next) {
  if (next == state) return;
  state = next;
  Queue({.kind = Event::kState, .state = next});
}

void SocketCore::Report(absl::Status status) {
  error = status;
  Queue({.kind = Event::kError, .status = std::move(status)});
}

void SocketCore::Queue(Event event) {
  events_.push_back(std::move(event));
  if (!flush_.active()) flush_.Start(absl::ZeroDuration());
}

void SocketCore::Flush() {
  const Running running(*this);
  flush_.Stop();
  // Callbacks may queue more, which waits for the next turn, may run the loop and so this function
  // within itself, and may end the socket.
  for (size_t count = events_.size() - first_event_;
       count > 0 && first_event_ < events_.size() && !closed_; --count) {
    const Event event = std::move(events_[first_event_++]);
    switch (event.kind) {
      case Event::kState:
        state_changed.Run(event.state);
        break;
      case Event::kWritten:
        bytes_written.Run(event.size);
        break;
      case Event::kError:
        error_occurred.Run(event.status);
        break;
    }
  }
  // What was told goes, also where the callbacks of each turn have queued for the next. Its room
  // stays for that, unless it is out of the usual: `clear` gives it back.
  if (first_event_ == events_.size() && events_.capacity() > kEventsKept) {
    events_.clear();
  } else {
    events_.erase(events_.begin(), events_.begin() + first_event_);
  }
  first_event_ = 0;
}

void SocketCore::ReadyReadReplaced() {
  told_ = false;
  if (socket != nullptr && ready_read.is_set()) socket->RequestReady();
}

ABSL_ATTRIBUTE_HOT void SocketCore::OnReady() {
  const Running running(*this);
  if (socket->known_errors() != Waiting::kNothing) ReportAsyncErrors();
  if (ABSL_PREDICT_FALSE(first_event_ < events_.size())) Flush();
  if (ABSL_PREDICT_FALSE(closed_)) return;
  const bool again = TellReadyRead();
  if (ABSL_PREDICT_FALSE(closed_ || socket == nullptr)) return;
  if (!again || !IsIdle()) socket->Told(again);
}

// Apart, since it mostly has nothing to do, and what it needs for that is not for nothing.
ABSL_ATTRIBUTE_NOINLINE void SocketCore::ReportAsyncErrors() {
  // Errors can be a flood as well.
  for (size_t taken = 0; taken < kReadyReadMax; ++taken) {
    std::optional<AsyncError> asynchronous = socket->TakeAsyncError();
    if (ABSL_PREDICT_TRUE(!asynchronous.has_value())) return;
    Report(std::move(asynchronous->status));
  }
  socket->RequestReady();
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool SocketCore::TellReadyRead() {
  // Only of a datagram that is there: the engine's hint may be stale, or have been about an error.
  if (ABSL_PREDICT_FALSE(socket == nullptr || !ready_read.is_set())) return false;
  if (ABSL_PREDICT_FALSE(ready_read.is_running())) {
    // The callback runs the loop, which has served all others as if the callback had returned.
    SetLeft(Allowance());
    return false;
  }
  if (told_ && !handle_taken_) return false;
  if (!HasPending()) return false;
  told_ = true;
  SetLeft(Allowance());
  ready_read.Run();
  left_ = kNoBound;
  // Where it has read: of what it left, or of what came while it ran.
  return !told_;
}

}  // namespace pollux::internal
