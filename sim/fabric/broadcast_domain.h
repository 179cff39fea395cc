// SPDX-License-Identifier: Apache-2.0
//
// File: broadcast_domain.h
//
// `BroadcastDomain` is what is between the hosts of a segment: who has which address there, whom a
// packet reaches, and what happens to it on the way. A broadcast reaches all others, a multicast
// those who want it when it arrives, anything else the one whose address it is.
//
// Links do not know each other: each ordered pair of stations has a `Link`, with luck of its own,
// drawn in the moment of sending, under the name "lan/alice->bob".

#ifndef POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_
#define POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "sim/choice/choices.h"
#include "sim/choice/name.h"
#include "sim/fabric/link.h"
#include "sim/fabric/link_change.h"
#include "sim/fabric/link_faults.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/snooping_switch.h"
#include "sim/fabric/snooping_table.h"
#include "sim/fabric/station.h"
#include "sim/fabric/transmitter.h"
#include "sim/fabric/world.h"
#include "sim/kernel/memo.h"
#include "sim/kernel/packet.h"
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
  ~BroadcastDomain();

  const std::string& name() const { return name_.name(); }

  // What is in force for packets that are sent from now on. What was set for a pair of stations
  // comes before what was set for all that the sender sends, that before what was set for all that
  // the receiver gets, and what is everybody's comes last. All of them were validated.
  const LinkProfile& profile() const { return profile_; }
  void SetProfile(const LinkProfile& profile);
  // nullopt takes back what was set.
  void SetPair(StationNumber from, StationNumber to, const std::optional<LinkProfile>& profile);
  void SetUplink(StationNumber from, const std::optional<LinkProfile>& profile);
  void SetDownlink(StationNumber to, const std::optional<LinkProfile>& profile);
  // What was set; null for nothing.
  const LinkProfile* pair(StationNumber from, StationNumber to) const;
  const LinkProfile* uplink(StationNumber from) const { return ports_[from].uplink.get(); }
  const LinkProfile* downlink(StationNumber to) const { return ports_[to].downlink.get(); }
  // Which of them counts.
  const LinkProfile& InForce(StationNumber from, StationNumber to) const;

  // Changes what is in force, whatever was set, until the fault of that number is removed; nullopt
  // for all stations.
  uint64_t AddFault(std::optional<StationNumber> from, std::optional<StationNumber> to,
                    const LinkChange& change);
  void RemoveFault(uint64_t fault);
  void ClearFaults();

  // What waits for a line: for a station's own, which all share that it sends unless another is
  // meant; for the one that its downlink's profile is about; for that of a pair alone.
  QueueLength UplinkQueue(StationNumber from) const;
  QueueLength DownlinkQueue(StationNumber to) const;
  QueueLength PairQueue(StationNumber from, StationNumber to) const;

  // Gives the segment a switch that reads IGMP and MLD: packets for a group go to those alone of
  // which it knows that they want it, and to routers. Before the first station is attached.
  void AddSwitch(const SnoopingOptions& options);
  // Null for one that passes all on to all.
  SnoopingSwitch* snooping() const { return switch_.get(); }
  // For the switch, if there is one: what stations want, and whether they can be heard;
  // snooping_switch.h tells more.
  void GroupChanged(StationNumber station, const IpAddress& group, bool wanted);
  void SetAwake(StationNumber station, bool awake);
  void SetLink(StationNumber station, bool link, bool reports);

  // Attaches a station, which has no address yet.
  StationNumber Attach(Station& station);
  // Gives an address, without scope, to a station; nobody else may have it: this is checked.
  void AddAddress(StationNumber station, const IpAddress& address);
  // Nobody has it any more.
  void RemoveAddress(const IpAddress& address);
  bool HasAddress(const IpAddress& address) const { return owners_.contains(address); }
  // The stations at the ends of the link that is called "SEGMENT/" and this, as "alice->bob";
  // nullopt if there is none.
  struct Ends {
    const Station* from;
    const Station* to;
  };
  std::optional<Ends> FindLink(absl::string_view ends) const;
  // What stations are called in names of links, for messages: the first of many.
  std::string Labels() const;
  // Has packets for that address reach everybody, as those for 255.255.255.255 do.
  void AddBroadcastAddress(const IpAddress& address);

  // Takes a packet that a station sends, or passes on, to the station that its target names, or to
  // a gateway. Its addresses have no scopes. `origin` is the name of the host that sent it at
  // first. Returns false where nobody has the address.
  bool Send(StationNumber from, const Packet& packet, const Name& origin,
            const IpAddress& gateway = IpAddress());

 private:
  // Null for nothing. On the heap, since links refer to it.
  using MaybeProfile = std::unique_ptr<LinkProfile>;

  // Where a packet for many goes on when a station's line has sent it.
  class Crowd;

  struct Neighbour {
    IpAddress address;

    friend bool operator==(const Neighbour& a, const Neighbour& b) {
      return a.address == b.address;
    }
    uint32_t mix() const { return address.ipv4_number(); }
  };
  // Where what a station sends to an address goes.
  struct Way {
    Link* link;    // To the station that has the address; null where none has.
    bool for_all;  // To everybody, unless it is for a gateway of that address.
  };

  struct Port {
    Station* station;
    std::string label;  // The host's name; with the interface's where the host is here twice.
    MaybeProfile uplink;
    MaybeProfile downlink;
    absl::flat_hash_map<StationNumber, MaybeProfile> pairs;  // By receiver; looked up alone.
    std::unique_ptr<Transmitter> out;                        // Its line, once it has had a rate.
    std::unique_ptr<Transmitter> in;                         // Its downlink's.
    std::unique_ptr<Crowd> crowd;                            // Beside `out`.
    std::vector<std::unique_ptr<Link>> links;  // By the receiver's number; made when needed.
    Memo<Neighbour, Way> ways;                 // Of `FindWay`.
  };

  // What was set for that direction.
  const LinkProfile& Configured(StationNumber from, StationNumber to) const;
  // That no rule is running, which has a packet on its way here.
  void CheckNoRule(absl::string_view what) const;
  // Tells lines, and the links that there are, which profile is in force.
  void Rewire();
  void RewireLines();
  void Wire(Link& link, StationNumber from, StationNumber to);
  Link& LinkTo(StationNumber from, StationNumber to);
  // Asks only if it is not known.
  const Way& WayTo(StationNumber from, const IpAddress& address);
  Way FindWay(StationNumber from, const IpAddress& address);
  // To a station that answers for the address though it does not have it here. False if none does.
  bool SendElsewhere(StationNumber from, const Packet& packet, const Name& origin,
                     const IpAddress& receiver);
  void SendToAll(StationNumber from, const Packet& packet, const Name& origin);
  // Has a packet that has left that line cross to all others who get it by the line; or, with null,
  // has one go to all others but those who get it by the station's own line, while that is in use.
  void Spread(StationNumber from, const Packet& packet, const Name& origin,
              const Transmitter* line);

  const DrawOwner name_;
  const World world_;
  LinkProfile profile_;
  LinkFaults faults_;
  std::vector<Port> ports_;
  std::unique_ptr<SnoopingSwitch> switch_;
  absl::flat_hash_map<IpAddress, StationNumber> owners_;
  std::vector<IpAddress> broadcasts_;  // A few.
  uint64_t version_ = 0;               // Counts changes of both.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_BROADCAST_DOMAIN_H_
