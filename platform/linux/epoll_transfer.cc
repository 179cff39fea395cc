// SPDX-License-Identifier: Apache-2.0
//
// What a socket sends and receives: the paths that every datagram takes. One slot costs one
// sendto(2) or recvfrom(2), or their msg forms where control messages are wanted; more go by
// sendmmsg(2) and recvmmsg(2). Nothing here allocates but where a call fails.

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "platform/linux/epoll_socket.h"

namespace pollux::linux_engine {
namespace {

using internal::SocketAddress;

// How often a call is made again for asynchronous errors: with a peer that refuses, another one can
// have come in between.
constexpr int kRetriesMax = 16;

constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

iovec Vector(const SendSlot& slot) {
  // The kernel only reads it, but shares the type with what it writes to.
  return {const_cast<char*>(slot.payload.data()), slot.payload.size()};
}

// Field by field: to copy an empty one over it costs a few nanoseconds more for each datagram.
void Clear(DatagramInfo& info) {
  info.truncated = false;
  info.destination.reset();
  info.interface_index.reset();
  info.hop_limit.reset();
  info.ecn.reset();
  info.kernel_time.reset();
  info.drop_count.reset();
}

std::string DescribeSend(const SendSlot& slot, const Endpoint& peer) {
  const Endpoint& destination = slot.destination.is_set() ? slot.destination : peer;
  std::string text =
      absl::StrCat("send ", slot.payload.size(), " bytes to ", destination.ToString());
  const SendOptions& options = slot.options;
  if (options.source.is_set()) absl::StrAppend(&text, " from ", options.source.ToString());
  if (options.interface_index != 0) {
    absl::StrAppend(&text, " by interface ", options.interface_index);
  }
  return text;
}

}  // namespace

// An error that ICMP can have caused may be this call's own, or have been pending. The call is made
// again: if that goes otherwise, the error was not the call's. A refusal and, when receiving, any
// of them, never is.
int64_t EpollSocket::TransferAgain(Direction direction, absl::FunctionRef<int64_t()> call,
                                   int64_t result) {
  int suspect = 0;
  for (int retries = 0; retries < kRetriesMax; ++retries) {
    while (result == -EINTR) result = call();
    const int error = result < 0 ? static_cast<int>(-result) : 0;
    const bool repeated = error != 0 && error == suspect;
    if (repeated && direction == Direction::kSend && error != ECONNREFUSED) return result;
    if (suspect != 0) Keep(suspect);
    if (!CanBeAsynchronous(error)) return result;
    suspect = error;
    result = call();
  }
  // A flood of errors: the rest is dealt with when the loop comes round.
  if (direction == Direction::kReceive && result < 0) {
    loop_.MarkReady(*this);
    return -EAGAIN;
  }
  return result;
}

void EpollSocket::Keep(int async_error) {
  errors_.Keep(async_error, peer_);
  maybe_failed_ = true;
  loop_.MarkReady(*this);
}

bool EpollSocket::Address(const SendSlot& slot, SocketAddress& to, bool& has_address) const {
  const Endpoint& destination = slot.destination;
  has_address = destination.is_set();
  if (has_address) {
    if (destination.port == 0 || destination.address.family() == AddressFamily::kDual) return false;
    if (!SocketAddress::From(destination, socket_.family, to)) return false;
  } else if (!peer_.is_set()) {
    return false;
  }
  if (slot.options.empty()) return true;
  if (slot.options.hop_limit == 0) return false;
  return !slot.options.source.is_set() || slot.options.source.is_ipv4() == UsesIpv4(slot);
}

absl::Status EpollSocket::Refusal(const SendSlot& slot) const {
  const std::string what = DescribeSend(slot, peer_);
  const Endpoint& destination = slot.destination;
  if (!destination.is_set() && !peer_.is_set()) return StatusOf(-EDESTADDRREQ, what);
  if (destination.address.family() == AddressFamily::kDual) return StatusOf(-EDESTADDRREQ, what);
  if (destination.is_set() && destination.port == 0) {
    return SocketStatus(SocketError::kNetwork, absl::StrCat(what, ": port 0 is no destination"));
  }
  if (slot.options.hop_limit == 0) {
    return StatusOf(-EINVAL, absl::StrCat(what, " with hop limit 0 (1..255)"));
  }
  if (slot.options.source.is_set() && slot.options.source.is_ipv4() != UsesIpv4(slot)) {
    return StatusOf(-EINVAL, what);
  }
  return StatusOf(-ENETUNREACH,
                  absl::StrCat(what, " from a socket of family ", ToString(socket_.family)));
}

bool EpollSocket::UsesIpv4(const SendSlot& slot) const {
  if (!socket_.speaks_ipv6()) return true;
  const Endpoint& destination = slot.destination.is_set() ? slot.destination : peer_;
  return destination.address.is_ipv4() || destination.address.is_mapped();
}

absl::StatusOr<size_t> EpollSocket::Send(absl::Span<const SendSlot> datagrams) {
  if (datagrams.size() == 1) return SendOne(datagrams[0]);
  return SendMany(datagrams);
}

absl::StatusOr<size_t> EpollSocket::SendOne(const SendSlot& slot) {
  SocketAddress to;
  bool has_address = false;
  if (!Address(slot, to, has_address)) return Refusal(slot);
  int64_t result = 0;
  if (slot.options.empty()) {
    result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendTo(socket_.fd, slot.payload.data(), slot.payload.size(), kSendFlags,
                                   has_address ? to.data() : nullptr,
                                   has_address ? to.length() : 0);
    });
  } else {
    ControlBuffer control;
    iovec payload = Vector(slot);
    msghdr message = {};
    message.msg_name = has_address ? to.mutable_data() : nullptr;
    message.msg_namelen = has_address ? to.length() : 0;
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = WriteControl(slot.options, UsesIpv4(slot), type_of_service_, control);
    result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendMsg(socket_.fd, &message, kSendFlags);
    });
  }
  if (ABSL_PREDICT_FALSE(result < 0)) return SendFailure(result, slot);
  return 1;
}

