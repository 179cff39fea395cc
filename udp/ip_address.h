// SPDX-License-Identifier: Apache-2.0
//
// File: ip_address.h
//
// `IpAddress` is an IPv4 or IPv6 address, or one of two values that are not an address of a node:
// the unset address, and `Any()`, the wildcard of a dual-stack socket.
//
//   absl::StatusOr<IpAddress> group = IpAddress::Parse("239.255.43.21");
//   if (!group.ok()) return group.status();  // The message quotes the text and says what is wrong.
//   if (group->is_multicast()) ...
//
// NOTE: An IPv4 address and its IPv4-mapped IPv6 form (::ffff:a.b.c.d) are different values.
// Engines never hand out mapped addresses: a datagram that reaches a dual-stack socket from an IPv4
// peer has an IPv4 source. `Unmapped()` and `Mapped()` convert.

#ifndef POLLUX_UDP_IP_ADDRESS_H_
#define POLLUX_UDP_IP_ADDRESS_H_

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pollux {

// The protocols a socket, or an address, speaks.
enum class AddressFamily : uint8_t {
  kNone,  // The unset address.
  kIpv4,
  kIpv6,  // As a socket's family: IPv6 only.
  kDual,  // As a socket's family: IPv6 that carries IPv4 too. As an address's: `IpAddress::Any()`.
};

// "none", "IPv4", "IPv6" or "dual".
absl::string_view ToString(AddressFamily family);

// A value type; thread-compatible. Nothing here allocates but `Parse` (on failure) and `ToString`.
class IpAddress {
 public:
  using Ipv4Bytes = std::array<uint8_t, 4>;
  using Ipv6Bytes = std::array<uint8_t, 16>;

  // The unset address. It is no destination and no source; a bind treats it as `Any()`.
  constexpr IpAddress() = default;

  // Addresses from bytes in network order. `scope_id` is the index of the interface that gives a
  // link-local address or a group its meaning (RFC 4007), 0 for none.
  static constexpr IpAddress Ipv4(Ipv4Bytes bytes);
  static constexpr IpAddress Ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return Ipv4(Ipv4Bytes{a, b, c, d});
  }
  static constexpr IpAddress Ipv6(const Ipv6Bytes& bytes, uint32_t scope_id = 0);

  // The wildcard of both families: a socket bound to it is dual-stack.
  static constexpr IpAddress Any();
  static constexpr IpAddress AnyIpv4() { return Ipv4(0, 0, 0, 0); }
  static constexpr IpAddress AnyIpv6() { return Ipv6({}); }
  static constexpr IpAddress LoopbackIpv4() { return Ipv4(127, 0, 0, 1); }
  static constexpr IpAddress LoopbackIpv6() {
    return Ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  }
  // 255.255.255.255, every host of the attached network.
  static constexpr IpAddress Broadcast() { return Ipv4(255, 255, 255, 255); }

  // Reads dotted decimal IPv4 (four decimal parts, no leading zeros) or any RFC 4291 form of IPv6,
  // optionally with a numeric scope ("fe80::1%3"). Names of interfaces, which only a host
  // knows (`SocketEngine::Resolve`), ports, brackets and the shortened IPv4 forms of inet_aton are
  // refused. Errors: kInvalidArgument, quoting `text`.
  static absl::StatusOr<IpAddress> Parse(absl::string_view text);

  // The canonical form: RFC 5952 for IPv6, "%3" behind it where there is a scope; "*" for `Any()`;
  // "(unset)" for the unset address.
  std::string ToString() const;

  constexpr AddressFamily family() const { return family_; }
  constexpr bool is_ipv4() const { return family_ == AddressFamily::kIpv4; }
  constexpr bool is_ipv6() const { return family_ == AddressFamily::kIpv6; }
  constexpr bool is_set() const { return family_ != AddressFamily::kNone; }

  // The IPv4 bytes; all zero unless `is_ipv4()`.
  constexpr Ipv4Bytes ipv4_bytes() const {
    return Ipv4Bytes{bytes_[12], bytes_[13], bytes_[14], bytes_[15]};
  }
  // The IPv6 bytes; for an IPv4 address, those of its mapped form.
  constexpr Ipv6Bytes ipv6_bytes() const;
  // The IPv4 address as a number, most significant byte first.
  constexpr uint32_t ipv4_number() const;
  constexpr uint32_t scope_id() const { return scope_id_; }

  // The same address in another scope. Only IPv6 addresses have one: others are returned unchanged.
  constexpr IpAddress WithScope(uint32_t scope_id) const;
  // ::ffff:a.b.c.d for an IPv4 address, else the address itself.
  IpAddress Mapped() const;
  // The IPv4 address inside an IPv4-mapped IPv6 address, else the address itself.
  IpAddress Unmapped() const;

  // Classification. A mapped address is classified as the IPv4 address inside it.
  constexpr bool is_unspecified() const;  // 0.0.0.0, :: or Any().
  constexpr bool is_loopback() const;     // 127.0.0.0/8, ::1 (RFC 1122, RFC 4291).
  constexpr bool is_multicast() const;    // 224.0.0.0/4, ff00::/8 (RFC 5771, RFC 4291).
  // 255.255.255.255. Subnet broadcast needs a `NetworkInterface`.
  constexpr bool is_limited_broadcast() const;
  constexpr bool is_link_local() const;  // 169.254.0.0/16, fe80::/10 (RFC 3927, RFC 4291).
  bool is_private() const;               // RFC 1918, and fc00::/7 (RFC 4193).
  constexpr bool is_mapped() const;      // ::ffff:0:0/96.
  // Whether the scope decides where a packet goes: link-local unicast, and groups of
  // interface-local (ff01::) or link-local (ff02::) scope.
  bool needs_scope() const;

  // Whether the first `prefix_length` bits equal those of `network`; false across families.
  bool IsIn(const IpAddress& network, int prefix_length) const;

  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    return a.half(0) == b.half(0) && a.half(1) == b.half(1) && a.family_ == b.family_ &&
           a.scope_id_ == b.scope_id_;
  }
  friend constexpr bool operator!=(const IpAddress& a, const IpAddress& b) { return !(a == b); }
  // A total order without meaning, stable across platforms.
  friend constexpr bool operator<(const IpAddress& a, const IpAddress& b) {
    return a.Key() < b.Key();
  }
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    // Of the hash's own steps, one is enough: what it takes in differs where addresses do, but for
    // rare chance.
    const uint64_t rest = uint64_t{a.scope_id_} << 8 | static_cast<uint8_t>(a.family_);
    return H::combine(std::move(h),
                      a.half(0) * 0x9e3779b97f4a7c15 + a.half(1) + rest * 0xd6e8feb86659fd93);
  }
  friend std::ostream& operator<<(std::ostream& out, const IpAddress& a) {
    return out << a.ToString();
  }

 private:
  // The first or the second eight bytes as a word, in the machine's own order: for what treats all
  // of them alike. What looks at many bytes reads by these, and so in the parts in which addresses
  // are written: a processor waits where what it reads was written a moment ago in other ones.
  constexpr uint64_t half(size_t which) const {
    if (std::is_constant_evaluated()) {
      return std::bit_cast<std::array<uint64_t, 2>>(bytes_)[which];
    }
    uint64_t word = 0;
    std::memcpy(&word, bytes_.data() + which * sizeof(word), sizeof(word));
    return word;
  }
  constexpr bool is_ipv4_or_mapped() const { return is_ipv4() || is_mapped(); }

  constexpr std::tuple<AddressFamily, const Ipv6Bytes&, uint32_t> Key() const {
    return {family_, bytes_, scope_id_};
  }

  Ipv6Bytes bytes_ = {};  // IPv4 in the last four bytes, the others zero.
  uint32_t scope_id_ = 0;
  AddressFamily family_ = AddressFamily::kNone;
};

