// SPDX-License-Identifier: Apache-2.0

#include "sim/segment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/choice/plain_name.h"
#include "sim/choice/quote.h"
#include "sim/host_parts.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

// A hardware address that no real card has (the bit for "locally administered" is set), made of the
// end of an address, so that it is as unique on its segment and does not depend on other hosts.
std::array<uint8_t, 6> HardwareAddress(const IpAddress& address) {
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  return {0x02, 0x00, bytes[12], bytes[13], bytes[14], bytes[15]};
}

// fe80:: with the modified EUI-64 of a hardware address (RFC 4291, appendix A).
IpAddress LinkLocal(const std::array<uint8_t, 6>& hardware) {
  IpAddress::Ipv6Bytes bytes = {0xfe, 0x80};
  bytes[8] = hardware[0] ^ 0x02;
  bytes[9] = hardware[1];
  bytes[10] = hardware[2];
  bytes[11] = 0xff;
  bytes[12] = 0xfe;
  for (int i = 3; i < 6; ++i) bytes[10 + i] = hardware[i];
  return IpAddress::Ipv6(bytes);
}

}  // namespace

Segment::Segment(const World& world, Topology& topology, absl::string_view name,
                 const SegmentOptions& options)
    : world_(world),
      topology_(topology),
      domain_(name, world, options.link),
      querier_at_first_(options.snooping && options.snooping->querier),
      querier_(querier_at_first_),
      no_querier_({.by_call = !querier_at_first_}) {
  if (options.snooping) domain_.AddSwitch(*options.snooping);
  for (const std::string& text : {options.ipv4, options.ipv6}) {
    if (text.empty()) continue;
    prefixes_.push_back(*Prefix::Parse(text));
    if (const auto broadcast = prefixes_.back().Broadcast()) {
      domain_.AddBroadcastAddress(*broadcast);
    }
  }
}

NetworkInterface Segment::Attach(Host& host, const AttachOptions& options) {
  const absl::Status status = ValidateAttach(host, options);
  POLLUX_CHECK(status.ok(), status.message());

  NetworkInterface interface;
  interface.name = options.name.empty() ? host.NextInterfaceName() : options.name;
  interface.display_name = interface.name;
  interface.index = host.NextInterfaceIndex();
  interface.mtu = profile().mtu;
  interface.up = true;
  interface.running = true;
  interface.can_broadcast = true;
  interface.can_multicast = true;
  const std::vector<IpAddress> addresses = *Addresses(host, options);
  interface.hardware_address = HardwareAddress(addresses.front());
  bool ipv6 = false;
  for (const IpAddress& address : addresses) {
    const Prefix& prefix = *PrefixOf(address);
    interface.addresses.push_back({address, prefix.length, prefix.Broadcast()});
    ipv6 = ipv6 || address.is_ipv6();
  }
  if (ipv6) {
    const IpAddress link_local = LinkLocal(interface.hardware_address);
    interface.addresses.push_back({link_local.WithScope(interface.index), 64, std::nullopt});
  }
  host.AddInterface(interface, domain_);
  if (options.fq) host.Pace(interface, *options.fq);
  hosts_.push_back(&host);
  topology_.Attached(*this, host, interface);
  return interface;
}

