// SPDX-License-Identifier: Apache-2.0
//
// File: prefix.h
//
// `Prefix` is a range of addresses, as "10.0.0.0/24": the numbers that a segment gives to its
// hosts.

#ifndef POLLUX_SIM_FABRIC_PREFIX_H_
#define POLLUX_SIM_FABRIC_PREFIX_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// A value type; thread-compatible.
struct Prefix {
  IpAddress network;  // All bits behind the first `length` are 0.
  int length = 0;

  // Reads "10.0.0.0/24" or "fd00::/64", with room for at least two hosts. Errors: kInvalidArgument,
  // quoting `text` and saying what is wrong, bits behind the prefix included.
  static absl::StatusOr<Prefix> Parse(absl::string_view text);
  // The same for what routes are told about: of any length, from 0 on, and any address. Errors:
  // kInvalidArgument.
  static absl::StatusOr<Prefix> ParseRange(absl::string_view text);
  // The form that `Parse` reads.
  std::string ToString() const;

  bool Contains(const IpAddress& address) const { return address.IsIn(network, length); }
  bool Overlaps(const Prefix& other) const {
    return Contains(other.network) || other.Contains(network);
  }
  // The address that reaches all hosts of an IPv4 prefix; nullopt for IPv6.
  std::optional<IpAddress> Broadcast() const;
  // The address of host `number`, from 1 on; nullopt when the prefix has no such host.
  std::optional<IpAddress> Host(uint32_t number) const;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_PREFIX_H_
