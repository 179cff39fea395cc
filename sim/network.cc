// SPDX-License-Identifier: Apache-2.0

#include "sim/network.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sim/choice/plain_name.h"
#include "sim/choice/quote.h"
#include "udp/internal/check.h"
#include "udp/internal/inet_aton.h"

namespace pollux::sim {
namespace {

constexpr char kRuleRuns[] = "a rule has run the network while a packet crosses";

absl::Status ValidateName(absl::string_view what, absl::string_view name) {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" is no name for a ", what, ": ", why));
  };
  if (name.empty() || name.size() > kPlainNameMax) {
    return refuse(absl::StrCat("it must have from 1 to ", kPlainNameMax, " characters"));
  }
  if (!IsPlainName(name)) return refuse("it must be of letters, digits, '-', '_' and '.'");
  if (IpAddress::Parse(name).ok()) return refuse("it is an address");
  return absl::OkStatus();
}

absl::Status ValidatePrefix(absl::string_view text, AddressFamily family) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Prefix> prefix = Prefix::Parse(text);
  if (!prefix.ok()) return prefix.status();
  if (prefix->network.family() == family) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(text, " is no ", ToString(family), " prefix"));
}

void CheckOptions(absl::string_view name, const HostOptions& options) {
  const absl::Status clock = Validate(options.clock);
  POLLUX_CHECK(clock.ok(), absl::StrCat("host ", name, ": ", clock.message()));
  if (!options.rules) return;
  const int first = options.rules->ephemeral_first;
  const int last = options.rules->ephemeral_last;
  POLLUX_CHECK(first >= 1 && first <= last,
               absl::StrCat("host ", name, ": its rules' ephemeral ports from ", first, " to ",
                            last, " are none; the first must be from 1 to the last"));
}

// Destinations that the asker can reach without a router before others, and else as given.
void SortByReach(const std::vector<NetworkInterface>& interfaces,
                 std::vector<IpAddress>& addresses) {
  const auto is_near = [&](const IpAddress& address) {
    for (const NetworkInterface& interface : interfaces) {
      for (const InterfaceAddress& entry : interface.addresses) {
        if (address.IsIn(entry.address, entry.prefix_length)) return true;
      }
    }
    return false;
  };
  std::stable_partition(addresses.begin(), addresses.end(), is_near);
}

}  // namespace

Network::Network(const NetworkOptions& options)
    : options_(options),
      choices_(options.seed, options.choices),
      timeline_(trace_, options.events_max),
      courier_(timeline_, options.packets_in_flight_max) {
  POLLUX_CHECK(options.resolve_delay >= absl::ZeroDuration() &&
                   options.resolve_delay < absl::InfiniteDuration(),
               absl::StrCat("resolve_delay ", absl::FormatDuration(options.resolve_delay),
                            " is negative or infinite"));
  POLLUX_CHECK(
      options.wall_start > absl::InfinitePast() && options.wall_start < absl::InfiniteFuture(),
      "wall_start is no time of day: it is infinite");
}

Network::~Network() {
  POLLUX_CHECK(!timeline_.running() && !rules_.asking(),
               "a network was destroyed by one of its own callbacks");
  for (const std::unique_ptr<PlanRunner>& plan : plans_) plan->Cancel();
  for (const std::unique_ptr<Host>& host : hosts_) host->EndProgram();
  // Callbacks that wait can own sockets, of any host, and must go before the first host does.
  bool any = true;
  while (any) {
    any = timeline_.DropPosted();
    for (const std::unique_ptr<Host>& host : hosts_) any = host->DropCallbacks() || any;
  }
}

HostEngine::NameService Network::NamesOfNext() {
  return [this, number = hosts_.size()](absl::string_view wanted) {
    return Lookup(*hosts_[number], wanted);
  };
}

void Network::Enter(std::unique_ptr<Host> host) {
  host_names_[absl::AsciiStrToLower(host->name())] = host.get();
  host->partitions_ = &partitions_;
  hosts_.push_back(std::move(host));
}

Host& Network::AddHost(absl::string_view name, const HostOptions& options) {
  const absl::Status status = ValidateHost(name);
  POLLUX_CHECK(status.ok(), status.message());
  CheckOptions(name, options);
  Enter(std::unique_ptr<Host>(new Host(world(), name, options, options_.wall_start,
                                       options_.resolve_delay, NamesOfNext())));
  return *hosts_.back();
}

