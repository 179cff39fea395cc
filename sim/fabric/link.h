// SPDX-License-Identifier: Apache-2.0
//
// File: link.h
//
// `Link` is the way from one station to another, in that direction alone: it takes each packet
// through what its profile does, puts on record what happens to it, and sends what is left of it on
// its flight.

#ifndef POLLUX_SIM_FABRIC_LINK_H_
#define POLLUX_SIM_FABRIC_LINK_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/link_luck.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/station.h"
#include "sim/fabric/world.h"
#include "sim/kernel/packet.h"
#include "sim/trace/trace_event.h"

namespace pollux::sim {

// Loop thread only. Stations, and the profile in force, must outlive the link.
class Link {
 public:
  // `name` is what its luck is drawn under: "lan/alice->bob".
  Link(const World& world, Station& from, Station& to, absl::string_view name,
       const LinkProfile& profile)
      : world_(world), from_(from), to_(to), profile_(&profile), luck_(name) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Station& receiver() const { return to_; }
  // What is in force for the packets that are sent from now on.
  const LinkProfile& profile() const { return *profile_; }
  void Use(const LinkProfile& profile) { profile_ = &profile; }

  // Sends a packet; `origin` is the name of the host that it came from at first.
  void Send(const Packet& packet, absl::string_view origin);
  // Sends one of the copies of a packet for many. A copy that arrives whole after `delay`, as most
  // do, joins the flight that others share; else it has a flight of its own.
  void SendAlong(const Packet& packet, absl::string_view origin, Courier::Flight& shared,
                 absl::Duration delay);
  // The same for a receiver who does not want the packet now, but may do so when it arrives; till
  // then it is nobody's luck, and not worth a draw or a line on record.
  void Accompany(const Packet& packet, absl::string_view origin, Courier::Flight& shared,
                 absl::Duration delay);

 private:
  // Draws what becomes of the packet, and puts on record what becomes of its first copy.
  Fate Decide(const Packet& packet, absl::string_view origin);
  // Sends it on a flight of its own.
  void Fly(const Packet& packet, absl::string_view origin, const Fate& fate, absl::Duration delay);
  // Sends it once more, and puts that on record.
  void FlyAgain(const Packet& packet, absl::string_view origin, const Fate& fate);
  void Record(EventKind kind, const Packet& packet, absl::string_view origin);

  const World world_;
  Station& from_;
  Station& to_;
  const LinkProfile* profile_;
  LinkLuck luck_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_H_
