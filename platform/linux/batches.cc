// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/batches.h"

#include "absl/base/attributes.h"
#include "platform/common/run.h"
#include "platform/linux/control_messages.h"
#include "platform/linux/offload.h"
#include "udp/internal/datagram_info.h"

namespace pollux::linux_engine {
namespace {

iovec Vector(absl::string_view payload) {
  // The kernel only reads it, but shares the type with what it writes to.
  return {const_cast<char*>(payload.data()), payload.size()};
}

}  // namespace

size_t OutgoingBatch::Prepare(const internal::Sender& sender, absl::Span<const SendSlot> slots,
                              size_t segment_max, size_t single) {
  payloads_used_ = 0;
  size_t done = 0;
  size_t count = 0;
  while (done < slots.size() && count < kMessages && payloads_used_ < kPayloads) {
    const SendSlot& slot = slots[done];
    bool has_address = false;
    if (!sender.Address(slot, addresses_[count], has_address)) break;
    msghdr& message = messages_[count].msg_hdr;
    message.msg_name = has_address ? addresses_[count].mutable_data() : nullptr;
    message.msg_namelen = has_address ? addresses_[count].length() : 0;
    message.msg_iov = &payloads_[payloads_used_];
    const size_t before = payloads_used_;
    const size_t run = Gather(slots.subspan(done), done < single ? 0 : segment_max);
    message.msg_iovlen = payloads_used_ - before;
    size_t control = 0;
    if (!slot.options.empty()) {
      control = posix::WriteControl(slot.options, sender.UsesIpv4(slot), sender.type_of_service,
                                    controls_[count]);
    }
    if (run > 1) {
      control =
          AppendSegmentSize(static_cast<uint16_t>(slot.payload.size()), control, controls_[count]);
    }
    message.msg_control = control == 0 ? nullptr : controls_[count].bytes;
    message.msg_controllen = control;
    message.msg_flags = 0;
    datagrams_[count] = static_cast<uint16_t>(run);
    ++count;
    done += run;
  }
  return count;
}

size_t OutgoingBatch::Gather(absl::Span<const SendSlot> slots, size_t segment_max) {
  internal::Run run(slots[0], segment_max);
  payloads_[payloads_used_++] = Vector(slots[0].payload);
  while (run.size() < slots.size() && run.Fits(slots[run.size()])) {
    const SendSlot& next = slots[run.size()];
    iovec& last = payloads_[payloads_used_ - 1];
    if (next.payload.data() == static_cast<char*>(last.iov_base) + last.iov_len) {
      // What lies together goes together: the kernel copies one piece faster than many.
      last.iov_len += next.payload.size();
    } else {
      if (payloads_used_ == kPayloads) break;
      payloads_[payloads_used_++] = Vector(next.payload);
    }
    run.Add(next);
  }
  return run.size();
}

IncomingBatch::IncomingBatch() {
  for (size_t i = 0; i < kMessages; ++i) {
    messages_[i].msg_hdr.msg_name = addresses_[i].mutable_data();
    messages_[i].msg_hdr.msg_iov = &payloads_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

ABSL_ATTRIBUTE_HOT void IncomingBatch::Prepare(absl::Span<ReceiveSlot> slots, bool with_control) {
  for (size_t i = 0; i < slots.size(); ++i) {
    payloads_[i] = {slots[i].buffer.data(), slots[i].buffer.size()};
    messages_[i].msg_hdr.msg_namelen = internal::SocketAddress::kRoom;
  }
  if (!with_control && !with_control_) return;
  with_control_ = with_control;
  // Without control messages all stay as they are, so that all have to be told.
  const size_t count = with_control ? slots.size() : kMessages;
  for (size_t i = 0; i < count; ++i) {
    msghdr& message = messages_[i].msg_hdr;
    message.msg_control = with_control ? controls_[i].bytes : nullptr;
    message.msg_controllen = with_control ? sizeof(controls_[i].bytes) : 0;
  }
}

ABSL_ATTRIBUTE_HOT void IncomingBatch::Fill(absl::Span<ReceiveSlot> slots, Metadata requested,
                                            bool with_control) {
  for (size_t i = 0; i < slots.size(); ++i) {
    msghdr& header = messages_[i].msg_hdr;
    ReceiveSlot& slot = slots[i];
    slot.size = messages_[i].msg_len;
    slot.segment_size = 0;
    internal::ClearInfo(slot.info);
    slot.info.truncated = (header.msg_flags & MSG_TRUNC) != 0;
    *addresses_[i].mutable_length() = header.msg_namelen;
    addresses_[i].ToEndpoint(slot.info.source);
    if (with_control) ReadControl(header, requested, slot);
  }
}

ABSL_ATTRIBUTE_HOT void IncomingBatch::FillSizesAndSources(absl::Span<ReceiveSlot> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    slots[i].size = messages_[i].msg_len;
    slots[i].segment_size = 0;
    *addresses_[i].mutable_length() = messages_[i].msg_hdr.msg_namelen;
    addresses_[i].ToEndpoint(slots[i].info.source);
  }
}

void IncomingBatch::ReadControl(msghdr& header, Metadata requested, ReceiveSlot& slot) {
  if (requested != Metadata::kNone) posix::ReadControl(header, requested, slot.info);
  if (!slot.coalesce) return;
  const size_t segment = ReadSegmentSize(header);
  if (segment < slot.size) slot.segment_size = segment;
}

}  // namespace pollux::linux_engine
