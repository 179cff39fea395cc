// SPDX-License-Identifier: Apache-2.0
//
// What a socket sends and receives. One datagram costs one WSASendTo or WSARecvFrom, or WSASendMsg
// where it has options and WSARecvMsg where metadata is wanted; and so does a run, where the system
// takes and gives those (offload.h). Nothing here allocates but where a call fails, and when a
// program first asks what is pending.

#include <algorithm>

#include "platform/common/run.h"
#include "platform/windows/control_messages.h"
#include "platform/windows/windows_socket.h"
#include "udp/internal/datagram_info.h"

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

// Whether a slot can take whatever the system hands out together.
bool TakesRuns(const ReceiveSlot& slot) {
  return slot.coalesce && slot.buffer.size() >= Offload::kCoalescedMax;
}

}  // namespace

bool WindowsSocket::KeepIfAsynchronous(Result result) {
  if (!CanBeAsynchronous(result)) return false;
  const Endpoint& peer = sender_.peer;
  Keep(StatusOf(result, AsyncError::What(peer)), peer);
  return true;
}

// ---- Sending ----

absl::StatusOr<size_t> WindowsSocket::Send(absl::Span<const SendSlot> datagrams) {
  const auto target = [this](const SendSlot& slot) -> const IpAddress& {
    return slot.destination.is_set() ? slot.destination.address : sender_.peer.address;
  };
  size_t sent = 0;
  size_t single = 0;   // Those before it leave one by one: they were refused as a run,
  Result refusal = 0;  // with this code.
  while (sent < datagrams.size()) {
    const absl::Span<const SendSlot> rest = datagrams.subspan(sent);
    const SendSlot& slot = rest[0];
    SocketAddress to;
    bool has_address = false;
    if (!sender_.Address(slot, to, has_address)) {
      if (sent > 0) break;
      return sender_.Refusal(slot);
    }
    const size_t run = sent < single ? 1 : offload_.RunLength(socket_, rest, target(slot));
    const Result result = SendRun(rest.subspan(0, run), has_address ? &to : nullptr);
    if (run > 1 && Offload::IsRefusal(result)) {
      single = sent + run;
      refusal = result;
      continue;
    }
    if (result == -WSAEWOULDBLOCK || (result < 0 && sent > 0)) break;
    if (result < 0) return StatusOf(result, sender_.Describe(slot));
    bound_ = true;
    sent += run;
    if (sent == single) {
      const SendSlot& refused = datagrams[single - 2];
      offload_.Refused(refusal, refused.payload.size(), target(refused));
    }
  }
  return sent;
}

Result WindowsSocket::SendRun(absl::Span<const SendSlot> run, SocketAddress* to) {
  const SendSlot& slot = run[0];
  Result result = 0;
  // An asynchronous error that was pending is not this call's, which has sent nothing.
  for (int tries = 0; tries <= kRetriesMax; ++tries) {
    result = run.size() == 1 && slot.options.empty()
                 ? socket_.calls->SendTo(socket_.handle, slot.payload.data(), slot.payload.size(),
                                         to != nullptr ? to->data() : nullptr,
                                         to != nullptr ? to->length() : 0)
                 : SendMessage(run, to);
    if (!KeepIfAsynchronous(result)) break;
  }
  return result;
}

Result WindowsSocket::SendMessage(absl::Span<const SendSlot> run, SocketAddress* to) {
  const SendSlot& slot = run[0];
  if (slot.options.transmit_time.has_value()) return -WSAEOPNOTSUPP;
  ControlBuffer control;
  WSABUF payloads[internal::Run::kSegmentsMax];
  for (size_t i = 0; i < run.size(); ++i) {
    // Winsock's structures serve both directions, and so have no constant pointers.
    payloads[i] = {static_cast<ULONG>(run[i].payload.size()),
                   const_cast<CHAR*>(run[i].payload.data())};
  }
  WSAMSG message = {};
  message.name = to != nullptr ? to->mutable_data() : nullptr;
  message.namelen = to != nullptr ? to->length() : 0;
  message.lpBuffers = payloads;
  message.dwBufferCount = static_cast<ULONG>(run.size());
  message.Control.len = static_cast<ULONG>(WriteControl(
      slot.options, sender_.UsesIpv4(slot), run.size() > 1 ? slot.payload.size() : 0, control));
  message.Control.buf = control.bytes;
  return socket_.calls->SendMsg(socket_.handle, &message);
}

// ---- Receiving ----

absl::StatusOr<size_t> WindowsSocket::Receive(absl::Span<ReceiveSlot> slots) {
  if (!slots.empty() && std::all_of(slots.begin(), slots.end(), TakesRuns)) {
    offload_.Coalesce(socket_);
  }
  size_t received = 0;
  for (ReceiveSlot& slot : slots) {
    if (offload_.coalescing() && !TakesRuns(slot)) {
      const Result result = Hold();
      if (result == -WSAEWOULDBLOCK || (result < 0 && received > 0)) break;
      if (result < 0) return StatusOf(result, "receive");
    }
    if (!held_.empty()) {
      held_.Take(slot);
      ++received;
      // The loop hears of what comes next only after a receive call.
      if (listener_ != nullptr && maybe_readable_) loop_.MarkReady(*this);
      continue;
    }
    Taken taken;
    const Result result = ReceiveInto(slot.buffer, slot.info, taken);
    if (result == -WSAEWOULDBLOCK || (result < 0 && received > 0)) break;
    if (result < 0) return StatusOf(result, "receive");
    slot.size = taken.size;
    slot.segment_size = taken.segment < taken.size ? taken.segment : 0;
    slot.info.truncated = taken.truncated;
    ++received;
  }
  return received;
}

Result WindowsSocket::ReceiveInto(absl::Span<char> buffer, DatagramInfo& info, Taken& taken) {
  // Winsock calls it an error to receive from a socket that is not bound (WSAEINVAL).
  if (!bound_) return -WSAEWOULDBLOCK;
  for (int tries = 0; tries <= kRetriesMax; ++tries) {
    const bool plainly = metadata_ == Metadata::kNone && !offload_.coalescing();
    const Result result =
        plainly ? ReceivePlainly(buffer, info, taken) : ReceiveWithControl(buffer, info, taken);
    if (KeepIfAsynchronous(result)) continue;
    if (result >= 0 || result == -WSAEWOULDBLOCK) failed_ = false;
    if (result == -WSAEWOULDBLOCK) maybe_readable_ = false;
    return result;
  }
  // A flood of errors: the rest is dealt with when the loop comes round.
  if (listener_ != nullptr) loop_.MarkReady(*this);
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
  taken.segment = ReadControl(message, info);
  from.ToEndpoint(info.source);
  return 0;
}

Result WindowsSocket::Hold() {
  if (!held_.empty()) return 0;
  Taken taken;
  const Result result = ReceiveInto(held_.room(), held_.info(), taken);
  if (result >= 0) held_.Hold(taken.size, taken.segment);
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
  const bool leave = must_leave();
  const Result result = leave ? Peek() : Hold();
  if (result < 0) return std::nullopt;
  return leave ? static_cast<size_t>(result) : held_.next_size();
}

}  // namespace pollux::windows_engine
