// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/damage.h"

#include <string>

namespace pollux::sim {
namespace {

constexpr int64_t kModulus = 65535;  // Of sums in ones' complement.

uint8_t MaskOf(uint64_t bit) { return static_cast<uint8_t>(0x80 >> (bit % 8)); }

bool IsSet(absl::string_view payload, uint64_t bit) {
  return (static_cast<uint8_t>(payload[bit / 8]) & MaskOf(bit)) != 0;
}

}  // namespace

bool ChecksumMisses(absl::string_view payload, absl::Span<const uint64_t> bits) {
  int64_t change = 0;
  for (const uint64_t bit : bits) {
    // The payload begins on an even byte of the datagram: words are its pairs of bytes.
    const int64_t value = int64_t{1} << (15 - bit % 16);
    change += IsSet(payload, bit) ? -value : value;
  }
  return change % kModulus == 0;
}

Packet Damaged(const Packet& packet, absl::Span<const uint64_t> bits) {
  std::string bytes(packet.payload.bytes());
  for (const uint64_t bit : bits) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ MaskOf(bit));
  }
  Packet damaged = packet;
  damaged.payload = Payload::Copy(bytes);
  return damaged;
}

}  // namespace pollux::sim
