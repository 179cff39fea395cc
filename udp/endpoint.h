// SPDX-License-Identifier: Apache-2.0
//
// File: endpoint.h
//
// `Endpoint` is one end of a datagram's way: an address and a UDP port.
//
//   absl::StatusOr<Endpoint> server = Endpoint::Parse("[fd77::1]:7755");
//   socket.WriteDatagram("hello", Endpoint(IpAddress::LoopbackIpv4(), 7755));

#ifndef POLLUX_UDP_ENDPOINT_H_
#define POLLUX_UDP_ENDPOINT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "udp/ip_address.h"

namespace pollux {

// A value type; thread-compatible.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;  // In host order. 0: unset, or "choose one" where a bind is asked for.

  constexpr Endpoint() = default;
  constexpr Endpoint(const IpAddress& host, uint16_t number) : address(host), port(number) {}

  // Reads "10.0.0.1:7755", "[fe80::1%2]:7755" or "*:7755" (`IpAddress::Any()`). IPv6 needs its
  // brackets. Errors: kInvalidArgument, quoting `text`.
  static absl::StatusOr<Endpoint> Parse(absl::string_view text);

  // The form that `Parse` reads.
  std::string ToString() const;

  // Whether there is an address at all; an unset endpoint as a destination means "the peer".
  constexpr bool is_set() const { return address.is_set(); }

  friend constexpr bool operator==(const Endpoint& a, const Endpoint& b) {
    return a.address == b.address && a.port == b.port;
  }
  friend constexpr bool operator!=(const Endpoint& a, const Endpoint& b) { return !(a == b); }
  friend constexpr bool operator<(const Endpoint& a, const Endpoint& b) {
    return a.address < b.address || (a.address == b.address && a.port < b.port);
  }
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.address, e.port);
  }
  friend std::ostream& operator<<(std::ostream& out, const Endpoint& e) {
    return out << e.ToString();
  }
};

}  // namespace pollux

#endif  // POLLUX_UDP_ENDPOINT_H_
