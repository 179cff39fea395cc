// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/offload.h"

#include "platform/common/run.h"

namespace pollux::windows_engine {

size_t Offload::RunLength(const SocketRef& socket, absl::Span<const SendSlot> slots,
                          const IpAddress& to) {
  if (slots.size() < 2) return 1;
  if (!asked_) {
    asked_ = true;
    // A system that does not know it would send the run as one datagram.
    int unused = 0;
    if (socket.Get(IPPROTO_UDP, UDP_SEND_MSG_SIZE, &unused) >= 0)
      limit_.Allow(internal::Run::kBytesMax / 2);
  }
  internal::Run run(slots[0], limit_.To(to));
  while (run.size() < slots.size() && run.Fits(slots[run.size()])) run.Add(slots[run.size()]);
  return run.size();
}

bool Offload::IsRefusal(Result result) {
  return result == -WSAEINVAL || result == -WSAEMSGSIZE || result == -WSAEOPNOTSUPP ||
         result == -WSAENOPROTOOPT;
}

void Offload::Refused(Result result, size_t segment, const IpAddress& to) {
  limit_.Refused(to, result == -WSAEMSGSIZE ? segment - 1 : 0);
}

bool Offload::Coalesce(const SocketRef& socket) {
  if (asked_to_coalesce_) return coalescing_;
  asked_to_coalesce_ = true;
  coalescing_ =
      socket.Set(IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE, static_cast<int>(kCoalescedMax)) >= 0;
  return coalescing_;
}

}  // namespace pollux::windows_engine
