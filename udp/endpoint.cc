// SPDX-License-Identifier: Apache-2.0

#include "udp/endpoint.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pollux {
namespace {

absl::Status NotAnEndpoint(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text), "\" is not an endpoint: ", why));
}

}  // namespace

absl::StatusOr<Endpoint> Endpoint::Parse(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || (!text.empty() && text.back() == ']')) {
    return NotAnEndpoint(text, "it has no port; write \"10.0.0.1:7755\" or \"[fd77::1]:7755\"");
  }
  const absl::string_view digits = text.substr(colon + 1);
  uint32_t port = 0;
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(digits, &port) || port > 65535) {
    return NotAnEndpoint(text, "the port behind the last ':' has to be a number from 0 to 65535");
  }
  absl::string_view host = text.substr(0, colon);
  if (host.empty()) {
    return NotAnEndpoint(text, "it has no address; \"*\" stands for all of the host");
  }
  if (host == "*") return Endpoint(IpAddress::Any(), static_cast<uint16_t>(port));
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(host);
  if (!address.ok()) return NotAnEndpoint(text, address.status().message());
  if (address->is_ipv6() != bracketed) {
    return NotAnEndpoint(text, "IPv6 addresses, and only those, stand in brackets");
  }
  return Endpoint(*address, static_cast<uint16_t>(port));
}

std::string Endpoint::ToString() const {
  if (address.is_ipv6()) return absl::StrCat("[", address.ToString(), "]:", port);
  return absl::StrCat(address.ToString(), ":", port);
}

}  // namespace pollux
