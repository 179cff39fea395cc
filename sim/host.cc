// SPDX-License-Identifier: Apache-2.0

#include "sim/host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/fabric/prefix.h"
#include "sim/host_parts.h"
#include "sim/kernel/socket_table.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

PlatformRules RulesOf(absl::string_view host, const HostOptions& options) {
  if (!options.rules) return RulesFor(options.platform);
  POLLUX_CHECK(
      options.platform == Platform::kLinux || options.platform == options.rules->platform,
      absl::StrCat("host ", host, " is to play ", ToString(options.platform), " by the rules of ",
                   ToString(options.rules->platform), "; name one of both"));
  return *options.rules;
}

}  // namespace

bool Host::Interface::Wants(const IpAddress& group) const {
  return host_.stack_.WantsGroup(index_, group);
}

bool Host::Interface::AnswersFor(const IpAddress& address) const {
  return host_.stack_.AnswersEverywhere(address);
}

bool Host::Interface::ShoutsTo(const IpAddress& address) const {
  return host_.stack_.ShoutsEverywhere(address);
}

bool Host::Interface::IsRouter() const { return host_.routing_.forwards; }

IpAddress Host::Interface::GroupSource(bool ipv4) const {
  for (const NetworkInterface& interface : host_.stack_.interfaces()) {
    if (interface.index != index_) continue;
    for (const InterfaceAddress& entry : interface.addresses) {
      const bool fits = ipv4 ? entry.address.is_ipv4() : entry.address.is_link_local();
      if (fits && entry.address.is_ipv4() == ipv4) return entry.address.WithScope(0);
    }
  }
  return Station::GroupSource(ipv4);
}

std::optional<DropCause> Host::Interface::Loses(const Packet& packet, const Name& origin) const {
  if (host_.is_down()) return DropCause::kHostDown;
  // What the host has sent to itself ends with it, even if it is up again by now.
  if (domain == nullptr && packet.id <= host_.lost_packet_) return DropCause::kHostDown;
  if (host_.frozen_) return DropCause::kHostFrozen;
  if (is_unplugged) return DropCause::kNoCarrier;
  if (!host_.partitions_->empty() && host_.partitions_->Separates(origin, host_.name())) {
    return DropCause::kPartitioned;
  }
  return std::nullopt;
}

void Host::Interface::Arrive(const Packet& packet, const Name& origin) {
  const std::optional<DropCause> lost = Loses(packet, origin);
  const bool group = domain != nullptr && packet.target().is_multicast();
  if (group && (lost == DropCause::kHostDown || !Wants(packet.target()))) return;
  host_.origin_ = origin;
  if (lost) {
    host_.Dropped(packet, index_, *lost);
  } else {
    host_.stack_.Deliver(index_, packet, host_.clock_.Wall(host_.world_.timeline.now()));
  }
  host_.origin_ = host_.luck_.label();
}

void Host::Interface::Unclaimed(const Packet& packet) {
  const int patience_ms = host_.rules_.unanswered_after_ms;
  if (patience_ms == 0) return;
  Courier::Flight& flight = host_.world_.courier.NewFlight(packet, host_.luck_.label());
  flight.AddReceiver(unanswered_);
  host_.world_.courier.Launch(flight, absl::Milliseconds(patience_ms));
}

void Host::Interface::Unanswered::Arrive(const Packet& packet, const Name& /*origin*/) {
  Host& host = interface_.host_;
  // A crash takes what waits with it.
  if (host.is_down() || packet.id <= host.lost_packet_) return;
  host.stack_.Unanswered(interface_.index_, packet, host.loop().WallNow());
}

Host::Host(const World& world, absl::string_view name, const HostOptions& options,
           absl::Time wall_start, absl::Duration resolve_delay, HostEngine::NameService names)
    : world_(world),
      luck_(name),
      options_(options),
      rules_(RulesOf(name, options)),
      clock_(wall_start, options.clock),
      resolve_delay_(resolve_delay),
      names_(std::move(names)),
      stack_(rules_, *this, options.capabilities, world.blocks),
      origin_(luck_.label()) {
  StartEngine();
  NetworkInterface loopback = stack_.interfaces().front();
  interfaces_.push_back(std::make_unique<Interface>(*this, loopback.name, kLoopback));
  Interface& station = *interfaces_.back();
  loopback_ = std::make_unique<Link>(world_, station, station,
                                     absl::StrCat(name, "/", loopback.name), loopback_profile_);
  if (options.ipv6) return;
  loopback.addresses.erase(
      std::remove_if(loopback.addresses.begin(), loopback.addresses.end(),
                     [](const InterfaceAddress& entry) { return entry.address.is_ipv6(); }),
      loopback.addresses.end());
  stack_.SetInterface(loopback);
}

Host::~Host() = default;

std::vector<IpAddress> Host::addresses() const {
  std::vector<IpAddress> addresses;
  for (const NetworkInterface& interface : stack_.interfaces()) {
    if (interface.loopback) continue;
    for (const InterfaceAddress& entry : interface.addresses) {
      if (!entry.address.needs_scope()) addresses.push_back(entry.address);
    }
  }
  return addresses;
}