absl::Status Segment::ValidateAttach(const Host& host, const AttachOptions& options) const {
  const auto refuse = [&](absl::StatusCode code, absl::string_view why) {
    return absl::Status(code,
                        absl::StrCat("attach ", host.name(), " to segment ", name(), ": ", why));
  };
  if (&host.world_.timeline != &world_.timeline) {
    return refuse(absl::StatusCode::kInvalidArgument, "it is a host of another network");
  }
  if (host.HasInterface(options.name)) {
    return refuse(absl::StatusCode::kAlreadyExists,
                  absl::StrCat("it has an interface ", options.name, " already"));
  }
  if (!options.name.empty() &&
      (!IsPlainName(options.name) || options.name.size() > kPlainNameMax)) {
    return refuse(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat(Quote(options.name), " is no name for an interface: it must have up to ",
                     kPlainNameMax, " letters, digits, '-', '_' and '.'"));
  }
  // Draws are labelled by the host, and by its second interface here as well. Two that are called
  // alike would share their luck, and no story could tell them apart.
  const std::string interface = options.name.empty() ? host.NextInterfaceName() : options.name;
  const bool again = std::any_of(host.interfaces_.begin(), host.interfaces_.end(),
                                 [this](const auto& one) { return one->domain == &domain_; });
  const std::string label =
      again ? absl::StrCat(host.name(), ".", interface) : std::string(host.name());
  const auto has_it = [&](const Host* other) {
    bool first = true;
    return std::any_of(other->interfaces_.begin(), other->interfaces_.end(), [&](const auto& one) {
      if (one->domain != &domain_) return false;
      if (std::exchange(first, false)) return other->name() == label;
      return absl::StrCat(other->name(), ".", one->interface_name()) == label;
    });
  };
  const bool has_dot = label.find('.') != std::string::npos;
  const bool taken = (has_switch() && label == "switch") ||
                     (has_dot && std::any_of(hosts_.begin(), hosts_.end(), has_it));
  if (taken) {
    return refuse(absl::StatusCode::kAlreadyExists,
                  absl::StrCat("there is something called ", label,
                               " on it already, whose luck it would share"));
  }
  if (options.fq && !host.rules_.queue_options) {
    return refuse(absl::StatusCode::kInvalidArgument,
                  absl::StrCat("the queue fq is Linux's; ", ToString(host.rules_.platform),
                               " has none that paces"));
  }
  if (options.fq) {
    const absl::Status fq = Validate(*options.fq);
    if (!fq.ok()) return refuse(fq.code(), fq.message());
  }
  const absl::StatusOr<std::vector<IpAddress>> addresses = Addresses(host, options);
  if (!addresses.ok()) return refuse(addresses.status().code(), addresses.status().message());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<IpAddress>> Segment::Addresses(const Host& host,
                                                          const AttachOptions& options) const {
  std::vector<IpAddress> addresses;
  for (const std::string& text : options.addresses) {
    const absl::StatusOr<IpAddress> address = GivenAddress(text);
    if (!address.ok()) return address.status();
    if (address->is_ipv6() && !host.options_.ipv6) {
      return absl::InvalidArgumentError(absl::StrCat("the host has no IPv6 for ", text));
    }
    if (std::count(addresses.begin(), addresses.end(), *address) > 0) {
      return absl::AlreadyExistsError(absl::StrCat("address ", text, " is given twice"));
    }
    addresses.push_back(*address);
  }
  for (const Prefix& prefix : prefixes_) {
    const bool given = std::any_of(
        addresses.begin(), addresses.end(),
        [&](const IpAddress& address) { return address.family() == prefix.network.family(); });
    if (given || (prefix.network.is_ipv6() && !host.options_.ipv6)) continue;
    const absl::StatusOr<IpAddress> address = NextAddress(prefix);
    if (!address.ok()) return address.status();
    addresses.push_back(*address);
  }
  if (addresses.empty()) {
    return absl::InvalidArgumentError("the segment has IPv6 alone, and the host has none");
  }
  return addresses;
}

absl::StatusOr<IpAddress> Segment::GivenAddress(absl::string_view text) const {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  if (!address.ok()) return address.status();
  const Prefix* prefix = PrefixOf(*address);
  if (prefix != nullptr && *address != address->WithScope(0)) {
    return absl::InvalidArgumentError(absl::StrCat("address ", text, " has a scope; write it as ",
                                                   address->WithScope(0).ToString()));
  }
  if (prefix == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", text, " is in none of the segment's prefixes"));
  }
  if (*address == prefix->network || *address == prefix->Broadcast()) {
    return absl::InvalidArgumentError(absl::StrCat("address ", text, " is the first or last of ",
                                                   prefix->ToString(), ", which no host can have"));
  }
  if (domain_.HasAddress(*address)) {
    return absl::AlreadyExistsError(absl::StrCat("address ", text, " is taken"));
  }
  return *address;
}

uint32_t Segment::InterfaceWith(const Host& host, const IpAddress& address) const {
  for (const NetworkInterface& interface : host.stack_.interfaces()) {
    if (host.interfaces_[interface.index - 1]->domain != &domain_) continue;
    for (const InterfaceAddress& entry : interface.addresses) {
      if (entry.address == address) return interface.index;
    }
  }
  return 0;
}

absl::Status Segment::ValidateAddAddress(const Host& host, absl::string_view address) const {
  const absl::StatusOr<IpAddress> parsed = GivenAddress(address);
  absl::Status status = parsed.status();
  if (!IsAttached(host)) {
    status = absl::InvalidArgumentError("it is not attached to the segment");
  } else if (status.ok() && parsed->is_ipv6() && !host.options_.ipv6) {
    status = absl::InvalidArgumentError("it has no IPv6");
  }
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("give ", address, " on segment ", name(), " to host ",
                                   host.name(), ": ", status.message()));
}

