// SPDX-License-Identifier: Apache-2.0
//
// File: interface_table.h
//
// `InterfaceTable` is what a host knows about itself: its interfaces, whose addresses are whose,
// and its routes. The loopback interface (index 1) is always there.

#ifndef POLLUX_SIM_KERNEL_INTERFACE_TABLE_H_
#define POLLUX_SIM_KERNEL_INTERFACE_TABLE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/udp_stack.h"
#include "udp/ip_address.h"
#include "udp/network_interface.h"

namespace pollux::sim {

inline constexpr uint32_t kLoopbackIndex = 1;

class InterfaceTable {
 public:
  InterfaceTable();

  // Adds an interface, or replaces the one of the same index.
  void Set(const NetworkInterface& interface);
  // Another one whenever the table has changed.
  uint64_t version() const { return version_; }
  // In order of index.
  const std::vector<NetworkInterface>& all() const { return interfaces_; }
  // Null if there is none of that index.
  const NetworkInterface* Find(uint32_t index) const;

  // Interfaces that change, with what the platform's kernel then does to addresses and routes
  // (interface_changes.cc). Nothing happens to an interface that is not there.
  void SetUp(uint32_t index, bool up, const PlatformRules& rules);
  void SetCarrier(uint32_t index, bool carrier);
  void AddAddress(uint32_t index, const InterfaceAddress& address);
  // Returns what is gone: none, one, or with it those that depended on it.
  std::vector<IpAddress> RemoveAddress(uint32_t index, const IpAddress& address,
                                       const PlatformRules& rules);
  // Gives back what an interface that is up has lost by having been down, or by having been without
  // an address.
  void Restore(uint32_t index);

  void AddRoute(const Route& route) {
    routes_.push_back(route);
    has_gateways_ = has_gateways_ || route.gateway.is_set();
    ++version_;
  }
  // In place of those that were learned before.
  void SetLearned(std::vector<Route> routes) {
    learned_ = std::move(routes);
    for (const Route& route : learned_) has_gateways_ = has_gateways_ || route.gateway.is_set();
    ++version_;
  }
  // Whether there ever was a route by a gateway: without, all that is sent goes to its target.
  bool has_gateways() const { return has_gateways_; }
  // The best route to `target` by interfaces that are up; by `interface_index` alone unless that is
  // 0. Longest prefix first; then connected routes before added ones, and these before learned
  // ones; then by metric, and in the order of their coming.
  const Route* FindRoute(const IpAddress& target, uint32_t interface_index) const;

  // The interface that has a unicast address, 0 if the host does not. All of 127.0.0.0/8 belongs to
  // loopback. A link-local IPv6 address belongs to the interface of its scope.
  uint32_t OwnerOf(const IpAddress& address) const;
  // The interface whose subnet has this directed broadcast address; loopback has 127.255.255.255.
  uint32_t OwnerOfBroadcast(const IpAddress& address) const;

  // The address by which a datagram to `target` leaves an interface, by next hop `gateway` if that
  // is set. IPv4: the address on the same subnet, else the primary one, else any other interface's;
  // IPv6: RFC 6724 in short. Unset if the host has no address of the family.
  IpAddress SourceFor(uint32_t interface_index, const IpAddress& target,
                      const IpAddress& gateway) const;

  // The broadcast address of the first interface that is up and has one, else 255.255.255.255.
  IpAddress FirstBroadcast() const;

  // The first interface that is up, can multicast and is not loopback; 0 if there is none.
  uint32_t FirstMulticastInterface() const;

 private:
  // What the kernel has forgotten of an interface.
  struct Lost {
    bool carrier = true;
    std::vector<InterfaceAddress> addresses;
    std::vector<Route> routes;
  };

  void Rebuild();
  NetworkInterface* Known(uint32_t index);
  template <typename Which>
  void LoseRoutes(uint32_t index, Which which);
  IpAddress Ipv4SourceOn(const NetworkInterface& interface, const IpAddress& target) const;
  IpAddress Ipv6SourceFor(uint32_t interface_index, const IpAddress& target) const;

  uint64_t version_ = 1;
  std::vector<NetworkInterface> interfaces_;  // By index.
  std::vector<Route> connected_;              // Follow the addresses.
  std::vector<Route> routes_;                 // Added.
  std::vector<Route> learned_;
  bool has_gateways_ = false;
  absl::btree_map<uint32_t, Lost> lost_;  // By interface.
  // Looked up, never iterated.
  absl::flat_hash_map<IpAddress, uint32_t> owners_;
  absl::flat_hash_map<IpAddress, uint32_t> broadcasts_;
};

// Who a group is for, in the words of RFC 4291: from 1 (this interface) to 14 (all).
int MulticastScope(const IpAddress& ipv6_group);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_INTERFACE_TABLE_H_
