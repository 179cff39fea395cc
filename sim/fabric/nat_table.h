// SPDX-License-Identifier: Apache-2.0
//
// File: nat_table.h
//
// `NatTable` is the memory of a network address translator: which endpoint outside stands for which
// inside, and who may answer. It knows no packets and no clock. The words are those of RFC 4787.

#ifndef POLLUX_SIM_FABRIC_NAT_TABLE_H_
#define POLLUX_SIM_FABRIC_NAT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// What a mapping, or a filter, looks at of the remote endpoint.
enum class NatBehaviour : uint8_t {
  kEndpointIndependent,      // Nothing.
  kAddressDependent,         // The address.
  kAddressAndPortDependent,  // Both.
};

// The four kinds of RFC 3489, which most people still speak of.
enum class NatKind : uint8_t { kFullCone, kAddressRestricted, kPortRestricted, kSymmetric };
inline constexpr NatKind kAllNatKinds[] = {NatKind::kFullCone, NatKind::kAddressRestricted,
                                           NatKind::kPortRestricted, NatKind::kSymmetric};
// "full cone", "address-restricted", "port-restricted", "symmetric".
absl::string_view ToString(NatKind kind);

// How a NAT behaves. A value type; thread-compatible.
struct NatRules {
  // By what a host's datagrams to different remote endpoints get different endpoints outside.
  NatBehaviour mapping = NatBehaviour::kEndpointIndependent;
  // Who may send to an endpoint outside: whom the host inside has sent to from it.
  NatBehaviour filtering = NatBehaviour::kAddressAndPortDependent;
  // How long a mapping, and the leave to answer, live without being used (RFC 4787 REQ-5: two
  // minutes at least, five are recommended). What goes out uses them.
  absl::Duration timeout = absl::Minutes(5);
  bool inbound_refreshes = false;  // What comes in uses them, too (REQ-6).
  // A mapping has the port that the host inside has, if that is free; else, and without this, one
  // that is drawn.
  bool preserves_ports = true;
  bool hairpinning = true;     // Hosts inside reach each other by their endpoints outside (REQ-9).
  uint16_t first_port = 1024;  // Of those that mappings can have.
  uint16_t last_port = 65535;
};

// A kind's mapping and filtering. A symmetric one draws its ports, so that nobody can guess them.
NatRules RulesOf(NatKind kind);

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const NatRules& rules);

// Loop thread only.
class NatTable {
 public:
  // A number below `bound`.
  using DrawBelow = absl::FunctionRef<uint64_t(uint64_t bound)>;

  enum class Refusal : uint8_t {
    kNoMapping,  // The endpoint outside stands for nobody.
    kFiltered,   // It does, but the remote one may not send to it.
  };
  struct Answer {
    std::optional<Endpoint> inside;         // Where it goes.
    Refusal refusal = Refusal::kNoMapping;  // Else why it goes nowhere.
  };

  // `rules` must be valid. All mappings have the address `external`.
  NatTable(const NatRules& rules, const IpAddress& external) : rules_(rules), external_(external) {}

  // A datagram goes out: the endpoint that stands for its sender, made when needed. Lets the remote
  // endpoint answer. nullopt if no port is free.
  std::optional<Endpoint> Outbound(const Endpoint& inside, const Endpoint& remote, absl::Time now,
                                   DrawBelow draw);
  // A datagram comes in for an endpoint outside.
  Answer Inbound(const Endpoint& external, const Endpoint& remote, absl::Time now);

  // The same for errors about datagrams, which use nothing and are not filtered (REQ-10): who is
  // behind an endpoint outside, and which one an endpoint inside has towards a remote one.
  std::optional<Endpoint> InsideOf(const Endpoint& external, absl::Time now) const;
  std::optional<Endpoint> ExternalOf(const Endpoint& inside, const Endpoint& remote,
                                     absl::Time now) const;

  // Forgets everything.
  void Clear();
  // Mappings that live.
  size_t size(absl::Time now) const;

 private:
  // The endpoint inside, and what the mapping looks at of the remote one.
  using Key = std::pair<Endpoint, Endpoint>;
  struct Mapping {
    uint16_t port = 0;  // Outside.
    absl::Time used;
    absl::btree_map<Endpoint, absl::Time> peers;  // Who may answer, and when they were sent to.
  };

  bool Lives(absl::Time used, absl::Time now) const { return now - used < rules_.timeout; }
  // The mapping of a port, or of a key; null for none that lives.
  const Mapping* Find(const Key& key, absl::Time now) const;
  const Key* FindPort(uint16_t port, absl::Time now) const;
  std::optional<uint16_t> ChoosePort(uint16_t wanted, absl::Time now, DrawBelow draw);
  void Forget(uint16_t port);

  const NatRules rules_;
  const IpAddress external_;
  absl::btree_map<Key, Mapping> mappings_;
  absl::btree_map<uint16_t, Key> ports_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_NAT_TABLE_H_
