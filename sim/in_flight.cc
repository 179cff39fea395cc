// SPDX-License-Identifier: Apache-2.0

#include "sim/in_flight.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sim/choice/quote.h"
#include "sim/fabric/waiting_room.h"
#include "sim/host_parts.h"
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
  const absl::Status status = ValidateMatch(match);
  POLLUX_CHECK(status.ok(), absl::StrCat("rule \"", name, "\": ", status.message()));
  // Names are looked at here, once, and not for each packet.
  PacketMatch exact = match;
  for (std::string* host : {&exact.from, &exact.to, &exact.origin}) {
    if (!host->empty()) *host = FindHost(*host)->name();
  }
  return AddRule(name, [exact = std::move(exact), verdict](const Crossing& crossing) {
    return exact.Fits(crossing) ? verdict : Verdict::Pass();
  });
}

absl::Status Network::ValidateMatch(const PacketMatch& match) const {
  const std::pair<absl::string_view, const std::string&> hosts[] = {
      {"from", match.from}, {"to", match.to}, {"origin", match.origin}};
  for (const auto& [field, name] : hosts) {
    if (name.empty()) continue;
    const absl::Status status = ExpectHost(name).status();
    if (!status.ok())
      return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
  }
  if (!match.link.empty()) return ValidateMatchedLink(match);
  if (match.from.empty() || match.to.empty()) return absl::OkStatus();
  const Host& from = *FindHost(match.from);
  const Host& to = *FindHost(match.to);
  const bool together = std::any_of(segments_.begin(), segments_.end(), [&](const auto& segment) {
    return segment->IsAttached(from) && segment->IsAttached(to);
  });
  if (together || &from == &to) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("no link goes from ", from.name(), " to ", to.name(),
                   ": they are on no segment together; `origin` is who sent a packet at first"));
}

absl::Status Network::ValidateMatchedLink(const PacketMatch& match) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(match.link, absl::MaxSplits('/', 1));
  const Host* host = FindHost(parts[0]);
  const Segment* segment = FindSegment(parts[0]);
  const absl::string_view loopback =
      host == nullptr ? "lo" : absl::string_view(host->interfaces_.front()->interface_name());
  absl::string_view from, to;
  if (host != nullptr && match.link == absl::StrCat(host->name(), "/", loopback)) {
    from = to = host->name();
  } else if (segment != nullptr) {
    const auto ends = segment->domain_.FindLink(parts.back());
    if (!ends) {
      return absl::NotFoundError(
          absl::StrCat("there is no link ", Quote(match.link), "; on segment ", segment->name(),
                       " there is ", segment->domain_.Labels(), ", and its links are called as ",
                       segment->name(), "/FROM->TO"));
    }
    from = ends->from->host_name();
    to = ends->to->host_name();
  } else {
    return absl::NotFoundError(
        absl::StrCat("there is no link ", Quote(match.link),
                     "; links are called as SEGMENT/FROM->TO, and loopback as ",
                     host == nullptr ? "HOST" : host->name(), "/", loopback));
  }
  const auto agrees = [](const std::string& name, absl::string_view end) {
    return name.empty() || absl::EqualsIgnoreCase(name, end);
  };
  if (agrees(match.from, from) && agrees(match.to, to)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("link ", match.link, " goes from ", from, " to ",
                                                 to, ", and the match says otherwise"));
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
