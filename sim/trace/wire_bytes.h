// SPDX-License-Identifier: Apache-2.0
//
// File: wire_bytes.h
//
// What the images of packets are put together from: numbers and addresses in network byte order,
// and the Internet's checksum.

#ifndef POLLUX_SIM_TRACE_WIRE_BYTES_H_
#define POLLUX_SIM_TRACE_WIRE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "udp/ip_address.h"

namespace pollux::sim {

void Put8(std::string& out, uint8_t value);
void Put16(std::string& out, uint16_t value);
void Put32(std::string& out, uint32_t value);
void PutAddress(std::string& out, const IpAddress& address);
// Puts a number in the place of two bytes that are there.
void Set16(std::string& out, size_t at, uint16_t value);

// The Internet checksum (RFC 1071): the complement of the sum in one's complement.
uint16_t Checksum(absl::string_view bytes);

// What UDP and ICMPv6 sum up before their own bytes (RFC 768, RFC 8200 8.1).
std::string PseudoHeader(const IpAddress& source, const IpAddress& destination, uint8_t protocol,
                         size_t size);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_WIRE_BYTES_H_
