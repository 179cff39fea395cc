// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/nat_table.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

// Beyond this many, peers that may no longer answer are thrown away.
constexpr size_t kPeersMax = 64;

// What is looked at of a remote endpoint.
Endpoint SeenBy(NatBehaviour behaviour, const Endpoint& remote) {
  switch (behaviour) {
    case NatBehaviour::kEndpointIndependent:
      return Endpoint();
    case NatBehaviour::kAddressDependent:
      return Endpoint(remote.address, 0);
    case NatBehaviour::kAddressAndPortDependent:
      break;
  }
  return remote;
}

}  // namespace

absl::string_view ToString(NatKind kind) {
  switch (kind) {
    case NatKind::kFullCone:
      return "full cone";
    case NatKind::kAddressRestricted:
      return "address-restricted";
    case NatKind::kPortRestricted:
      return "port-restricted";
    case NatKind::kSymmetric:
      return "symmetric";
  }
  return "unknown";
}

NatRules RulesOf(NatKind kind) {
  using enum NatBehaviour;
  switch (kind) {
    case NatKind::kFullCone:
      return {.mapping = kEndpointIndependent, .filtering = kEndpointIndependent};
    case NatKind::kAddressRestricted:
      return {.mapping = kEndpointIndependent, .filtering = kAddressDependent};
    case NatKind::kPortRestricted:
      return {.mapping = kEndpointIndependent, .filtering = kAddressAndPortDependent};
    case NatKind::kSymmetric:
      break;
  }
  return {.mapping = kAddressAndPortDependent,
          .filtering = kAddressAndPortDependent,
          .preserves_ports = false};
}

absl::Status Validate(const NatRules& rules) {
  if (rules.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("timeout ", absl::FormatDuration(rules.timeout),
                                                   " lets no mapping live; give it some seconds"));
  }
  if (rules.first_port == 0 || rules.first_port > rules.last_port) {
    return absl::InvalidArgumentError(absl::StrCat("ports from ", rules.first_port, " to ",
                                                   rules.last_port,
                                                   " are none; the first must be from 1 to the "
                                                   "last"));
  }
  return absl::OkStatus();
}

const NatTable::Mapping* NatTable::Find(const Key& key, absl::Time now) const {
  const auto found = mappings_.find(key);
  if (found == mappings_.end() || !Lives(found->second.used, now)) return nullptr;
  return &found->second;
}

const NatTable::Key* NatTable::FindPort(uint16_t port, absl::Time now) const {
  const auto found = ports_.find(port);
  if (found == ports_.end() || Find(found->second, now) == nullptr) return nullptr;
  return &found->second;
}

void NatTable::Forget(uint16_t port) {
  const auto found = ports_.find(port);
  if (found == ports_.end()) return;
  mappings_.erase(found->second);
  ports_.erase(found);
}

std::optional<uint16_t> NatTable::ChoosePort(uint16_t wanted, absl::Time now, DrawBelow draw) {
  const auto is_free = [&](uint16_t port) { return FindPort(port, now) == nullptr; };
  const bool in_range = wanted >= rules_.first_port && wanted <= rules_.last_port;
  if (rules_.preserves_ports && in_range && is_free(wanted)) return wanted;
  const uint32_t count = uint32_t{rules_.last_port} - rules_.first_port + 1;
  const uint64_t start = draw(count);
  for (uint32_t i = 0; i < count; ++i) {
    const auto port = static_cast<uint16_t>(rules_.first_port + (start + i) % count);
    if (is_free(port)) return port;
  }
  return std::nullopt;
}

std::optional<Endpoint> NatTable::Outbound(const Endpoint& inside, const Endpoint& remote,
                                           absl::Time now, DrawBelow draw) {
  const Key key(inside, SeenBy(rules_.mapping, remote));
  if (Find(key, now) == nullptr) {
    const auto old = mappings_.find(key);
    if (old != mappings_.end()) Forget(old->second.port);
    const std::optional<uint16_t> port = ChoosePort(inside.port, now, draw);
    if (!port) return std::nullopt;
    Forget(*port);
    mappings_[key].port = *port;
    ports_[*port] = key;
  }
  Mapping& mapping = mappings_[key];
  mapping.used = now;
  mapping.peers[SeenBy(rules_.filtering, remote)] = now;
  if (mapping.peers.size() > kPeersMax) {
    for (auto peer = mapping.peers.begin(); peer != mapping.peers.end();) {
      peer = Lives(peer->second, now) ? std::next(peer) : mapping.peers.erase(peer);
    }
  }
  return Endpoint(external_, mapping.port);
}

NatTable::Answer NatTable::Inbound(const Endpoint& external, const Endpoint& remote,
                                   absl::Time now) {
  const Key* key = external.address == external_ ? FindPort(external.port, now) : nullptr;
  if (key == nullptr) return {std::nullopt, Refusal::kNoMapping};
  Mapping& mapping = mappings_[*key];
  const auto peer = mapping.peers.find(SeenBy(rules_.filtering, remote));
  if (peer == mapping.peers.end() || !Lives(peer->second, now)) {
    return {std::nullopt, Refusal::kFiltered};
  }
  if (rules_.inbound_refreshes) mapping.used = peer->second = now;
  return {key->first, Refusal::kNoMapping};
}

std::optional<Endpoint> NatTable::InsideOf(const Endpoint& external, absl::Time now) const {
  const Key* key = external.address == external_ ? FindPort(external.port, now) : nullptr;
  if (key == nullptr) return std::nullopt;
  return key->first;
}

std::optional<Endpoint> NatTable::ExternalOf(const Endpoint& inside, const Endpoint& remote,
                                             absl::Time now) const {
  const Mapping* mapping = Find(Key(inside, SeenBy(rules_.mapping, remote)), now);
  if (mapping == nullptr) return std::nullopt;
  return Endpoint(external_, mapping->port);
}

void NatTable::Clear() {
  mappings_.clear();
  ports_.clear();
}

size_t NatTable::size(absl::Time now) const {
  return std::count_if(mappings_.begin(), mappings_.end(),
                       [&](const auto& entry) { return Lives(entry.second.used, now); });
}

}  // namespace pollux::sim
