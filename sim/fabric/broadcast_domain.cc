// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/broadcast_domain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

BroadcastDomain::BroadcastDomain(absl::string_view name, const World& world,
                                 const LinkProfile& profile)
    : name_(name), world_(world), profile_(profile), broadcasts_({IpAddress::Broadcast()}) {}

BroadcastDomain::StationNumber BroadcastDomain::Attach(Station& station) {
  const bool again = std::any_of(ports_.begin(), ports_.end(), [&](const Port& port) {
    return port.station->host_name() == station.host_name();
  });
  Port& port = ports_.emplace_back();
  port.station = &station;
  port.label = again ? absl::StrCat(station.host_name(), ".", station.interface_name())
                     : std::string(station.host_name());
  return ports_.size() - 1;
}

void BroadcastDomain::AddAddress(StationNumber station, const IpAddress& address) {
  POLLUX_CHECK(owners_.try_emplace(address, station).second,
               absl::StrCat("address ", address.ToString(), " is twice on segment ", name_));
}

void BroadcastDomain::Send(StationNumber from, const Packet& packet, const IpAddress& gateway) {
  const IpAddress& target = packet.target();
  if (gateway.is_set()) {
    SendToOne(ports_[from], packet, gateway);
  } else if (target.is_multicast()) {
    SendToAll(from, packet, /*multicast=*/true);
  } else if (target.is_ipv4() &&
             (broadcasts_.contains(target) || ports_[from].station->ShoutsTo(target))) {
    SendToAll(from, packet, /*multicast=*/false);
  } else {
    SendToOne(ports_[from], packet, target);
  }
}

Link& BroadcastDomain::LinkTo(Port& from, StationNumber to) {
  if (from.links.size() < ports_.size()) from.links.resize(ports_.size());
  std::unique_ptr<Link>& link = from.links[to];
  if (link == nullptr) {
    link = std::make_unique<Link>(*ports_[to].station,
                                  absl::StrCat(name_, "/", from.label, "->", ports_[to].label));
  }
  return *link;
}

Link* BroadcastDomain::LinkTo(Port& from, const IpAddress& address) {
  const auto known = from.by_address.find(address);
  if (known != from.by_address.end()) return known->second;
  const auto owner = owners_.find(address);
  if (owner == owners_.end()) {
    for (StationNumber to = 0; to < ports_.size(); ++to) {
      const Port& port = ports_[to];
      if (&port != &from && port.station->AnswersFor(address)) return &LinkTo(from, to);
    }
    return nullptr;
  }
  return from.by_address[address] = &LinkTo(from, owner->second);
}

void BroadcastDomain::SendToOne(Port& from, const Packet& packet, const IpAddress& receiver) {
  Link* link = LinkTo(from, receiver);
  if (link == nullptr) {
    TraceEvent event = NewEvent(EventKind::kUnclaimed, from, packet);
    world_.trace.Record(event);
    return;
  }
  const Fate fate = Decide(from, *link, packet);
  if (fate.lost) return;
  Fly(from, *link, packet, fate, fate.delay);
  if (fate.duplicated) FlyAgain(from, *link, packet, fate);
}

void BroadcastDomain::Fly(const Port& from, const Link& link, const Packet& packet,
                          const Fate& fate, absl::Duration delay) {
  Courier::Flight& flight = world_.courier.NewFlight(packet, from.station->host_name());
  if (fate.corrupted) flight.Corrupt();
  flight.AddReceiver(link.receiver());
  world_.courier.Launch(flight, delay);
}

void BroadcastDomain::FlyAgain(const Port& from, const Link& link, const Packet& packet,
                               const Fate& fate) {
  Record(EventKind::kDuplicated, from, link, packet);
  Fly(from, link, packet, fate, fate.delay + profile_.duplicate_delay);
}

// Those whom the packet reaches as usual share a flight.
void BroadcastDomain::SendToAll(StationNumber from_number, const Packet& packet, bool multicast) {
  Port& from = ports_[from_number];
  Courier::Flight& shared = world_.courier.NewFlight(packet, from.station->host_name());
  const uint64_t sent = packet.event;
  for (StationNumber to = 0; to < ports_.size(); ++to) {
    if (to == from_number) continue;
    Link& link = LinkTo(from, to);
    // Those who do not want the packet now may do so when it arrives; till then it is nobody's
    // luck, and not worth a draw or a line on record.
    if (multicast && !link.receiver().Wants(packet.target())) {
      link.Skip();
      shared.AddReceiver(link.receiver());
      continue;
    }
    packet.event = sent;
    const Fate fate = Decide(from, link, packet);
    if (fate.lost) continue;
    if (fate.delay == profile_.latency && !fate.corrupted) {
      shared.AddReceiver(link.receiver());
    } else {
      Fly(from, link, packet, fate, fate.delay);
    }
    if (fate.duplicated) FlyAgain(from, link, packet, fate);
  }
  world_.courier.Launch(shared, profile_.latency);
}

Fate BroadcastDomain::Decide(const Port& from, Link& link, const Packet& packet) {
  const Fate fate = link.Decide(profile_, world_.choices);
  if (fate.lost) Record(EventKind::kLost, from, link, packet);
  if (fate.corrupted) Record(EventKind::kCorrupted, from, link, packet);
  if (fate.overtakes) Record(EventKind::kOvertook, from, link, packet);
  return fate;
}

void BroadcastDomain::Record(EventKind kind, const Port& from, const Link& link,
                             const Packet& packet) {
  TraceEvent event = NewEvent(kind, from, packet);
  event.draw = link.luck().name();
  event.ordinal = link.packets();
  if (kind == EventKind::kDuplicated) event.delay = profile_.duplicate_delay;
  world_.trace.Record(event);
}

TraceEvent BroadcastDomain::NewEvent(EventKind kind, const Port& from, const Packet& packet) const {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = from.station->host_name();
  event.interface = from.station->interface_name();
  event.origin = from.station->host_name();
  event.packet = &packet;
  return event;
}

}  // namespace pollux::sim
