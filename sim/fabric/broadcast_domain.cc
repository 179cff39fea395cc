// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/broadcast_domain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/fabric/courier.h"
#include "sim/trace/trace.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

std::unique_ptr<LinkProfile> Keep(const std::optional<LinkProfile>& profile) {
  return profile.has_value() ? std::make_unique<LinkProfile>(*profile) : nullptr;
}

}  // namespace

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

// ---- Profiles ----

void BroadcastDomain::SetPair(StationNumber from, StationNumber to,
                              const std::optional<LinkProfile>& profile) {
  ports_[from].pairs[to] = Keep(profile);
  Rewire();
}

void BroadcastDomain::SetUplink(StationNumber from, const std::optional<LinkProfile>& profile) {
  ports_[from].uplink = Keep(profile);
  Rewire();
}

void BroadcastDomain::SetDownlink(StationNumber to, const std::optional<LinkProfile>& profile) {
  ports_[to].downlink = Keep(profile);
  Rewire();
}

const LinkProfile* BroadcastDomain::pair(StationNumber from, StationNumber to) const {
  const auto found = ports_[from].pairs.find(to);
  return found == ports_[from].pairs.end() ? nullptr : found->second.get();
}

const LinkProfile& BroadcastDomain::InForce(StationNumber from, StationNumber to) const {
  if (const LinkProfile* own = pair(from, to)) return *own;
  if (ports_[from].uplink != nullptr) return *ports_[from].uplink;
  if (ports_[to].downlink != nullptr) return *ports_[to].downlink;
  return profile_;
}

void BroadcastDomain::Rewire() {
  for (StationNumber from = 0; from < ports_.size(); ++from) {
    const auto& links = ports_[from].links;
    for (StationNumber to = 0; to < links.size(); ++to) {
      if (links[to] != nullptr) links[to]->Use(InForce(from, to));
    }
  }
}

// ---- Packets ----

void BroadcastDomain::Send(StationNumber from, const Packet& packet, const IpAddress& gateway) {
  const IpAddress& target = packet.target();
  if (gateway.is_set()) {
    SendToOne(from, packet, gateway);
  } else if (target.is_multicast()) {
    SendToAll(from, packet, /*multicast=*/true);
  } else if (target.is_ipv4() &&
             (broadcasts_.contains(target) || ports_[from].station->ShoutsTo(target))) {
    SendToAll(from, packet, /*multicast=*/false);
  } else {
    SendToOne(from, packet, target);
  }
}

Link& BroadcastDomain::LinkTo(StationNumber from_number, StationNumber to) {
  Port& from = ports_[from_number];
  if (from.links.size() < ports_.size()) from.links.resize(ports_.size());
  std::unique_ptr<Link>& link = from.links[to];
  if (link == nullptr) {
    link = std::make_unique<Link>(world_, *from.station, *ports_[to].station,
                                  absl::StrCat(name_, "/", from.label, "->", ports_[to].label),
                                  InForce(from_number, to));
  }
  return *link;
}

Link* BroadcastDomain::LinkTo(StationNumber from_number, const IpAddress& address) {
  Port& from = ports_[from_number];
  const auto known = from.by_address.find(address);
  if (known != from.by_address.end()) return known->second;
  const auto owner = owners_.find(address);
  if (owner == owners_.end()) {
    for (StationNumber to = 0; to < ports_.size(); ++to) {
      const Port& port = ports_[to];
      if (&port != &from && port.station->AnswersFor(address)) return &LinkTo(from_number, to);
    }
    return nullptr;
  }
  return from.by_address[address] = &LinkTo(from_number, owner->second);
}

void BroadcastDomain::SendToOne(StationNumber from, const Packet& packet,
                                const IpAddress& receiver) {
  const Station& sender = *ports_[from].station;
  if (Link* link = LinkTo(from, receiver)) {
    link->Send(packet, sender.host_name());
    return;
  }
  TraceEvent event;
  event.kind = EventKind::kUnclaimed;
  event.time = world_.timeline.elapsed();
  event.host = sender.host_name();
  event.interface = sender.interface_name();
  event.origin = sender.host_name();
  event.packet = &packet;
  world_.trace.Record(event);
}

// Those whom the packet reaches as usual share a flight.
void BroadcastDomain::SendToAll(StationNumber from, const Packet& packet, bool multicast) {
  const absl::string_view origin = ports_[from].station->host_name();
  const absl::Duration latency = profile_.latency;
  Courier::Flight& shared = world_.courier.NewFlight(packet, origin);
  const uint64_t sent = packet.event;
  for (StationNumber to = 0; to < ports_.size(); ++to) {
    if (to == from) continue;
    packet.event = sent;
    Link& link = LinkTo(from, to);
    if (multicast && !link.receiver().Wants(packet.target())) {
      link.Accompany(packet, origin, shared, latency);
    } else {
      link.SendAlong(packet, origin, shared, latency);
    }
  }
  world_.courier.Launch(shared, latency);
}

}  // namespace pollux::sim
