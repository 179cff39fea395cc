// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/receive_queue.h"

#include <algorithm>
#include <vector>

#include "sim/kernel/fragment.h"

namespace pollux::sim {
namespace {

// Observed on Linux 6.18, every size from 0 to 5000 and steps above, on loopback and between two
// hosts. A datagram lies in one block: its payload, what precedes it (link and IP headers,
// alignment), and 320 bytes of bookkeeping behind it; 256 bytes more describe it. Blocks come in
// powers of two, but for the small one of 576. So an IPv4 datagram costs 832 up to 197 bytes of
// payload, 1280 up to 645, 2304 up to 1669, 4352 up to 3717, 8448 up to 7813, 16640 up to 16005.
// One that is larger still lies in pages: the small block, and its bytes.
constexpr size_t kDescription = 256;
constexpr size_t kBookkeeping = 320;
constexpr size_t kSmallBlock = 576;
constexpr size_t kLargestBlock = 16384;
constexpr size_t kBeforeIpv4 = 59;
constexpr size_t kBeforeIpv6 = 72;
constexpr size_t kBeforeIpv4Part = 36;  // The same of a fragment, without what only aligns.
constexpr size_t kBeforeIpv6Part = 64;
constexpr size_t kUdpHeader = 8;

size_t TruesizeOfOne(size_t payload, bool ipv4) {
  const size_t room = payload + (ipv4 ? kBeforeIpv4 : kBeforeIpv6) + kBookkeeping;
  if (room <= kSmallBlock) return kDescription + kSmallBlock;
  for (size_t block = 1024; block <= kLargestBlock; block *= 2) {
    if (room <= block) return kDescription + block;
  }
  return kDescription + kSmallBlock + payload;
}

// The same of fragments that were put together: what follows the first is copied into the end of
// its block for as long as there is room, and costs nothing then; from the first that finds none
// on, every one stays where it is. A host's own copy of an IPv4 datagram to all was split but never
// put together: all stay.
size_t TruesizeOfFragments(absl::Span<const size_t> parts, bool ipv4, bool own_copy) {
  size_t sum = TruesizeOfPart(parts.front(), ipv4);
  const size_t used =
      kDescription + kBookkeeping + (ipv4 ? kBeforeIpv4Part : kBeforeIpv6Part) + parts.front();
  size_t room = sum > used && !(ipv4 && own_copy) ? sum - used : 0;
  for (const size_t part : parts.subspan(1)) {
    if (part <= room) {
      room -= part;
    } else {
      room = 0;
      sum += TruesizeOfPart(part, ipv4);
    }
  }
  return sum;
}

// An ICMP message quotes as much of the packet, or of its first fragment, as fits the least that
// every host takes (RFC 1122: 576 bytes, RFC 4443: 1280).
size_t TruesizeOfError(const Packet& about) {
  const bool ipv4 = about.source.address.is_ipv4();
  constexpr size_t kQuoteMaxIpv4 = 576 - 20 - 8;
  constexpr size_t kQuoteMaxIpv6 = 1280 - 40 - 8;
  const size_t wire_size = about.payload.size() + (ipv4 ? 28 : 48);
  return TruesizeOfOne(std::min(wire_size, ipv4 ? kQuoteMaxIpv4 : kQuoteMaxIpv6), ipv4);
}

}  // namespace

// Observed like the above: 31 bytes are for the link's header and alignment.
size_t TruesizeWhenSent(size_t wire_size) {
  constexpr size_t kBefore = 31;
  for (size_t block = 1024; block <= kLargestBlock; block *= 2) {
    if (wire_size + kBefore + kBookkeeping <= block) return kDescription + block;
  }
  return kDescription + kSmallBlock + wire_size;
}

size_t TruesizeOfPart(size_t bytes, bool ipv4) {
  return TruesizeOfOne(bytes > kUdpHeader ? bytes - kUdpHeader : 0, ipv4);
}

size_t TruesizeOfParts(absl::Span<const size_t> parts, bool ipv4) {
  return TruesizeOfFragments(parts, ipv4, /*own_copy=*/false);
}

size_t TruesizeOf(const Packet& packet, uint32_t mtu) {
  const bool ipv4 = packet.destination.address.is_ipv4();
  const size_t payload = packet.payload.size();
  if (packet.wire_size() <= mtu) return TruesizeOfOne(payload, ipv4);
  std::vector<size_t> parts;
  ForEachFragment(packet, mtu,
                  [&](const Packet& fragment) { parts.push_back(fragment.fragment_size); });
  return TruesizeOfFragments(parts, ipv4, packet.arrives_on != 0);
}

size_t ChargeOf(const PlatformRules& rules, const Packet& packet, uint32_t mtu,
                absl::Span<const size_t> parts) {
  const bool ipv4 = packet.destination.address.is_ipv4();
  if (rules.charge == BufferCharge::kTruesize) {
    return parts.empty() ? TruesizeOf(packet, mtu) : TruesizeOfParts(parts, ipv4);
  }
  const size_t address = ipv4 ? 16 : 28;
  return packet.payload.size() + address;
}

bool QueueError(const PlatformRules& rules, ControlBlock& socket, const PendingError& error,
                const Packet* about) {
  size_t charge = 0;
  if (rules.charge == BufferCharge::kTruesize) {
    charge = about != nullptr ? TruesizeOfError(*about) : kDescription + kSmallBlock;
    // Other than a datagram, an error is not taken by an empty queue whatever its size.
    if (socket.charged + charge >= static_cast<size_t>(socket.options.receive_buffer)) return false;
  }
  socket.charged += charge;
  socket.error_queue.push_back({error, charge});
  return true;
}

bool FragmentsFit(const PlatformRules& rules, const ControlBlock& socket, const Packet& packet,
                  uint32_t mtu) {
  if (!rules.fragments_limited_by_send_buffer || packet.wire_size() <= mtu) return true;
  const size_t limit = 2 * static_cast<size_t>(socket.options.send_buffer);
  size_t taken = 1;  // The socket's own.
  bool fit = true;
  ForEachFragment(packet, mtu, [&](const Packet& fragment) {
    fit = fit && (fragment.fragment_offset == 0 || taken <= limit);
    taken += TruesizeWhenSent(fragment.wire_size());
  });
  return fit;
}

}  // namespace pollux::sim
