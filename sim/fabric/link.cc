// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/fabric/damage.h"

namespace pollux::sim {

// ---- Waiting for the line ----

void Link::Use(const LinkProfile& profile) {
  if (own_ == nullptr && profile.rate > 0) {
    own_ = std::make_unique<Transmitter>(world_, from_, profile);
  }
  Use(profile, own_.get());
}

void Link::Use(const LinkProfile& profile, Transmitter* line) {
  profile_ = &profile;
  plain_ = IsPlain(profile);
  line_ = line;
  // What waits for the line of its own leaves by the profile that is in force.
  if (own_ != nullptr) own_->Use(profile);
}

void Link::Send(const Packet& packet, const Name& origin) {
  if (Transmitter* waits_for = line()) {
    waits_for->Enqueue(packet, origin, *this);
  } else {
    Cross(packet, origin, nullptr, absl::ZeroDuration());
  }
}

void Link::Depart(const Packet& packet, const Name& origin) {
  Cross(packet, origin, nullptr, absl::ZeroDuration());
}

// ---- Crossing ----

void Link::CrossAlong(const Packet& packet, const Name& origin, Courier::Flight& shared,
                      absl::Duration delay) {
  Cross(packet, origin, &shared, delay);
}

void Link::Accompany(const Packet& packet, const Name& origin, Courier::Flight& shared,
                     absl::Duration delay) {
  luck_.Skip();
  Launch(packet, origin, &shared, delay, profile_->latency);
}

void Link::Cross(const Packet& packet, const Name& origin, Courier::Flight* shared,
                 absl::Duration delay) {
  if (IsSafe()) {
    luck_.Pass();
    Launch(packet, origin, shared, delay, profile_->latency);
    return;
  }
  if (world_.rules == nullptr || world_.rules->empty()) {
    const Fate fate = Decide(packet, origin, Verdict::Pass());
    if (!fate.lost) Go(packet, origin, fate, profile_->duplicate_delay, shared, delay);
    return;
  }
  const Verdict verdict = Ask(packet, origin);
  switch (verdict.kind()) {
    case Verdict::Kind::kDrop: {
      luck_.Skip();
      TraceEvent event = NewEvent(EventKind::kDropped, packet, origin);
      event.cause = DropCause::kByRule;
      world_.trace.Record(event);
      return;
    }
    case Verdict::Kind::kHold:
      luck_.Skip();
      Hold(packet, origin);
      return;
    default:
      break;
  }
  const Fate fate = Decide(packet, origin, verdict);
  if (fate.lost) return;
  const bool again = verdict.kind() == Verdict::Kind::kDuplicate;
  Go(packet, origin, fate, again ? verdict.delay() : profile_->duplicate_delay, shared, delay);
}

Verdict Link::Ask(const Packet& packet, const Name& origin) {
  std::string by;
  const Verdict verdict = world_.rules->Ask(
      {luck_.name(), from_.host_name(), to_.host_name(), origin, world_.timeline.elapsed(), packet},
      by);
  if (verdict.kind() == Verdict::Kind::kPass) return verdict;
  TraceEvent event = NewEvent(EventKind::kRuled, packet, origin);
  event.ordinal = luck_.packets() + 1;
  const std::string note = absl::StrCat(verdict.ToString(), " by rule \"", by, "\"");
  event.note = note;
  world_.trace.Record(event);
  return verdict;
}

Fate Link::Decide(const Packet& packet, const Name& origin, const Verdict& verdict) {
  Fate fate = luck_.Decide(*profile_, world_.choices);
  if (fate.lost) {
    Record(EventKind::kLost, packet, origin);
    return fate;
  }
  fate.corrupted = fate.corrupted || verdict.kind() == Verdict::Kind::kCorrupt;
  fate.duplicated = fate.duplicated || verdict.kind() == Verdict::Kind::kDuplicate;
  if (verdict.kind() == Verdict::Kind::kDelay) fate.delay += verdict.delay();
  if (profile_->keep_order) {
    const absl::Time now = world_.timeline.now();
    latest_arrival_ = std::max(latest_arrival_, now + fate.delay);
    fate.delay = latest_arrival_ - now;
  }
  return fate;
}

void Link::Go(const Packet& packet, const Name& origin, const Fate& fate,
              absl::Duration duplicate_delay, Courier::Flight* shared, absl::Duration delay) {
  if (fate.corrupted) {
    Fate rest = fate;
    rest.corrupted = false;
    Go(Corrupt(packet, origin), origin, rest, duplicate_delay, nullptr, delay);
    return;
  }
  if (fate.overtakes) Record(EventKind::kOvertook, packet, origin);
  if (fate.late) {
    TraceEvent event = NewEvent(EventKind::kLate, packet, origin);
    event.delay = profile_->late_by;
    world_.trace.Record(event);
  }
  Launch(packet, origin, shared, delay, fate.delay);
  if (!fate.duplicated) return;
  TraceEvent event = NewEvent(EventKind::kDuplicated, packet, origin);
  event.delay = duplicate_delay;
  world_.trace.Record(event);
  Fly(packet, origin, fate.delay + duplicate_delay);
}

Packet Link::Corrupt(const Packet& packet, const Name& origin) {
  const absl::string_view payload = packet.payload.bytes();
  const std::vector<uint64_t> bits = luck_.DrawBits(*profile_, payload.size(), world_.choices);
  const bool undetected = luck_.DrawUndetected(*profile_, world_.choices);
  // An error of ICMP, and a datagram without payload, have only headers to damage. Of a fragment it
  // shows when the datagram is whole again.
  const bool exposed = !packet.icmp.has_value() && !packet.is_fragment() && !bits.empty();
  const bool passes = exposed && (undetected || ChecksumMisses(payload, bits));
  Packet damaged = passes ? Damaged(packet, bits) : packet;
  damaged.corrupted = !passes;
  TraceEvent event = NewEvent(EventKind::kCorrupted, damaged, origin);
  const std::string note =
      bits.empty() ? ""
                   : absl::StrCat(bits.size() == 1 ? "bit " : "bits ", absl::StrJoin(bits, " "),
                                  passes ? ", undetected" : "");
  event.note = note;
  world_.trace.Record(event);
  return damaged;
}

void Link::KeepBack(const Packet& packet, const Name& origin) {
  TraceEvent event = NewEvent(EventKind::kDropped, packet, origin);
  event.cause = DropCause::kGroupNotReported;
  world_.trace.Record(event);
}

// ---- Flights ----

void Link::Hold(const Packet& packet, const Name& origin) {
  Record(EventKind::kHeld, packet, origin);
  Courier::Flight& flight = world_.courier.NewFlight(packet, origin);
  flight.SetWay(luck_.owner());
  flight.AddReceiver(to_);
  world_.courier.Hold(flight);
}

void Link::Launch(const Packet& packet, const Name& origin, Courier::Flight* shared,
                  absl::Duration delay, absl::Duration latency) {
  if (shared != nullptr && latency == delay) {
    shared->AddReceiver(to_);
  } else {
    Fly(packet, origin, latency);
  }
}

void Link::Fly(const Packet& packet, const Name& origin, absl::Duration delay) {
  Courier::Flight& flight = world_.courier.NewFlight(packet, origin);
  flight.SetWay(luck_.owner());
  flight.AddReceiver(to_);
  world_.courier.Launch(flight, delay);
}

TraceEvent Link::NewEvent(EventKind kind, const Packet& packet, const Name& origin) const {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = from_.host_name();
  event.interface = from_.interface_name();
  event.origin = origin;
  event.packet = &packet;
  event.draw = luck_.name();
  event.ordinal = luck_.packets();
  return event;
}

void Link::Record(EventKind kind, const Packet& packet, const Name& origin) {
  TraceEvent event = NewEvent(kind, packet, origin);
  world_.trace.Record(event);
}

}  // namespace pollux::sim
