// SPDX-License-Identifier: Apache-2.0
//
// Fragments that arrive: what has come of a datagram waits for the rest, and not for ever.

#include <utility>
#include <vector>

#include "sim/kernel/stack_impl.h"

namespace pollux::sim {

// A fragment's checksum is found out about with the rest of its datagram.
void UdpStack::Impl::CollectFragment(uint32_t link, const Packet& packet, absl::Time now) {
  const Reassembly::Result result = reassembly_.Add(packet, link);
  switch (result.step) {
    case Reassembly::Step::kBegun: {
      const bool ipv4 = packet.destination.address.is_ipv4();
      const int seconds = ipv4 ? rules_.reassembly_ipv4_s : rules_.reassembly_ipv6_s;
      host_.StartTimer(StackTimer::kReassembly, result.number, absl::Seconds(seconds));
      return;
    }
    case Reassembly::Step::kAdded:
      return;
    case Reassembly::Step::kDuplicate:
      host_.Dropped(packet, link, DropCause::kDuplicateFragment);
      return;
    case Reassembly::Step::kFull:
      host_.Dropped(packet, link, DropCause::kReassemblyFull);
      return;
    case Reassembly::Step::kOverlaps:
      host_.Dropped(packet, link, DropCause::kFragmentOverlap);
      break;
    case Reassembly::Step::kComplete:
      break;
  }
  const std::vector<Reassembly::Part> parts = reassembly_.Take(result.number);
  host_.StopTimer(StackTimer::kReassembly, result.number);
  if (result.step == Reassembly::Step::kOverlaps) {
    for (const Reassembly::Part& part : parts) {
      host_.Dropped(part.packet, part.interface_index, DropCause::kFragmentOverlap);
    }
    return;
  }
  std::vector<size_t> sizes;
  sizes.reserve(parts.size());
  for (const Reassembly::Part& part : parts) sizes.push_back(part.packet.fragment_size);
  Packet whole = Reassembly::Whole(parts);
  whole.event = packet.event;  // It is whole because this one came.
  if (HasTranslator() && whole.target().is_ipv4()) {
    Translate(link, whole, sizes, now);
  } else {
    DeliverDatagram(link, whole, sizes, now);
  }
}

// Who sent it is told only if its first fragment came: the others do not say of whom they are
// (RFC 1122 3.3.2, RFC 8200 4.5).
void UdpStack::Impl::GiveUp(Reassembly::Number number, absl::Time now) {
  const std::vector<Reassembly::Part> parts = reassembly_.Take(number);
  for (const Reassembly::Part& part : parts) {
    host_.Dropped(part.packet, part.interface_index, DropCause::kReassemblyTimeout);
  }
  if (parts.empty() || parts.front().packet.fragment_offset != 0 || HasTranslator()) return;
  const Packet& first = parts.front().packet;
  if (first.destination.address.is_ipv4() && !rules_.reassembly_ipv4_reports) return;
  SendIcmp(IcmpError::kReassemblyTimeExceeded, first, parts.front().interface_index, now);
}

}  // namespace pollux::sim
