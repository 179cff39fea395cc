// SPDX-License-Identifier: Apache-2.0
//
// File: fragment.h
//
// Splitting a packet that is larger than a link takes (RFC 791, RFC 8200 4.5).

#ifndef POLLUX_SIM_KERNEL_FRAGMENT_H_
#define POLLUX_SIM_KERNEL_FRAGMENT_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {

// Gives the fragments of a packet, in their order, each at most `mtu` bytes with its headers and
// as large as that allows: all but the last carry a multiple of eight bytes. A packet that is a
// fragment itself is split further. One that fits is given as it is.
void ForEachFragment(const Packet& packet, uint32_t mtu,
                     absl::FunctionRef<void(const Packet&)> take);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_FRAGMENT_H_
