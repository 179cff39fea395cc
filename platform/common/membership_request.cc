// SPDX-License-Identifier: Apache-2.0

#include "platform/common/membership_request.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "platform/common/socket_address.h"
#include "udp/endpoint.h"

namespace pollux::internal {
namespace {

// Writes an address of a group or a source to where a request has it.
void Write(const IpAddress& address, sockaddr_storage& to) {
  SocketAddress written;
  SocketAddress::From(Endpoint(address, 0), address.family(), written);
  std::memcpy(&to, written.data(), static_cast<size_t>(written.length()));
}

}  // namespace

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

std::optional<OsError> Check(AddressFamily family, const GroupMembership& membership) {
  if (!membership.group.is_multicast()) return OsError::kInvalidArgument;
  const bool spoken =
      membership.group.is_ipv4() ? family != AddressFamily::kIpv6 : family != AddressFamily::kIpv4;
  if (!spoken) return OsError::kAddressFamilyNotSupported;
  if (!membership.source.is_set()) return std::nullopt;
  if (membership.source.family() != membership.group.family()) {
    return OsError::kAddressFamilyNotSupported;
  }
  if (membership.source.is_multicast() || membership.source.is_unspecified()) {
    return OsError::kInvalidArgument;
  }
  return std::nullopt;
}

uint32_t InterfaceOf(const GroupMembership& membership) {
  return membership.interface_index != 0 ? membership.interface_index : membership.group.scope_id();
}

group_req GroupRequest(const GroupMembership& membership) {
  group_req request = {};
  request.gr_interface = InterfaceOf(membership);
  Write(membership.group, request.gr_group);
  return request;
}

group_source_req SourceRequest(const GroupMembership& membership) {
  group_source_req request = {};
  request.gsr_interface = InterfaceOf(membership);
  Write(membership.group, request.gsr_group);
  Write(membership.source, request.gsr_source);
  return request;
}

}  // namespace pollux::internal
