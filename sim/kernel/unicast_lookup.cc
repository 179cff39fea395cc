// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/unicast_lookup.h"

#include "absl/types/span.h"

namespace pollux::sim {
namespace {

using Sockets = absl::Span<ControlBlock* const>;

bool Carries(const ControlBlock& socket, const Arrival& arrival) {
  return arrival.destination.address.is_ipv4() ? socket.CarriesIpv4() : socket.CarriesIpv6();
}

// Negative if the socket drops out. A peer without a port counts for its address alone. Simulated
// hosts have one processor, so that a socket that knows one knows the datagram's.
int Score(const PlatformRules& rules, const ControlBlock& socket, const Arrival& arrival) {
  if (!Carries(socket, arrival) || !Admits(rules, socket, arrival)) return -1;
  int score = socket.is_ipv6() ? 1 : 2;
  if (socket.connected) score += socket.peer.port != 0 ? 8 : 4;
  if (FiltersByFormerPeer(socket, arrival)) score += 4;
  if (socket.options.bound_interface != 0) score += 4;
  if (socket.knows_processor) score += 1;
  return score;
}

uint32_t Mix(uint32_t hash, uint32_t word) {
  hash ^= word + 0x9e3779b9u + (hash << 6) + (hash >> 2);
  hash *= 0x85ebca6bu;
  return hash ^ (hash >> 15);
}

uint32_t Hash(uint32_t hash, const Endpoint& endpoint) {
  const IpAddress::Ipv6Bytes bytes = endpoint.address.ipv6_bytes();
  for (size_t i = 0; i < bytes.size(); i += 4) {
    hash = Mix(hash, uint32_t{bytes[i]} << 24 | uint32_t{bytes[i + 1]} << 16 |
                         uint32_t{bytes[i + 2]} << 8 | uint32_t{bytes[i + 3]});
  }
  return Mix(hash, endpoint.port);
}

// The member that the datagram's addresses point at, passing over connected ones; null if all are.
ControlBlock* SelectMember(const ReuseGroup& group, const Arrival& arrival) {
  const uint32_t hash = Hash(Hash(group.seed.value_or(0), arrival.source), arrival.destination);
  const size_t count = group.members.size();
  const size_t first = static_cast<size_t>((uint64_t{hash} * count) >> 32);
  for (size_t i = 0; i < count; ++i) {
    ControlBlock* member = group.members[(first + i) % count];
    if (!member->connected) return member;
  }
  return nullptr;
}

// Linux: the highest score, the first in the chain among equals. A group of which nobody was ever
// connected ends the search, even if a better single socket stands behind it.
ControlBlock* LinuxBest(const PlatformRules& rules, Sockets chain, const Arrival& arrival) {
  ControlBlock* best = nullptr;
  int best_score = -1;
  for (ControlBlock* socket : chain) {
    const int score = Score(rules, *socket, arrival);
    if (score <= best_score) continue;
    best = socket;
    best_score = score;
    if (socket->connected || !socket->options.reuse_port || !socket->reuse_group) continue;
    ControlBlock* member = SelectMember(*socket->reuse_group, arrival);
    if (member == nullptr) continue;
    best = member;
    if (!socket->reuse_group->had_connection) return best;
    const int member_score = Score(rules, *member, arrival);
    if (member_score > best_score) best_score = member_score;
  }
  return best;
}

// The others: no scores. Connected sockets come first where the platform prefers them, then the
// first or the last of the chain; an IPv4 socket's wildcard is preferred to a dual-stack one.
ControlBlock* PlainBest(const PlatformRules& rules, Sockets chain, bool newest,
                        const Arrival& arrival) {
  ControlBlock* best = nullptr;
  for (ControlBlock* socket : chain) {
    if (Score(rules, *socket, arrival) < 0) continue;
    if (best == nullptr) {
      best = socket;
      continue;
    }
    if (rules.connected_first && socket->connected != best->connected) {
      if (socket->connected) best = socket;
      continue;
    }
    if (socket->on_wildcard() && socket->is_ipv6() != best->is_ipv6()) {
      if (!socket->is_ipv6()) best = socket;
      continue;
    }
    if (!newest) best = socket;
  }
  return best;
}

ControlBlock* Best(const PlatformRules& rules, Sockets chain, bool wildcard,
                   const Arrival& arrival) {
  switch (rules.unicast_tie) {
    case UnicastTie::kNewest:
      if (rules.reuse_port_groups) return LinuxBest(rules, chain, arrival);
      return PlainBest(rules, chain, /*newest=*/true, arrival);
    case UnicastTie::kMixed:
      return PlainBest(rules, chain, /*newest=*/!wildcard, arrival);
    case UnicastTie::kOldest:
      break;
  }
  return PlainBest(rules, chain, /*newest=*/false, arrival);
}

ControlBlock* FindEarly(const PlatformRules& rules, Sockets chain, const Arrival& arrival) {
  if (chain.empty()) return nullptr;
  ControlBlock* first = chain.front();
  const bool exact = first->connected && first->peer.port == arrival.source.port;
  return exact && Carries(*first, arrival) && Admits(rules, *first, arrival) ? first : nullptr;
}

// Whether there is nothing by which a socket chooses whom it hears.
bool HearsAnybody(const ControlBlock& socket) {
  return !socket.connected && !socket.former_peer && socket.options.bound_interface == 0;
}

}  // namespace

bool FiltersByFormerPeer(const ControlBlock& socket, const Arrival& arrival) {
  return socket.former_peer && arrival.source.address.is_ipv6();
}

bool Admits(const PlatformRules& rules, const ControlBlock& socket, const Arrival& arrival) {
  if (socket.connected) {
    if (socket.peer.port != 0 && socket.peer.port != arrival.source.port) return false;
    if (socket.peer.address.WithScope(0) != arrival.source.address.WithScope(0)) return false;
  }
  if (FiltersByFormerPeer(socket, arrival) &&
      *socket.former_peer != arrival.source.address.WithScope(0)) {
    return false;
  }
  const uint32_t bound = socket.options.bound_interface;
  return bound == 0 || bound == arrival.interface_index || !rules.bound_interface_filters_input;
}

ControlBlock* MemberFor(ControlBlock& socket, const Arrival& arrival) {
  if (socket.connected || !socket.options.reuse_port || !socket.reuse_group) return &socket;
  ControlBlock* member = SelectMember(*socket.reuse_group, arrival);
  return member != nullptr ? member : &socket;
}

ControlBlock* FindReceiver(const PlatformRules& rules, const PortTable& ports,
                           const Arrival& arrival, bool early) {
  const uint16_t port = arrival.destination.port;
  const IpAddress address = arrival.destination.address.WithScope(0);
  // Mostly a port has one socket, which gets all that is for its address.
  ControlBlock* const sole = ports.Sole(port);
  if (sole != nullptr && HearsAnybody(*sole) && Carries(*sole, arrival) &&
      (sole->on_wildcard() || sole->local == address)) {
    return sole;
  }
  const Sockets specific = ports.OnAddress(address, port);
  if (early) {
    if (ControlBlock* first = FindEarly(rules, specific, arrival)) return first;
  }
  // Connected sockets of this very peer are found before all others (hash4, Linux 6.13 and later;
  // elsewhere the exact 4-tuple).
  if (rules.connected_first) {
    ControlBlock* newest = nullptr;
    for (ControlBlock* socket : specific) {
      const bool exact = socket->connected && socket->peer.port == arrival.source.port &&
                         socket->entered_peer && socket->peer == socket->entered_peer->peer;
      if (!exact || Score(rules, *socket, arrival) < 0) continue;
      if (newest == nullptr || socket->entered_peer->as > newest->entered_peer->as) newest = socket;
    }
    if (newest != nullptr) return newest;
  }
  ControlBlock* found = Best(rules, specific, /*wildcard=*/false, arrival);
  if (found != nullptr) return found;
  return Best(rules, ports.OnAddress(IpAddress(), port), /*wildcard=*/true, arrival);
}

}  // namespace pollux::sim
