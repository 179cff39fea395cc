// SPDX-License-Identifier: Apache-2.0
//
// What becomes of addresses and routes when interfaces change. Linux's part was observed on 6.18
// (tests/conformance/interface_test.cc): an interface that goes down takes its IPv6 addresses and
// the routes that were added by it, but neither its IPv4 addresses, which stay the host's own, nor
// memberships, nor what sockets are bound to.

#include <algorithm>
#include <iterator>

#include "sim/kernel/interface_table.h"

namespace pollux::sim {

NetworkInterface* InterfaceTable::Known(uint32_t index) {
  for (NetworkInterface& interface : interfaces_) {
    if (interface.index == index) return &interface;
  }
  return nullptr;
}

// Moves the routes by an interface for which `which` holds to those that it has lost.
template <typename Which>
void InterfaceTable::LoseRoutes(uint32_t index, Which which) {
  const auto stays = [&](const Route& route) {
    return route.interface_index != index || !which(route);
  };
  const auto lost = std::stable_partition(routes_.begin(), routes_.end(), stays);
  std::vector<Route>& routes = lost_[index].routes;
  routes.insert(routes.end(), lost, routes_.end());
  routes_.erase(lost, routes_.end());
}

void InterfaceTable::SetUp(uint32_t index, bool up, const PlatformRules& rules) {
  NetworkInterface* interface = Known(index);
  if (interface == nullptr || interface->up == up) return;
  Lost& lost = lost_[index];
  interface->up = up;
  interface->running = up && lost.carrier;
  std::vector<InterfaceAddress>& addresses = interface->addresses;
  const auto is_ipv6 = [](const InterfaceAddress& entry) { return entry.address.is_ipv6(); };
  if (!up && rules.down_drops_ipv6_addresses) {
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(lost.addresses), is_ipv6);
    addresses.erase(std::remove_if(addresses.begin(), addresses.end(), is_ipv6), addresses.end());
  }
  if (!up && rules.down_drops_routes) {
    LoseRoutes(index, [](const Route&) { return true; });
  }
  if (up) {
    // The kernel makes its link-local address itself, each time.
    const auto given = std::stable_partition(
        lost.addresses.begin(), lost.addresses.end(),
        [](const InterfaceAddress& entry) { return !entry.address.is_link_local(); });
    addresses.insert(addresses.end(), given, lost.addresses.end());
    lost.addresses.erase(given, lost.addresses.end());
  }
  Rebuild();
}

void InterfaceTable::SetCarrier(uint32_t index, bool carrier) {
  NetworkInterface* interface = Known(index);
  if (interface == nullptr) return;
  lost_[index].carrier = carrier;
  interface->running = interface->up && carrier;
}

void InterfaceTable::Restore(uint32_t index) {
  NetworkInterface* interface = Known(index);
  if (interface == nullptr || !interface->up) return;
  Lost& lost = lost_[index];
  // Before the link-local one, as they were given at first.
  const auto is_link_local = [](const InterfaceAddress& entry) {
    return entry.address.is_link_local();
  };
  std::vector<InterfaceAddress>& addresses = interface->addresses;
  addresses.insert(std::find_if(addresses.begin(), addresses.end(), is_link_local),
                   lost.addresses.begin(), lost.addresses.end());
  lost.addresses.clear();
  routes_.insert(routes_.end(), lost.routes.begin(), lost.routes.end());
  lost.routes.clear();
  Rebuild();
}

void InterfaceTable::AddAddress(uint32_t index, const InterfaceAddress& address) {
  NetworkInterface* interface = Known(index);
  if (interface == nullptr) return;
  interface->addresses.push_back(address);
  Rebuild();
}

std::vector<IpAddress> InterfaceTable::RemoveAddress(uint32_t index, const IpAddress& address,
                                                     const PlatformRules& rules) {
  std::vector<IpAddress> removed;
  NetworkInterface* interface = Known(index);
  if (interface == nullptr) return removed;
  std::vector<InterfaceAddress>& addresses = interface->addresses;
  const auto same = [&](const InterfaceAddress& entry) { return entry.address == address; };
  std::vector<InterfaceAddress>& lost = lost_[index].addresses;
  lost.erase(std::remove_if(lost.begin(), lost.end(), same), lost.end());
  const auto found = std::find_if(addresses.begin(), addresses.end(), same);
  if (found == addresses.end()) return removed;
  const InterfaceAddress gone = *found;
  const auto in_its_subnet = [&](const InterfaceAddress& entry) {
    return entry.address.is_ipv4() && entry.prefix_length == gone.prefix_length &&
           entry.address.IsIn(gone.address, gone.prefix_length);
  };
  const bool primary = std::find_if(addresses.begin(), found, in_its_subnet) == found;
  const bool takes_others = rules.primary_takes_others && gone.address.is_ipv4() && primary;
  for (const InterfaceAddress& entry : addresses) {
    if (same(entry) || (takes_others && in_its_subnet(entry))) removed.push_back(entry.address);
  }
  addresses.erase(std::remove_if(addresses.begin(), addresses.end(),
                                 [&](const InterfaceAddress& entry) {
                                   return same(entry) || (takes_others && in_its_subnet(entry));
                                 }),
                  addresses.end());
  const bool speaks_ipv4 =
      std::any_of(addresses.begin(), addresses.end(),
                  [](const InterfaceAddress& entry) { return entry.address.is_ipv4(); });
  if (!speaks_ipv4 && rules.down_drops_routes) {
    LoseRoutes(index, [](const Route& route) { return route.network.is_ipv4(); });
  }
  Rebuild();
  return removed;
}

}  // namespace pollux::sim
