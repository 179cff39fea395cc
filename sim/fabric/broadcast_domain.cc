// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/broadcast_domain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/choice/quote.h"
#include "sim/fabric/courier.h"
#include "sim/trace/trace.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

std::unique_ptr<LinkProfile> Keep(const std::optional<LinkProfile>& profile) {
  return profile.has_value() ? std::make_unique<LinkProfile>(*profile) : nullptr;
}

// Of a line that nobody waits for.
const LinkProfile kNothing;

}  // namespace

BroadcastDomain::BroadcastDomain(absl::string_view name, const World& world,
                                 const LinkProfile& profile)
    : name_(name), world_(world), profile_(profile), broadcasts_({IpAddress::Broadcast()}) {}

class BroadcastDomain::Crowd final : public Departure {
 public:
  Crowd(BroadcastDomain& domain, StationNumber from) : domain_(domain), from_(from) {}
  void Depart(const Packet& packet, const Name& origin) override {
    domain_.Spread(from_, packet, origin, domain_.ports_[from_].out.get());
  }
  Name way() const override { return domain_.name_.label(); }
  const Station* single_receiver() const override { return nullptr; }

 private:
  BroadcastDomain& domain_;
  const StationNumber from_;
};

BroadcastDomain::~BroadcastDomain() = default;

void BroadcastDomain::CheckNoRule(absl::string_view what) const {
  POLLUX_CHECK(world_.rules == nullptr || !world_.rules->asking(),
               absl::StrCat("a rule has ", what, " segment ", name(),
                            " while a packet crosses; have a loop do it: EventLoop::Post"));
}

BroadcastDomain::StationNumber BroadcastDomain::Attach(Station& station) {
  CheckNoRule("attached a host to");
  const bool again = std::any_of(ports_.begin(), ports_.end(), [&](const Port& port) {
    return port.station->host_name() == station.host_name();
  });
  Port& port = ports_.emplace_back();
  port.station = &station;
  const absl::string_view host = station.host_name();
  port.label = again ? absl::StrCat(host, ".", station.interface_name()) : std::string(host);
  if (switch_ != nullptr) switch_->Connect(station, port.label);
  RewireLines();
  return ports_.size() - 1;
}

std::optional<BroadcastDomain::Ends> BroadcastDomain::FindLink(absl::string_view ends) const {
  const size_t arrow = ends.find("->");
  if (arrow == ends.npos) return std::nullopt;
  const auto find = [this](absl::string_view label) -> const Station* {
    const auto port = std::find_if(ports_.begin(), ports_.end(),
                                   [&](const Port& entry) { return entry.label == label; });
    return port == ports_.end() ? nullptr : port->station;
  };
  const Ends found = {find(ends.substr(0, arrow)), find(ends.substr(arrow + 2))};
  if (found.from == nullptr || found.to == nullptr || found.from == found.to) return std::nullopt;
  return found;
}

std::string BroadcastDomain::Labels() const {
  std::vector<absl::string_view> all;
  for (const Port& port : ports_) all.push_back(port.label);
  return ListSome(all);
}

// ---- The switch ----

void BroadcastDomain::AddSwitch(const SnoopingOptions& options) {
  POLLUX_CHECK(ports_.empty(), absl::StrCat("segment ", name(), " gets a switch after stations"));
  switch_ = std::make_unique<SnoopingSwitch>(
      world_, name(), options, [this](StationNumber from) -> const LinkProfile& {
        const Port& port = ports_[from];
        return faults_.Apply(from, from, port.uplink == nullptr ? profile_ : *port.uplink);
      });
}

void BroadcastDomain::GroupChanged(StationNumber station, const IpAddress& group, bool wanted) {
  if (switch_ != nullptr) switch_->GroupChanged(station, group, wanted);
}

void BroadcastDomain::SetAwake(StationNumber station, bool awake) {
  if (switch_ != nullptr) switch_->SetAwake(station, awake);
}

void BroadcastDomain::SetLink(StationNumber station, bool link, bool reports) {
  if (switch_ != nullptr) switch_->SetLink(station, link, reports);
}

// ---- Addresses ----

void BroadcastDomain::AddAddress(StationNumber station, const IpAddress& address) {
  POLLUX_CHECK(owners_.try_emplace(address, station).second,
               absl::StrCat("address ", address.ToString(), " is twice on segment ", name()));
  ++version_;
}

void BroadcastDomain::RemoveAddress(const IpAddress& address) {
  owners_.erase(address);
  ++version_;
}

