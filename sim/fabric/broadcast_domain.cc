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

BroadcastDomain::Link& BroadcastDomain::LinkTo(Port& from, StationNumber to) {
  if (from.links.size() < ports_.size()) from.links.resize(ports_.size());
  std::unique_ptr<Link>& link = from.links[to];
  if (link == nullptr) {
    link = std::make_unique<Link>(*ports_[to].station,
                                  absl::StrCat(name_, "/", from.label, "->", ports_[to].label));
  }
  return *link;
}

BroadcastDomain::Link* BroadcastDomain::LinkTo(Port& from, const IpAddress& address) {
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
  ++link->packets;
  if (IsLost(from, *link, packet)) return;
  Courier::Flight& flight = world_.courier.NewFlight(packet, from.station->host_name());
  flight.AddReceiver(link->receiver);
  world_.courier.Launch(flight, profile_.latency);
  if (!IsDuplicated(from, *link, packet)) return;
  Courier::Flight& copy = world_.courier.NewFlight(packet, from.station->host_name());
  copy.AddReceiver(link->receiver);
  world_.courier.Launch(copy, profile_.latency + profile_.duplicate_delay);
}

void BroadcastDomain::SendToAll(StationNumber from_number, const Packet& packet, bool multicast) {
  Port& from = ports_[from_number];
  const absl::string_view origin = from.station->host_name();
  Courier::Flight& flight = world_.courier.NewFlight(packet, origin);
  Courier::Flight* copy = nullptr;
  for (StationNumber to = 0; to < ports_.size(); ++to) {
    if (to == from_number) continue;
    Link& link = LinkTo(from, to);
    ++link.packets;
    // Those who do not want the packet now may do so when it arrives; till then it is nobody's
    // luck, and not worth a draw or a line on record.
    if (multicast && !link.receiver.Wants(packet.target())) {
      flight.AddReceiver(link.receiver);
      continue;
    }
    if (IsLost(from, link, packet)) continue;
    flight.AddReceiver(link.receiver);
    if (!IsDuplicated(from, link, packet)) continue;
    if (copy == nullptr) copy = &world_.courier.NewFlight(packet, origin);
    copy->AddReceiver(link.receiver);
  }
  world_.courier.Launch(flight, profile_.latency);
  if (copy != nullptr) world_.courier.Launch(*copy, profile_.latency + profile_.duplicate_delay);
}

bool BroadcastDomain::IsLost(const Port& from, Link& link, const Packet& packet) {
  if (!world_.choices.Flip({DrawKind::kLoss, link.luck, link.packets}, profile_.loss)) return false;
  TraceEvent event = NewEvent(EventKind::kLost, from, packet);
  event.draw = link.luck.name();
  event.ordinal = link.packets;
  world_.trace.Record(event);
  return true;
}

bool BroadcastDomain::IsDuplicated(const Port& from, Link& link, const Packet& packet) {
  if (!world_.choices.Flip({DrawKind::kDuplicate, link.luck, link.packets}, profile_.duplicate)) {
    return false;
  }
  TraceEvent event = NewEvent(EventKind::kDuplicated, from, packet);
  event.draw = link.luck.name();
  event.ordinal = link.packets;
  event.delay = profile_.duplicate_delay;
  world_.trace.Record(event);
  return true;
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
