// SPDX-License-Identifier: Apache-2.0
//
// What a socket receives. One slot costs one recvfrom(2), or recvmsg(2) where control messages are
// wanted; more go by recvmmsg(2), and so do single ones that a program reads one after the other.
// Nothing here allocates but where a call fails, and when a socket first takes something ahead.

#include <algorithm>
#include <cerrno>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "platform/linux/control_messages.h"
#include "platform/linux/epoll_socket.h"
#include "platform/posix/control_messages.h"
#include "udp/internal/datagram_info.h"

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
                                                                        SocketAddress& from) {
  received_ = true;
  surely_readable_ = false;
  SetKnownDatagrams(Waiting::kUnknown);
  return Transfer(Direction::kReceive, [this, buffer, &from]() -> int64_t {
    from.Reset();
    return socket_.calls->ReceiveStraight(socket_.fd, buffer.data(), buffer.size(),
                                          MSG_DONTWAIT | MSG_TRUNC, from.mutable_data(),
                                          from.mutable_length());
  });
}

ABSL_ATTRIBUTE_HOT ABSL_ATTRIBUTE_NOINLINE absl::StatusOr<size_t> EpollSocket::ReceiveHeld(
    absl::Span<char> buffer, DatagramInfo* info) {
  Gives();
  return HandOut(buffer, info);
}

ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> EpollSocket::ReceiveFrom(absl::Span<char> buffer,
                                                                   DatagramInfo* info,
                                                                   absl::Status& error) {
  if (!ahead_.empty()) return ReceiveHeld(buffer, info);
  const bool plain = !ReceivesWithControl() && ahead_pace_.alone();
  if (ABSL_PREDICT_FALSE(!plain)) return EngineSocket::ReceiveFrom(buffer, info, error);
  SocketAddress from;
  const int64_t result = ReceivePlainly(buffer, from);
  if (ABSL_PREDICT_FALSE(result < 0)) return NoneReceived(ReceiveFailure(result), error);
  Gives();
  ahead_pace_.Took(1, 1);
  const size_t size = static_cast<size_t>(result);
  if (info != nullptr) {
    internal::ClearInfo(*info);
    from.ToEndpoint(info->source);
    info->truncated = size > buffer.size();
  }
  return std::min(size, buffer.size());
}

int64_t EpollSocket::ReceiveSingle(ReceiveSlot& slot) {
  size_t segment = 0;
  int64_t result = 0;
  if (ReceivesWithControl()) {
    result = ReceiveWithControl(slot.buffer, slot.info, segment);
  } else {
    SocketAddress from;
    result = ReceivePlainly(slot.buffer, from);
    internal::ClearInfo(slot.info);
    if (result >= 0) from.ToEndpoint(slot.info.source);
  }
  if (result < 0) return result;
  const size_t size = static_cast<size_t>(result);
  slot.size = std::min(size, slot.buffer.size());
  slot.segment_size = segment < size ? segment : 0;
  slot.info.truncated = size > slot.buffer.size();
  return 1;
}

absl::StatusOr<size_t> EpollSocket::ReceiveOne(ReceiveSlot& slot) {
  if (offload_.coalescing() || !ahead_pace_.alone()) return ReceiveAhead({&slot, 1});
  const int64_t result = ReceiveSingle(slot);
  if (result < 0) return ReceiveFailure(result);
  ahead_pace_.Took(1, 1);
  return 1;
}

ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> EpollSocket::Receive(absl::Span<ReceiveSlot> slots) {
  if (slots.size() == 1 && !slots[0].coalesce) {
    if (ahead_.empty()) return ReceiveOne(slots[0]);
    HandOut(slots[0]);
    return 1;
  }
  return ReceiveMany(slots);
}