Router& Network::AddRouter(absl::string_view name,
                           const std::vector<std::reference_wrapper<Segment>>& segments,
                           const RouterOptions& options) {
  const absl::Status status = ValidateHost(name);
  POLLUX_CHECK(status.ok(), status.message());
  CheckOptions(name, options.host);
  auto* router = new Router(world(), name, options, options_.wall_start, options_.resolve_delay,
                            NamesOfNext());
  Enter(std::unique_ptr<Host>(router));
  for (Segment& segment : segments) segment.Attach(*router);
  return *router;
}

absl::Status Network::ValidateNat(absl::string_view name, const Segment& inside,
                                  const Segment& outside, const NatOptions& options) const {
  if (absl::Status status = ValidateHost(name); !status.ok()) return status;
  const auto refuse = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("NAT ", name, ": ", status.message()));
  };
  if (absl::Status status = Validate(options.rules); !status.ok()) return refuse(status);
  if (&inside == &outside) {
    return refuse(absl::InvalidArgumentError(
        absl::StrCat("segment ", inside.name(), " cannot be both inside and outside")));
  }
  for (const Segment* segment : {&inside, &outside}) {
    if (FindSegment(segment->name()) != segment) {
      return refuse(absl::InvalidArgumentError(
          absl::StrCat("segment ", segment->name(), " is of another network")));
    }
    const Prefix* prefix = segment->PrefixOf(AddressFamily::kIpv4);
    if (prefix == nullptr) {
      return refuse(absl::InvalidArgumentError(
          absl::StrCat("segment ", segment->name(), " has no IPv4, which is what is translated")));
    }
    const absl::StatusOr<IpAddress> address = segment->NextAddress(*prefix);
    if (!address.ok()) return refuse(address.status());
  }
  return absl::OkStatus();
}

Nat& Network::AddNat(absl::string_view name, Segment& inside, Segment& outside,
                     const NatOptions& options) {
  const absl::Status status = ValidateNat(name, inside, outside, options);
  POLLUX_CHECK(status.ok(), status.message());
  CheckOptions(name, options.router.host);
  const IpAddress external = *outside.NextAddress(*outside.PrefixOf(AddressFamily::kIpv4));
  auto* nat = new Nat(world(), name, options, external, options_.wall_start, options_.resolve_delay,
                      NamesOfNext());
  Enter(std::unique_ptr<Host>(nat));
  inside.Attach(*nat);
  nat->routing_.outside = nat->NextInterfaceIndex();
  outside.Attach(*nat, {.addresses = {external.ToString()}});
  return *nat;
}

absl::Status Network::ValidateLink(absl::string_view name, const Host& a, const Host& b,
                                   const LinkOptions& options) const {
  const SegmentOptions segment = {
      .ipv4 = options.ipv4, .ipv6 = options.ipv6, .link = options.there};
  if (absl::Status status = ValidateSegment(name, segment); !status.ok()) return status;
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("link ", name, ": ", why));
  };
  for (const std::string& text : {options.ipv4, options.ipv6}) {
    if (text.empty()) continue;
    const Prefix prefix = *Prefix::Parse(text);
    const int longest = prefix.network.is_ipv4() ? 30 : 126;
    if (prefix.length == longest) continue;
    return refuse(absl::StrCat(text, " has room for more than two; a link's is a /", longest));
  }
  if (&a == &b) return refuse(absl::StrCat(a.name(), " is at both of its ends"));
  for (const Host* host : {&a, &b}) {
    if (FindHost(host->name()) == host) continue;
    return refuse(absl::StrCat(host->name(), " is a host of another network"));
  }
  if (!options.back) return absl::OkStatus();
  if (options.back->mtu != options.there.mtu) {
    return refuse(
        absl::StrCat("its MTU is ", options.there.mtu, " there and ", options.back->mtu, " back"));
  }
  return Validate(*options.back, !options.ipv6.empty());
}

Segment& Network::AddLink(absl::string_view name, Host& a, Host& b, const LinkOptions& options) {
  const absl::Status status = ValidateLink(name, a, b, options);
  POLLUX_CHECK(status.ok(), status.message());
  Segment& link = AddSegment(
      name, SegmentOptions{.ipv4 = options.ipv4, .ipv6 = options.ipv6, .link = options.there});
  link.Attach(a);
  link.Attach(b);
  if (options.back) link.SetProfile(b, a, *options.back);
  return link;
}

