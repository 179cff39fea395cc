// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/message_batch.h"

#include <sys/socket.h>

#include <algorithm>

#include "udp/internal/datagram_info.h"

namespace pollux::posix {
namespace {

BatchMessage MessageOf(internal::SocketAddress& address, iovec* payload, int payload_count) {
  BatchMessage message = {};
  message.name = address.mutable_data();
  message.name_length = address.length();
  message.payload = payload;
  message.payload_count = payload_count;
  return message;
}

}  // namespace

size_t OutgoingMessages::Prepare(const internal::Sender& sender, absl::Span<const SendSlot> slots) {
  if (slots.size() < 2 || sender.peer.is_set()) return 0;
  const SendSlot& first = slots[0];
  bool has_address = false;
  if (!sender.Address(first, to_, has_address) || !has_address) return 0;
  size_t count = 0;
  for (const SendSlot& slot : slots.first(std::min(slots.size(), kMax))) {
    const size_t size = slot.payload.size();
    if (size == 0 || size > first.payload.size() || !slot.options.empty() ||
        slot.destination != first.destination) {
      break;
    }
    payloads_[count] = {const_cast<char*>(slot.payload.data()), size};
    messages_[count] = MessageOf(to_, &payloads_[count], 1);
    ++count;
  }
  return count < 2 ? 0 : count;
}

size_t IncomingMessages::Prepare(absl::Span<ReceiveSlot> slots) {
  const size_t count = std::min(slots.size(), kMax);
  for (size_t i = 0; i < count; ++i) {
    from_[i].Reset();
    payloads_[i][0] = {slots[i].buffer.data(), slots[i].buffer.size()};
    payloads_[i][1] = {&beyond_, 1};
    messages_[i] = MessageOf(from_[i], payloads_[i], 2);
  }
  return count;
}

void IncomingMessages::Fill(size_t message, ReceiveSlot& slot) {
  const BatchMessage& received = messages_[message];
  const size_t room = slot.buffer.size();
  slot.size = std::min(received.size, room);
  slot.segment_size = 0;
  internal::ClearInfo(slot.info);
  slot.info.truncated = received.size > room || (received.flags & MSG_TRUNC) != 0;
  *from_[message].mutable_length() = std::min(received.name_length, internal::SocketAddress::kRoom);
  from_[message].ToEndpoint(slot.info.source);
}

}  // namespace pollux::posix
