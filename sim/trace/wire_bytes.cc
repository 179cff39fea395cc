// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/wire_bytes.h"

namespace pollux::sim {

void Put8(std::string& out, uint8_t value) { out.push_back(static_cast<char>(value)); }

void Put16(std::string& out, uint16_t value) {
  Put8(out, static_cast<uint8_t>(value >> 8));
  Put8(out, static_cast<uint8_t>(value));
}

void Put32(std::string& out, uint32_t value) {
  Put16(out, static_cast<uint16_t>(value >> 16));
  Put16(out, static_cast<uint16_t>(value));
}

void PutAddress(std::string& out, const IpAddress& address) {
  if (address.is_ipv4()) {
    for (uint8_t byte : address.ipv4_bytes()) Put8(out, byte);
  } else {
    for (uint8_t byte : address.ipv6_bytes()) Put8(out, byte);
  }
}

void Set16(std::string& out, size_t at, uint16_t value) {
  out[at] = static_cast<char>(value >> 8);
  out[at + 1] = static_cast<char>(value & 0xff);
}

uint16_t Checksum(absl::string_view bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    sum += i % 2 == 0 ? uint64_t{byte} << 8 : byte;
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<uint16_t>(~sum);
}

std::string PseudoHeader(const IpAddress& source, const IpAddress& destination, uint8_t protocol,
                         size_t size) {
  std::string header;
  PutAddress(header, source);
  PutAddress(header, destination);
  if (source.is_ipv4()) {
    Put16(header, protocol);
    Put16(header, static_cast<uint16_t>(size));
  } else {
    Put32(header, static_cast<uint32_t>(size));
    Put32(header, protocol);
  }
  return header;
}

}  // namespace pollux::sim