IpAddress Host::address() const {
  const std::vector<IpAddress> all = addresses();
  POLLUX_CHECK(!all.empty(),
               absl::StrCat("host ", name(), " has no address; attach it to a segment first"));
  return all.front();
}

std::string Host::SocketTable() const { return sim::SocketTable(stack_); }

void Host::OnPanic(absl::AnyInvocable<void(absl::string_view reason)> observer) {
  panic_ = std::move(observer);
}

// ---- Routes ----

absl::Status Host::ValidateRoute(absl::string_view prefix, absl::string_view gateway,
                                 int metric) const {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("host ", name(), ", route to ", prefix, " by ", gateway, ": ", why));
  };
  const absl::StatusOr<Prefix> range = Prefix::ParseRange(prefix);
  if (!range.ok()) return refuse(range.status().message());
  const absl::StatusOr<IpAddress> router = IpAddress::Parse(gateway);
  if (!router.ok()) return refuse(router.status().message());
  if (router->family() != range->network.family()) return refuse("one is IPv4, one IPv6");
  if (FindNeighbour(*router) == 0) return refuse("none of the host's segments has the router");
  if (metric < 0) return refuse(absl::StrCat("metric ", metric, " is negative"));
  return absl::OkStatus();
}

void Host::AddRoute(absl::string_view prefix, absl::string_view gateway, int metric) {
  const absl::Status status = ValidateRoute(prefix, gateway, metric);
  POLLUX_CHECK(status.ok(), status.message());
  const Prefix range = *Prefix::ParseRange(prefix);
  const IpAddress router = *IpAddress::Parse(gateway);
  stack_.AddRoute({range.network, range.length, router, FindNeighbour(router), metric});
}

uint32_t Host::FindNeighbour(const IpAddress& address) const {
  for (const NetworkInterface& interface : stack_.interfaces()) {
    if (interface.loopback) continue;
    for (const InterfaceAddress& entry : interface.addresses) {
      if (address != entry.address && address.IsIn(entry.address, entry.prefix_length))
        return interface.index;
    }
  }
  return 0;
}

// ---- Interfaces ----

void Host::SetLoopbackProfile(const LinkProfile& profile) {
  const absl::Status status = Validate(profile, options_.ipv6);
  POLLUX_CHECK(status.ok(), absl::StrCat("loopback of ", name(), ": ", status.message()));
  loopback_profile_ = profile;
  loopback_->Use(loopback_profile_);
}

uint32_t Host::NextInterfaceIndex() const { return static_cast<uint32_t>(interfaces_.size()) + 1; }

std::string Host::NextInterfaceName() const {
  int number = 0;
  while (HasInterface(absl::StrCat("eth", number))) ++number;
  return absl::StrCat("eth", number);
}

bool Host::HasInterface(absl::string_view name) const {
  return std::any_of(interfaces_.begin(), interfaces_.end(),
                     [&](const auto& entry) { return entry->interface_name() == name; });
}

uint32_t Host::InterfaceOn(const BroadcastDomain& domain) const {
  for (size_t i = 0; i < interfaces_.size(); ++i) {
    if (interfaces_[i]->domain == &domain) return static_cast<uint32_t>(i) + 1;
  }
  return 0;
}

void Host::AddInterface(const NetworkInterface& interface, BroadcastDomain& domain) {
  interfaces_.push_back(std::make_unique<Interface>(*this, interface.name, interface.index));
  Interface& added = *interfaces_.back();
  added.domain = &domain;
  added.number = domain.Attach(added);
  for (const InterfaceAddress& entry : interface.addresses) {
    domain.AddAddress(added.number, entry.address.WithScope(0));
  }
  stack_.SetInterface(interface);
  if (interfaces_.size() == 2 && options_.group_routes) AddDefaultRoutes(interface.index);
}

void Host::Pace(const NetworkInterface& interface, const FqOptions& options) {
  Interface& paced = *interfaces_[interface.index - 1];
  paced.queue = std::make_unique<FairQueue>(
      world_, clock_, paced, interface.mtu, options,
      [this, index = interface.index](const Packet& packet) { Put(index, packet, luck_.label()); });
  stack_.SetPaced(interface.index);
}

// Groups and the limited broadcast leave by the first interface unless the program says otherwise,
// as they do on a machine with a default route.
void Host::AddDefaultRoutes(uint32_t interface_index) {
  IpAddress::Ipv6Bytes groups = {};
  groups[0] = 0xff;
  stack_.AddRoute({IpAddress::Ipv4(224, 0, 0, 0), 4, IpAddress(), interface_index});
  stack_.AddRoute({IpAddress::Broadcast(), 32, IpAddress(), interface_index});
  if (options_.ipv6) stack_.AddRoute({IpAddress::Ipv6(groups), 8, IpAddress(), interface_index});
}

