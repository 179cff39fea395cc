// SPDX-License-Identifier: Apache-2.0

#include "udp/ip_address.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace pollux {
namespace {

using Groups = std::array<uint16_t, 8>;

// Exactly four decimal parts. Leading zeros are refused, because others read them as octal.
std::optional<IpAddress::Ipv4Bytes> ParseIpv4(absl::string_view text) {
  IpAddress::Ipv4Bytes bytes = {};
  size_t part = 0;
  for (absl::string_view digits : absl::StrSplit(text, '.')) {
    const bool well_formed = !digits.empty() && digits.size() <= 3 &&
                             std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) &&
                             (digits.size() == 1 || digits[0] != '0');
    uint32_t value = 0;
    if (part == 4 || !well_formed || !absl::SimpleAtoi(digits, &value) || value > 255) {
      return std::nullopt;
    }
    bytes[part++] = static_cast<uint8_t>(value);
  }
  if (part != 4) return std::nullopt;
  return bytes;
}

// What somebody meant who wrote something else than an address; empty where it is just wrong.
absl::string_view WhatElse(absl::string_view text) {
  if (text.find('/') != absl::string_view::npos) return "a prefix length is no part of it";
  const size_t colon = text.rfind(':');
  const bool names_a_port = colon != absl::string_view::npos && ParseIpv4(text.substr(0, colon));
  if (names_a_port || absl::StartsWith(text, "[")) {
    return "Endpoint::Parse reads an address with a port: 10.0.0.1:7755, [fd77::1]:7755";
  }
  if (colon == absl::string_view::npos && !text.empty() && absl::ascii_isalpha(text[0])) {
    return "a name is looked up by SocketEngine::Resolve, and by UdpSocket::ConnectToHost";
  }
  return "";
}

absl::Status NotAnAddress(absl::string_view text, absl::string_view why) {
  const absl::string_view what_else = WhatElse(text);
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text),
                   "\" is not an IP address: ", what_else.empty() ? why : what_else));
}

std::optional<uint16_t> ParseGroup(absl::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  uint32_t value = 0;
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isxdigit) ||
      !absl::SimpleHexAtoi(text, &value)) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(value);
}

// Reads groups separated by colons, the last of which may be an embedded IPv4 address, into
// `groups`. Returns how many 16-bit groups there were.
std::optional<size_t> ParseGroups(absl::string_view text, Groups& groups, bool ipv4_at_end) {
  if (text.empty()) return 0;
  size_t count = 0;
  std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (last && ipv4_at_end && parts[i].find('.') != absl::string_view::npos) {
      const std::optional<IpAddress::Ipv4Bytes> ipv4 = ParseIpv4(parts[i]);
      if (!ipv4 || count + 2 > groups.size()) return std::nullopt;
      groups[count++] = static_cast<uint16_t>((*ipv4)[0] << 8 | (*ipv4)[1]);
      groups[count++] = static_cast<uint16_t>((*ipv4)[2] << 8 | (*ipv4)[3]);
      continue;
    }
    const std::optional<uint16_t> group = ParseGroup(parts[i]);
    if (!group || count == groups.size()) return std::nullopt;
    groups[count++] = *group;
  }
  return count;
}

std::optional<IpAddress::Ipv6Bytes> ParseIpv6(absl::string_view text) {
  Groups groups = {};
  const size_t gap = text.find("::");
  if (gap == absl::string_view::npos) {
    if (ParseGroups(text, groups, /*ipv4_at_end=*/true) != groups.size()) return std::nullopt;
  } else {
    Groups tail = {};
    const absl::string_view behind = text.substr(gap + 2);
    const std::optional<size_t> before_count =
        ParseGroups(text.substr(0, gap), groups, /*ipv4_at_end=*/false);
    const std::optional<size_t> behind_count = ParseGroups(behind, tail, /*ipv4_at_end=*/true);
    // "::" stands for at least one group.
    if (!before_count || !behind_count || *before_count + *behind_count >= groups.size()) {
      return std::nullopt;
    }
    std::copy_n(tail.begin(), *behind_count, groups.end() - *behind_count);
  }
  IpAddress::Ipv6Bytes bytes;
  for (size_t i = 0; i < groups.size(); ++i) {
    bytes[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    bytes[2 * i + 1] = static_cast<uint8_t>(groups[i]);
  }
  return bytes;
}

bool IsMappedBytes(const IpAddress::Ipv6Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

std::string FormatIpv4(const uint8_t* bytes) {
  return absl::StrCat(bytes[0], ".", bytes[1], ".", bytes[2], ".", bytes[3]);
}

// RFC 5952: lower case, no leading zeros, the longest run of at least two zero groups (the first of
// equals) as "::", and the embedded form for mapped addresses.
std::string FormatIpv6(const IpAddress::Ipv6Bytes& bytes) {
  if (IsMappedBytes(bytes)) return absl::StrCat("::ffff:", FormatIpv4(&bytes[12]));
  Groups groups;
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  size_t best = groups.size(), best_length = 1;
  for (size_t i = 0; i < groups.size(); ++i) {
    size_t length = 0;
    while (i + length < groups.size() && groups[i + length] == 0) ++length;
    if (length > best_length) best = i, best_length = length;
    i += length;
  }
  std::string text;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    absl::StrAppendFormat(&text, "%x", groups[i]);
  }
  return text;
}

}  // namespace