absl::Status Segment::ValidateRemoveAddress(const Host& host, absl::string_view address) const {
  const absl::StatusOr<IpAddress> parsed = IpAddress::Parse(address);
  if (parsed.ok() && InterfaceWith(host, *parsed) != 0) return absl::OkStatus();
  const absl::Status status =
      parsed.ok() ? absl::NotFoundError("it does not have it") : parsed.status();
  return absl::Status(status.code(),
                      absl::StrCat("take ", address, " on segment ", name(), " from host ",
                                   host.name(), ": ", status.message()));
}

void Segment::AddAddress(Host& host, absl::string_view address) {
  const absl::Status status = ValidateAddAddress(host, address);
  POLLUX_CHECK(status.ok(), status.message());
  const IpAddress parsed = *IpAddress::Parse(address);
  const Prefix& prefix = *PrefixOf(parsed);
  const BroadcastDomain::StationNumber station = StationsOf(host).front();
  const auto interface = std::find_if(
      host.interfaces_.begin(), host.interfaces_.end(),
      [&](const auto& entry) { return entry->domain == &domain_ && entry->number == station; });
  const uint32_t index = (*interface)->index();
  domain_.AddAddress(station, parsed);
  host.stack_.AddAddress(index, {parsed, prefix.length, prefix.Broadcast()});
  host.stack_.Reconfigure(index);
  host.RecordFault(absl::StrCat("has ", address, " as well"), (*interface)->interface_name());
}

void Segment::RemoveAddress(Host& host, absl::string_view address) {
  const absl::Status status = ValidateRemoveAddress(host, address);
  POLLUX_CHECK(status.ok(), status.message());
  const IpAddress parsed = *IpAddress::Parse(address);
  const uint32_t index = InterfaceWith(host, parsed);
  for (const IpAddress& gone : host.stack_.RemoveAddress(index, parsed)) {
    domain_.RemoveAddress(gone.WithScope(0));
    host.RecordFault(absl::StrCat("has ", gone.ToString(), " no more"),
                     host.interfaces_[index - 1]->interface_name());
  }
}

absl::StatusOr<IpAddress> Segment::NextAddress(const Prefix& prefix) const {
  // The search begins at the number of hosts: unless addresses were given, that is the next one.
  const uint32_t first = static_cast<uint32_t>(hosts_.size()) + 1;
  for (uint32_t number = first; const auto address = prefix.Host(number); ++number) {
    if (!domain_.HasAddress(*address)) return *address;
  }
  for (uint32_t number = 1; number < first; ++number) {
    const auto address = prefix.Host(number);
    if (address.has_value() && !domain_.HasAddress(*address)) return *address;
  }
  return absl::ResourceExhaustedError(absl::StrCat(prefix.ToString(), " has no address left"));
}

