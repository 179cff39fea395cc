// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/prefix.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

constexpr int kIpv4Bits = 32;
constexpr int kIpv6Bits = 128;

int Bits(const IpAddress& address) { return address.is_ipv4() ? kIpv4Bits : kIpv6Bits; }

// `address` with its low 32 bits combined with `number`.
IpAddress WithLowBits(const IpAddress& address, uint32_t number) {
  IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  for (int i = 0; i < 4; ++i) bytes[15 - i] |= static_cast<uint8_t>(number >> (8 * i));
  if (!address.is_ipv4()) return IpAddress::Ipv6(bytes);
  return IpAddress::Ipv4(bytes[12], bytes[13], bytes[14], bytes[15]);
}

// Bits of the low 32 that number the hosts.
int HostBits(const Prefix& prefix) {
  const int bits = Bits(prefix.network) - prefix.length;
  return bits > kIpv4Bits ? kIpv4Bits : bits;
}

uint32_t HostMask(const Prefix& prefix) {
  return static_cast<uint32_t>((uint64_t{1} << HostBits(prefix)) - 1);
}

// Whether a bit behind the prefix is set.
bool HasHostBits(const Prefix& prefix) {
  const IpAddress::Ipv6Bytes bytes = prefix.network.ipv6_bytes();
  for (int bit = kIpv6Bits - Bits(prefix.network) + prefix.length; bit < kIpv6Bits; ++bit) {
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

absl::Status Refusal(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a prefix: ", why));
}

// Of at least `shortest` bits, with at least `spare` bits behind it.
absl::StatusOr<Prefix> ParseWithin(absl::string_view text, int shortest, int spare) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return Refusal(text, "it has no length; write one like 10.0.0.0/24");
  const absl::StatusOr<IpAddress> network = IpAddress::Parse(text.substr(0, slash));
  if (!network.ok()) return Refusal(text, network.status().message());
  if (network->scope_id() != 0 || network->is_mapped()) {
    return Refusal(text, "its address must have no scope and not be IPv4-mapped");
  }
  Prefix prefix{*network, 0};
  const absl::string_view length = text.substr(slash + 1);
  const int longest = Bits(*network) - spare;
  if (length.empty() || length.find_first_not_of("0123456789") != length.npos ||
      !absl::SimpleAtoi(length, &prefix.length) || prefix.length < shortest ||
      prefix.length > longest) {
    return Refusal(text,
                   absl::StrCat("its length must be a number from ", shortest, " to ", longest));
  }
  if (HasHostBits(prefix)) {
    return Refusal(text, absl::StrCat("it has bits behind its first ", prefix.length));
  }
  return prefix;
}

}  // namespace

absl::StatusOr<Prefix> Prefix::Parse(absl::string_view text) {
  absl::StatusOr<Prefix> prefix = ParseWithin(text, 1, 2);
  if (!prefix.ok()) return prefix;
  const IpAddress& network = prefix->network;
  if (network.is_multicast() || network.is_loopback() || network.is_unspecified()) {
    return Refusal(text, "hosts cannot have its addresses");
  }
  if (network.is_ipv6() && network.is_link_local()) {
    return Refusal(text, "hosts have link-local addresses beside those of their segment's prefix");
  }
  return prefix;
}

absl::StatusOr<Prefix> Prefix::ParseRange(absl::string_view text) {
  return ParseWithin(text, 0, 0);
}

std::string Prefix::ToString() const { return absl::StrCat(network.ToString(), "/", length); }

std::optional<IpAddress> Prefix::Broadcast() const {
  if (!network.is_ipv4()) return std::nullopt;
  return WithLowBits(network, HostMask(*this));
}

std::optional<IpAddress> Prefix::Host(uint32_t number) const {
  // The last IPv4 address of a prefix is its broadcast address.
  const uint32_t end = HostMask(*this);
  if (number == 0 || number > end || (network.is_ipv4() && number == end)) return std::nullopt;
  return WithLowBits(network, number);
}

}  // namespace pollux::sim
