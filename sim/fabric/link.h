// SPDX-License-Identifier: Apache-2.0
//
// File: link.h
//
// `Link` is the way from one station to another, in that direction alone. A packet waits for the
// line, where its profile says that there is one; then it crosses: rules have their say, luck is
// drawn, and what is left of it is sent on its flight. All of that goes on record.

#ifndef POLLUX_SIM_FABRIC_LINK_H_
#define POLLUX_SIM_FABRIC_LINK_H_

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/choice/name.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/link_luck.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/rule.h"
#include "sim/fabric/station.h"
#include "sim/fabric/transmitter.h"
#include "sim/fabric/world.h"
#include "sim/kernel/packet.h"
#include "sim/trace/trace_event.h"

namespace pollux::sim {

// Loop thread only. Stations, the profile in force and the line must outlive the link.
class Link final : private Departure {
 public:
  // `name` is what its luck is drawn under: "lan/alice->bob". Packets wait for a line of its own.
  Link(const World& world, Station& from, Station& to, absl::string_view name,
       const LinkProfile& profile)
      : world_(world), from_(from), to_(to), luck_(name) {
    Use(profile);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Station& receiver() const { return to_; }
  // What is in force for the packets that cross from now on.
  const LinkProfile& profile() const { return *profile_; }
  // With a line of its own; or with one that it shares, null for none.
  void Use(const LinkProfile& profile);
  void Use(const LinkProfile& profile, Transmitter* line);
  // What packets that are sent have to wait for; null for nothing.
  Transmitter* line() const { return line_ != nullptr && line_->in_use() ? line_ : nullptr; }
  // Whether that is the line that packets are sent by, in use or not.
  bool WaitsFor(const Transmitter* line) const { return line != nullptr && line_ == line; }
  // What waits for the line of its own.
  QueueLength own_queue() const { return own_ == nullptr ? QueueLength() : own_->length(); }

  // Sends a packet; `origin` is the name of the host that it came from at first.
  void Send(const Packet& packet, const Name& origin);
  // Has one of the copies of a packet for many cross, without waiting. A copy that arrives whole
  // after `delay`, as most do, joins the flight that others share; else it has one of its own.
  void CrossAlong(const Packet& packet, const Name& origin, Courier::Flight& shared,
                  absl::Duration delay);
  // The same for a receiver who does not want the packet now, but may do so when it arrives; till
  // then it is nobody's luck, and not worth a draw or a line on record.
  void Accompany(const Packet& packet, const Name& origin, Courier::Flight& shared,
                 absl::Duration delay);
  // A switch keeps back a packet that the receiver wants; that goes on record.
  void KeepBack(const Packet& packet, const Name& origin);

 private:
  // Departure.
  void Depart(const Packet& packet, const Name& origin) override;
  Name way() const override { return luck_.name(); }
  const Station* single_receiver() const override { return &to_; }

  // What rules say of the packet; what they say is on record.
  Verdict Ask(const Packet& packet, const Name& origin);
  // Whether nothing can happen to the next packet but that it takes its time.
  bool IsSafe() const {
    return plain_ && (world_.rules == nullptr || world_.rules->empty()) &&
           world_.choices.keeps_to_chances();
  }
  // Has a packet arrive after `latency`, with those that share a flight where that takes as long.
  void Launch(const Packet& packet, const Name& origin, Courier::Flight* shared,
              absl::Duration delay, absl::Duration latency);
  // Draws what becomes of the packet, with what a verdict adds, and puts on record what becomes of
  // its first copy.
  Fate Decide(const Packet& packet, const Name& origin, const Verdict& verdict);
  // Has a packet whose fate is decided go its way; `shared` is null where no one shares it.
  void Go(const Packet& packet, const Name& origin, const Fate& fate,
          absl::Duration duplicate_delay, Courier::Flight* shared, absl::Duration delay);
  void Cross(const Packet& packet, const Name& origin, Courier::Flight* shared,
             absl::Duration delay);
  // The packet with other bits, as drawn; that goes on record.
  Packet Corrupt(const Packet& packet, const Name& origin);
  void Hold(const Packet& packet, const Name& origin);
  // Sends it on a flight of its own.
  void Fly(const Packet& packet, const Name& origin, absl::Duration delay);
  TraceEvent NewEvent(EventKind kind, const Packet& packet, const Name& origin) const;
  void Record(EventKind kind, const Packet& packet, const Name& origin);

  const World world_;
  Station& from_;
  Station& to_;
  const LinkProfile* profile_ = nullptr;
  bool plain_ = true;  // `IsPlain(*profile_)`
  Transmitter* line_ = nullptr;
  std::unique_ptr<Transmitter> own_;                  // Once there was a rate.
  absl::Time latest_arrival_ = absl::InfinitePast();  // Of those that keep their order.
  LinkLuck luck_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_H_
