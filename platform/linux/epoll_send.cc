// SPDX-License-Identifier: Apache-2.0
//
// What a socket sends. One slot costs one sendto(2), or sendmsg(2) where it has options; more go by
// sendmmsg(2), those that are alike as one message that the kernel cuts (UDP_SEGMENT), and of a
// connected socket each message by sendmsg(2). Nothing here allocates but where a call fails.

#include <cerrno>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "platform/linux/epoll_socket.h"
#include "platform/posix/control_messages.h"

namespace pollux::linux_engine {
namespace {

using internal::SocketAddress;

constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

}  // namespace

ABSL_ATTRIBUTE_HOT absl::Status EpollSocket::SendTo(absl::string_view payload,
                                                    const Endpoint& destination,
                                                    absl::Status& error) {
  SocketAddress to;
  // To the peer, and what is refused, goes the long way.
  const bool is_one = destination.address.is_ipv4() || destination.address.is_ipv6();
  const bool straight =
      is_one && destination.port != 0 && SocketAddress::From(destination, socket_.family, to);
  if (ABSL_PREDICT_FALSE(!straight)) return EngineSocket::SendTo(payload, destination, error);
  const int64_t result = Transfer(Direction::kSend, [this, payload, &to]() -> int64_t {
    return socket_.calls->SendStraight(socket_.fd, payload.data(), payload.size(), kSendFlags,
                                       to.data(), to.length());
  });
  if (ABSL_PREDICT_TRUE(result >= 0)) return absl::OkStatus();
  return NoneSent(SendFailure(result, {.payload = payload, .destination = destination}), error);
}

absl::StatusOr<size_t> EpollSocket::SendOne(const SendSlot& slot) {
  SocketAddress to;
  bool has_address = false;
  if (!sender_.Address(slot, to, has_address)) return sender_.Refusal(slot);
  int64_t result = 0;
  if (slot.options.empty()) {
    result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendTo(socket_.fd, slot.payload.data(), slot.payload.size(), kSendFlags,
                                   has_address ? to.data() : nullptr,
                                   has_address ? to.length() : 0);
    });
  } else {
    result = SendWithOptions(slot, has_address ? &to : nullptr);
    if (MaySendNow(slot, result)) result = SendWithOptions(slot, has_address ? &to : nullptr);
  }
  if (result < 0) return SendFailure(result, slot);
  return 1;
}

absl::StatusOr<size_t> EpollSocket::Send(absl::Span<const SendSlot> datagrams) {
  return datagrams.size() == 1 ? SendOne(datagrams[0]) : SendMany(datagrams);
}

int64_t EpollSocket::SendWithOptions(const SendSlot& slot, SocketAddress* to) {
  posix::ControlBuffer control;
  iovec payload = {const_cast<char*>(slot.payload.data()), slot.payload.size()};
  msghdr message = {};
  message.msg_name = to != nullptr ? to->mutable_data() : nullptr;
  message.msg_namelen = to != nullptr ? to->length() : 0;
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen =
      posix::WriteControl(slot.options, sender_.UsesIpv4(slot), sender_.type_of_service, control);
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
    int64_t result = SendSome(rest);
    if (MaySendNow(rest[0], result)) result = SendSome(rest);
    if (result > 0) {
      sent += static_cast<size_t>(result);
      continue;
    }
    if (sent > 0) break;
    return result == 0 ? sender_.Refusal(rest[0]) : SendFailure(result, rest[0]);
  }
  return sent;
}

int64_t EpollSocket::HandOver(size_t messages) {
  mmsghdr* const batch = batches_.outgoing.messages();
  if (!sender_.peer.is_set() || errors_.queue_in_use()) {
    return Transfer(Direction::kSend, [&]() -> int64_t {
      return calls_.SendMMsg(socket_.fd, batch, static_cast<unsigned>(messages), kSendFlags);
    });
  }
  // An error that ends a sendmmsg(2) before its time is told by nobody. On a connected socket it
  // can be an asynchronous one, and there would be no other sign of it.
  size_t sent = 0;
  while (sent < messages) {
    const int64_t result = Transfer(Direction::kSend, [&]() -> int64_t {
      return socket_.calls->SendMsg(socket_.fd, &batch[sent].msg_hdr, kSendFlags);
    });
    if (result < 0 && sent == 0) return result;
    if (result < 0) break;
    ++sent;
  }
  return static_cast<int64_t>(sent);
}

int64_t EpollSocket::SendSome(absl::Span<const SendSlot> datagrams) {
  OutgoingBatch& batch = batches_.outgoing;
  const Endpoint& named = datagrams[0].destination;
  const IpAddress& to = named.is_set() ? named.address : sender_.peer.address;
  const auto attempt = [&](size_t single) -> int64_t {
    const size_t segment_max = datagrams.size() > 1 ? offload_.SegmentMax(socket_, to) : 0;
    const size_t messages = batch.Prepare(sender_, datagrams, segment_max, single);
    if (messages == 0) return 0;
    const int64_t result = HandOver(messages);
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
  if (singly > 0) offload_.Refused(static_cast<int>(-result), datagrams[0].payload.size(), to);
  return singly;
}

}  // namespace pollux::linux_engine
