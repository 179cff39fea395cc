// SPDX-License-Identifier: Apache-2.0
//
// What a socket sends and receives. One datagram costs one WSASendTo or WSARecvFrom, or WSASendMsg
// where it has options and WSARecvMsg where metadata is wanted. Nothing here allocates but where a
// call fails, and when a program first asks what is pending.

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "platform/windows/control_messages.h"
#include "platform/windows/windows_socket.h"

namespace pollux::windows_engine {

using internal::SocketAddress;

namespace {

// How often a call is made again for asynchronous errors: with a peer that refuses, another one can
// have come in between.
constexpr int kRetriesMax = 16;

// What Winsock makes of ICMP messages: recvfrom's page tells of the first two, for "port
// unreachable" and "time exceeded". The third is how systems beneath Winsock that are not Windows
// say the first.
bool CanBeAsynchronous(Result result) {
  return result == -WSAECONNRESET || result == -WSAENETRESET || result == -WSAECONNREFUSED;
}

}  // namespace

bool WindowsSocket::KeepIfAsynchronous(Result result) {
  if (!CanBeAsynchronous(result)) return false;
  const Endpoint& peer = sender_.peer;
  const std::string what = peer.is_set() ? absl::StrCat("datagram to ", peer.ToString())
                                         : std::string("datagram sent earlier");
  Keep(StatusOf(result, what), peer);
  return true;
}

// ---- Sending ----

absl::StatusOr<size_t> WindowsSocket::Send(absl::Span<const SendSlot> datagrams) {
  size_t sent = 0;
  for (const SendSlot& slot : datagrams) {
    SocketAddress to;
    bool has_address = false;
    if (!sender_.Address(slot, to, has_address)) {
      if (sent > 0) break;
      return sender_.Refusal(slot);
    }
    const Result result = SendOne(slot, has_address ? &to : nullptr);
    if (result == -WSAEWOULDBLOCK || (result < 0 && sent > 0)) break;
    if (result < 0) return StatusOf(result, sender_.Describe(slot));
    bound_ = true;
    ++sent;
  }
  return sent;
}

Result WindowsSocket::SendOne(const SendSlot& slot, SocketAddress* to) {
  Result result = 0;
  // An asynchronous error that was pending is not this call's, which has sent nothing.
  for (int tries = 0; tries <= kRetriesMax; ++tries) {
    result = slot.options.empty()
                 ? socket_.calls->SendTo(socket_.handle, slot.payload.data(), slot.payload.size(),
                                         to != nullptr ? to->data() : nullptr,
                                         to != nullptr ? to->length() : 0)
                 : SendWithOptions(slot, to);
    if (!KeepIfAsynchronous(result)) break;
  }
  return result;
}

Result WindowsSocket::SendWithOptions(const SendSlot& slot, SocketAddress* to) {
  ControlBuffer control;
  // Winsock's structures serve both directions, and so have no constant pointers.
  WSABUF payload = {static_cast<ULONG>(slot.payload.size()),
                    const_cast<CHAR*>(slot.payload.data())};
  WSAMSG message = {};
  message.name = to != nullptr ? to->mutable_data() : nullptr;
  message.namelen = to != nullptr ? to->length() : 0;
  message.lpBuffers = &payload;
  message.dwBufferCount = 1;
  message.Control.len =
      static_cast<ULONG>(WriteControl(slot.options, sender_.UsesIpv4(slot), control));
  message.Control.buf = control.bytes;
  return socket_.calls->SendMsg(socket_.handle, &message);
}

// ---- Receiving ----

absl::StatusOr<size_t> WindowsSocket::Receive(absl::Span<ReceiveSlot> slots) {
  size_t received = 0;
  for (ReceiveSlot& slot : slots) {
    if (!held_.empty()) {
      held_.Take(slot);
      ++received;
      // The loop hears of what comes next only after a receive call.
      if (ready_ != nullptr && maybe_readable_) loop_.MarkReady(*this);
      continue;
    }
    Taken taken;
    const Result result = ReceiveInto(slot.buffer, slot.info, taken);
    if (result == -WSAEWOULDBLOCK || (result < 0 && received > 0)) break;
    if (result < 0) return StatusOf(result, "receive");
    slot.size = taken.size;
    slot.segment_size = 0;
    slot.info.truncated = taken.truncated;
    ++received;
  }
  return received;
}

Result WindowsSocket::ReceiveInto(absl::Span<char> buffer, DatagramInfo& info, Taken& taken) {
  // Winsock calls it an error to receive from a socket that is not bound (WSAEINVAL).
  if (!bound_) return -WSAEWOULDBLOCK;
  for (int tries = 0; tries <= kRetriesMax; ++tries) {
    const Result result = metadata_ == Metadata::kNone ? ReceivePlainly(buffer, info, taken)
                                                       : ReceiveWithControl(buffer, info, taken);
    if (KeepIfAsynchronous(result)) continue;
    if (result >= 0 || result == -WSAEWOULDBLOCK) failed_ = false;
    if (result == -WSAEWOULDBLOCK) maybe_readable_ = false;
    return result;
  }
  // A flood of errors: the rest is dealt with when the loop comes round.
  if (ready_ != nullptr) loop_.MarkReady(*this);
  return -WSAEWOULDBLOCK;
}

Result WindowsSocket::ReceivePlainly(absl::Span<char> buffer, DatagramInfo& info, Taken& taken) {
  SocketAddress from;
  const Result result = socket_.calls->ReceiveFrom(socket_.handle, buffer.data(), buffer.size(), 0,
                                                   from.mutable_data(), from.mutable_length());
  // The buffer is full, and the rest of the datagram is lost: recvfrom's page.
  taken.truncated = result == -WSAEMSGSIZE;
  if (result < 0 && !taken.truncated) return result;
  taken.size = taken.truncated ? buffer.size() : static_cast<size_t>(result);
  internal::ClearInfo(info);
  from.ToEndpoint(info.source);
  return 0;
}

Result WindowsSocket::ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info,
                                         Taken& taken) {
  SocketAddress from;
  ControlBuffer control;
  WSABUF payload = {static_cast<ULONG>(buffer.size()), buffer.data()};
  WSAMSG message = {};
  message.name = from.mutable_data();
  message.namelen = from.length();
  message.lpBuffers = &payload;
  message.dwBufferCount = 1;
  message.Control.len = sizeof(control.bytes);
  message.Control.buf = control.bytes;
  DWORD size = 0;
  const Result result = socket_.calls->ReceiveMsg(socket_.handle, &message, &size);
  if (result < 0 && result != -WSAEMSGSIZE) return result;
  // That code also says that the control messages did not fit.
  taken.truncated = result == -WSAEMSGSIZE && (message.dwFlags & MSG_TRUNC) != 0;
  taken.size = std::min<size_t>(taken.truncated ? buffer.size() : size, buffer.size());
  *from.mutable_length() = message.namelen;
  internal::ClearInfo(info);
  ReadControl(message, info);
  from.ToEndpoint(info.source);
  return 0;
}

Result WindowsSocket::Hold() {
  if (!held_.empty()) return 0;
  Taken taken;
  const Result result = ReceiveInto(held_.room(), held_.info(), taken);
  if (result >= 0) held_.Hold(taken.size, 0);
  return result;
}

Result WindowsSocket::Peek() {
  if (!held_.empty()) return static_cast<Result>(held_.next_size());
  if (!bound_) return -WSAEWOULDBLOCK;
  const absl::Span<char> room = held_.room();
  for (int tries = 0; tries <= kRetriesMax; ++tries) {
    const Result result = socket_.calls->ReceiveFrom(socket_.handle, room.data(), room.size(),
                                                     MSG_PEEK, nullptr, nullptr);
    if (KeepIfAsynchronous(result)) continue;
    if (result == -WSAEWOULDBLOCK) maybe_readable_ = false;
    return result;
  }
  return -WSAEWOULDBLOCK;
}

std::optional<size_t> WindowsSocket::PendingDatagramSize() {
  // To take it and to keep it costs one call where to look and to take costs two.
  const Result result = handle_taken_ ? Peek() : Hold();
  if (result < 0) return std::nullopt;
  return handle_taken_ ? static_cast<size_t>(result) : held_.next_size();
}

}  // namespace pollux::windows_engine
