// SPDX-License-Identifier: Apache-2.0

#include "sim/topology.h"

#include <algorithm>

#include "sim/fabric/prefix.h"
#include "sim/host.h"
#include "sim/segment.h"

namespace pollux::sim {

void Topology::Attached(Segment& segment, Host& host, const NetworkInterface& interface) {
  Attachment added{&segment, &host, interface.index, IpAddress(), IpAddress()};
  for (const InterfaceAddress& entry : interface.addresses) {
    if (entry.address.needs_scope()) continue;
    IpAddress& address = entry.address.is_ipv6() ? added.ipv6 : added.ipv4;
    if (!address.is_set()) address = entry.address;
  }
  if (!host.routing_.forwards) {
    hosts_.push_back(added);
    Equip(added);
    return;
  }
  routers_.push_back(added);
  for (const Attachment& neighbour : hosts_) {
    if (neighbour.segment == &segment) Equip(neighbour);
  }
  TeachRouters();
}

bool Topology::TakesIn(const Attachment& from, bool is_ipv6) {
  if (!from.address(is_ipv6).is_set()) return false;
  return is_ipv6 || from.interface_index != from.host->routing_.outside;
}

void Topology::Equip(const Attachment& attached) {
  Host& host = *attached.host;
  if (!host.options_.default_route) return;
  for (const bool is_ipv6 : {false, true}) {
    if (!attached.address(is_ipv6).is_set()) continue;
    const IpAddress everywhere = is_ipv6 ? IpAddress::AnyIpv6() : IpAddress::AnyIpv4();
    const std::vector<Route>& known = host.routing_.learned;
    const bool has = std::any_of(known.begin(), known.end(),
                                 [&](const Route& route) { return route.network == everywhere; });
    const auto router = std::find_if(routers_.begin(), routers_.end(), [&](const Attachment& r) {
      return r.segment == attached.segment && r.host->routing_.gateway && TakesIn(r, is_ipv6);
    });
    if (has || router == routers_.end()) continue;
    host.routing_.learned.push_back(
        {everywhere, 0, router->address(is_ipv6), attached.interface_index});
    host.stack_.SetLearnedRoutes(host.routing_.learned);
  }
}

void Topology::TeachRouters() {
  for (const Attachment& router : routers_) {
    Host& host = *router.host;
    if (!host.routing_.learns) continue;
    host.routing_.learned.clear();
    for (const bool is_ipv6 : {false, true}) {
      for (const Way& way : WaysOf(host, is_ipv6)) {
        if (!way.gateway.is_set()) continue;  // Connected.
        for (const Prefix& prefix : way.segment->prefixes_) {
          if (prefix.network.is_ipv6() != is_ipv6) continue;
          host.routing_.learned.push_back(
              {prefix.network, prefix.length, way.gateway, way.interface_index});
        }
      }
    }
    host.stack_.SetLearnedRoutes(host.routing_.learned);
  }
}

// Breadth first, so that the fewest routers are in between.
std::vector<Topology::Way> Topology::WaysOf(const Host& router, bool is_ipv6) const {
  std::vector<Way> ways;
  const auto reach = [&](const Way& way) {
    const bool known = std::any_of(ways.begin(), ways.end(),
                                   [&](const Way& other) { return other.segment == way.segment; });
    if (!known) ways.push_back(way);
  };
  for (const Attachment& own : routers_) {
    if (own.host == &router && own.address(is_ipv6).is_set()) {
      reach({own.segment, own.interface_index, IpAddress()});
    }
  }
  size_t seen = 0;
  while (seen < ways.size()) {  // It grows meanwhile.
    const Way way = ways[seen++];
    for (const Attachment& next : routers_) {
      const bool passes = next.segment == way.segment && next.host != &router &&
                          next.host->routing_.learns && TakesIn(next, is_ipv6);
      if (!passes) continue;
      for (const Attachment& beyond : routers_) {
        if (beyond.host != next.host || !beyond.address(is_ipv6).is_set()) continue;
        const IpAddress& gateway = way.gateway.is_set() ? way.gateway : next.address(is_ipv6);
        reach({beyond.segment, way.interface_index, gateway});
      }
    }
  }
  return ways;
}

}  // namespace pollux::sim
