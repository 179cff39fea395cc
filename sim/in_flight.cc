// SPDX-License-Identifier: Apache-2.0

#include "sim/in_flight.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/fabric/waiting_room.h"
#include "sim/network.h"

namespace pollux::sim {

std::string InFlightPacket::ToString() const {
  std::string when = waits ? (held ? "held in the queue" : "waits") : "held";
  if (arrives.has_value()) when = absl::StrCat("arrives at ", absl::FormatDuration(*arrives));
  return absl::StrCat("#", id, way.empty() ? "" : " ", way, " ", packet.source.ToString(), " > ",
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
    packet.held = flight->held();
    if (!flight->held()) packet.arrives = flight->lands() - absl::UnixEpoch();
    packet.packet = flight->packet();
  }
  for (const WaitingPacket& waiting : courier_.Waiting()) {
    InFlightPacket& packet = packets.emplace_back();
    packet.id = waiting.id;
    packet.way = std::string(waiting.way);
    packet.origin = std::string(waiting.origin);
    if (waiting.to != nullptr) packet.to.push_back(std::string(waiting.to->host_name()));
    packet.held = waiting.held;
    packet.waits = true;
    packet.packet = *waiting.packet;
  }
  std::sort(packets.begin(), packets.end(),
            [](const InFlightPacket& a, const InFlightPacket& b) { return a.id < b.id; });
  return packets;
}

absl::Status Network::Hold(uint64_t packet) {
  const absl::StatusOr<UnderWay> found = FindUnderWay(packet);
  if (!found.ok()) return found.status();
  if (found->held) return absl::OkStatus();
  if (found->flight != nullptr) {
    courier_.Hold(*found->flight);
  } else {
    found->room->Hold(packet);
  }
  return Record(EventKind::kHeld, packet);
}

absl::Status Network::Release(uint64_t packet) {
  const absl::StatusOr<UnderWay> found = FindUnderWay(packet);
  if (!found.ok()) return found.status();
  if (!found->held) {
    return absl::FailedPreconditionError(absl::StrCat("packet ", packet, " is not held"));
  }
  Record(EventKind::kReleased, packet).IgnoreError();
  if (found->flight != nullptr) {
    courier_.Release(*found->flight);
  } else {
    found->room->Release(packet);
  }
  return absl::OkStatus();
}

absl::Status Network::Discard(uint64_t packet) {
  const absl::StatusOr<UnderWay> found = FindUnderWay(packet);
  if (!found.ok()) return found.status();
  Record(EventKind::kDropped, packet).IgnoreError();
  if (found->flight != nullptr) {
    courier_.Discard(*found->flight);
  } else {
    found->room->Discard(packet);
  }
  return absl::OkStatus();
}

void Network::ReleaseAll() {
  for (const InFlightPacket& packet : InFlight()) {
    if (packet.held) Release(packet.id).IgnoreError();
  }
}

absl::StatusOr<Network::UnderWay> Network::FindUnderWay(uint64_t packet) const {
  if (Courier::Flight* flight = courier_.Find(packet)) {
    return UnderWay{flight,           nullptr,       &flight->packet(),
                    flight->origin(), flight->way(), flight->held()};
  }
  if (WaitingRoom* room = courier_.FindRoom(packet)) {
    for (const WaitingPacket& waiting : courier_.Waiting()) {
      if (waiting.id != packet) continue;
      return UnderWay{nullptr, room, waiting.packet, waiting.origin, waiting.way, waiting.held};
    }
  }
  return absl::NotFoundError(
      absl::StrCat("packet ", packet, " is not under way; Network::InFlight lists those that are"));
}

absl::Status Network::Record(EventKind kind, uint64_t packet) {
  const absl::StatusOr<UnderWay> found = FindUnderWay(packet);
  if (!found.ok()) return found.status();
  TraceEvent event;
  event.kind = kind;
  event.time = elapsed();
  event.host = found->origin;
  event.origin = found->origin;
  event.packet = found->packet;
  event.draw = found->way;
  event.cause = kind == EventKind::kDropped ? DropCause::kDiscarded : DropCause::kNoSocket;
  trace_.Record(event);
  return absl::OkStatus();
}

}  // namespace pollux::sim
