// SPDX-License-Identifier: Apache-2.0
//
// What a socket receives. One slot costs one recvfrom(2), or recvmsg(2) where control messages are
// wanted; more go by recvmmsg(2). Nothing here allocates but where a call fails, and when a program
// first asks what is pending.

#include <algorithm>
#include <cerrno>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "platform/linux/control_messages.h"
#include "platform/linux/epoll_socket.h"
#include "platform/posix/control_messages.h"

namespace pollux::linux_engine {

using internal::SocketAddress;

namespace {

// Whether a slot can take whatever the kernel hands out together.
bool TakesRuns(const ReceiveSlot& slot) {
  return slot.coalesce && slot.buffer.size() >= Offload::kCoalescedMax;
}

}  // namespace

// With MSG_TRUNC the kernel returns the size that the datagram had.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline int64_t EpollSocket::ReceivePlainly(absl::Span<char> buffer,
                                                                        DatagramInfo& info) {
  received_ = true;
  surely_readable_ = false;
  SocketAddress from;
  const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
    from.Reset();
    return socket_.calls->RecvFrom(socket_.fd, buffer.data(), buffer.size(),
                                   MSG_DONTWAIT | MSG_TRUNC, from.mutable_data(),
                                   from.mutable_length());
  });
  if (ABSL_PREDICT_FALSE(result < 0)) return result;
  internal::ClearInfo(info);
  from.ToEndpoint(info.source);
  return result;
}

inline absl::StatusOr<size_t> EpollSocket::ReceiveOne(ReceiveSlot& slot) {
  if (ABSL_PREDICT_FALSE(!held_.empty() || offload_.coalescing())) {
    return ReceiveByHolding({&slot, 1});
  }
  size_t unused = 0;
  const int64_t result = metadata_ == Metadata::kNone
                             ? ReceivePlainly(slot.buffer, slot.info)
                             : ReceiveWithControl(slot.buffer, slot.info, unused);
  if (ABSL_PREDICT_FALSE(result < 0)) return ReceiveFailure(result);
  const size_t size = static_cast<size_t>(result);
  slot.size = std::min(size, slot.buffer.size());
  slot.segment_size = 0;
  slot.info.truncated = size > slot.buffer.size();
  return 1;
}

absl::StatusOr<size_t> EpollSocket::Receive(absl::Span<ReceiveSlot> slots) {
  if (slots.size() == 1 && !slots[0].coalesce) return ReceiveOne(slots[0]);
  return ReceiveMany(slots);
}

int64_t EpollSocket::ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info,
                                        size_t& segment) {
  received_ = true;
  surely_readable_ = false;
  SocketAddress from;
  posix::ControlBuffer control;
  iovec payload = {buffer.data(), buffer.size()};
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
    from.Reset();
    message.msg_name = from.mutable_data();
    message.msg_namelen = from.length();
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    return socket_.calls->RecvMsg(socket_.fd, &message, MSG_DONTWAIT | MSG_TRUNC);
  });
  if (ABSL_PREDICT_FALSE(result < 0)) return result;
  *from.mutable_length() = message.msg_namelen;
  internal::ClearInfo(info);
  posix::ReadControl(message, metadata_, info);
  segment = offload_.coalescing() ? ReadSegmentSize(message) : 0;
  from.ToEndpoint(info.source);
  return result;
}

absl::StatusOr<size_t> EpollSocket::ReceiveMany(absl::Span<ReceiveSlot> slots) {
  const bool take_runs = !slots.empty() && std::all_of(slots.begin(), slots.end(), TakesRuns);
  if (take_runs) offload_.Coalesce(socket_);
  if (!held_.empty() || (offload_.coalescing() && !take_runs)) return ReceiveByHolding(slots);
  received_ = true;
  surely_readable_ = false;
  const bool with_control = metadata_ != Metadata::kNone || offload_.coalescing();
  size_t received = 0;
  while (received < slots.size()) {
    const absl::Span<ReceiveSlot> part = slots.subspan(received, IncomingBatch::kMessages);
    const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
      batches_.incoming.Prepare(part, with_control);
      return calls_.RecvMMsg(socket_.fd, batches_.incoming.messages(),
                             static_cast<unsigned>(part.size()), MSG_DONTWAIT);
    });
    if (result < 0) {
      absl::StatusOr<size_t> failure = ReceiveFailure(result);
      if (received > 0) break;
      return failure;
    }
    const size_t count = static_cast<size_t>(result);
    for (size_t i = 0; i < count; ++i) {
      batches_.incoming.Fill(i, metadata_, with_control, part[i]);
    }
    received += count;
    if (count == part.size()) continue;
    // The queue was empty, or an error ended the batch; epoll tells of what comes after either.
    maybe_readable_ = maybe_failed_;
    break;
  }
  return received;
}

absl::StatusOr<size_t> EpollSocket::ReceiveByHolding(absl::Span<ReceiveSlot> slots) {
  received_ = true;
  size_t received = 0;
  for (; received < slots.size(); ++received) {
    if (held_.empty()) {
      const int64_t result = Hold();
      if (result < 0) {
        absl::StatusOr<size_t> failure = ReceiveFailure(result);
        if (received > 0) break;
        return failure;
      }
    }
    held_.Take(slots[received]);
    // The rest is cheaper straight from the kernel, where it can be.
    if (held_.empty() && received + 1 < slots.size() &&
        (!offload_.coalescing() || TakesRuns(slots[received + 1]))) {
      const absl::StatusOr<size_t> more = Receive(slots.subspan(received + 1));
      return received + 1 + more.value_or(0);
    }
  }
  return received;
}

int64_t EpollSocket::Hold() {
  if (!held_.empty()) return 0;
  const absl::Span<char> room = held_.room();
  size_t segment = 0;
  const bool with_control = metadata_ != Metadata::kNone || offload_.coalescing();
  const int64_t result = with_control ? ReceiveWithControl(room, held_.info(), segment)
                                      : ReceivePlainly(room, held_.info());
  if (result < 0) return result;
  held_.Hold(static_cast<size_t>(result), segment);
  return result;
}

absl::StatusOr<size_t> EpollSocket::ReceiveFailure(int64_t result) {
  if (result != -EAGAIN) return posix::StatusOf(static_cast<int>(result), "receive");
  maybe_readable_ = false;
  return 0;
}

bool EpollSocket::Probe() {
  if (ready_ == nullptr || !held_.empty() || handle_taken_) return false;
  if (Hold() >= 0) return true;
  maybe_readable_ = false;
  return false;
}

bool EpollSocket::HasPending() {
  if (!held_.empty()) return true;
  if (surely_readable_ && !handle_taken_) return true;
  return PendingDatagramSize().has_value();
}

std::optional<size_t> EpollSocket::PendingDatagramSize() {
  int64_t result = 0;
  if (handle_taken_ && !offload_.coalescing() && held_.empty()) {
    // Somebody else may want to read it, so that it stays where it is.
    result = Transfer(Direction::kReceive, [&]() -> int64_t {
      return socket_.calls->RecvFrom(socket_.fd, nullptr, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC,
                                     nullptr, nullptr);
    });
    if (result >= 0) return static_cast<size_t>(result);
  } else {
    // To take it and to keep it costs one call where to look and to take costs two.
    result = Hold();
    if (result >= 0) return held_.next_size();
  }
  maybe_readable_ = false;
  return std::nullopt;
}

}  // namespace pollux::linux_engine