absl::Status Network::ValidateHost(absl::string_view name) const {
  if (absl::Status status = ValidateName("host", name); !status.ok()) return status;
  // Nobody could look it up.
  if (const auto address = internal::ReadAsInetAton(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" is no name for a host: programs read it as the address ",
                     address->ToString()));
  }
  if (absl::AsciiStrToLower(name) == "localhost") {
    return absl::InvalidArgumentError("\"localhost\" is no name for a host: it is every host's");
  }
  if (FindHost(name) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("there is a host \"", name, "\" already"));
  }
  return absl::OkStatus();
}

Segment& Network::AddSegment(absl::string_view name, const SegmentOptions& options) {
  const absl::Status status = ValidateSegment(name, options);
  POLLUX_CHECK(status.ok(), status.message());
  segments_.emplace_back(new Segment(world(), topology_, name, options));
  return *segments_.back();
}

Segment& Network::AddSegment(absl::string_view name, absl::string_view prefix,
                             const LinkProfile& link) {
  SegmentOptions options{.link = link};
  const bool ipv6 = prefix.find(':') != prefix.npos;
  (ipv6 ? options.ipv6 : options.ipv4) = std::string(prefix);
  return AddSegment(name, options);
}

absl::Status Network::ValidateSegment(absl::string_view name, const SegmentOptions& options) const {
  if (absl::Status status = ValidateName("segment", name); !status.ok()) return status;
  const auto refuse = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("segment ", name, ": ", status.message()));
  };
  if (options.ipv4.empty() && options.ipv6.empty()) {
    return refuse(absl::InvalidArgumentError("it has no prefix; give it one like 10.0.0.0/24"));
  }
  for (const absl::Status& status : {ValidatePrefix(options.ipv4, AddressFamily::kIpv4),
                                     ValidatePrefix(options.ipv6, AddressFamily::kIpv6),
                                     Validate(options.link, !options.ipv6.empty()),
                                     Validate(options.snooping.value_or(SnoopingOptions()))}) {
    if (!status.ok()) return refuse(status);
  }
  for (const std::unique_ptr<Segment>& other : segments_) {
    if (other->name() == name) {
      return absl::AlreadyExistsError(absl::StrCat("there is a segment \"", name, "\" already"));
    }
    for (const std::string& text : {options.ipv4, options.ipv6}) {
      for (const Prefix& prefix : other->prefixes_) {
        if (text.empty() || !prefix.Overlaps(*Prefix::Parse(text))) continue;
        return refuse(absl::AlreadyExistsError(
            absl::StrCat(text, " overlaps ", prefix.ToString(), " of segment ", other->name())));
      }
    }
  }
  return absl::OkStatus();
}

Host* Network::FindHost(absl::string_view name) const {
  const auto found = host_names_.find(absl::AsciiStrToLower(name));
  return found == host_names_.end() ? nullptr : found->second;
}

absl::StatusOr<Host*> Network::ExpectHost(absl::string_view name) const {
  if (Host* host = FindHost(name)) return host;
  std::vector<absl::string_view> all;
  for (const std::unique_ptr<Host>& host : hosts_) all.push_back(host->name());
  return absl::NotFoundError(
      absl::StrCat("there is no host ", Quote(name), "; there is ", ListSome(all)));
}

Segment* Network::FindSegment(absl::string_view name) const {
  for (const std::unique_ptr<Segment>& segment : segments_) {
    if (segment->name() == name) return segment.get();
  }
  return nullptr;
}

FaultGuard Network::Partition(const std::vector<std::vector<std::string>>& sides) {
  Partitions::Sides named;
  std::vector<const Host*> all;
  for (const std::vector<std::string>& side : sides) {
    POLLUX_CHECK(!side.empty(),
                 absl::StrCat("side ", named.size() + 1, " of a partition has no host"));
    named.emplace_back();
    for (const std::string& name : side) {
      const absl::StatusOr<Host*> host = ExpectHost(name);
      POLLUX_CHECK(host.ok(), absl::StrCat("a partition: ", host.status().message()));
      POLLUX_CHECK(std::find(all.begin(), all.end(), *host) == all.end(),
                   absl::StrCat("host ", name, " is in a partition twice"));
      all.push_back(*host);
      named.back().push_back((*host)->name());
    }
  }
  POLLUX_CHECK(named.size() >= 2, "a partition has at least two sides");
  const std::string note = absl::StrCat("partition ", ToString(named));
  const auto record = [this](absl::string_view text) {
    trace_.RecordFault(elapsed(), "network", "", text);
  };
  record(note);
  const uint64_t partition = partitions_.Add(named);
  return era_.Guard([this, record, partition, note] {
    partitions_.Remove(partition);
    record(absl::StrCat("no more ", note));
  });
}