int64_t EpollSocket::ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info,
                                        size_t& segment) {
  received_ = true;
  surely_readable_ = false;
  SetKnownDatagrams(Waiting::kUnknown);
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

ABSL_ATTRIBUTE_HOT int64_t EpollSocket::ReceiveSome(absl::Span<ReceiveSlot> slots, bool ahead) {
  received_ = true;
  surely_readable_ = false;
  SetKnownDatagrams(Waiting::kUnknown);
  const bool with_control = ReceivesWithControl();
  const int64_t result = Transfer(Direction::kReceive, [&]() -> int64_t {
    batches_.incoming.Prepare(slots, with_control);
    return calls_.RecvMMsgStraight(socket_.fd, batches_.incoming.messages(),
                                   static_cast<unsigned>(slots.size()), MSG_DONTWAIT);
  });
  if (result < 0) return result;
  const size_t count = static_cast<size_t>(result);
  if (ahead && !with_control) {
    batches_.incoming.FillSizesAndSources(slots.first(count));
  } else {
    batches_.incoming.Fill(slots.first(count), metadata_, with_control);
  }
  // The queue was empty, or an error ended the batch; epoll tells of what comes after either.
  if (count < slots.size()) maybe_readable_ = maybe_failed_;
  return result;
}

ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> EpollSocket::ReceiveMany(absl::Span<ReceiveSlot> slots) {
  const bool take_runs = !slots.empty() && std::all_of(slots.begin(), slots.end(), TakesRuns);
  if (take_runs) offload_.Coalesce(socket_);
  if (!ahead_.empty() || (offload_.coalescing() && !take_runs)) return ReceiveAhead(slots);
  size_t received = 0;
  while (received < slots.size()) {
    const absl::Span<ReceiveSlot> part = slots.subspan(received, IncomingBatch::kMessages);
    const int64_t result = ReceiveSome(part, /*ahead=*/false);
    if (result < 0) {
      absl::StatusOr<size_t> failure = ReceiveFailure(result);
      if (received > 0) break;
      return failure;
    }
    received += static_cast<size_t>(result);
    if (static_cast<size_t>(result) < part.size()) break;
  }
  return received;
}

absl::StatusOr<size_t> EpollSocket::ReceiveAhead(absl::Span<ReceiveSlot> slots) {
  size_t received = 0;
  for (; received < slots.size(); ++received) {
    if (ahead_.empty()) {
      const int64_t result = TakeAhead();
      if (result < 0) {
        absl::StatusOr<size_t> failure = ReceiveFailure(result);
        if (received > 0) break;
        return failure;
      }
    }
    HandOut(slots[received]);
    // The rest is cheaper straight from the kernel, where it can be.
    if (ahead_.empty() && received + 1 < slots.size() &&
        (!offload_.coalescing() || TakesRuns(slots[received + 1]))) {
      const absl::StatusOr<size_t> more = Receive(slots.subspan(received + 1));
      return received + 1 + more.value_or(0);
    }
  }
  return received;
}

size_t EpollSocket::AheadMost() const {
  // Whoever has the handle may read from it, so that nothing is taken ahead.
  return handle_taken_ || !ahead_pool_.has_plenty() ? 1 : ahead_pace_.next();
}

int64_t EpollSocket::TakeAhead() {
  if (!ahead_.empty()) return 1;
  // What has come since the last call is told of by levels: it is not asked for once more.
  if (ahead_pace_.TakeFoundAll() && watch_ == Watch::kLevels) return -EAGAIN;
  const size_t most = AheadMost();
  const absl::Span<ReceiveSlot> room = ahead_.Room(most);
  const int64_t result = most == 1 ? ReceiveSingle(room[0]) : ReceiveSome(room, /*ahead=*/true);
  const size_t count = result < 0 ? 0 : static_cast<size_t>(result);
  ahead_.Filled(count, metadata_ != Metadata::kNone);
  if (count > 0) SetKnownDatagrams(Waiting::kSomething);
  ahead_pace_.Took(most, count);
  return result;
}

absl::StatusOr<size_t> EpollSocket::ReceiveFailure(int64_t result) {
  if (result != -EAGAIN) {
    read_failed_ = EndsReading(result);
    return posix::StatusOf(static_cast<int>(result), "receive");
  }
  maybe_readable_ = false;
  return 0;
}

bool EpollSocket::Probe() {
  if (listener_ == nullptr || !ahead_.empty() || handle_taken_) return false;
  if (TakeAhead() >= 0) return true;
  maybe_readable_ = false;
  return false;
}

ABSL_ATTRIBUTE_HOT bool EpollSocket::HasPending() {
  if (!ahead_.empty()) return true;
  if (surely_readable_ && !handle_taken_) return true;
  return PendingDatagramSize().has_value();
}

std::optional<size_t> EpollSocket::PendingDatagramSize() {
  int64_t result = 0;
  if (handle_taken_ && !offload_.coalescing() && ahead_.empty()) {
    // Somebody else may want to read it, so that it stays where it is.
    result = Transfer(Direction::kReceive, [&]() -> int64_t {
      return socket_.calls->RecvFrom(socket_.fd, nullptr, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC,
                                     nullptr, nullptr);
    });
    if (result >= 0) return static_cast<size_t>(result);
  } else {
    // To take it and to keep it costs one call where to look and to take costs two.
    result = TakeAhead();
    if (result >= 0) return ahead_.next_size();
  }
  if (result == -EAGAIN) {
    maybe_readable_ = false;
  } else {
    // For want of memory, say: what waits is still there, and no event tells of it again.
    read_failed_ = EndsReading(result);
    if (!read_failed_ && listener_ != nullptr) loop_.MarkReady(*this);
  }
  return std::nullopt;
}

}  // namespace pollux::linux_engine
