// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/posix_socket.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/posix/control_messages.h"

namespace pollux::posix {
namespace {

using internal::SocketAddress;

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
// Datagram sockets raise no SIGPIPE there.
constexpr int kSendFlags = MSG_DONTWAIT;
#endif

}  // namespace

absl::StatusOr<std::unique_ptr<EngineSocket>> PosixSocket::Create(SocketEngine& engine,
                                                                  ReadinessLoop& loop,
                                                                  SystemCalls& calls,
                                                                  AddressFamily family) {
  absl::StatusOr<SocketRef> socket = Open(calls, family);
  if (!socket.ok()) return socket.status();
  return std::unique_ptr<EngineSocket>(new PosixSocket(engine, loop, *socket));
}

PosixSocket::PosixSocket(SocketEngine& engine, ReadinessLoop& loop, const SocketRef& socket)
    : KernelSocket(engine, socket), Watched(loop), loop_(loop) {}

PosixSocket::~PosixSocket() { loop_.Unwatch(*this); }

// ---- Sending ----

absl::Status PosixSocket::SendOne(const SendSlot& slot, bool& full) {
  SocketAddress to;
  bool has_address = false;
  if (!sender_.Address(slot, to, has_address)) return sender_.Refusal(slot);
  const bool ipv4 = sender_.UsesIpv4(slot);
  if (!HasControl(slot.options, ipv4)) return StatusOf(-EOPNOTSUPP, sender_.Describe(slot));
  ControlBuffer control;
  iovec payload = {const_cast<char*>(slot.payload.data()), slot.payload.size()};
  msghdr message = {};
  message.msg_name = has_address ? to.mutable_data() : nullptr;
  message.msg_namelen = has_address ? to.length() : 0;
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  if (!slot.options.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = static_cast<decltype(message.msg_controllen)>(
        WriteControl(slot.options, ipv4, sender_.type_of_service, control));
  }
  const int64_t result = Transfer(Direction::kSend, [&]() -> int64_t {
    return socket_.calls->SendMsg(socket_.fd, &message, kSendFlags);
  });
  if (result >= 0) return absl::OkStatus();
  full = true;
  return SendFailure(result, slot).status();
}

absl::StatusOr<size_t> PosixSocket::Send(absl::Span<const SendSlot> datagrams) {
  size_t sent = 0;
  for (const SendSlot& slot : datagrams) {
    bool full = false;
    absl::Status status = SendOne(slot, full);
    if (!status.ok() && sent == 0) return status;
    if (!status.ok() || full) break;
    ++sent;
  }
  return sent;
}

// ---- Receiving ----

int64_t PosixSocket::ReceiveInto(absl::Span<char> buffer, DatagramInfo& info) {
  SocketAddress from;
  ControlBuffer control;
  // Some kernels ask for a place even for no bytes.
  char nothing = 0;
  iovec payload = {buffer.empty() ? &nothing : buffer.data(), buffer.size()};
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
    from.Reset();
    message.msg_name = from.mutable_data();
    message.msg_namelen = from.length();
    message.msg_control = metadata_ == Metadata::kNone ? nullptr : control.bytes;
    message.msg_controllen = metadata_ == Metadata::kNone ? 0 : sizeof(control.bytes);
    return socket_.calls->RecvMsg(socket_.fd, &message, MSG_DONTWAIT);
  });
  if (result < 0) return result;
  *from.mutable_length() = message.msg_namelen;
  internal::ClearInfo(info);
  if (metadata_ != Metadata::kNone) ReadControl(message, metadata_, info);
  info.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  from.ToEndpoint(info.source);
  return result;
}

absl::StatusOr<size_t> PosixSocket::Receive(absl::Span<ReceiveSlot> slots) {
  Arm();
  size_t received = 0;
  for (ReceiveSlot& slot : slots) {
    if (!held_.empty()) {
      held_.Take(slot);
      ++received;
      continue;
    }
    const int64_t result = ReceiveInto(slot.buffer, slot.info);
    if (result < 0) {
      if (result == -EAGAIN || received > 0) break;
      return StatusOf(static_cast<int>(result), "receive");
    }
    slot.size = static_cast<size_t>(result);
    slot.segment_size = 0;
    ++received;
  }
  return received;
}

std::optional<size_t> PosixSocket::PendingDatagramSize() {
  if (!held_.empty()) return held_.next_size();
  // Not every system tells the size of what it has: so it is copied out, and kept, unless somebody
  // else may want to read it.
  const absl::Span<char> room = held_.room();
  if (handle_taken_) {
    const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
      return socket_.calls->RecvFrom(socket_.fd, room.data(), room.size(), MSG_DONTWAIT | MSG_PEEK,
                                     nullptr, nullptr);
    });
    if (result < 0) return std::nullopt;
    return static_cast<size_t>(result);
  }
  const int64_t result = ReceiveInto(room, held_.info());
  if (result < 0) return std::nullopt;
  held_.Hold(static_cast<size_t>(result), 0);
  return held_.next_size();
}

// ---- Readiness ----

std::optional<AsyncError> PosixSocket::TakeAsyncError() {
  Arm();
  if (errors_.kept()) return errors_.TakeKept();
  return TakePendingError();
}

void PosixSocket::SetReadyCallback(absl::AnyInvocable<void()> ready) {
  if (ready == nullptr) {
    ready_ = nullptr;
    loop_.Unwatch(*this);
    return;
  }
  ready_ = std::make_shared<absl::AnyInvocable<void()>>(std::move(ready));
  RequestReady();
}

void PosixSocket::RequestReady() {
  if (ready_ == nullptr) return;
  Arm();
  if (errors_.kept() || !held_.empty()) loop_.MarkReady(*this);
}

void PosixSocket::Arm() {
  if (ready_ == nullptr) return;
  if (ReadinessLoop::IsWatched(*this)) {
    loop_.Arm(*this);
    return;
  }
  const int result = loop_.Watch(socket_.fd, *this);
  if (result < 0) errors_.KeepWatchFailure(-result);
}

void PosixSocket::OnReady() {
  const std::shared_ptr<absl::AnyInvocable<void()>> ready = ready_;
  if (ready != nullptr) (*ready)();
}

void PosixSocket::TellLater() {
  if (ready_ != nullptr) loop_.MarkReady(*this);
}

std::optional<NativeHandle> PosixSocket::native_handle() {
  if (!handle_taken_) {
    // Whoever has it expects it not to block, and may read where this class does not see it.
    handle_taken_ = true;
    socket_.calls->SetNonBlocking(socket_.fd);
    loop_.Share(*this);
  }
  return static_cast<NativeHandle>(socket_.fd);
}

}  // namespace pollux::posix
