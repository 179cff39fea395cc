// SPDX-License-Identifier: Apache-2.0
//
// File: socket_address.h
//
// `SocketAddress` is an endpoint in the form that system calls take, and the two ways between them.
// This is where addresses are mapped and unmapped.

#ifndef POLLUX_PLATFORM_COMMON_SOCKET_ADDRESS_H_
#define POLLUX_PLATFORM_COMMON_SOCKET_ADDRESS_H_

#include <cstring>
#include <new>
#include <type_traits>

#include "absl/base/optimization.h"
#include "platform/common/socket_headers.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"

namespace pollux::internal {

// Room for an address of either family. A plain value.
class SocketAddress {
 public:
  // Unset, with room for the kernel to write an address.
  SocketAddress() : v6_{}, length_(sizeof(v6_)) {}

  // `endpoint` for a socket of `family`: IPv4 addresses are mapped for a dual-stack socket, the
  // wildcard becomes the family's. False, where the family has no form for the address.
  static bool From(const Endpoint& endpoint, AddressFamily family, SocketAddress& address) {
    if (ABSL_PREDICT_FALSE(family != AddressFamily::kIpv4)) {
      return FromForIpv6(endpoint, family, address);
    }
    if (endpoint.address.is_ipv6()) return false;
    address.v4_ = {};
    address.v4_.sin_family = AF_INET;
    address.v4_.sin_port = htons(endpoint.port);
    const IpAddress::Ipv4Bytes bytes = endpoint.address.ipv4_bytes();
    std::memcpy(&address.v4_.sin_addr, bytes.data(), bytes.size());
    address.length_ = kIpv4Length;
    return true;
  }

  // A copy of what the system wrote elsewhere, of which at most the room there is here.
  static SocketAddress Copy(const sockaddr* address, socklen_t length);

  // The endpoint, unmapped; unset where there is no internet address.
  Endpoint ToEndpoint() const;
  // The same, made where it shall be: a copy of what was just written in parts would wait for them,
  // which is a good share of what a received datagram costs here.
  void ToEndpoint(Endpoint& endpoint) const {
    if (ABSL_PREDICT_FALSE(length_ < kIpv4Length || base_.sa_family != AF_INET)) {
      return OtherToEndpoint(endpoint);
    }
    IpAddress::Ipv4Bytes bytes;
    std::memcpy(bytes.data(), &v4_.sin_addr, bytes.size());
    static_assert(std::is_trivially_destructible_v<IpAddress>);
    ::new (&endpoint.address) IpAddress(IpAddress::Ipv4(bytes));
    endpoint.port = ntohs(v4_.sin_port);
  }

  // For system calls. The constant forms give an address, the others let the kernel write one.
  const sockaddr* data() const { return &base_; }
  socklen_t length() const { return length_; }
  sockaddr* mutable_data() { return &base_; }
  socklen_t* mutable_length() { return &length_; }
  // Gives the kernel all the room again.
  void Reset() { length_ = kRoom; }

  // Bytes that the kernel may write.
  static constexpr socklen_t kRoom = sizeof(sockaddr_in6);

 private:
  static constexpr socklen_t kIpv4Length = sizeof(sockaddr_in);

  // `From` for a socket of another family.
  static bool FromForIpv6(const Endpoint& endpoint, AddressFamily family, SocketAddress& address);
  // `ToEndpoint` of what is no IPv4 address.
  void OtherToEndpoint(Endpoint& endpoint) const;

  union {
    sockaddr base_;
    sockaddr_in v4_;
    sockaddr_in6 v6_;
  };
  socklen_t length_;
};

// The kernel's IPv4 and IPv6 addresses. Mapped ones are unmapped.
in_addr ToInAddr(const IpAddress& address);
in6_addr ToIn6Addr(const IpAddress& address);
IpAddress FromInAddr(const in_addr& address);
IpAddress FromIn6Addr(const in6_addr& address, uint32_t scope_id);

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_SOCKET_ADDRESS_H_
