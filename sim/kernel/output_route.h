// SPDX-License-Identifier: Apache-2.0
//
// File: output_route.h
//
// How a datagram leaves a host: by which interface, from which address, and whether it is for the
// host itself.

#ifndef POLLUX_SIM_KERNEL_OUTPUT_ROUTE_H_
#define POLLUX_SIM_KERNEL_OUTPUT_ROUTE_H_

#include <cstdint>

#include "sim/kernel/interface_table.h"
#include "sim/kernel/outcome.h"
#include "sim/kernel/platform_rules.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// What is asked for. Addresses can have a scope.
struct RouteRequest {
  IpAddress target;
  IpAddress source;              // Unset: the route decides.
  uint32_t interface_index = 0;  // 0: the route decides.

  friend bool operator==(const RouteRequest& a, const RouteRequest& b) {
    return a.target == b.target && a.source == b.source && a.interface_index == b.interface_index;
  }
  // By which requests mostly differ.
  uint32_t mix() const { return target.ipv4_number() + 5 * source.ipv4_number() + interface_index; }
};

struct OutputRoute {
  enum class Kind : uint8_t { kUnicast, kOwn, kBroadcast, kGroup };

  Kind kind = Kind::kUnicast;
  uint32_t interface_index = 0;  // That carries it: loopback for the host's own addresses.
  uint32_t arrives_on = 0;  // For loopback: where it counts as arriving (`Packet::arrives_on`).
  IpAddress source;         // Without scope, and so is the target.
  IpAddress target;
};

// Errors: kNetworkUnreachable, kNoDevice, kInvalidArgument (a loopback source that would leave the
// host), kAddressNotAvailable (where the platform refuses the zero destination), and
// `ipv4_bound_to_ipv6` (an IPv4 source for an IPv6 target).
Outcome<OutputRoute> FindOutputRoute(const InterfaceTable& interfaces, const PlatformRules& rules,
                                     const RouteRequest& request);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_OUTPUT_ROUTE_H_
