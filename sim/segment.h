// SPDX-License-Identifier: Apache-2.0
//
// File: segment.h
//
// `Segment` is one broadcast domain of a simulated network, such as an Ethernet: hosts that are
// attached to it reach each other directly. `Network::AddSegment` makes it.
//
//   sim::Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64",
//                                              .link = {.latency = absl::Milliseconds(2)}});
//   lan.Attach(alice);                                        // eth0: 10.0.0.1, fd00::1.
//   lan.Attach(bob, {.name = "lan0", .addresses = {"10.0.0.80", "10.0.0.81"}});

#ifndef POLLUX_SIM_SEGMENT_H_
#define POLLUX_SIM_SEGMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/fabric/broadcast_domain.h"
#include "sim/fabric/link_change.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/prefix.h"
#include "sim/fabric/snooping_switch.h"
#include "sim/fabric/snooping_table.h"
#include "sim/fabric/transmitter.h"
#include "sim/fabric/world.h"
#include "sim/fair_queue.h"
#include "sim/fault_guard.h"
#include "sim/host.h"
#include "sim/topology.h"
#include "udp/ip_address.h"
#include "udp/network_interface.h"

namespace pollux::sim {

// What a segment is like. At least one prefix.
struct SegmentOptions {
  std::string ipv4 = {};  // "10.0.0.0/24"; empty for none.
  std::string ipv6 = {};  // "fd00::/64"; empty for none. Hosts get link-local addresses beside it.
  LinkProfile link = {};  // The way from each host to each other.
  // What the segment's switch reads of IGMP and MLD; unset: nothing, and groups go to all ports.
  std::optional<SnoopingOptions> snooping = {};
};

// How a host is attached. By default as the next one that came.
struct AttachOptions {
  std::string name = {};  // Of the interface; empty: eth0, eth1 and so on.
  // Its addresses, the primary ones first. For a protocol of which there is none here, the host
  // gets the next free address of the segment's prefix: its first, second, and so on.
  std::vector<std::string> addresses = {};
  // The queue before it, on Linux: fq, which paces by kMaxPacingRate and transmit times. Unset: one
  // that does not, and both are kept and read back alone.
  std::optional<FqOptions> fq = {};
};

// Loop thread only. Owned by its network.
//
// Bad options are the programmer's error: each function that takes some checks them, and the
// message names the value. The `Validate` functions say the same as a status, for tools.
class Segment {
 public:
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& name() const { return domain_.name(); }
  const LinkProfile& profile() const { return domain_.profile(); }

  // Gives the host an interface on this segment, and returns it. The first segment that a host is
  // attached to is where its groups and limited broadcasts leave unless the program says otherwise.
  // A host can be attached more than once.
  NetworkInterface Attach(Host& host, const AttachOptions& options = {});
  // Errors: kInvalidArgument, kAlreadyExists for a name or address that is taken,
  // kResourceExhausted when the prefix has no address left.
  absl::Status ValidateAttach(const Host& host, const AttachOptions& options) const;

  // Gives an attached host one more address in the middle of a run, or takes one away: on its
  // first interface here, or on the one that has it. What its kernel does to sockets is its
  // platform's; with the first address of a subnet, Linux removes all others of it. Routes that
  // went with the last address come back with the next. Addresses are written without scope.
  void AddAddress(Host& host, absl::string_view address);
  void RemoveAddress(Host& host, absl::string_view address);
  // Errors: kInvalidArgument, kAlreadyExists for one that is taken; kNotFound for one that is not
  // the host's.
  absl::Status ValidateAddAddress(const Host& host, absl::string_view address) const;
  absl::Status ValidateRemoveAddress(const Host& host, absl::string_view address) const;

  // What happens to packets that are sent from now on; hosts learn of a new MTU.
  void SetProfile(const LinkProfile& profile);
  absl::Status ValidateProfile(const LinkProfile& profile) const;

  // ---- Faults ----

  // Changes what links do while the guard that is returned lives, on top of whatever profiles are
  // set meanwhile: from one attached host to another, or null for all. Faults of one link add up.
  // `change` must be valid, and the two not one host with one interface here: this is checked.
  FaultGuard Fault(const Host* from, const Host* to, const LinkChange& change);
  bool IsAttached(const Host& host) const;

