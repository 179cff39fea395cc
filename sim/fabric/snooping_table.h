// SPDX-License-Identifier: Apache-2.0
//
// File: snooping_table.h
//
// `SnoopingTable` is what a switch that reads IGMP and MLD knows: behind which of its ports
// somebody wants which group (RFC 4541). It learns from the reports that reach it, and forgets what
// is not repeated. A querier has hosts repeat themselves; where there is none, every group falls
// silent in the end.

#ifndef POLLUX_SIM_FABRIC_SNOOPING_TABLE_H_
#define POLLUX_SIM_FABRIC_SNOOPING_TABLE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// How a switch treats groups. The times are those of RFC 3376 section 8 and RFC 3810 section 9.
struct SnoopingOptions {
  // Whether somebody on the segment asks who wants which group: a router, or the switch itself.
  // Without one, nobody repeats a report, and the switch forgets it after `membership_interval`.
  bool querier = true;
  // Whether a port is cut off as soon as its host leaves. By default the querier asks first whether
  // nobody else is there; where there is no querier, the port stays until it is forgotten.
  bool fast_leave = false;
  // Whether packets of a group that no host has reported go to all ports, and not to routers alone.
  bool flood_unknown = false;
  absl::Duration query_interval = absl::Seconds(125);
  absl::Duration membership_interval = absl::Seconds(260);
  // How long nobody has to answer until the querier believes a host that leaves.
  absl::Duration last_member_time = absl::Seconds(2);
};

// Errors: kInvalidArgument, naming field and value.
absl::Status Validate(const SnoopingOptions& options);

// Whether a switch passes packets of that group to everybody without having been asked:
// 224.0.0.0/24 (RFC 4541, 2.1.2) and ff02::1 (section 3), and what does not leave a host.
bool IsAlwaysForwarded(const IpAddress& group);

// Times are those since the simulation began, and never go back. Queries are not sent as packets:
// hosts that can hear one are taken to have answered it. Thread-compatible.
class SnoopingTable {
 public:
  // A station's number on its segment.
  using Port = size_t;

  // `options` must be valid. The querier, if there is one, asks at `now` for the first time.
  SnoopingTable(const SnoopingOptions& options, absl::Duration now)
      : options_(options), queries_since_(now) {}

  const SnoopingOptions& options() const { return options_; }
  void SetQuerier(bool querier, absl::Duration now);

  // ---- What hosts want, whether a report of it arrives or not: they answer queries so. ----

  void Want(Port port, const IpAddress& group, absl::Duration now);
  void Unwant(Port port, const IpAddress& group, absl::Duration now);
  bool Wants(Port port, const IpAddress& group) const;
  // The groups that the host on that port wants, in order.
  std::vector<IpAddress> Wanted(Port port) const;
  // The host cannot answer any more, or can again. At first all can.
  void Silence(Port port, absl::Duration now);
  void Hear(Port port, absl::Duration now);

  // ---- What the switch sees. ----

  // A report that somebody wants the group, or does not want it any more.
  void JoinReported(Port port, const IpAddress& group, absl::Duration now);
  void LeaveReported(Port port, const IpAddress& group, absl::Duration now);
  // Forgets what reports said of that port.
  void Flush(Port port);

  // Whether packets of the group go to that port, on which there is no router.
  bool Forwards(Port port, const IpAddress& group, absl::Duration now) const;
  // Until when they do, if nothing happens till then: in the past, or the infinite one, if not.
  absl::Duration Expiry(Port port, const IpAddress& group, absl::Duration now) const;

 private:
  struct Entry {
    absl::Duration wanted_since = absl::InfiniteDuration();  // Infinite while it is not.
    absl::Duration expires = -absl::InfiniteDuration();      // By the reports that were seen.
  };
  using Key = std::pair<IpAddress, Port>;

  bool IsKnown(const IpAddress& group, absl::Duration now) const;
  // With the answer to the latest query, if the host gave one.
  absl::Duration ExpiryOf(const Key& key, const Entry& entry, absl::Duration now) const;
  // Turns answers to queries until now into reports that were seen.
  void Settle(const Key& key, Entry& entry, absl::Duration now) const;
  void SettlePort(Port port, absl::Duration now);

  SnoopingOptions options_;
  absl::Duration queries_since_;
  absl::btree_map<Key, Entry> entries_;
  // Since when hosts answer, if not from the beginning; infinite while they do not.
  absl::btree_map<Port, absl::Duration> answers_since_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_SNOOPING_TABLE_H_
