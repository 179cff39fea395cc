// SPDX-License-Identifier: Apache-2.0
//
// What a socket sends. One slot costs one sendto(2), or sendmsg(2) where it has options; more go by
// sendmmsg(2), and those that are alike as one message that the kernel cuts (UDP_SEGMENT). Nothing
// here allocates but where a call fails.

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
  errors_.Keep(async_error, sender_.peer);
  maybe_failed_ = true;
  if (ready_ != nullptr) loop_.MarkReady(*this);
}

inline absl::StatusOr<size_t> EpollSocket::SendOne(const SendSlot& slot) {
  SocketAddress to;
  bool has_address = false;
  if (!sender_.Address(slot, to, has_address)) return sender_.Refusal(slot);
  int64_t result = 0;
  if (ABSL_PREDICT_TRUE(slot.options.empty())) {
    result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendTo(socket_.fd, slot.payload.data(), slot.payload.size(), kSendFlags,
                                   has_address ? to.data() : nullptr,
                                   has_address ? to.length() : 0);
    });
  } else {
    result = SendWithOptions(slot, has_address ? &to : nullptr);
  }
  if (ABSL_PREDICT_FALSE(result < 0)) return SendFailure(result, slot);
  return 1;
}

absl::StatusOr<size_t> EpollSocket::Send(absl::Span<const SendSlot> datagrams) {
  if (datagrams.size() == 1) return SendOne(datagrams[0]);
  return SendMany(datagrams);
}

int64_t EpollSocket::SendWithOptions(const SendSlot& slot, SocketAddress* to) {
  ControlBuffer control;
  iovec payload = {const_cast<char*>(slot.payload.data()), slot.payload.size()};
  msghdr message = {};
  message.msg_name = to != nullptr ? to->mutable_data() : nullptr;
  message.msg_namelen = to != nullptr ? to->length() : 0;
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen =
      WriteControl(slot.options, sender_.UsesIpv4(slot), sender_.type_of_service, control);
  return Transfer(Direction::kSend, [&]() -> int64_t {
    return socket_.calls->SendMsg(socket_.fd, &message, kSendFlags);
  });
}

absl::StatusOr<size_t> EpollSocket::SendMany(absl::Span<const SendSlot> datagrams) {
  size_t sent = 0;
  // The kernel stops where one cannot be sent and does not say why: the next call, which begins
  // with that one, does.
  while (sent < datagrams.size()) {
    const absl::Span<const SendSlot> rest = datagrams.subspan(sent);
    const int64_t result = SendSome(rest);
    if (result > 0) {
      sent += static_cast<size_t>(result);
      continue;
    }
    if (sent > 0) break;
    return result == 0 ? sender_.Refusal(rest[0]) : SendFailure(result, rest[0]);
  }
  return sent;
}

int64_t EpollSocket::SendSome(absl::Span<const SendSlot> datagrams) {
  OutgoingBatch& batch = batches_.outgoing;
  const auto attempt = [&](size_t single) -> int64_t {
    const size_t segment_max = datagrams.size() > 1 ? offload_.SegmentMax(socket_) : 0;
    const size_t messages = batch.Prepare(sender_, datagrams, segment_max, single);
    if (messages == 0) return 0;
    const int64_t result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendMMsg(socket_.fd, batch.messages(), static_cast<unsigned>(messages),
                                     kSendFlags);
    });
    int64_t sent = result < 0 ? result : 0;
    for (int64_t i = 0; i < result; ++i) {
      sent += static_cast<int64_t>(batch.datagrams(static_cast<size_t>(i)));
    }
    return sent;
  };
  const int64_t result = attempt(0);
  if (ABSL_PREDICT_TRUE(result >= 0) || batch.datagrams(0) == 1) return result;
  if (!Offload::IsRefusal(static_cast<int>(-result))) return result;
  // A run was refused, of which nothing has left: one by one then, and next time too.
  const int64_t singly = attempt(batch.datagrams(0));
  if (singly > 0) offload_.Refused(static_cast<int>(-result), datagrams[0].payload.size());
  return singly;
}

absl::StatusOr<size_t> EpollSocket::SendFailure(int64_t result, const SendSlot& slot) {
  if (result == -EAGAIN) {
    // A socket that could not be bound for want of a port says the same as a full buffer.
    bound_ = bound_ || KernelAddress().ToEndpoint().port != 0;
    if (bound_) return 0;
    return StatusOf(-EAGAIN, absl::StrCat(sender_.Describe(slot), ": no port is free"));
  }
  return StatusOf(static_cast<int>(result), sender_.Describe(slot));
}

}  // namespace pollux::linux_engine
