// SPDX-License-Identifier: Apache-2.0

#include "sim/in_flight.h"

#include "absl/strings/str_cat.h"
#include "sim/network.h"

namespace pollux::sim {

std::string InFlightPacket::ToString() const {
  const std::string when =
      arrives.has_value() ? absl::StrCat("arrives at ", absl::FormatDuration(*arrives)) : "held";
  return absl::StrCat("#", id, " ", way, " ", packet.source.ToString(), " > ",
                      packet.destination.ToString(), ", ", packet.payload.size(), " bytes, ", when);
}

RuleGuard Network::AddRule(absl::string_view name, Rule rule) {
  return rules_.Add(name, std::move(rule));
}

RuleGuard Network::AddRule(absl::string_view name, const PacketMatch& match,
                           const Verdict& verdict) {
  return AddRule(name, [match, verdict](const Crossing& crossing) {
    return match.Fits(crossing) ? verdict : Verdict::Pass();
  });
}

std::vector<InFlightPacket> Network::InFlight() const {
  std::vector<InFlightPacket> packets;
  for (const Courier::Flight* flight : courier_.Flights()) {
    InFlightPacket& packet = packets.emplace_back();
    packet.id = flight->id();
    packet.way = std::string(flight->way());
    packet.origin = std::string(flight->origin());
    for (const Station* station : flight->receivers()) {
      packet.to.push_back(std::string(station->host_name()));
    }
    if (!flight->held()) packet.arrives = flight->lands() - absl::UnixEpoch();
    packet.packet = flight->packet();
  }
  return packets;
}

absl::Status Network::Hold(uint64_t packet) {
  const absl::StatusOr<Courier::Flight*> flight = FindFlight(packet);
  if (!flight.ok()) return flight.status();
  if ((*flight)->held()) return absl::OkStatus();
  courier_.Hold(**flight);
  Record(EventKind::kHeld, **flight, DropCause::kNoSocket);
  return absl::OkStatus();
}

absl::Status Network::Release(uint64_t packet) {
  const absl::StatusOr<Courier::Flight*> flight = FindFlight(packet);
  if (!flight.ok()) return flight.status();
  if (!(*flight)->held()) {
    return absl::FailedPreconditionError(absl::StrCat("packet ", packet, " is not held"));
  }
  Record(EventKind::kReleased, **flight, DropCause::kNoSocket);
  courier_.Release(**flight);
  return absl::OkStatus();
}

absl::Status Network::Discard(uint64_t packet) {
  const absl::StatusOr<Courier::Flight*> flight = FindFlight(packet);
  if (!flight.ok()) return flight.status();
  Record(EventKind::kDropped, **flight, DropCause::kDiscarded);
  courier_.Discard(**flight);
  return absl::OkStatus();
}

void Network::ReleaseAll() {
  for (const Courier::Flight* flight : courier_.Flights()) {
    if (flight->held()) Release(flight->id()).IgnoreError();
  }
}

absl::StatusOr<Courier::Flight*> Network::FindFlight(uint64_t packet) const {
  if (Courier::Flight* flight = courier_.Find(packet)) return flight;
  return absl::NotFoundError(
      absl::StrCat("packet ", packet, " is not under way; Network::InFlight lists those that are"));
}

void Network::Record(EventKind kind, const Courier::Flight& flight, DropCause cause) {
  TraceEvent event;
  event.kind = kind;
  event.time = elapsed();
  event.host = flight.origin();
  event.origin = flight.origin();
  event.packet = &flight.packet();
  event.draw = flight.way();
  event.cause = cause;
  trace_.Record(event);
}

}  // namespace pollux::sim