absl::string_view ToString(AddressFamily family) {
  switch (family) {
    case AddressFamily::kNone:
      return "none";
    case AddressFamily::kIpv4:
      return "IPv4";
    case AddressFamily::kIpv6:
      return "IPv6";
    case AddressFamily::kDual:
      return "dual";
  }
  return "none";
}

absl::StatusOr<IpAddress> IpAddress::Parse(absl::string_view text) {
  if (text.empty()) return NotAnAddress(text, "it is empty");
  if (text.find(':') == absl::string_view::npos) {
    if (const std::optional<Ipv4Bytes> bytes = ParseIpv4(text)) return Ipv4(*bytes);
    return NotAnAddress(text, "IPv4 is four decimal numbers from 0 to 255, without leading zeros");
  }
  const size_t percent = text.find('%');
  const absl::string_view address = text.substr(0, percent);
  uint32_t scope_id = 0;
  if (percent != absl::string_view::npos) {
    const absl::string_view scope = text.substr(percent + 1);
    if (scope.empty() || !std::all_of(scope.begin(), scope.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(scope, &scope_id) || scope_id == 0) {
      return NotAnAddress(text,
                          "the scope behind '%' has to be the number of an interface, "
                          "which FindInterface finds by its name; SocketEngine::Resolve and "
                          "UdpSocket::ConnectToHost take the name itself");
    }
  }
  if (const std::optional<Ipv6Bytes> bytes = ParseIpv6(address)) return Ipv6(*bytes, scope_id);
  return NotAnAddress(text,
                      "IPv6 is eight groups of up to four hexadecimal digits, of which one "
                      "run of zeros may be written as \"::\"");
}

std::string IpAddress::ToString() const {
  switch (family_) {
    case AddressFamily::kNone:
      return "(unset)";
    case AddressFamily::kDual:
      return "*";
    case AddressFamily::kIpv4:
      return FormatIpv4(&bytes_[12]);
    case AddressFamily::kIpv6:
      break;
  }
  return scope_id_ == 0 ? FormatIpv6(bytes_) : absl::StrCat(FormatIpv6(bytes_), "%", scope_id_);
}

IpAddress IpAddress::Mapped() const { return is_ipv4() ? Ipv6(ipv6_bytes()) : *this; }

IpAddress IpAddress::Unmapped() const {
  if (!is_mapped()) return *this;
  return Ipv4(bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
}

bool IpAddress::is_private() const {
  if (is_ipv4() || is_mapped()) {
    const IpAddress ipv4 = Unmapped();
    return ipv4.IsIn(Ipv4(10, 0, 0, 0), 8) || ipv4.IsIn(Ipv4(172, 16, 0, 0), 12) ||
           ipv4.IsIn(Ipv4(192, 168, 0, 0), 16);
  }
  return is_ipv6() && (bytes_[0] & 0xfe) == 0xfc;
}

bool IpAddress::needs_scope() const {
  if (!is_ipv6() || is_mapped()) return false;
  const uint8_t group_scope = bytes_[1] & 0x0f;
  return is_link_local() || (is_multicast() && (group_scope == 1 || group_scope == 2));
}

bool IpAddress::IsIn(const IpAddress& network, int prefix_length) const {
  if (family_ != network.family_ || !(is_ipv4() || is_ipv6())) return false;
  if (is_ipv4()) {
    const uint32_t differs = ipv4_number() ^ network.ipv4_number();
    return prefix_length <= 0 || differs >> (32 - std::min(prefix_length, 32)) == 0;
  }
  // Whole bytes first, then the bits of one.
  const int bits = std::clamp(prefix_length, 0, 128);
  const int whole = bits / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, network.bytes_.begin())) return false;
  return bits % 8 == 0 || (bytes_[whole] ^ network.bytes_[whole]) >> (8 - bits % 8) == 0;
}

}  // namespace pollux