absl::StatusOr<size_t> EpollSocket::SendMany(absl::Span<const SendSlot> datagrams) {
  size_t sent = 0;
  // The kernel stops where one cannot be sent and does not say why: the next call, which begins
  // with that one, does.
  while (sent < datagrams.size()) {
    const absl::Span<const SendSlot> rest = datagrams.subspan(sent);
    const size_t prepared = PrepareSend(rest);
    if (prepared == 0) {
      if (sent > 0) break;
      return Refusal(rest[0]);
    }
    const int64_t result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendMMsg(socket_.fd, buffers_.messages, static_cast<unsigned>(prepared),
                                     kSendFlags);
    });
    if (result <= 0) {
      if (sent > 0) break;
      return SendFailure(result, rest[0]);
    }
    sent += static_cast<size_t>(result);
  }
  return sent;
}

size_t EpollSocket::PrepareSend(absl::Span<const SendSlot> datagrams) {
  const size_t count = std::min(datagrams.size(), BatchBuffers::kSlots);
  for (size_t i = 0; i < count; ++i) {
    const SendSlot& slot = datagrams[i];
    bool has_address = false;
    if (!Address(slot, buffers_.addresses[i], has_address)) return i;
    buffers_.payloads[i] = Vector(slot);
    msghdr& message = buffers_.messages[i].msg_hdr;
    message = {};
    message.msg_name = has_address ? buffers_.addresses[i].mutable_data() : nullptr;
    message.msg_namelen = has_address ? buffers_.addresses[i].length() : 0;
    message.msg_iov = &buffers_.payloads[i];
    message.msg_iovlen = 1;
    if (slot.options.empty()) continue;
    message.msg_control = buffers_.controls[i].bytes;
    message.msg_controllen =
        WriteControl(slot.options, UsesIpv4(slot), type_of_service_, buffers_.controls[i]);
  }
  return count;
}

absl::StatusOr<size_t> EpollSocket::SendFailure(int64_t result, const SendSlot& slot) {
  if (result == 0) return 0;
  if (result == -EAGAIN) {
    // A socket that could not be bound for want of a port says the same as a full buffer.
    bound_ = bound_ || KernelAddress().ToEndpoint().port != 0;
    if (bound_) return 0;
    return StatusOf(-EAGAIN, absl::StrCat(DescribeSend(slot, peer_), ": no port is free"));
  }
  return StatusOf(static_cast<int>(result), DescribeSend(slot, peer_));
}

absl::StatusOr<size_t> EpollSocket::Receive(absl::Span<ReceiveSlot> slots) {
  if (slots.size() == 1) return ReceiveOne(slots[0]);
  return ReceiveMany(slots);
}

