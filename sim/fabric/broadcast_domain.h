// SPDX-License-Identifier: Apache-2.0
//
// File: broadcast_domain.h
//
// `BroadcastDomain` is what is between the hosts of a segment: who has which address there, whom a
// packet reaches, and what happens to it on the way. A broadcast reaches all others, a multicast
// those who want it when it arrives, anything else the one whose address it is.
//
// Links do not know each other: each ordered pair of stations has luck of its own, drawn in the
// moment of sending, under the name "lan/alice->bob".

#ifndef POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_
#define POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "sim/choice/choices.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/link.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/station.h"
#include "sim/fabric/world.h"
#include "sim/kernel/packet.h"
#include "sim/trace/trace.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Loop thread only.
class BroadcastDomain {
 public:
  // A station's number on this segment, from 0 in the order of attaching.
  using StationNumber = size_t;

  BroadcastDomain(absl::string_view name, const World& world, const LinkProfile& profile);
  BroadcastDomain(const BroadcastDomain&) = delete;
  BroadcastDomain& operator=(const BroadcastDomain&) = delete;

  const std::string& name() const { return name_; }
  const LinkProfile& profile() const { return profile_; }
  // For packets that are sent from now on.
  void SetProfile(const LinkProfile& profile) { profile_ = profile; }

  // Attaches a station, which has no address yet.
  StationNumber Attach(Station& station);
  // Gives an address, without scope, to a station; nobody else may have it: this is checked.
  void AddAddress(StationNumber station, const IpAddress& address);
  bool HasAddress(const IpAddress& address) const { return owners_.contains(address); }
  // Has packets for that address reach everybody, as those for 255.255.255.255 do.
  void AddBroadcastAddress(const IpAddress& address) { broadcasts_.insert(address); }

  // Takes a packet that a station sends, to the station that its target names, or to a gateway. Its
  // addresses have no scopes.
  void Send(StationNumber from, const Packet& packet, const IpAddress& gateway = IpAddress());

 private:
  struct Port {
    Station* station;
    std::string label;  // The host's name; with the interface's where the host is here twice.
    std::vector<std::unique_ptr<Link>> links;  // By the receiver's number; made when needed.
    absl::flat_hash_map<IpAddress, Link*> by_address;  // Those of `links` that were looked up.
  };

  Link& LinkTo(Port& from, StationNumber to);
  // Null when nobody has the address.
  Link* LinkTo(Port& from, const IpAddress& address);
  void SendToOne(Port& from, const Packet& packet, const IpAddress& receiver);
  void SendToAll(StationNumber from, const Packet& packet, bool multicast);
  // Draws what becomes of the packet on that link, and puts on record what becomes of its first
  // copy.
  Fate Decide(const Port& from, Link& link, const Packet& packet);
  // Sends it on a flight of its own.
  void Fly(const Port& from, const Link& link, const Packet& packet, const Fate& fate,
           absl::Duration delay);
  // Sends it once more, and puts that on record.
  void FlyAgain(const Port& from, const Link& link, const Packet& packet, const Fate& fate);
  void Record(EventKind kind, const Port& from, const Link& link, const Packet& packet);
  TraceEvent NewEvent(EventKind kind, const Port& from, const Packet& packet) const;

  const std::string name_;
  const World world_;
  LinkProfile profile_;
  std::vector<Port> ports_;
  absl::flat_hash_map<IpAddress, StationNumber> owners_;
  absl::flat_hash_set<IpAddress> broadcasts_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_
