// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/answer_at_once.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/inet_aton.h"
#include "udp/network_interface.h"
#include "udp/socket_error.h"

namespace pollux::internal {
namespace {

using Answer = absl::StatusOr<std::vector<IpAddress>>;

absl::Status NotFound(absl::string_view name, absl::string_view why) {
  return SocketStatus(SocketError::kHostNotFound,
                      absl::StrCat("resolve \"", absl::CHexEscape(name), "\": ", why));
}

// Of `address` with the zone behind it that is no number.
Answer InZone(SocketEngine& engine, absl::string_view name, const IpAddress& address,
              absl::string_view zone) {
  if (!address.needs_scope()) {
    return NotFound(name,
                    "only link-local addresses, and groups of one link, are of an interface; write "
                    "it without what is behind '%'");
  }
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = engine.Interfaces();
  if (!interfaces.ok()) return NotFound(name, interfaces.status().message());
  const absl::StatusOr<NetworkInterface> interface = FindInterface(*interfaces, zone);
  if (!interface.ok()) return NotFound(name, interface.status().message());
  return std::vector<IpAddress>{address.WithScope(interface->index)};
}

}  // namespace

std::optional<Answer> AnswerAtOnce(SocketEngine& engine, absl::string_view name) {
  if (const absl::StatusOr<IpAddress> literal = IpAddress::Parse(name); literal.ok()) {
    return std::vector<IpAddress>{*literal};
  }
  // An operating system would read the name up to the zero byte.
  if (name.empty() || name.find('\0') != absl::string_view::npos) {
    return NotFound(name, "not a host name");
  }
  // Resolvers take it for an address, and not all of them for the same one.
  if (const std::optional<IpAddress> loose = ReadAsInetAton(name)) {
    return NotFound(name, absl::StrCat("an IPv4 address is four decimal numbers without leading "
                                       "zeros; what inet_aton reads in this is ",
                                       loose->ToString()));
  }
  const size_t percent = name.find('%');
  if (percent == absl::string_view::npos) return std::nullopt;
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(name.substr(0, percent));
  if (!address.ok() || !address->is_ipv6()) return std::nullopt;
  return InZone(engine, name, *address, name.substr(percent + 1));
}

}  // namespace pollux::internal
