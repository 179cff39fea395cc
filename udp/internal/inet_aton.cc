// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/inet_aton.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace pollux::internal {
namespace {

constexpr size_t kParts = 4;

// The value of a digit in any base up to 16; 16 for what is none.
uint32_t DigitOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint32_t>(c - 'A' + 10);
  return 16;
}

// One part, as C writes numbers; nullopt for none, and for one of more than 32 bits.
std::optional<uint32_t> ReadPart(absl::string_view part) {
  uint32_t base = 10;
  if (absl::StartsWithIgnoreCase(part, "0x")) {
    base = 16;
    part.remove_prefix(2);
  } else if (part.size() > 1 && part.front() == '0') {
    base = 8;
  }
  if (part.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : part) {
    const uint32_t digit = DigitOf(c);
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value > UINT32_MAX) return std::nullopt;
  }
  return static_cast<uint32_t>(value);
}

}  // namespace

std::optional<IpAddress> ReadAsInetAton(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() > kParts) return std::nullopt;
  uint32_t address = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::optional<uint32_t> value = ReadPart(parts[i]);
    // One byte each, but for the last, which has what is left.
    const bool last = i + 1 == parts.size();
    const uint32_t most = last ? UINT32_MAX >> (8 * i) : 255;
    if (!value || *value > most) return std::nullopt;
    address |= last ? *value : *value << (24 - 8 * i);
  }
  const auto byte = [address](int shift) { return static_cast<uint8_t>(address >> shift & 0xff); };
  return IpAddress::Ipv4(byte(24), byte(16), byte(8), byte(0));
}

}  // namespace pollux::internal
