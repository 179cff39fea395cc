// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/reassembly.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "sim/kernel/receive_queue.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

constexpr uint8_t kEcnBits = 3;  // All set: congestion was met.
constexpr uint32_t kUdpHeader = 8;

// Whether a fragment carries what the datagram of another one has there.
bool Matches(const Packet& fragment, const Packet& first) {
  if (fragment.datagram_size() != first.datagram_size()) return false;
  const absl::string_view a = fragment.payload.bytes();
  const absl::string_view b = first.payload.bytes();
  if (a.data() == b.data()) return true;
  // The header's checksum covers the payload, so that it differs with that.
  if (fragment.fragment_offset < kUdpHeader) return a == b;
  const size_t begin = fragment.fragment_offset - kUdpHeader;
  return a.substr(begin, fragment.fragment_size) == b.substr(begin, fragment.fragment_size);
}

}  // namespace

Reassembly::Key Reassembly::KeyOf(const Packet& fragment) {
  const uint32_t bits = fragment.destination.address.is_ipv4() ? 0xffff : 0xffffffff;
  return {fragment.source.address, fragment.destination.address,
          static_cast<uint32_t>(fragment.id) & bits};
}

Reassembly::Result Reassembly::Add(const Packet& fragment, uint32_t interface_index) {
  if (memory_ > kMemoryMax) return {Step::kFull, 0};
  const auto [known, is_new] = numbers_.try_emplace(KeyOf(fragment), last_number_ + 1);
  const Number number = known->second;
  if (is_new) last_number_ = number;
  Partial& partial = partials_[number];
  if (is_new) partial.key = known->first;
  const Step step = Insert(partial, fragment, interface_index);
  return {is_new && step == Step::kAdded ? Step::kBegun : step, number};
}

Reassembly::Step Reassembly::Insert(Partial& partial, const Packet& fragment,
                                    uint32_t interface_index) {
  std::vector<Part>& parts = partial.parts;
  const uint32_t begin = fragment.fragment_offset;
  const uint32_t end = fragment.fragment_end();
  const auto next = std::lower_bound(
      parts.begin(), parts.end(), begin,
      [](const Part& part, uint32_t offset) { return part.packet.fragment_offset < offset; });
  const Packet* behind = next == parts.end() ? nullptr : &next->packet;
  const Packet* before = next == parts.begin() ? nullptr : &(next - 1)->packet;
  const bool in_next =
      behind != nullptr && behind->fragment_offset == begin && end <= behind->fragment_end();
  const bool in_previous = before != nullptr && end <= before->fragment_end();
  if (in_next || in_previous) return Step::kDuplicate;
  if (behind != nullptr && behind->fragment_offset < end) return Step::kOverlaps;
  if (before != nullptr && before->fragment_end() > begin) return Step::kOverlaps;
  // Nothing lies behind the end, and there is one end.
  const bool last = fragment.is_last();
  if (partial.end && (last || end > *partial.end)) return Step::kOverlaps;
  if (last && behind != nullptr) return Step::kOverlaps;
  const bool ipv4 = fragment.destination.address.is_ipv4();
  const size_t memory = TruesizeOfPart(fragment.fragment_size, ipv4);
  if (last) partial.end = end;
  partial.covered += fragment.fragment_size;
  partial.memory += memory;
  memory_ += memory;
  parts.insert(next, {fragment, interface_index});
  return partial.covered == partial.end ? Step::kComplete : Step::kAdded;
}

std::vector<Reassembly::Part> Reassembly::Take(Number number) {
  const auto found = partials_.find(number);
  if (found == partials_.end()) return {};
  memory_ -= found->second.memory;
  numbers_.erase(found->second.key);
  std::vector<Part> parts = std::move(found->second.parts);
  partials_.erase(found);
  return parts;
}

void Reassembly::Clear() {
  partials_.clear();
  numbers_.clear();
  memory_ = 0;
}

Packet Reassembly::Whole(absl::Span<const Part> parts) {
  POLLUX_CHECK(!parts.empty(), "a datagram of no fragments");
  const Packet& first = parts.front().packet;
  Packet whole = first;
  whole.fragment_offset = 0;
  whole.fragment_size = 0;
  for (const auto& [part, interface_index] : parts) {
    whole.corrupted = whole.corrupted || part.corrupted || !Matches(part, first);
    if ((part.traffic_class & kEcnBits) == kEcnBits) whole.traffic_class |= kEcnBits;
  }
  return whole;
}

}  // namespace pollux::sim
