// SPDX-License-Identifier: Apache-2.0
//
// File: nat.h
//
// `Nat` is a router that translates addresses: hosts inside share its address outside (RFC 4787).
// `Network::AddNat` makes it.
//
//   sim::Segment& internet = net.AddSegment("internet", "203.0.113.0/24");
//   sim::Segment& home = net.AddSegment("home", "192.168.1.0/24");
//   sim::Nat& nat = net.AddNat("nat", home, internet, {.rules = sim::RulesOf(
//                                                          sim::NatKind::kPortRestricted)});
//   home.Attach(alice);  // Her default route is by the NAT.

#ifndef POLLUX_SIM_NAT_H_
#define POLLUX_SIM_NAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fabric/nat_table.h"
#include "sim/kernel/forwarding.h"
#include "sim/router.h"

namespace pollux::sim {

struct NatOptions {
  NatRules rules = RulesOf(NatKind::kPortRestricted);
  RouterOptions router = {};
};

// Loop thread only. Owned by its network.
//
// What it translates: UDP over IPv4 between its inside and its outside, and ICMP errors about that,
// both ways; checksums follow. It puts the fragments of a datagram together first, and splits it
// again for the segment that it goes to. IPv6 passes as through any router. What comes in from
// outside and is for none of its mappings is dropped without a word: so nothing outside reaches
// programs on the NAT itself.
class Nat final : public Router, private PacketTranslator {
 public:
  // Its address outside.
  const IpAddress& external_address() const { return external_; }
  // Mappings that live.
  size_t mappings() const { return table_.size(Now()); }
  // Forgets all mappings, as who is switched off and on does. It takes no time, and packets under
  // way arrive.
  void Reboot();

 private:
  friend class Network;

  Nat(const World& world, absl::string_view name, const NatOptions& options,
      const IpAddress& external, absl::Time wall_start, absl::Duration resolve_delay,
      HostEngine::NameService names);

  // A crash is a reboot, too.
  void Forget() override { table_.Clear(); }

  // PacketTranslator.
  std::optional<DropCause> Enter(uint32_t interface_index, Packet& packet) override;
  std::optional<DropCause> Leave(uint32_t came_by, uint32_t interface_index,
                                 Packet& packet) override;

  std::optional<DropCause> EnterError(uint32_t interface_index, Packet& packet);
  std::optional<DropCause> LeaveError(Packet& packet, uint32_t interface_index);
  // From inside to an endpoint outside that is the NAT's own.
  std::optional<DropCause> TurnBack(uint32_t interface_index, Packet& packet);
  std::optional<Endpoint> Outbound(const Packet& packet);
  void Record(uint32_t interface_index, const Packet& before, const Packet& packet);

  bool is_outside(uint32_t interface_index) const { return interface_index == routing_.outside; }
  absl::Time Now() const { return world_.timeline.now(); }

  const NatRules rules_;
  const IpAddress external_;
  NatTable table_;
  uint64_t draws_ = 0;  // Of ports.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_NAT_H_
