// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/fragment.h"

#include <algorithm>

namespace pollux::sim {
namespace {

constexpr uint32_t kIpv4Headers = 20;
constexpr uint32_t kIpv6Headers = 48;  // With that of the fragment.
constexpr uint32_t kUnit = 8;          // Offsets are told in these.

}  // namespace

void ForEachFragment(const Packet& packet, uint32_t mtu,
                     absl::FunctionRef<void(const Packet&)> take) {
  if (packet.wire_size() <= mtu) {
    take(packet);
    return;
  }
  const uint32_t headers = packet.target().is_ipv4() ? kIpv4Headers : kIpv6Headers;
  const uint32_t step = std::max(kUnit, (mtu - std::min(mtu, headers)) / kUnit * kUnit);
  const uint32_t end = packet.is_fragment() ? packet.fragment_end() : packet.datagram_size();
  Packet fragment = packet;
  fragment.dont_fragment = false;
  for (uint32_t offset = packet.fragment_offset; offset < end; offset += step) {
    fragment.fragment_offset = static_cast<uint16_t>(offset);
    fragment.fragment_size = static_cast<uint16_t>(std::min(step, end - offset));
    fragment.event = packet.event;
    take(fragment);
  }
}

}  // namespace pollux::sim
