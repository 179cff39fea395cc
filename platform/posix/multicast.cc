// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/multicast.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "absl/strings/str_cat.h"
#include "platform/common/membership_request.h"
#include "platform/common/socket_address.h"

namespace pollux::posix {
namespace {

int Validate(const SocketRef& socket, const GroupMembership& membership) {
  const std::optional<OsError> wrong = internal::Check(socket.family, membership);
  return wrong.has_value() ? -OsErrorNumber(kPlatform, *wrong) : 0;
}

int ChangeAnySource(const SocketRef& socket, const GroupMembership& membership, bool join) {
  const uint32_t index = internal::InterfaceOf(membership);
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
  const group_source_req request = internal::SourceRequest(membership);
  const int level = membership.group.is_ipv4() ? IPPROTO_IP : IPPROTO_IPV6;
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
  return StatusOf(result, internal::Describe("join", membership));
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
  return StatusOf(result, internal::Describe("leave", membership));
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
