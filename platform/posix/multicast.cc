// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/multicast.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "platform/posix/socket_address.h"
#include "udp/endpoint.h"

namespace pollux::posix {
namespace {

using internal::SocketAddress;

// The group's scope names its interface where the membership does not.
uint32_t InterfaceOf(const GroupMembership& membership) {
  return membership.interface_index != 0 ? membership.interface_index : membership.group.scope_id();
}

std::string Describe(absl::string_view verb, const GroupMembership& membership) {
  std::string text = absl::StrCat(verb, " ", membership.group.ToString());
  if (membership.interface_index != 0) {
    absl::StrAppend(&text, " on interface ", membership.interface_index);
  }
  if (membership.source.is_set()) {
    absl::StrAppend(&text, " from source ", membership.source.ToString());
  }
  return text;
}

// What the kernel would not notice, or would answer in more than one way.
int Validate(const SocketRef& socket, const GroupMembership& membership) {
  if (!membership.group.is_multicast()) return -EINVAL;
  const bool spoken = membership.group.is_ipv4() ? socket.speaks_ipv4() : socket.speaks_ipv6();
  if (!spoken) return -EAFNOSUPPORT;
  if (!membership.source.is_set()) return 0;
  if (membership.source.family() != membership.group.family()) return -EAFNOSUPPORT;
  if (membership.source.is_multicast() || membership.source.is_unspecified()) return -EINVAL;
  return 0;
}

int ChangeAnySource(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const uint32_t index = InterfaceOf(membership);
  if (membership.group.is_ipv4()) {
    ip_mreqn request = {};
    request.imr_multiaddr = internal::ToInAddr(membership.group);
    request.imr_ifindex = static_cast<int>(index);
    return socket.calls->SetSockOpt(socket.fd, IPPROTO_IP,
                                    join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                                    sizeof(request));
  }
  ipv6_mreq request = {};
  request.ipv6mr_multiaddr = internal::ToIn6Addr(membership.group);
  request.ipv6mr_interface = index;
  return socket.calls->SetSockOpt(socket.fd, IPPROTO_IPV6,
                                  join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                                  sizeof(request));
}

int ChangeOneSource(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const AddressFamily family = membership.group.family();
  group_source_req request = {};
  request.gsr_interface = InterfaceOf(membership);
  SocketAddress group;
  SocketAddress source;
  SocketAddress::From(Endpoint(membership.group, 0), family, group);
  SocketAddress::From(Endpoint(membership.source, 0), family, source);
  std::memcpy(&request.gsr_group, group.data(), group.length());
  std::memcpy(&request.gsr_source, source.data(), source.length());
  const int level = family == AddressFamily::kIpv4 ? IPPROTO_IP : IPPROTO_IPV6;
  return socket.calls->SetSockOpt(socket.fd, level,
                                  join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
                                  &request, sizeof(request));
}

int SetIpv4Interface(const SocketRef& socket, uint32_t index) {
  ip_mreqn request = {};
  request.imr_ifindex = static_cast<int>(index);
  const int result =
      socket.calls->SetSockOpt(socket.fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request));
  // IPv4 calls an unknown index an unknown address; there is no address in this request. The BSDs
  // say ENXIO, or EADDRNOTAVAIL too.
  return result == -EADDRNOTAVAIL ? -ENODEV : result;
}

}  // namespace

absl::Status JoinGroup(const SocketRef& socket, const GroupMembership& membership) {
  int result = Validate(socket, membership);
  if (result == 0 && membership.source.is_set()) {
    result = ChangeOneSource(socket, membership, /*join=*/true);
    // The second join of one source; the second of one group is EADDRINUSE.
    if (result == -EADDRNOTAVAIL) result = -EADDRINUSE;
  } else if (result == 0) {
    result = ChangeAnySource(socket, membership, /*join=*/true);
  }
  return StatusOf(result, Describe("join", membership));
}

absl::Status LeaveGroup(const SocketRef& socket, const GroupMembership& membership) {
  int result = Validate(socket, membership);
  if (result == 0 && membership.source.is_set()) {
    result = ChangeOneSource(socket, membership, /*join=*/false);
    // The request was valid, so that nothing of the group was joined, or not this way.
    if (result == -EINVAL) result = -EADDRNOTAVAIL;
  } else if (result == 0) {
    result = ChangeAnySource(socket, membership, /*join=*/false);
  }
  return StatusOf(result, Describe("leave", membership));
}

absl::Status SetGroupInterface(const SocketRef& socket, uint32_t index, uint32_t previous) {
  int result = 0;
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

}  // namespace pollux::posix
