// SPDX-License-Identifier: Apache-2.0
//
// File: network_interface.h
//
// `NetworkInterface` is a snapshot of one interface of a host, as `SocketEngine::Interfaces()`
// gives it. It does not follow later changes.

#ifndef POLLUX_UDP_NETWORK_INTERFACE_H_
#define POLLUX_UDP_NETWORK_INTERFACE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "udp/ip_address.h"

namespace pollux {

// An address of an interface, with the network that it is on.
struct InterfaceAddress {
  IpAddress address;
  int prefix_length = 0;
  std::optional<IpAddress> broadcast;  // IPv4 only, where the interface can broadcast.

  friend bool operator==(const InterfaceAddress& a, const InterfaceAddress& b) {
    return a.address == b.address && a.prefix_length == b.prefix_length &&
           a.broadcast == b.broadcast;
  }
};

// A value type; thread-compatible.
struct NetworkInterface {
  std::string name;          // "eth0", "lo".
  std::string display_name;  // What the platform shows to people; equal to `name` on Unix.
  uint32_t index = 0;    // The number that scopes, memberships and metadata use. 0 is no interface.
  uint32_t mtu = 0;      // In bytes, IP header included.
  bool up = false;       // Administratively up.
  bool running = false;  // Has a carrier.
  bool loopback = false;
  bool point_to_point = false;
  bool can_broadcast = false;
  bool can_multicast = false;
  std::array<uint8_t, 6> hardware_address = {};  // All zero where there is none.
  std::vector<InterfaceAddress> addresses;       // In the platform's order: the primary one first.

  // The first IPv4 address, or the unset address.
  IpAddress PrimaryIpv4() const;

  friend bool operator==(const NetworkInterface& a, const NetworkInterface& b);
};

// The interface of that name, or else of that display name, or, where `name` is a decimal number,
// of that index.
// Errors: SocketError::kNetwork, naming the interfaces there are.
absl::StatusOr<NetworkInterface> FindInterface(absl::Span<const NetworkInterface> interfaces,
                                               absl::string_view name);

}  // namespace pollux

#endif  // POLLUX_UDP_NETWORK_INTERFACE_H_