absl::StatusOr<size_t> EpollSocket::ReceiveOne(ReceiveSlot& slot) {
  SocketAddress from;
  int64_t result = 0;
  if (metadata_ == Metadata::kNone) {
    // With MSG_TRUNC the kernel returns the size that the datagram had.
    result = Transfer(Direction::kReceive, [&]() -> int64_t {
      from.Reset();
      return socket_.calls->RecvFrom(socket_.fd, slot.buffer.data(), slot.buffer.size(),
                                     MSG_DONTWAIT | MSG_TRUNC, from.mutable_data(),
                                     from.mutable_length());
    });
    if (ABSL_PREDICT_FALSE(result < 0)) return ReceiveFailure(result);
    Clear(slot.info);
  } else {
    ControlBuffer control;
    iovec payload = {slot.buffer.data(), slot.buffer.size()};
    msghdr message = {};
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    result = Transfer(Direction::kReceive, [&]() -> int64_t {
      from.Reset();
      message.msg_name = from.mutable_data();
      message.msg_namelen = from.length();
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof(control.bytes);
      return socket_.calls->RecvMsg(socket_.fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    });
    if (ABSL_PREDICT_FALSE(result < 0)) return ReceiveFailure(result);
    *from.mutable_length() = message.msg_namelen;
    Clear(slot.info);
    ReadControl(message, metadata_, slot.info);
  }
  const size_t size = static_cast<size_t>(result);
  slot.size = std::min(size, slot.buffer.size());
  slot.info.truncated = size > slot.buffer.size();
  from.ToEndpoint(slot.info.source);
  return 1;
}

absl::StatusOr<size_t> EpollSocket::ReceiveMany(absl::Span<ReceiveSlot> slots) {
  size_t received = 0;
  while (received < slots.size()) {
    const absl::Span<ReceiveSlot> part = slots.subspan(received, BatchBuffers::kSlots);
    const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
      PrepareReceive(part);
      return socket_.calls->RecvMMsg(socket_.fd, buffers_.messages,
                                     static_cast<unsigned>(part.size()), MSG_DONTWAIT);
    });
    if (result < 0) {
      absl::StatusOr<size_t> failure = ReceiveFailure(result);
      if (received > 0) break;
      return failure;
    }
    const size_t count = static_cast<size_t>(result);
    for (size_t i = 0; i < count; ++i) {
      const mmsghdr& message = buffers_.messages[i];
      ReceiveSlot& slot = part[i];
      slot.size = message.msg_len;
      Clear(slot.info);
      slot.info.truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
      *buffers_.addresses[i].mutable_length() = message.msg_hdr.msg_namelen;
      buffers_.addresses[i].ToEndpoint(slot.info.source);
      if (metadata_ != Metadata::kNone) {
        ReadControl(buffers_.messages[i].msg_hdr, metadata_, slot.info);
      }
    }
    received += count;
    if (count == part.size()) continue;
    // The queue was empty, or an error ended the batch; epoll tells of what comes after either.
    maybe_readable_ = maybe_failed_;
    break;
  }
  return received;
}

void EpollSocket::PrepareReceive(absl::Span<ReceiveSlot> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    buffers_.payloads[i] = {slots[i].buffer.data(), slots[i].buffer.size()};
    buffers_.addresses[i].Reset();
    msghdr& message = buffers_.messages[i].msg_hdr;
    message = {};
    message.msg_name = buffers_.addresses[i].mutable_data();
    message.msg_namelen = buffers_.addresses[i].length();
    message.msg_iov = &buffers_.payloads[i];
    message.msg_iovlen = 1;
    if (metadata_ == Metadata::kNone) continue;
    message.msg_control = buffers_.controls[i].bytes;
    message.msg_controllen = sizeof(buffers_.controls[i].bytes);
  }
}

absl::StatusOr<size_t> EpollSocket::ReceiveFailure(int64_t result) {
  if (result != -EAGAIN) return StatusOf(static_cast<int>(result), "receive");
  maybe_readable_ = false;
  return 0;
}

std::optional<size_t> EpollSocket::PendingDatagramSize() {
  const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
    return socket_.calls->RecvFrom(socket_.fd, nullptr, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC,
                                   nullptr, nullptr);
  });
  if (result >= 0) return static_cast<size_t>(result);
  maybe_readable_ = false;
  return std::nullopt;
}

}  // namespace pollux::linux_engine
