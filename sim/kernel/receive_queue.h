// SPDX-License-Identifier: Apache-2.0
//
// File: receive_queue.h
//
// How full a socket's buffers get. Linux charges the memory that a datagram occupies ("truesize"),
// not its size: small datagrams fill a buffer far sooner than their bytes would.

#ifndef POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_
#define POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "sim/kernel/control_block.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/platform_rules.h"

namespace pollux::sim {

// What Linux charges for a datagram that is in one piece, or, being larger than a link of `mtu`
// bytes takes, in as many as that needs: so lies a host's own copy of what it sent out of the link.
size_t TruesizeOf(const Packet& packet, uint32_t mtu);
// The same for one that was put together of fragments with so many bytes each, headers of IP not
// counted.
size_t TruesizeOfParts(absl::Span<const size_t> parts, bool ipv4);
// Of one such fragment alone.
size_t TruesizeOfPart(size_t bytes, bool ipv4);
// What the sender is charged for a fragment of that many bytes with its headers.
size_t TruesizeWhenSent(size_t wire_size);

// What a datagram costs of the receive buffer. `parts` are those that it came in; empty for one
// that came whole.
size_t ChargeOf(const PlatformRules& rules, const Packet& packet, uint32_t mtu,
                absl::Span<const size_t> parts = {});

// Whether a datagram of that charge still fits.
inline bool FitsQueue(const PlatformRules& rules, const ControlBlock& socket, size_t charge) {
  if (rules.charge == BufferCharge::kTruesize && socket.charged == 0) return true;
  return socket.charged + charge <= static_cast<size_t>(socket.options.receive_buffer);
}

// Puts an error into the error queue, of a datagram `about`, or of none that left. It takes of the
// receive buffer as well where that is charged by memory: as much as the ICMP message that brings
// it, which quotes the datagram. False if it does not fit, and is not queued.
bool QueueError(const PlatformRules& rules, ControlBlock& socket, const PendingError& error,
                const Packet* about);

// Whether the fragments of a datagram that leaves by a link of `mtu` bytes fit the send buffer all
// at once, where the platform asks: the last one may begin as long as those before it take no more
// than twice the buffer.
bool FragmentsFit(const PlatformRules& rules, const ControlBlock& socket, const Packet& packet,
                  uint32_t mtu);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_
