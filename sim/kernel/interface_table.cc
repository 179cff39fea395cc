// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/interface_table.h"

#include <algorithm>
#include <optional>

namespace pollux::sim {
namespace {

NetworkInterface Loopback() {
  NetworkInterface loopback;
  loopback.name = loopback.display_name = "lo";
  loopback.index = kLoopbackIndex;
  loopback.mtu = 65536;
  loopback.up = loopback.running = loopback.loopback = true;
  loopback.addresses.push_back({IpAddress::LoopbackIpv4(), 8, std::nullopt});
  loopback.addresses.push_back({IpAddress::LoopbackIpv6(), 128, std::nullopt});
  return loopback;
}

// An address as the tables know it: only link-local IPv6 addresses are told apart by interface.
IpAddress Key(const IpAddress& address, uint32_t interface_index) {
  const bool scoped = address.is_ipv6() && address.is_link_local();
  return address.WithScope(scoped ? interface_index : 0);
}

int CommonPrefix(const IpAddress& a, const IpAddress& b) {
  int length = 128;
  while (length > 0 && !a.IsIn(b, length)) --length;
  return length;
}

}  // namespace

int MulticastScope(const IpAddress& ipv6_group) { return ipv6_group.ipv6_bytes()[1] & 0x0f; }

InterfaceTable::InterfaceTable() { Set(Loopback()); }

void InterfaceTable::Set(const NetworkInterface& interface) {
  auto place = std::lower_bound(
      interfaces_.begin(), interfaces_.end(), interface.index,
      [](const NetworkInterface& known, uint32_t index) { return known.index < index; });
  if (place != interfaces_.end() && place->index == interface.index) {
    *place = interface;
  } else {
    interfaces_.insert(place, interface);
  }
  Rebuild();
}

const NetworkInterface* InterfaceTable::Find(uint32_t index) const {
  for (const NetworkInterface& interface : interfaces_) {
    if (interface.index == index) return &interface;
  }
  return nullptr;
}

void InterfaceTable::Rebuild() {
  ++version_;
  connected_.clear();
  owners_.clear();
  broadcasts_.clear();
  broadcasts_.try_emplace(IpAddress::Ipv4(127, 255, 255, 255), kLoopbackIndex);
  for (const NetworkInterface& interface : interfaces_) {
    for (const InterfaceAddress& entry : interface.addresses) {
      const IpAddress address = entry.address.WithScope(0);
      owners_.try_emplace(Key(address, interface.index), interface.index);
      if (entry.broadcast && interface.up)
        broadcasts_.try_emplace(*entry.broadcast, interface.index);
      if (!interface.loopback) {
        connected_.push_back({address, entry.prefix_length, IpAddress(), interface.index});
      }
    }
  }
}

const Route* InterfaceTable::FindRoute(const IpAddress& target, uint32_t interface_index) const {
  const Route* best = nullptr;
  const std::vector<Route>* found_in = nullptr;
  const auto is_better = [&](const std::vector<Route>* table, const Route& route) {
    if (best == nullptr || best->prefix_length != route.prefix_length) {
      return best == nullptr || best->prefix_length < route.prefix_length;
    }
    return found_in == table && route.metric < best->metric;
  };
  const IpAddress address = target.WithScope(0);
  for (const std::vector<Route>* table : {&connected_, &routes_, &learned_}) {
    for (const Route& route : *table) {
      if (!is_better(table, route)) continue;
      if (interface_index != 0 && route.interface_index != interface_index) continue;
      if (!address.IsIn(route.network, route.prefix_length)) continue;
      const NetworkInterface* interface = Find(route.interface_index);
      if (interface == nullptr || !interface->up) continue;
      best = &route;
      found_in = table;
    }
  }
  return best;
}

uint32_t InterfaceTable::OwnerOf(const IpAddress& address) const {
  if (address.is_ipv4() && address.is_loopback()) {
    return OwnerOfBroadcast(address) == 0 ? kLoopbackIndex : 0;
  }
  auto owner = owners_.find(Key(address, address.scope_id()));
  return owner == owners_.end() ? 0 : owner->second;
}

uint32_t InterfaceTable::OwnerOfBroadcast(const IpAddress& address) const {
  auto owner = broadcasts_.find(address);
  return owner == broadcasts_.end() ? 0 : owner->second;
}

IpAddress InterfaceTable::Ipv4SourceOn(const NetworkInterface& interface,
                                       const IpAddress& target) const {
  IpAddress primary;
  for (const InterfaceAddress& entry : interface.addresses) {
    if (!entry.address.is_ipv4()) continue;
    if (target.is_set() && target.IsIn(entry.address, entry.prefix_length)) return entry.address;
    if (!primary.is_set()) primary = entry.address;
  }
  return primary;
}

IpAddress InterfaceTable::Ipv6SourceFor(uint32_t interface_index, const IpAddress& target) const {
  // Rule 1 prefers the destination itself, rule 2 the scope of the destination, rule 5 the outgoing
  // interface, rule 8 the longest common prefix. A group counts by the scope it is for. The
  // loopback address, as far as it is looked for outside, counts as link-local.
  const bool wants_link_local = target.is_multicast()
                                    ? MulticastScope(target) <= 2
                                    : target.is_link_local() || target.is_loopback();
  const bool only_here = target.is_multicast() || wants_link_local;
  IpAddress best;
  int best_rank = -1;
  for (const NetworkInterface& interface : interfaces_) {
    for (const InterfaceAddress& entry : interface.addresses) {
      const IpAddress address = entry.address.WithScope(0);
      if (!address.is_ipv6()) continue;
      const bool here = interface.index == interface_index;
      if (!here && (only_here || interface.loopback || address.is_link_local())) continue;
      const bool fits = address.is_link_local() == wants_link_local;
      const int rank = (address == target ? 1024 : 0) + (fits ? 512 : 0) + (here ? 256 : 0) +
                       CommonPrefix(address, target);
      if (rank <= best_rank) continue;
      best = address;
      best_rank = rank;
    }
  }
  return best;
}

IpAddress InterfaceTable::SourceFor(uint32_t interface_index, const IpAddress& target,
                                    const IpAddress& gateway) const {
  if (target.is_ipv6()) return Ipv6SourceFor(interface_index, target.WithScope(0));
  const NetworkInterface* interface = Find(interface_index);
  if (interface != nullptr && !interface->loopback) {
    IpAddress source = Ipv4SourceOn(*interface, gateway.is_set() ? gateway : target);
    if (source.is_set()) return source;
  }
  for (const NetworkInterface& other : interfaces_) {
    if (other.loopback) continue;
    IpAddress source = Ipv4SourceOn(other, IpAddress());
    if (source.is_set()) return source;
  }
  return IpAddress();
}

IpAddress InterfaceTable::FirstBroadcast() const {
  for (const NetworkInterface& interface : interfaces_) {
    for (const InterfaceAddress& entry : interface.addresses) {
      if (interface.up && entry.broadcast) return *entry.broadcast;
    }
  }
  return IpAddress::Broadcast();
}

uint32_t InterfaceTable::FirstMulticastInterface() const {
  for (const NetworkInterface& interface : interfaces_) {
    if (interface.up && interface.can_multicast && !interface.loopback) return interface.index;
  }
  return 0;
}

}  // namespace pollux::sim