const Prefix* Segment::PrefixOf(AddressFamily family) const {
  for (const Prefix& prefix : prefixes_) {
    if (prefix.network.family() == family) return &prefix;
  }
  return nullptr;
}

const Prefix* Segment::PrefixOf(const IpAddress& address) const {
  for (const Prefix& prefix : prefixes_) {
    if (prefix.Contains(address)) return &prefix;
  }
  return nullptr;
}

void Segment::SetProfile(const LinkProfile& profile) {
  const absl::Status status = ValidateProfile(profile);
  POLLUX_CHECK(status.ok(), status.message());
  const bool resized = profile.mtu != domain_.profile().mtu;
  domain_.SetProfile(profile);
  if (!resized) return;
  for (Host* host : hosts_) host->SetMtu(domain_, profile.mtu);
}

// ---- Directions ----

void Segment::SetProfile(const Host& from, const Host& to, const LinkProfile& profile) {
  CheckDirection(profile);
  Direct(from, to, profile);
}

void Segment::SetUplink(const Host& host, const LinkProfile& profile) {
  CheckDirection(profile);
  for (const auto station : StationsOf(host)) domain_.SetUplink(station, profile);
}

void Segment::SetDownlink(const Host& host, const LinkProfile& profile) {
  CheckDirection(profile);
  for (const auto station : StationsOf(host)) domain_.SetDownlink(station, profile);
}

void Segment::ClearProfile(const Host& from, const Host& to) { Direct(from, to, std::nullopt); }

void Segment::ClearUplink(const Host& host) {
  for (const auto station : StationsOf(host)) domain_.SetUplink(station, std::nullopt);
}

void Segment::ClearDownlink(const Host& host) {
  for (const auto station : StationsOf(host)) domain_.SetDownlink(station, std::nullopt);
}

const LinkProfile* Segment::pair_profile(const Host& from, const Host& to) const {
  return domain_.pair(StationsOf(from).front(), StationsOf(to).front());
}

const LinkProfile* Segment::uplink(const Host& host) const {
  return domain_.uplink(StationsOf(host).front());
}

const LinkProfile* Segment::downlink(const Host& host) const {
  return domain_.downlink(StationsOf(host).front());
}

const LinkProfile& Segment::ProfileInForce(const Host& from, const Host& to) const {
  return domain_.InForce(StationsOf(from).front(), StationsOf(to).front());
}

QueueLength Segment::UplinkQueue(const Host& host) const {
  return domain_.UplinkQueue(StationsOf(host).front());
}

QueueLength Segment::DownlinkQueue(const Host& host) const {
  return domain_.DownlinkQueue(StationsOf(host).front());
}

QueueLength Segment::PairQueue(const Host& from, const Host& to) const {
  return domain_.PairQueue(StationsOf(from).front(), StationsOf(to).front());
}

void Segment::CheckPair(const Host& from, const Host& to) const {
  POLLUX_CHECK(&from != &to || StationsOf(from).size() > 1,
               absl::StrCat("segment ", name(), " has no link from ", from.name(),
                            " to itself; Host::SetLoopbackProfile is about what a host sends to "
                            "itself"));
}

void Segment::Direct(const Host& from, const Host& to, const std::optional<LinkProfile>& profile) {
  CheckPair(from, to);
  for (const auto sender : StationsOf(from)) {
    for (const auto receiver : StationsOf(to)) domain_.SetPair(sender, receiver, profile);
  }
}

std::vector<BroadcastDomain::StationNumber> Segment::StationsOf(const Host& host) const {
  std::vector<BroadcastDomain::StationNumber> stations;
  for (const auto& interface : host.interfaces_) {
    if (interface->domain == &domain_) stations.push_back(interface->number);
  }
  POLLUX_CHECK(!stations.empty(),
               absl::StrCat("host ", host.name(), " is not attached to segment ", name()));
  return stations;
}

