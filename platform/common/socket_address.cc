// SPDX-License-Identifier: Apache-2.0

#include "platform/common/socket_address.h"

#include <algorithm>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"

namespace pollux::internal {
in_addr ToInAddr(const IpAddress& address) {
  in_addr result;
  const IpAddress::Ipv4Bytes bytes = address.ipv4_bytes();
  std::memcpy(&result, bytes.data(), bytes.size());
  return result;
}

in6_addr ToIn6Addr(const IpAddress& address) {
  in6_addr result;
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  std::memcpy(&result, bytes.data(), bytes.size());
  return result;
}

IpAddress FromInAddr(const in_addr& address) {
  IpAddress::Ipv4Bytes bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return IpAddress::Ipv4(bytes);
}

IpAddress FromIn6Addr(const in6_addr& address, uint32_t scope_id) {
  const uint8_t* const bytes = address.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return IpAddress::Ipv4(bytes[12], bytes[13], bytes[14], bytes[15]);
  }
  IpAddress::Ipv6Bytes copy;
  std::memcpy(copy.data(), bytes, copy.size());
  return IpAddress::Ipv6(copy, scope_id);
}

ABSL_ATTRIBUTE_HOT bool SocketAddress::FromForIpv6(const Endpoint& endpoint, AddressFamily family,
                                                   SocketAddress& address) {
  const IpAddress& ip = endpoint.address;
  if (family == AddressFamily::kIpv6 && ip.is_ipv4()) return false;
  address.v6_ = {};
  address.v6_.sin6_family = AF_INET6;
  address.v6_.sin6_port = htons(endpoint.port);
  address.v6_.sin6_addr = ToIn6Addr(ip);
  address.v6_.sin6_scope_id = ip.scope_id();
  address.length_ = sizeof(address.v6_);
  return true;
}

SocketAddress SocketAddress::Copy(const sockaddr* address, socklen_t length) {
  SocketAddress copy;
  copy.length_ = std::min(length, kRoom);
  std::memcpy(&copy.v6_, address, static_cast<size_t>(copy.length_));
  return copy;
}

Endpoint SocketAddress::ToEndpoint() const {
  Endpoint endpoint;
  ToEndpoint(endpoint);
  return endpoint;
}

void SocketAddress::OtherToEndpoint(Endpoint& endpoint) const {
  if (length_ >= kRoom && base_.sa_family == AF_INET6) {
    ::new (&endpoint.address) IpAddress(FromIn6Addr(v6_.sin6_addr, v6_.sin6_scope_id));
    endpoint.port = ntohs(v6_.sin6_port);
  } else {
    endpoint = Endpoint();
  }
}

}  // namespace pollux::internal
