// SPDX-License-Identifier: Apache-2.0
//
// The bind conflicts of macOS and FreeBSD (udp-semantics 2.1.1, 2.1.3, 3.1): a search finds the one
// holder that matches best, and only that one is tested. IPv4 and IPv6 are searched apart; a bind
// to the wildcard of both is two searches.

#include "sim/kernel/bind_conflict.h"

namespace pollux::sim {
namespace {

enum class Protocol { kIpv4, kIpv6 };
enum class Search { kExact, kWildcard };

bool Carries(const ControlBlock& socket, Protocol protocol) {
  return protocol == Protocol::kIpv4 ? socket.CarriesIpv4() : socket.CarriesIpv6();
}

// The best holder for `address` (unset: the wildcard): fewest wildcards, and the first of equals.
// An exact search wants the same address and no peer.
const ControlBlock* Find(const BindAttempt& attempt, const IpAddress& address, Protocol protocol,
                         Search search) {
  const ControlBlock* best = nullptr;
  int best_wildcards = 3;
  for (const ControlBlock* holder : attempt.holders) {
    if (!Carries(*holder, protocol)) continue;
    const IpAddress held = holder->on_wildcard() ? IpAddress() : holder->local;
    if (search == Search::kExact) {
      if (held == address && !holder->connected) return holder;
      continue;
    }
    if (held.is_set() && address.is_set() && held != address) continue;
    const int wildcards = (holder->connected ? 1 : 0) + (held == address ? 0 : 1);
    if (wildcards >= best_wildcards) continue;
    best = holder;
    best_wildcards = wildcards;
  }
  return best;
}

// What a newcomer offers to share by: a holder must have one of these options too.
struct Reuse {
  bool address = false;
  bool port = false;

  bool SharedBy(const ControlBlock& holder) const {
    return (address && holder.options.reuse_address) || (port && holder.options.reuse_port);
  }
};

// SO_REUSEPORT; and for a group SO_REUSEADDR counts as both, on FreeBSD SO_REUSEPORT too.
Reuse ReuseOf(const SocketOptions& options, bool group, bool freebsd) {
  const bool both = group && (options.reuse_address || (freebsd && options.reuse_port));
  return {.address = both, .port = both || options.reuse_port};
}

class BsdBind {
 public:
  BsdBind(const BindAttempt& attempt, bool freebsd)
      : attempt_(attempt),
        freebsd_(freebsd),
        socket_(*attempt.socket),
        address_(socket_.on_wildcard() ? IpAddress() : socket_.local),
        group_(socket_.local.is_multicast()) {
    const SocketOptions& options = socket_.options;
    search_ = options.reuse_address || options.reuse_port ? Search::kExact : Search::kWildcard;
    reuse_ = ReuseOf(options, group_, freebsd);
  }

  bool Conflicts() const {
    // Root's binds, and binds to groups, need not ask whose the holder is.
    const bool asks_user = socket_.user != 0 && !group_;
    for (Protocol protocol : {Protocol::kIpv6, Protocol::kIpv4}) {
      if (!Carries(socket_, protocol)) continue;
      if (asks_user && ForeignHolder(protocol)) return true;
      const ControlBlock* holder = Find(attempt_, address_, protocol, search_);
      if (holder == nullptr || Forgiven(*holder, protocol)) continue;
      if (!reuse_.SharedBy(*holder)) return true;
    }
    return false;
  }

 private:
  bool dual() const { return socket_.local.family() == AddressFamily::kDual; }

  // Whether another user's socket forbids the bind.
  bool ForeignHolder(Protocol protocol) const {
    const ControlBlock* holder = Find(attempt_, address_, protocol, Search::kWildcard);
    if (holder == nullptr || holder->user == socket_.user) return false;
    if (freebsd_) return true;
    if (!address_.is_set() && holder->on_wildcard()) return false;
    // The second search of a bind to both protocols lets SO_REUSEPORT pass.
    if (protocol == Protocol::kIpv4 && dual()) return !holder->options.reuse_port;
    return true;
  }

  // Quirks between the wildcards of IPv4: an AF_INET one never stops a dual-stack one, and an IPv6
  // socket's never stops the mapped one (udp-semantics 2.1.2, the latter (U)).
  bool Forgiven(const ControlBlock& holder, Protocol protocol) const {
    if (protocol != Protocol::kIpv4 || !holder.on_wildcard() || address_.is_set()) return false;
    if (dual()) return !holder.is_ipv6();
    return socket_.is_ipv6() && holder.is_ipv6();
  }

  const BindAttempt& attempt_;
  const bool freebsd_;
  const ControlBlock& socket_;
  const IpAddress address_;
  const bool group_;
  Search search_ = Search::kExact;
  Reuse reuse_;
};

}  // namespace

std::optional<OsError> BsdSearch(const BindAttempt& attempt, bool freebsd) {
  if (BsdBind(attempt, freebsd).Conflicts()) return OsError::kAddressInUse;
  return std::nullopt;
}

}  // namespace pollux::sim
