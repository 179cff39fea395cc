// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/multicast.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "platform/common/membership_request.h"
#include "platform/common/socket_address.h"
#include "platform/windows/interfaces.h"

namespace pollux::windows_engine {
namespace {

// The address by which older requests name an interface; the wildcard where none is chosen, or
// where the interface has none.
in_addr AddressOf(Winsock& calls, uint32_t index) {
  in_addr any = {};
  if (index == 0) return any;
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = ListInterfaces(calls);
  if (!interfaces.ok()) return any;
  for (const NetworkInterface& candidate : *interfaces) {
    const IpAddress address = candidate.PrimaryIpv4();
    if (candidate.index == index && address.is_set()) return internal::ToInAddr(address);
  }
  return any;
}

bool IsAny(const in_addr& address) { return address.s_addr == htonl(INADDR_ANY); }

template <typename Request>
Result Set(const SocketRef& socket, int level, int name, const Request& request) {
  return socket.calls->SetOption(socket.handle, level, name, &request, sizeof(request));
}

// By the request that has been there before RFC 3678, for systems without those of RFC 3678.
Result ChangeIpv4TheOldWay(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const uint32_t index = internal::InterfaceOf(membership);
  const in_addr interface_address = AddressOf(*socket.calls, index);
  if (index != 0 && IsAny(interface_address)) return -WSAEADDRNOTAVAIL;
  if (membership.source.is_set()) {
    ip_mreq_source request = {};
    request.imr_multiaddr = internal::ToInAddr(membership.group);
    request.imr_sourceaddr = internal::ToInAddr(membership.source);
    request.imr_interface = interface_address;
    return Set(socket, IPPROTO_IP, join ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP,
               request);
  }
  ip_mreq request = {};
  request.imr_multiaddr = internal::ToInAddr(membership.group);
  request.imr_interface = interface_address;
  return Set(socket, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
}

Result ChangeIpv4(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const Result result =
      membership.source.is_set()
          ? Set(socket, IPPROTO_IP, join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
                internal::SourceRequest(membership))
          : Set(socket, IPPROTO_IP, join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP,
                internal::GroupRequest(membership));
  if (result != -WSAENOPROTOOPT) return result;
  return ChangeIpv4TheOldWay(socket, membership, join);
}

Result ChangeIpv6(const SocketRef& socket, const GroupMembership& membership, bool join) {
  if (membership.source.is_set()) {
    return Set(socket, IPPROTO_IPV6, join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
               internal::SourceRequest(membership));
  }
  ipv6_mreq request = {};
  request.ipv6mr_multiaddr = internal::ToIn6Addr(membership.group);
  request.ipv6mr_interface = internal::InterfaceOf(membership);
  return Set(socket, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request);
}

// Winsock's codes are told as they are: which one answers a second join, and which a leave of what
// was not joined, its pages leave open (docs/platforms.md).
absl::Status Change(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const std::string what = internal::Describe(join ? "join" : "leave", membership);
  if (const std::optional<OsError> wrong = internal::Check(socket.family, membership)) {
    return OsStatus(Platform::kWindows, *wrong, what);
  }
  return StatusOf(membership.group.is_ipv4() ? ChangeIpv4(socket, membership, join)
                                             : ChangeIpv6(socket, membership, join),
                  what);
}

Result SetIpv4Interface(const SocketRef& socket, uint32_t index) {
  // An index instead of an address is written as one of 0.0.0.0/8: IP_MULTICAST_IF's page.
  const ULONG by_index = htonl(index);
  const Result result = Set(socket, IPPROTO_IP, IP_MULTICAST_IF, by_index);
  if (result >= 0 || index == 0) return result;
  const in_addr by_address = AddressOf(*socket.calls, index);
  return IsAny(by_address) ? result : Set(socket, IPPROTO_IP, IP_MULTICAST_IF, by_address);
}

}  // namespace

absl::Status JoinGroup(const SocketRef& socket, const GroupMembership& membership) {
  return Change(socket, membership, /*join=*/true);
}

absl::Status LeaveGroup(const SocketRef& socket, const GroupMembership& membership) {
  return Change(socket, membership, /*join=*/false);
}

absl::Status SetGroupInterface(const SocketRef& socket, uint32_t index, uint32_t previous) {
  Result result = 0;
  if (socket.speaks_ipv6()) {
    result = socket.Set(IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index));
  }
  if (result >= 0 && socket.speaks_ipv4()) {
    result = SetIpv4Interface(socket, index);
    if (result < 0 && socket.speaks_ipv6()) {
      socket.Set(IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(previous));
    }
  }
  return StatusOf(result, absl::StrCat("send to groups by interface ", index));
}

}  // namespace pollux::windows_engine