const std::string& Network::NameOfOwn(const Host* host) const {
  POLLUX_CHECK(host != nullptr, "a host of a partition is null");
  POLLUX_CHECK(FindHost(host->name()) == host,
               absl::StrCat("a partition has a host of another network, ", host->name()));
  return host->name();
}

FaultGuard Network::Partition(absl::Span<const Host* const> side,
                              absl::Span<const Host* const> other) {
  Partitions::Sides sides(2);
  for (const Host* host : side) sides[0].push_back(NameOfOwn(host));
  for (const Host* host : other) sides[1].push_back(NameOfOwn(host));
  return Partition(sides);
}

absl::Status Network::Apply(const FaultPlan& plan) {
  if (absl::Status s = PlanRunner::Check(*this, plan); !s.ok()) return s;
  plans_.push_back(std::make_unique<PlanRunner>(*this, timeline_, plan));
  return absl::OkStatus();
}

FaultPlan Network::DrawPlan(const ChaosOptions& options) {
  const absl::Status status = Validate(options);
  POLLUX_CHECK(status.ok(), status.message());
  for (const std::string& name : options.spared) {
    const absl::Status spared = ExpectHost(name).status();
    POLLUX_CHECK(spared.ok(), absl::StrCat("spared: ", spared.message()));
  }
  ChaosTargets targets;
  for (const std::unique_ptr<Host>& host : hosts_) {
    ChaosTargets::Host& target = targets.hosts.emplace_back();
    target.name = host->name();
    for (const NetworkInterface& interface : host->stack_.interfaces()) {
      if (!interface.loopback) target.interfaces.push_back(interface.name);
    }
  }
  for (const std::unique_ptr<Segment>& segment : segments_) {
    ChaosTargets::Segment& target = targets.segments.emplace_back();
    target.name = segment->name();
    target.has_switch = segment->has_switch();
    for (const std::unique_ptr<Host>& host : hosts_) {
      if (segment->IsAttached(*host)) target.hosts.push_back(host->name());
    }
  }
  return sim::DrawPlan(options, targets, choices_, chaos_draws_);
}

std::string Network::Plans() const {
  std::string text;
  for (const std::unique_ptr<PlanRunner>& plan : plans_) text += plan->plan().ToString();
  return text;
}

void Network::Quiesce() {
  trace_.RecordFault(elapsed(), "network", "", "quiesced");
  for (const std::unique_ptr<PlanRunner>& plan : plans_) plan->Cancel();
  era_.End();
  partitions_.Clear();
  for (const std::unique_ptr<Segment>& segment : segments_) segment->Quiesce();
  for (const std::unique_ptr<Host>& host : hosts_) host->Quiesce();
}

std::string Network::SocketTables() const {
  std::string tables;
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (!host->stack_.Sockets().empty()) {
      absl::StrAppend(&tables, host->name(), "\n", host->SocketTable());
    }
  }
  return tables;
}

void Network::RunFor(absl::Duration duration) {
  POLLUX_CHECK(!rules_.asking(), kRuleRuns);
  timeline_.Run(Now() + std::max(duration, absl::ZeroDuration()), nullptr, nullptr);
}

bool Network::RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) {
  POLLUX_CHECK(!rules_.asking(), kRuleRuns);
  return timeline_.Run(Now() + std::max(timeout, absl::ZeroDuration()), nullptr, &predicate);
}

std::vector<IpAddress> Network::Lookup(const Host& asker, absl::string_view name) const {
  std::vector<IpAddress> addresses;
  if (absl::AsciiStrToLower(name) == "localhost") {
    addresses.push_back(IpAddress::LoopbackIpv4());
    if (asker.options_.ipv6) addresses.push_back(IpAddress::LoopbackIpv6());
    return addresses;
  }
  const Host* host = FindHost(name);
  if (host == nullptr) return addresses;
  addresses = host->addresses();
  SortByReach(asker.stack_.interfaces(), addresses);
  return addresses;
}

}  // namespace pollux::sim
