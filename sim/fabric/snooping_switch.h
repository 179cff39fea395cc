// SPDX-License-Identifier: Apache-2.0
//
// File: snooping_switch.h
//
// `SnoopingSwitch` is the switch of a segment that reads IGMP and MLD: hosts report to it which
// groups they want, and it passes a group's packets to those alone. A report can get lost, as
// anything that a host sends can; each is sent twice for that.
//
// Reports are packets on record, and so are the questions that a querier asks because something
// happened: somebody left, or it has just begun to ask. Those that it asks every few minutes are
// not, nor are the answers: they take no time, and are never lost.

#ifndef POLLUX_SIM_FABRIC_SNOOPING_SWITCH_H_
#define POLLUX_SIM_FABRIC_SNOOPING_SWITCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fabric/link_luck.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/snooping_table.h"
#include "sim/fabric/station.h"
#include "sim/fabric/world.h"
#include "sim/trace/group_message.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Loop thread only.
class SnoopingSwitch {
 public:
  using Port = SnoopingTable::Port;
  // What is in force, at this moment, for what the station on a port sends.
  using UplinkProfile = absl::AnyInvocable<const LinkProfile&(Port port) const>;

  // `name` is that of the segment; `options` must be valid.
  SnoopingSwitch(const World& world, absl::string_view name, const SnoopingOptions& options,
                 UplinkProfile uplink);
  SnoopingSwitch(const SnoopingSwitch&) = delete;
  SnoopingSwitch& operator=(const SnoopingSwitch&) = delete;
  ~SnoopingSwitch();

  // Connects a station to the next port, from 0. `label` is its name on the segment: its reports'
  // luck is drawn under "lan/alice->switch". The station must outlive the switch.
  void Connect(const Station& station, absl::string_view label);

  // The host on that port has begun to want a group, or has ceased to: it reports that.
  void GroupChanged(Port port, const IpAddress& group, bool wanted);
  // Whether the host can send and hear: it has not crashed and does not stand still. What it wants
  // while it does not is not reported.
  void SetAwake(Port port, bool awake);
  // Whether there is a link. Without one the switch forgets the port; with it again, the host
  // reports what it wants if it `reports` then, or else when it is asked the next time.
  void SetLink(Port port, bool link, bool reports);

  void SetQuerier(bool querier);
  // The switch forgets all ports, as one that restarts.
  void Restart();

  // Whether packets of a group go to the station on that port.
  bool Forwards(Port port, const IpAddress& group) const;

 private:
  class Report;
  struct Line;  // From a host to the switch.

  absl::Duration now() const { return world_.timeline.elapsed(); }
  // Has the host say twice, now and up to a second later, what it wants.
  void Tell(Port port, const IpAddress& group, bool wanted);
  void SendReport(Port port, const IpAddress& group, bool wanted);
  void ReportArrived(const Report& report);
  // Puts on record that somebody sends a message; returns its number there.
  uint64_t Say(const GroupMessage& message, const Name& host, const Name& interface,
               absl::string_view note, uint64_t because = 0);
  // Has the querier ask, after `because`: who wants the group, or which ones anybody wants.
  void Ask(const IpAddress& group, uint64_t because);
  void Record(Port port, uint64_t because, absl::string_view note);
  Report& NewReport(Port port, const IpAddress& group, bool wanted);

  const World world_;
  const std::string name_;
  const UplinkProfile uplink_;
  SnoopingTable table_;
  std::vector<std::unique_ptr<Line>> lines_;      // By port.
  std::vector<std::unique_ptr<Report>> reports_;  // Used again once they have arrived.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_SNOOPING_SWITCH_H_
