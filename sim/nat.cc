// SPDX-License-Identifier: Apache-2.0

#include "sim/nat.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

DropCause CauseOf(NatTable::Refusal refusal) {
  return refusal == NatTable::Refusal::kFiltered ? DropCause::kNatFiltered
                                                 : DropCause::kNatNoMapping;
}

}  // namespace

Nat::Nat(const World& world, absl::string_view name, const NatOptions& options,
         const IpAddress& external, absl::Time wall_start, absl::Duration resolve_delay,
         HostEngine::NameService names)
    : Router(world, name, options.router, wall_start, resolve_delay, std::move(names)),
      rules_(options.rules),
      external_(external),
      table_(options.rules, external) {
  forwarding_.translator = this;
}

void Nat::Reboot() {
  RecordFault("rebooted");
  table_.Clear();
}

std::optional<Endpoint> Nat::Outbound(const Packet& packet) {
  return table_.Outbound(packet.source, packet.destination, Now(), [&](uint64_t bound) {
    return world_.choices.Below({DrawKind::kNatPort, luck_, ++draws_}, bound);
  });
}

void Nat::Record(uint32_t interface_index, const Packet& before, const Packet& packet) {
  TraceEvent event = NewEvent(EventKind::kTranslated, interface_index, packet);
  const std::string note =
      absl::StrCat(before.source.ToString(), " > ", before.destination.ToString());
  event.note = note;
  world_.trace.Record(event);
}

std::optional<DropCause> Nat::Enter(uint32_t interface_index, Packet& packet) {
  if (packet.icmp) return EnterError(interface_index, packet);
  const IpAddress& target = packet.destination.address;
  if (target.is_multicast() || target.is_limited_broadcast()) return std::nullopt;
  if (!is_outside(interface_index)) {
    return target == external_ ? TurnBack(interface_index, packet) : std::nullopt;
  }
  const NatTable::Answer answer = table_.Inbound(packet.destination, packet.source, Now());
  if (!answer.inside) return CauseOf(answer.refusal);
  const Packet before = packet;
  packet.destination = *answer.inside;
  Record(interface_index, before, packet);
  return std::nullopt;
}

// The one who sent it is behind an endpoint outside, too, for the one who gets it (RFC 4787 REQ-9).
std::optional<DropCause> Nat::TurnBack(uint32_t interface_index, Packet& packet) {
  if (!rules_.hairpinning) return DropCause::kNatNoHairpin;
  const std::optional<Endpoint> external = Outbound(packet);
  if (!external) return DropCause::kNatPortsExhausted;
  const NatTable::Answer answer = table_.Inbound(packet.destination, *external, Now());
  if (!answer.inside) return CauseOf(answer.refusal);
  const Packet before = packet;
  packet.source = *external;
  packet.destination = *answer.inside;
  Record(interface_index, before, packet);
  return std::nullopt;
}

std::optional<DropCause> Nat::Leave(uint32_t came_by, uint32_t interface_index, Packet& packet) {
  if (packet.icmp) return LeaveError(packet, interface_index);
  if (!is_outside(interface_index) || is_outside(came_by)) return std::nullopt;
  const std::optional<Endpoint> external = Outbound(packet);
  if (!external) return DropCause::kNatPortsExhausted;
  const Packet before = packet;
  packet.source = *external;
  Record(interface_index, before, packet);
  return std::nullopt;
}

// An error about a datagram that left, or turned back, under an endpoint outside goes to who is
// behind that.
std::optional<DropCause> Nat::EnterError(uint32_t interface_index, Packet& packet) {
  if (packet.source.address != external_) return std::nullopt;
  const std::optional<Endpoint> inside = table_.InsideOf(packet.source, Now());
  if (!inside) {
    if (is_outside(interface_index)) return DropCause::kNatNoMapping;
    return std::nullopt;
  }
  const Packet before = packet;
  // From inside: it is about what turned back, and was sent to an endpoint outside.
  const auto sent_to = table_.ExternalOf(packet.destination, packet.source, Now());
  if (sent_to && !is_outside(interface_index)) packet.destination = *sent_to;
  packet.source = *inside;
  Record(interface_index, before, packet);
  return std::nullopt;
}

// An error about a datagram that came in names, outside, the endpoint that it was sent to.
std::optional<DropCause> Nat::LeaveError(Packet& packet, uint32_t interface_index) {
  if (!is_outside(interface_index) || packet.destination.address == external_) return std::nullopt;
  const auto sent_to = table_.ExternalOf(packet.destination, packet.source, Now());
  if (!sent_to) return DropCause::kNatNoMapping;
  const Packet before = packet;
  packet.destination = *sent_to;
  packet.icmp_reporter = external_;
  Record(interface_index, before, packet);
  return std::nullopt;
}

}  // namespace pollux::sim