  // ---- The switch that `SegmentOptions::snooping` asked for: this is checked. ----

  bool has_switch() const { return domain_.snooping() != nullptr; }
  // Has somebody begin to ask who wants which group, at this moment and in intervals from then on,
  // or nobody ask any more.
  void SetQuerier(bool querier);
  // Nobody asks while the guard that is returned lives.
  FaultGuard HoldQuerierOff();
  // The switch forgets who wants what, as one that restarts.
  void RestartSwitch();
  // Whether it passes a group's packets to that host.
  bool Forwards(const IpAddress& group, const Host& to) const;

  // ---- Directions. Hosts must be attached: this is checked. ----

  // The same for packets from one host to another alone, all that a host sends (its uplink), or all
  // that it gets (its downlink), in place of the segment's profile. A pair's profile comes before
  // an uplink's, that before a downlink's: one profile counts for a packet. Its MTU must be the
  // segment's, which is what interfaces have. A host that is here more than once is meant with all
  // its interfaces.
  void SetProfile(const Host& from, const Host& to, const LinkProfile& profile);
  void SetUplink(const Host& host, const LinkProfile& profile);
  void SetDownlink(const Host& host, const LinkProfile& profile);
  // Takes back what was set; nothing happens if nothing was.
  void ClearProfile(const Host& from, const Host& to);
  void ClearUplink(const Host& host);
  void ClearDownlink(const Host& host);
  // What was set; null for nothing. Valid until it is set again.
  const LinkProfile* pair_profile(const Host& from, const Host& to) const;
  const LinkProfile* uplink(const Host& host) const;
  const LinkProfile* downlink(const Host& host) const;
  // Which of all counts for packets from one host to the other.
  const LinkProfile& ProfileInForce(const Host& from, const Host& to) const;
  // What waits at the moment for a host's line, by which all leaves that it sends unless a pair or
  // a downlink has a profile of its own; for its downlink's; for that of a pair.
  QueueLength UplinkQueue(const Host& host) const;
  QueueLength DownlinkQueue(const Host& host) const;
  QueueLength PairQueue(const Host& from, const Host& to) const;
  // Whether it can be set for a direction. Errors: kInvalidArgument, naming field and value.
  absl::Status ValidateDirection(const LinkProfile& profile) const;

 private:
  friend class Network;
  friend class Router;
  friend class Topology;

  // `options` must be valid.
  Segment(const World& world, Topology& topology, absl::string_view name,
          const SegmentOptions& options);

  // The addresses that a host would get.
  absl::StatusOr<std::vector<IpAddress>> Addresses(const Host& host,
                                                   const AttachOptions& options) const;
  absl::StatusOr<IpAddress> GivenAddress(absl::string_view text) const;
  absl::StatusOr<IpAddress> NextAddress(const Prefix& prefix) const;
  // Of the host's interfaces here, the one that has the address; 0 for none.
  uint32_t InterfaceWith(const Host& host, const IpAddress& address) const;
  const Prefix* PrefixOf(const IpAddress& address) const;
  // The numbers of a host's interfaces here. One that has none is refused.
  std::vector<BroadcastDomain::StationNumber> StationsOf(const Host& host) const;
  void Direct(const Host& from, const Host& to, const std::optional<LinkProfile>& profile);
  void CheckDirection(const LinkProfile& profile) const;
  // That there can be a link from one to the other.
  void CheckPair(const Host& from, const Host& to) const;

  // Null for none of that protocol.
  const Prefix* PrefixOf(AddressFamily family) const;

  // Ends all faults, whatever holds them.
  void Quiesce();
  void RecordFault(absl::string_view note);
  SnoopingSwitch& Switch() const;
  // Has the querier be as `no_querier_` says.
  void ApplyQuerier();

  const World world_;
  Topology& topology_;
  BroadcastDomain domain_;
  std::vector<Prefix> prefixes_;  // IPv4 before IPv6.
  std::vector<Host*> hosts_;      // In the order of attaching.
  FaultEra era_;
  const bool querier_at_first_;
  bool querier_;
  FaultSwitch no_querier_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_SEGMENT_H_
