// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/offload.h"

#include <algorithm>

namespace pollux::windows_engine {
namespace {

bool Alike(const SendSlot& a, const SendSlot& b) {
  return a.destination == b.destination && a.options.hop_limit == b.options.hop_limit &&
         a.options.ecn == b.options.ecn && a.options.interface_index == b.options.interface_index &&
         a.options.source == b.options.source;
}

}  // namespace

size_t Offload::RunLength(const SocketRef& socket, absl::Span<const SendSlot> slots) {
  if (slots.size() < 2) return 1;
  if (!asked_) {
    asked_ = true;
    // A system that does not know it would send the run as one datagram.
    int unused = 0;
    if (socket.Get(IPPROTO_UDP, UDP_SEND_MSG_SIZE, &unused) >= 0) segment_max_ = kRunBytesMax / 2;
  }
  const size_t size = slots[0].payload.size();
  if (size == 0 || size > segment_max_) return 1;
  const size_t most = std::min(slots.size(), kSegmentsMax);
  size_t bytes = size;
  size_t run = 1;
  while (run < most) {
    const size_t more = slots[run].payload.size();
    if (more == 0 || more > size || bytes + more > kRunBytesMax) break;
    if (!Alike(slots[0], slots[run])) break;
    bytes += more;
    ++run;
    if (more < size) break;
  }
  return run;
}

bool Offload::IsRefusal(Result result) {
  return result == -WSAEINVAL || result == -WSAEMSGSIZE || result == -WSAEOPNOTSUPP ||
         result == -WSAENOPROTOOPT;
}

void Offload::Refused(Result result, size_t segment) {
  segment_max_ = result == -WSAEMSGSIZE ? segment - 1 : 0;
}

bool Offload::Coalesce(const SocketRef& socket) {
  if (asked_to_coalesce_) return coalescing_;
  asked_to_coalesce_ = true;
  coalescing_ =
      socket.Set(IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE, static_cast<int>(kCoalescedMax)) >= 0;
  return coalescing_;
}

}  // namespace pollux::windows_engine
