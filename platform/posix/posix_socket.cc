// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/posix_socket.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/posix/control_messages.h"
#include "platform/posix/message_batch.h"
#include "udp/internal/datagram_info.h"

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
  const auto send = [&] {
    return Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendMsg(socket_.fd, &message, kSendFlags);
    });
  };
  int64_t result = send();
  if (MaySendNow(slot, result)) result = send();
  if (result >= 0) return absl::OkStatus();
  full = true;
  return SendFailure(result, slot).status();
}

size_t PosixSocket::SendTogether(absl::Span<const SendSlot> datagrams, int& error) {
  if (!send_together_) return 0;
  OutgoingMessages batch;
  const size_t count = batch.Prepare(sender_, datagrams);
  if (count == 0) return 0;
  const ssize_t result = socket_.calls->SendMsgX(socket_.fd, batch.messages(),
                                                 static_cast<unsigned>(count), MSG_DONTWAIT);
  if (result >= 0) return std::min(static_cast<size_t>(result), count);
  error = static_cast<int>(-result);
  return 0;
}

absl::StatusOr<size_t> PosixSocket::Send(absl::Span<const SendSlot> datagrams) {
  size_t sent = 0;
  while (sent < datagrams.size()) {
    int error = 0;
    const size_t together = SendTogether(datagrams.subspan(sent), error);
    sent += together;
    if (together > 0) continue;
    bool full = false;
    absl::Status status = SendOne(datagrams[sent], full);
    if (!status.ok() && sent == 0) return status;
    if (!status.ok() || full) break;
    ++sent;
    NoteFailure(error, send_together_);
  }
  return sent;
}

void PosixSocket::NoteFailure(int error, bool& together) {
  switch (error) {
    // What passes.
    case 0:
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
      return;
    // What may have waited for any call.
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
      errors_.Keep(error, sender_.peer);
      TellLater();
      return;
    default:
      together = false;
  }
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
  NoteRead(result);
  if (result < 0) return result;
  *from.mutable_length() = message.msg_namelen;
  internal::ClearInfo(info);
  if (metadata_ != Metadata::kNone) ReadControl(message, metadata_, info);
  info.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  from.ToEndpoint(info.source);
  return result;
}

std::optional<size_t> PosixSocket::ReceiveTogether(absl::Span<ReceiveSlot> slots) {
  if (!receive_together_ || slots.size() < 2) return std::nullopt;
  if (sender_.peer.is_set() || metadata_ != Metadata::kNone) return std::nullopt;
  IncomingMessages batch;
  const size_t count = batch.Prepare(slots);
  const ssize_t result = socket_.calls->RecvMsgX(socket_.fd, batch.messages(),
                                                 static_cast<unsigned>(count), MSG_DONTWAIT);
  if (result == -EAGAIN) return 0;
  if (result < 0) {
    NoteFailure(static_cast<int>(-result), receive_together_);
    return std::nullopt;
  }
  const size_t received = std::min(static_cast<size_t>(result), count);
  for (size_t i = 0; i < received; ++i) batch.Fill(i, slots[i]);
  return received;
}

absl::StatusOr<size_t> PosixSocket::Receive(absl::Span<ReceiveSlot> slots) {
  Arm();
  size_t received = 0;
  while (received < slots.size()) {
    ReceiveSlot& slot = slots[received];
    if (!held_.empty()) {
      held_.Take(slot);
      ++received;
      continue;
    }
    if (const auto together = ReceiveTogether(slots.subspan(received)); together.has_value()) {
      received += *together;
      if (*together == 0) break;
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

void PosixSocket::SetListener(ReadyListener* listener) {
  listener_ = listener;
  if (listener_ == nullptr) return loop_.Unwatch(*this);
  RequestReady();
}

void PosixSocket::RequestReady() {
  if (listener_ == nullptr) return;
  Arm();
  if (errors_.kept() || !held_.empty()) loop_.MarkReady(*this);
}

void PosixSocket::Arm() {
  if (listener_ == nullptr || ended_) return;
  if (ReadinessLoop::IsWatched(*this)) {
    loop_.Arm(*this);
    return;
  }
  const int result = loop_.Watch(socket_.fd, *this);
  if (result < 0) errors_.KeepWatchFailure(-result);
}

int64_t PosixSocket::Look() {
  char byte = 0;
  return Transfer(Direction::kReceive, [&]() -> int64_t {
    return socket_.calls->RecvFrom(socket_.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK, nullptr, nullptr);
  });
}

void PosixSocket::NoteRead(int64_t result) {
  // One error may just have waited for whatever read came: the next read tells.
  const bool ended = EndsReading(result) && EndsReading(Look());
  if (ended_ == ended) return;
  ended_ = ended;
  if (ended_) loop_.Unwatch(*this);
  if (!ended_) Arm();
}

void PosixSocket::LookForEnd() {
  if (!maybe_ended_ || ended_) return;
  const int64_t result = Look();
  NoteRead(result);
  if (EndsReading(result)) errors_.KeepWatchFailure(static_cast<int>(-result));
}

void PosixSocket::OnReady() {
  LookForEnd();
  if (listener_ != nullptr) listener_->OnReady();
}

void PosixSocket::TellLater() {
  if (listener_ != nullptr) loop_.MarkReady(*this);
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
