// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link.h"

namespace pollux::sim {

void Link::Send(const Packet& packet, absl::string_view origin) {
  const Fate fate = Decide(packet, origin);
  if (fate.lost) return;
  Fly(packet, origin, fate, fate.delay);
  if (fate.duplicated) FlyAgain(packet, origin, fate);
}

void Link::SendAlong(const Packet& packet, absl::string_view origin, Courier::Flight& shared,
                     absl::Duration delay) {
  const Fate fate = Decide(packet, origin);
  if (fate.lost) return;
  if (fate.delay == delay && !fate.corrupted) {
    shared.AddReceiver(to_);
  } else {
    Fly(packet, origin, fate, fate.delay);
  }
  if (fate.duplicated) FlyAgain(packet, origin, fate);
}

void Link::Accompany(const Packet& packet, absl::string_view origin, Courier::Flight& shared,
                     absl::Duration delay) {
  luck_.Skip();
  if (profile_->latency == delay) {
    shared.AddReceiver(to_);
  } else {
    Fly(packet, origin, Fate(), profile_->latency);
  }
}

Fate Link::Decide(const Packet& packet, absl::string_view origin) {
  const Fate fate = luck_.Decide(*profile_, world_.choices);
  if (fate.lost) Record(EventKind::kLost, packet, origin);
  if (fate.corrupted) Record(EventKind::kCorrupted, packet, origin);
  if (fate.overtakes) Record(EventKind::kOvertook, packet, origin);
  return fate;
}

void Link::Fly(const Packet& packet, absl::string_view origin, const Fate& fate,
               absl::Duration delay) {
  Courier::Flight& flight = world_.courier.NewFlight(packet, origin);
  if (fate.corrupted) flight.Corrupt();
  flight.AddReceiver(to_);
  world_.courier.Launch(flight, delay);
}

void Link::FlyAgain(const Packet& packet, absl::string_view origin, const Fate& fate) {
  Record(EventKind::kDuplicated, packet, origin);
  Fly(packet, origin, fate, fate.delay + profile_->duplicate_delay);
}

void Link::Record(EventKind kind, const Packet& packet, absl::string_view origin) {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = from_.host_name();
  event.interface = from_.interface_name();
  event.origin = origin;
  event.packet = &packet;
  event.draw = luck_.name();
  event.ordinal = luck_.packets();
  if (kind == EventKind::kDuplicated) event.delay = profile_->duplicate_delay;
  world_.trace.Record(event);
}

}  // namespace pollux::sim