bool Segment::IsAttached(const Host& host) const {
  return std::find(hosts_.begin(), hosts_.end(), &host) != hosts_.end();
}

FaultGuard Segment::Fault(const Host* from, const Host* to, const LinkChange& change) {
  const absl::Status status = Validate(change);
  POLLUX_CHECK(status.ok(), absl::StrCat("segment ", name(), ": ", status.message()));
  if (from != nullptr && to != nullptr) CheckPair(*from, *to);
  using Stations = std::vector<std::optional<BroadcastDomain::StationNumber>>;
  const auto stations = [&](const Host* host) {
    if (host == nullptr) return Stations{std::nullopt};
    const std::vector<BroadcastDomain::StationNumber> numbers = StationsOf(*host);
    return Stations(numbers.begin(), numbers.end());
  };
  std::vector<uint64_t> faults;
  for (const auto& sender : stations(from)) {
    for (const auto& receiver : stations(to)) {
      faults.push_back(domain_.AddFault(sender, receiver, change));
    }
  }
  const std::string way =
      absl::StrCat(from == nullptr ? "*" : from->name(), "->", to == nullptr ? "*" : to->name());
  RecordFault(absl::StrCat(way, ": ", change.ToString()));
  return era_.Guard([this, faults, note = absl::StrCat(way, ": no more ", change.ToString())] {
    for (const uint64_t fault : faults) domain_.RemoveFault(fault);
    RecordFault(note);
  });
}

void Segment::Quiesce() {
  era_.End();
  domain_.ClearFaults();
  no_querier_ = {.by_call = !querier_at_first_};
  if (has_switch()) ApplyQuerier();
}

void Segment::RecordFault(absl::string_view note) {
  world_.trace.RecordFault(world_.timeline.elapsed(), name(), "", note);
}

// ---- The switch ----

SnoopingSwitch& Segment::Switch() const {
  POLLUX_CHECK(domain_.snooping() != nullptr,
               absl::StrCat("segment ", name(),
                            " has no switch that reads IGMP; SegmentOptions::snooping adds one"));
  return *domain_.snooping();
}

void Segment::SetQuerier(bool querier) {
  no_querier_.by_call = !querier;
  ApplyQuerier();
}

FaultGuard Segment::HoldQuerierOff() {
  ++no_querier_.guards;
  ApplyQuerier();
  return era_.Guard([this] {
    --no_querier_.guards;
    ApplyQuerier();
  });
}

void Segment::ApplyQuerier() {
  SnoopingSwitch& its_switch = Switch();
  if (querier_ == !no_querier_.on()) return;
  querier_ = !querier_;
  its_switch.SetQuerier(querier_);
  RecordFault(querier_ ? "has a querier" : "has no querier");
}

void Segment::RestartSwitch() {
  Switch().Restart();
  RecordFault("switch restarted");
}

bool Segment::Forwards(const IpAddress& group, const Host& to) const {
  const std::vector<BroadcastDomain::StationNumber> stations = StationsOf(to);
  return std::any_of(stations.begin(), stations.end(), [&](BroadcastDomain::StationNumber number) {
    return Switch().Forwards(number, group.WithScope(0));
  });
}

void Segment::CheckDirection(const LinkProfile& profile) const {
  const absl::Status status = ValidateDirection(profile);
  POLLUX_CHECK(status.ok(), status.message());
}

absl::Status Segment::ValidateDirection(const LinkProfile& profile) const {
  if (absl::Status s = ValidateProfile(profile); !s.ok()) return s;
  const uint32_t mtu = this->profile().mtu;
  if (profile.mtu == mtu) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("segment ", name(), ": mtu ", profile.mtu,
                                                 " for one direction: its interfaces have ", mtu));
}

absl::Status Segment::ValidateProfile(const LinkProfile& profile) const {
  absl::Status status = Validate(profile, prefixes_.back().network.is_ipv6());
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("segment ", name(), ": ", status.message()));
}

}  // namespace pollux::sim