void Host::SetMtu(const BroadcastDomain& domain, uint32_t mtu) {
  const std::vector<NetworkInterface> interfaces = stack_.interfaces();
  for (NetworkInterface interface : interfaces) {
    if (interfaces_[interface.index - 1]->domain != &domain) continue;
    interface.mtu = mtu;
    stack_.SetInterface(interface);
  }
}

// ---- What the stack asks of its host ----

void Host::Transmit(uint32_t interface_index, const Packet& packet) {
  RecordSent(interface_index, packet);
  Put(interface_index, packet, luck_.label());
}

bool Host::Enqueue(uint32_t interface_index, const Packet& packet, const PacedSend& send) {
  RecordSent(interface_index, packet);
  Interface& interface = *interfaces_[interface_index - 1];
  if (!interface.is_unplugged) return interface.queue->Enqueue(packet, send);
  // Nothing waits for a cable.
  Put(interface_index, packet, luck_.label());
  return true;
}

void Host::Forward(uint32_t interface_index, const Packet& packet) {
  TraceEvent event = NewEvent(EventKind::kForwarded, interface_index, packet);
  world_.trace.Record(event);
  Put(interface_index, packet, origin_);
}

void Host::Put(uint32_t interface_index, const Packet& packet, const Name& origin) {
  Interface& interface = *interfaces_[interface_index - 1];
  if (interface.is_unplugged) {
    TraceEvent drop = NewEvent(EventKind::kDropped, interface_index, packet);
    drop.origin = origin;
    drop.cause = DropCause::kNoCarrier;
    return world_.trace.Record(drop);
  }
  if (interface.domain == nullptr) {
    loopback_->Send(packet, origin);
    return;
  }
  interface.domain->Send(interface.number, packet, origin,
                         stack_.Gateway(interface_index, packet.target()));
}

uint32_t Host::Draw(StackDraw what, uint32_t bound) {
  const DrawKind kind =
      what == StackDraw::kEphemeralPort ? DrawKind::kEphemeralPort : DrawKind::kReusePortGroup;
  const uint64_t ordinal = ++draws_[static_cast<size_t>(what)];
  return static_cast<uint32_t>(world_.choices.Below({kind, luck_, ordinal}, bound));
}

void Host::StartTimer(StackTimer what, uint64_t number, absl::Duration delay) {
  std::unique_ptr<Timer>& timer = timers_[{what, number}];
  timer = std::make_unique<Timer>(*this, what, number);
  world_.timeline.Add(*timer, world_.timeline.now() + delay);
}

void Host::StopTimer(StackTimer what, uint64_t number) { timers_.erase({what, number}); }

void Host::StopTimers() { timers_.clear(); }

void Host::Timer::Fire() {
  Host& host = host_;
  const StackTimer what = what_;
  const uint64_t number = number_;
  host.origin_ = origin_;
  host.timers_.erase({what, number});  // And this.
  host.stack_.TimerExpired(what, number, host.engine_->loop().WallNow());
  host.origin_ = host.luck_.label();
}

void Host::GroupChanged(uint32_t interface_index, const IpAddress& group, bool wanted) {
  const Interface& interface = *interfaces_[interface_index - 1];
  if (interface.domain != nullptr) {
    interface.domain->GroupChanged(interface.number, group, wanted);
  }
}

void Host::SocketReady(SocketId socket) { engine_->SocketReady(socket); }

void Host::SocketFailed(SocketId socket) { engine_->SocketFailed(socket); }

void Host::Delivered(const Packet& packet, uint32_t interface_index, SocketId socket) {
  TraceEvent event = NewEvent(EventKind::kDelivered, interface_index, packet);
  event.socket = socket;
  world_.trace.Record(event);
}

void Host::DeliveredToo(const Packet& packet, SocketId socket) {
  world_.trace.RecordAgain(packet, socket);
}

void Host::Dropped(const Packet& packet, uint32_t interface_index, DropCause cause) {
  Refused(packet, interface_index, cause, 0);
}

void Host::Refused(const Packet& packet, uint32_t interface_index, DropCause cause,
                   SocketId socket) {
  TraceEvent event = NewEvent(EventKind::kDropped, interface_index, packet);
  event.cause = cause;
  event.socket = socket;
  world_.trace.Record(event);
}

void Host::Panic(absl::string_view reason) {
  if (panic_) {
    panic_(reason);
  } else {
    StackHost::Panic(reason);
  }
}

void Host::RecordSent(uint32_t interface_index, const Packet& packet) {
  TraceEvent event = NewEvent(EventKind::kSent, interface_index, packet);
  event.origin = luck_.label();
  world_.trace.Record(event);
}

TraceEvent Host::NewEvent(EventKind kind, uint32_t interface_index, const Packet& packet) const {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = luck_.label();
  // A packet that found no way out is on no interface.
  if (interface_index > 0) event.interface = interfaces_[interface_index - 1]->interface_name();
  event.origin = origin_;
  event.packet = &packet;
  return event;
}

}  // namespace pollux::sim