void BroadcastDomain::AddBroadcastAddress(const IpAddress& address) {
  broadcasts_.push_back(address);
  ++version_;
}

// ---- Profiles ----

void BroadcastDomain::SetProfile(const LinkProfile& profile) {
  CheckNoRule("set a profile of");
  profile_ = profile;
  Rewire();
}

void BroadcastDomain::SetPair(StationNumber from, StationNumber to,
                              const std::optional<LinkProfile>& profile) {
  CheckNoRule("set a profile of");
  ports_[from].pairs[to] = Keep(profile);
  Rewire();
}

void BroadcastDomain::SetUplink(StationNumber from, const std::optional<LinkProfile>& profile) {
  CheckNoRule("set a profile of");
  ports_[from].uplink = Keep(profile);
  Rewire();
}

void BroadcastDomain::SetDownlink(StationNumber to, const std::optional<LinkProfile>& profile) {
  CheckNoRule("set a profile of");
  ports_[to].downlink = Keep(profile);
  Rewire();
}

const LinkProfile* BroadcastDomain::pair(StationNumber from, StationNumber to) const {
  const auto found = ports_[from].pairs.find(to);
  return found == ports_[from].pairs.end() ? nullptr : found->second.get();
}

const LinkProfile& BroadcastDomain::InForce(StationNumber from, StationNumber to) const {
  return faults_.Apply(from, to, Configured(from, to));
}

uint64_t BroadcastDomain::AddFault(std::optional<StationNumber> from,
                                   std::optional<StationNumber> to, const LinkChange& change) {
  const uint64_t fault = faults_.Add(from, to, change);
  Rewire();
  return fault;
}

void BroadcastDomain::RemoveFault(uint64_t fault) {
  faults_.Remove(fault);
  Rewire();
}

void BroadcastDomain::ClearFaults() {
  faults_.Clear();
  Rewire();
}

const LinkProfile& BroadcastDomain::Configured(StationNumber from, StationNumber to) const {
  if (const LinkProfile* own = pair(from, to)) return *own;
  if (ports_[from].uplink != nullptr) return *ports_[from].uplink;
  if (ports_[to].downlink != nullptr) return *ports_[to].downlink;
  return profile_;
}

void BroadcastDomain::Rewire() {
  RewireLines();
  for (StationNumber from = 0; from < ports_.size(); ++from) {
    const auto& links = ports_[from].links;
    for (StationNumber to = 0; to < links.size(); ++to) {
      if (links[to] != nullptr) Wire(*links[to], from, to);
    }
  }
}

void BroadcastDomain::RewireLines() {
  const auto use = [&](std::unique_ptr<Transmitter>& line, const Port& port,
                       const LinkProfile& profile) {
    if (line != nullptr) {
      line->Use(profile);
    } else if (profile.rate > 0) {
      line = std::make_unique<Transmitter>(world_, *port.station, profile);
    }
  };
  for (StationNumber number = 0; number < ports_.size(); ++number) {
    Port& port = ports_[number];
    use(port.out, port, port.uplink == nullptr ? profile_ : *port.uplink);
    use(port.in, port, port.downlink == nullptr ? kNothing : *port.downlink);
    if (port.out != nullptr && port.crowd == nullptr) {
      port.crowd = std::make_unique<Crowd>(*this, number);
    }
  }
}

void BroadcastDomain::Wire(Link& link, StationNumber from, StationNumber to) {
  const LinkProfile& profile = InForce(from, to);
  if (pair(from, to) != nullptr) {
    link.Use(profile);
  } else if (ports_[from].uplink == nullptr && ports_[to].downlink != nullptr) {
    link.Use(profile, ports_[to].in.get());
  } else {
    link.Use(profile, ports_[from].out.get());
  }
}

QueueLength BroadcastDomain::UplinkQueue(StationNumber from) const {
  const Port& port = ports_[from];
  return port.out == nullptr ? QueueLength() : port.out->length();
}

QueueLength BroadcastDomain::DownlinkQueue(StationNumber to) const {
  const Port& port = ports_[to];
  return port.in == nullptr ? QueueLength() : port.in->length();
}

QueueLength BroadcastDomain::PairQueue(StationNumber from, StationNumber to) const {
  const auto& links = ports_[from].links;
  return to < links.size() && links[to] != nullptr ? links[to]->own_queue() : QueueLength();
}

// ---- Packets ----