// Implementation details only below.

constexpr IpAddress IpAddress::Ipv4(Ipv4Bytes bytes) {
  IpAddress address;
  address.family_ = AddressFamily::kIpv4;
  for (int i = 0; i < 4; ++i) address.bytes_[12 + i] = bytes[i];
  return address;
}

constexpr IpAddress IpAddress::Ipv6(const Ipv6Bytes& bytes, uint32_t scope_id) {
  IpAddress address;
  address.family_ = AddressFamily::kIpv6;
  address.bytes_ = bytes;
  address.scope_id_ = scope_id;
  return address;
}

constexpr IpAddress IpAddress::Any() {
  IpAddress address;
  address.family_ = AddressFamily::kDual;
  return address;
}

constexpr uint32_t IpAddress::ipv4_number() const {
  const uint64_t word = half(1);
  if constexpr (std::endian::native == std::endian::big) return static_cast<uint32_t>(word);
  const auto number = static_cast<uint32_t>(word >> 32);
#ifdef __GNUC__
  return __builtin_bswap32(number);  // One instruction, which GCC does not make of the other line.
#else
  return number << 24 | (number & 0xff00) << 8 | (number >> 8 & 0xff00) | number >> 24;
#endif
}

constexpr IpAddress::Ipv6Bytes IpAddress::ipv6_bytes() const {
  Ipv6Bytes bytes = bytes_;
  if (is_ipv4()) bytes[10] = bytes[11] = 0xff;
  return bytes;
}

constexpr bool IpAddress::is_mapped() const {
  if (!is_ipv6() || half(0) != 0) return false;
  return bytes_[8] == 0 && bytes_[9] == 0 && bytes_[10] == 0xff && bytes_[11] == 0xff;
}

constexpr bool IpAddress::is_unspecified() const {
  if (is_mapped()) return ipv4_number() == 0;
  return is_set() && half(0) == 0 && half(1) == 0;
}

constexpr bool IpAddress::is_loopback() const {
  if (is_ipv4_or_mapped()) return bytes_[12] == 127;
  return *this == LoopbackIpv6();
}

constexpr bool IpAddress::is_multicast() const {
  if (is_ipv4_or_mapped()) return (bytes_[12] & 0xf0) == 0xe0;
  return is_ipv6() && bytes_[0] == 0xff;
}

constexpr bool IpAddress::is_limited_broadcast() const {
  return is_ipv4_or_mapped() && ipv4_number() == 0xffffffff;
}

constexpr bool IpAddress::is_link_local() const {
  if (is_ipv4_or_mapped()) return bytes_[12] == 169 && bytes_[13] == 254;
  return is_ipv6() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

constexpr IpAddress IpAddress::WithScope(uint32_t scope_id) const {
  IpAddress address = *this;
  if (is_ipv6()) address.scope_id_ = scope_id;
  return address;
}

}  // namespace pollux

#endif  // POLLUX_UDP_IP_ADDRESS_H_
