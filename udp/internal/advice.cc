// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/advice.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "udp/socket_error.h"

namespace pollux::internal {
namespace {

absl::Status WithAdvice(const absl::Status& status, absl::string_view advice) {
  if (advice.empty()) return status;
  absl::Status advised(status.code(), absl::StrCat(status.message(), "; ", advice));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { advised.SetPayload(url, payload); });
  return advised;
}

// Which bind modes share is the platform's rule: see `BindMode`.
absl::string_view OnTakenPort(Platform platform, uint16_t port) {
  if (port == 0) return "no port is free; close sockets that are not needed";
  switch (platform) {
    case Platform::kLinux:
    case Platform::kMacOs:
    case Platform::kFreeBsd:
      return "another socket holds it; bind another port, or have both bind with "
             "BindMode::kShareAddress";
    case Platform::kWindows:
      return "another socket holds it; bind another port, or share it by "
             "BindMode::kReuseAddressHint";
    case Platform::kSymbian:
      return "another socket holds it; bind another port, or share it by "
             "BindMode::kReuseAddressHint and the capability NetworkControl";
  }
  return "another socket holds it; bind another port";
}

}  // namespace

absl::Status AdviseOnBind(const absl::Status& status, Platform platform, const Endpoint& local) {
  const SocketError cause = SocketErrorOf(status).value_or(SocketError::kUnknown);
  if (cause == SocketError::kAddressInUse) {
    return WithAdvice(status, OnTakenPort(platform, local.port));
  }
  if (cause == SocketError::kSocketAccess && platform == Platform::kWindows) {
    return WithAdvice(status,
                      "another socket holds it and does not share it, or the system keeps it; bind "
                      "another port");
  }
  if (cause == SocketError::kSocketAccess && local.port < 1024) {
    return WithAdvice(status, "ports below 1024 take privileges; bind another port");
  }
  if (local.address.needs_scope() && local.address.scope_id() == 0) {
    return WithAdvice(status, absl::StrCat("it needs the index of an interface behind it, as in ",
                                           local.address.ToString(), "%3"));
  }
  if (cause != SocketError::kSocketAddressNotAvailable) return status;
  if (local.address.is_multicast() || local.address.is_limited_broadcast()) {
    return WithAdvice(
        status, "this platform binds no socket to it; bind a wildcard address, and join groups");
  }
  return WithAdvice(status, "SocketEngine::Interfaces() lists the addresses of this host");
}

absl::Status AdviseOnJoin(const absl::Status& status, const GroupMembership& membership,
                          const IpAddress& local) {
  const AddressFamily family = membership.group.Unmapped().family();
  if (local.is_set() && local.family() != AddressFamily::kDual && local.family() != family) {
    return WithAdvice(status, absl::StrCat("the socket is bound to ", local.ToString(),
                                           ", which is ", ToString(local.family()),
                                           "; bind it to IpAddress::Any() to join groups of both"));
  }
  switch (SocketErrorOf(status).value_or(SocketError::kUnknown)) {
    case SocketError::kAddressInUse:
      return WithAdvice(status, "this socket is a member already");
    case SocketError::kSocketAddressNotAvailable:  // Windows' word for both.
      return WithAdvice(status,
                        "this socket is a member already, or SocketEngine::Interfaces() does not "
                        "list the interface");
    case SocketError::kSocketResource:
      return WithAdvice(status,
                        "a socket can be in so many groups and no more; join further ones with "
                        "another socket");
    case SocketError::kNetwork:
      return WithAdvice(status, membership.interface_index == 0
                                    ? "no route says which interface the group is on; name one"
                                    : "SocketEngine::Interfaces() lists those there are");
    default:
      return status;
  }
}

absl::Status AdviseOnLeave(const absl::Status& status) {
  if (SocketErrorOf(status) != SocketError::kSocketAddressNotAvailable) return status;
  return WithAdvice(status,
                    "this socket is no member of it there; leave with the interface and the source "
                    "that it was joined with");
}

}  // namespace pollux::internal