bool BroadcastDomain::Send(StationNumber from, const Packet& packet, const Name& origin,
                           const IpAddress& gateway) {
  const IpAddress& receiver = gateway.is_set() ? gateway : packet.target();
  const Way& way = WayTo(from, receiver);
  if (way.for_all && !gateway.is_set()) {
    SendToAll(from, packet, origin);
    return true;
  }
  if (way.link != nullptr) {
    way.link->Send(packet, origin);
    return true;
  }
  return SendElsewhere(from, packet, origin, receiver);
}

const BroadcastDomain::Way& BroadcastDomain::WayTo(StationNumber from, const IpAddress& address) {
  Port& port = ports_[from];
  // The sum of two counts that never go back changes when either does.
  return port.ways.Get({address}, version_ + port.station->addresses_version(),
                       [&] { return FindWay(from, address); });
}

BroadcastDomain::Way BroadcastDomain::FindWay(StationNumber from, const IpAddress& address) {
  if (address.is_multicast()) return {nullptr, true};
  const bool for_all = address.is_ipv4() && (std::find(broadcasts_.begin(), broadcasts_.end(),
                                                       address) != broadcasts_.end() ||
                                             ports_[from].station->ShoutsTo(address));
  const auto owner = owners_.find(address);
  return {owner == owners_.end() ? nullptr : &LinkTo(from, owner->second), for_all};
}

Link& BroadcastDomain::LinkTo(StationNumber from_number, StationNumber to) {
  Port& from = ports_[from_number];
  if (from.links.size() < ports_.size()) from.links.resize(ports_.size());
  std::unique_ptr<Link>& link = from.links[to];
  if (link == nullptr) {
    link = std::make_unique<Link>(world_, *from.station, *ports_[to].station,
                                  absl::StrCat(name(), "/", from.label, "->", ports_[to].label),
                                  InForce(from_number, to));
    Wire(*link, from_number, to);
  }
  return *link;
}

bool BroadcastDomain::SendElsewhere(StationNumber from, const Packet& packet, const Name& origin,
                                    const IpAddress& receiver) {
  for (StationNumber to = 0; to < ports_.size(); ++to) {
    if (to == from || !ports_[to].station->AnswersFor(receiver)) continue;
    LinkTo(from, to).Send(packet, origin);
    return true;
  }
  const Station& sender = *ports_[from].station;
  TraceEvent event;
  event.kind = EventKind::kUnclaimed;
  event.time = world_.timeline.elapsed();
  event.host = sender.host_name();
  event.interface = sender.interface_name();
  event.origin = origin;
  event.packet = &packet;
  world_.trace.Record(event);
  ports_[from].station->Unclaimed(packet);
  return false;
}

// Who sends a packet for many sends it once: it waits for his line once, however many get it. Those
// who get his packets by other lines are not concerned by that.
void BroadcastDomain::SendToAll(StationNumber from, const Packet& packet, const Name& origin) {
  Port& port = ports_[from];
  Spread(from, packet, origin, nullptr);
  if (port.out != nullptr && port.out->in_use()) {
    port.out->Enqueue(packet, origin, *port.crowd);
  }
}

// Those whom the packet reaches as usual share a flight.
void BroadcastDomain::Spread(StationNumber from, const Packet& packet, const Name& origin,
                             const Transmitter* line) {
  const absl::Duration latency = profile_.latency;
  const bool multicast = packet.target().is_multicast();
  Courier::Flight& shared = world_.courier.NewFlight(packet, origin);
  shared.SetWay(name_);
  const Transmitter* const out = ports_[from].out.get();
  const Transmitter* const own = out != nullptr && out->in_use() ? out : nullptr;
  const uint64_t sent = packet.event;
  for (StationNumber to = 0; to < ports_.size(); ++to) {
    if (to == from) continue;
    packet.event = sent;
    Link& link = LinkTo(from, to);
    if (line != nullptr ? !link.WaitsFor(line) : link.WaitsFor(own)) continue;
    if (multicast && switch_ != nullptr && !switch_->Forwards(to, packet.target())) {
      if (link.receiver().Wants(packet.target())) link.KeepBack(packet, origin);
    } else if (multicast && !link.receiver().Wants(packet.target())) {
      link.Accompany(packet, origin, shared, latency);
    } else if (line == nullptr && link.line() != nullptr) {
      link.Send(packet, origin);
    } else {
      link.CrossAlong(packet, origin, shared, latency);
    }
  }
  packet.event = sent;
  if (shared.has_receivers()) {
    world_.courier.Launch(shared, latency);
  } else {
    world_.courier.Discard(shared);
  }
}

}  // namespace pollux::sim
