// SPDX-License-Identifier: Apache-2.0
//
// File: unicast_lookup.h
//
// Which one socket gets a datagram that is for one (udp-semantics 1.2.1, 2.2, 3.2, 4.2), and which
// sockets match one that is for all.

#ifndef POLLUX_SIM_KERNEL_UNICAST_LOOKUP_H_
#define POLLUX_SIM_KERNEL_UNICAST_LOOKUP_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/port_table.h"
#include "udp/endpoint.h"

namespace pollux::sim {

// What a lookup knows of a datagram. Its ends belong to the packet.
struct Arrival {
  const Endpoint& source;
  const Endpoint& destination;
  uint32_t interface_index = 0;
  // The fragments that it was put together of, by the bytes in each; empty for none.
  absl::Span<const size_t> parts = {};
};

// Null if nobody takes it. `early` says that the datagram may be found its socket before any lookup
// (Linux: early demultiplexing, of what comes whole from outside): the first in the chain of its
// address, if it is connected to this very source.
ControlBlock* FindReceiver(const PlatformRules& rules, const PortTable& ports,
                           const Arrival& arrival, bool early = false);

// Who gets a datagram that was meant for `socket` alone: itself, or the member of its reuse-port
// group that the datagram's addresses point at.
ControlBlock* MemberFor(ControlBlock& socket, const Arrival& arrival);

// Whether a disconnected IPv6 socket still measures the datagram by the peer that it had.
bool FiltersByFormerPeer(const ControlBlock& socket, const Arrival& arrival);
// Whether peer and bound interface of a socket let the datagram in.
bool Admits(const PlatformRules& rules, const ControlBlock& socket, const Arrival& arrival);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_UNICAST_LOOKUP_H_
