// SPDX-License-Identifier: Apache-2.0
//
// File: receive_queue.h
//
// How full a receive buffer gets. Linux charges the memory that a datagram occupies ("truesize"),
// not its size: small datagrams fill a buffer far sooner than their bytes would.

#ifndef POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_
#define POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "sim/kernel/packet.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/socket_state.h"

namespace pollux::sim {

// What Linux charges for a datagram that arrived on a link of `mtu` bytes: of one packet, or, for a
// larger one, of its fragments.
size_t TruesizeOf(const Packet& packet, uint32_t mtu);

// What a datagram costs of the receive buffer.
size_t ChargeOf(const PlatformRules& rules, const Packet& packet, uint32_t mtu);

// Whether a datagram of that charge still fits.
bool FitsQueue(const PlatformRules& rules, const SocketState& socket, size_t charge);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_RECEIVE_QUEUE_H_
