// SPDX-License-Identifier: Apache-2.0
//
// File: topology.h
//
// `Topology` knows who is attached to what, and gives hosts and routers the routes that follow from
// it: as if their configuration, and a routing protocol that has come to rest, had done so.

#ifndef POLLUX_SIM_TOPOLOGY_H_
#define POLLUX_SIM_TOPOLOGY_H_

#include <cstdint>
#include <vector>

#include "sim/kernel/udp_stack.h"
#include "udp/ip_address.h"
#include "udp/network_interface.h"

namespace pollux::sim {

class Host;
class Segment;

// Loop thread only. Hosts and segments must outlive its use.
//
// A host that is no router gets a default route, for each protocol, by the first router of the
// first of its segments that has one. A router gets a route to every segment, by the fewest routers
// in between; of several ways, the one whose routers were attached first. Nobody outside a NAT
// learns of IPv4 inside.
class Topology {
 public:
  Topology() = default;
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // A host has got an interface on a segment.
  void Attached(Segment& segment, Host& host, const NetworkInterface& interface);

 private:
  struct Attachment {
    Segment* segment;
    Host* host;
    uint32_t interface_index;
    IpAddress ipv4;  // Unset for none.
    IpAddress ipv6;

    const IpAddress& address(bool is_ipv6) const { return is_ipv6 ? ipv6 : ipv4; }
  };
  // How a router gets to a segment.
  struct Way {
    const Segment* segment;
    uint32_t interface_index;
    IpAddress gateway;  // Unset: it is attached.
  };

  // Whether packets of that protocol that come in by `from` are passed on.
  static bool TakesIn(const Attachment& from, bool is_ipv6);
  // Gives a host the default routes by the routers of its segment that it still lacks.
  void Equip(const Attachment& attached);
  void TeachRouters();
  std::vector<Way> WaysOf(const Host& router, bool is_ipv6) const;

  std::vector<Attachment> hosts_;  // In the order of attaching.
  std::vector<Attachment> routers_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TOPOLOGY_H_
