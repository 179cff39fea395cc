// SPDX-License-Identifier: Apache-2.0
//
// File: forwarding.h
//
// What makes a host a router: that it passes on what is not for itself, and what it refuses.

#ifndef POLLUX_SIM_KERNEL_FORWARDING_H_
#define POLLUX_SIM_KERNEL_FORWARDING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/kernel/packet.h"
#include "sim/kernel/udp_stack.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Changes the addresses of packets on their way through a router. Sees datagrams whole: a router
// that has one puts IPv4 fragments together. Implemented by NAT. Loop thread only.
class PacketTranslator {
 public:
  virtual ~PacketTranslator() = default;

  // A packet has come in by an interface, and is about to be looked at: is it for the router, or
  // where does it go? May change it, or have it dropped.
  virtual std::optional<DropCause> Enter(uint32_t interface_index, Packet& packet) = 0;
  // A packet is about to leave by an interface, having come in by another one, 0 for the router's
  // own ICMP errors. May change it, or have it dropped.
  virtual std::optional<DropCause> Leave(uint32_t came_by, uint32_t interface_index,
                                         Packet& packet) = 0;
};

// What a router does with packets to a range of addresses instead of passing them on.
enum class RouteVerdict : uint8_t {
  kProhibit,  // ICMP says that it is prohibited.
  kSwallow,   // Nobody is told.
};

// A group's way through a router.
struct MulticastRoute {
  IpAddress group;
  uint32_t from = 0;         // The interface that its packets come in by.
  std::vector<uint32_t> to;  // Those that they leave by.
};

// What a router does. By default what the standards say (RFC 1812, RFC 4443).
struct ForwardingRules {
  struct Exception {
    IpAddress network;
    int prefix_length = 0;
    RouteVerdict verdict = RouteVerdict::kProhibit;
  };

  bool sends_icmp = true;             // Tells senders why a packet was not passed on.
  bool passes_icmp = true;            // Passes on ICMP errors of others.
  std::vector<Exception> exceptions;  // The first that has the destination counts.
  std::vector<MulticastRoute> multicast_routes;
  PacketTranslator* translator = nullptr;  // Not owned.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_FORWARDING_H_
