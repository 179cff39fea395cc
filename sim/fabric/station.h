// SPDX-License-Identifier: Apache-2.0
//
// File: station.h
//
// What the fabric knows of a host: one interface at a time, as a place where packets arrive.

#ifndef POLLUX_SIM_FABRIC_STATION_H_
#define POLLUX_SIM_FABRIC_STATION_H_

#include <cstdint>

#include "sim/choice/name.h"
#include "sim/kernel/packet.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Loop thread only. Implemented by hosts. Must outlive the segment that it is attached to.
class Station {
 public:
  virtual ~Station() = default;

  // The host's name, and the interface's. They live as long as the station.
  virtual Name host_name() const = 0;
  virtual Name interface_name() const = 0;
  // Whether packets for that multicast group are for this interface.
  virtual bool Wants(const IpAddress& group) const = 0;
  // Whether it is a router's: switches pass all groups to those.
  virtual bool IsRouter() const { return false; }
  // From which address it speaks of its groups: its first of IPv4, or its link-local one; the
  // wildcard address where it has none. Without scope.
  virtual IpAddress GroupSource(bool ipv4) const {
    return ipv4 ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6();
  }
  // Whether the host says here that it has that address, though it is another interface's.
  virtual bool AnswersFor(const IpAddress& /*address*/) const { return false; }
  // Whether the host sends to that address by broadcast, though it is another interface's.
  virtual bool ShoutsTo(const IpAddress& /*address*/) const { return false; }
  // Counts changes of what `ShoutsTo` says, which is remembered until then.
  virtual uint64_t addresses_version() const { return 0; }
  // Nobody here has the address that a packet of this station was to go to.
  virtual void Unclaimed(const Packet& /*packet*/) {}
  // A packet has arrived; `origin` is the name of the host that sent it. Runs no callbacks.
  virtual void Arrive(const Packet& packet, const Name& origin) = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_STATION_H_
