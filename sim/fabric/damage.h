// SPDX-License-Identifier: Apache-2.0
//
// File: damage.h
//
// What it does to a datagram when some of its bits arrive as others, and whether that shows.

#ifndef POLLUX_SIM_FABRIC_DAMAGE_H_
#define POLLUX_SIM_FABRIC_DAMAGE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {

// Whether a UDP checksum (RFC 768, RFC 1071) is the same for `payload` with these bits flipped:
// whether what they add to the sum and take from it is the same, modulo 2^16 - 1. Bit 0 is the
// highest of the first byte. One bit always shows.
bool ChecksumMisses(absl::string_view payload, absl::Span<const uint64_t> bits);

// The packet with a payload of its own, in which these bits are flipped.
Packet Damaged(const Packet& packet, absl::Span<const uint64_t> bits);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_DAMAGE_H_
