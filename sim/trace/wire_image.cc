// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/wire_image.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "sim/trace/wire_bytes.h"

namespace pollux::sim {
namespace {

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kIcmpv6 = 58;
constexpr uint8_t kIpv6Fragment = 44;
constexpr uint32_t kUnit = 8;  // Offsets of fragments are told in these.
constexpr size_t kIpv4Header = 20;
constexpr size_t kUdpChecksum = 6;  // Where it is in the UDP header, and in that of ICMP.
constexpr size_t kIcmpChecksum = 2;
constexpr size_t kIpv4Checksum = 10;

// A checksum that does not fit where `right` would, and is not 0, which says in IPv4's UDP that
// there is none.
uint16_t Wrong(uint16_t right) {
  const uint16_t wrong = right ^ 0x5555;
  return wrong == 0 || wrong == 0xffff ? right ^ 0x3333 : wrong;
}

std::string UdpDatagram(const Packet& packet) {
  const absl::string_view payload = packet.payload.bytes();
  std::string udp;
  Put16(udp, packet.source.port);
  Put16(udp, packet.destination.port);
  Put16(udp, static_cast<uint16_t>(payload.size() + 8));
  Put16(udp, 0);
  udp.append(payload.data(), payload.size());
  uint16_t checksum = Checksum(
      PseudoHeader(packet.source.address, packet.destination.address, kUdp, udp.size()) + udp);
  if (checksum == 0) checksum = 0xffff;
  const bool has_checksum = packet.fragment_offset == 0;
  if (packet.corrupted && has_checksum) checksum = Wrong(checksum);
  Set16(udp, kUdpChecksum, checksum);
  if (!packet.is_fragment()) return udp;
  std::string part = udp.substr(packet.fragment_offset, packet.fragment_size);
  if (packet.corrupted && !has_checksum) part.back() ^= 0x55;
  return part;
}

// The offset, in units, where IPv4 and IPv6 have it, and the flag of all fragments but the last.
uint16_t OffsetField(const Packet& packet, uint32_t bits_below, uint16_t more) {
  const uint32_t offset = uint32_t{packet.fragment_offset} / kUnit << bits_below;
  return static_cast<uint16_t>(offset | (packet.is_last() ? 0 : more));
}

// An IP packet of one protocol around `content`.
struct IpHeader {
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = kUdp;
  uint8_t hop_limit = 64;
  uint8_t traffic_class = 0;
  bool dont_fragment = false;
  uint16_t identification = 0;
  uint16_t fragment = 0;  // IPv4's flag and offset.
};

std::string IpPacket(const IpHeader& header, absl::string_view content) {
  std::string ip;
  if (header.destination.is_ipv4()) {
    Put8(ip, 0x45);
    Put8(ip, header.traffic_class);
    Put16(ip, static_cast<uint16_t>(kIpv4Header + content.size()));
    Put16(ip, header.identification);
    Put16(ip, header.dont_fragment ? 0x4000 : header.fragment);
    Put8(ip, header.hop_limit);
    Put8(ip, header.protocol);
    Put16(ip, 0);
    PutAddress(ip, header.source);
    PutAddress(ip, header.destination);
    Set16(ip, kIpv4Checksum, Checksum(ip));
  } else {
    Put32(ip, 0x60000000 | uint32_t{header.traffic_class} << 20);
    Put16(ip, static_cast<uint16_t>(content.size()));
    Put8(ip, header.protocol);
    Put8(ip, header.hop_limit);
    PutAddress(ip, header.source);
    PutAddress(ip, header.destination);
  }
  ip.append(content.data(), content.size());
  return ip;
}

IpHeader HeaderOf(const Packet& packet) {
  IpHeader header;
  header.source = packet.source.address;
  header.destination = packet.destination.address;
  header.hop_limit = packet.hop_limit;
  header.traffic_class = packet.traffic_class;
  header.dont_fragment = packet.dont_fragment;
  header.identification = static_cast<uint16_t>(packet.id);
  if (packet.is_fragment()) header.fragment = OffsetField(packet, 0, 0x2000);
  return header;
}

struct IcmpType {
  uint8_t type = 0;
  uint8_t code = 0;
};

// The numbers of RFC 792 and RFC 1812 5.2.7.1.
IcmpType Icmpv4TypeOf(IcmpError error) {
  switch (error) {
    case IcmpError::kNetUnreachable:
      return {3, 0};
    case IcmpError::kHostUnreachable:
      return {3, 1};
    case IcmpError::kProtocolUnreachable:
      return {3, 2};
    case IcmpError::kPortUnreachable:
      return {3, 3};
    case IcmpError::kFragmentationNeeded:
      return {3, 4};
    case IcmpError::kAdminProhibited:
      return {3, 13};
    case IcmpError::kTimeExceeded:
      return {11, 0};
    case IcmpError::kReassemblyTimeExceeded:
      return {11, 1};
  }
  return {};
}

// The numbers of RFC 4443.
IcmpType Icmpv6TypeOf(IcmpError error) {
  switch (error) {
    case IcmpError::kNetUnreachable:
      return {1, 0};
    case IcmpError::kHostUnreachable:
      return {1, 3};
    case IcmpError::kProtocolUnreachable:
      return {4, 1};
    case IcmpError::kPortUnreachable:
      return {1, 4};
    case IcmpError::kFragmentationNeeded:
      return {2, 0};
    case IcmpError::kAdminProhibited:
      return {1, 1};
    case IcmpError::kTimeExceeded:
      return {3, 0};
    case IcmpError::kReassemblyTimeExceeded:
      return {3, 1};
  }
  return {};
}

std::string IcmpErrorPacket(const Packet& packet, const Packet* about) {
  const bool ipv4 = packet.target().is_ipv4();
  IpHeader header = HeaderOf(packet);
  header.source = packet.icmp_reporter;
  header.destination = packet.source.address;
  header.protocol = ipv4 ? kIcmp : kIcmpv6;
  const IcmpType type = ipv4 ? Icmpv4TypeOf(*packet.icmp) : Icmpv6TypeOf(*packet.icmp);
  std::string icmp;
  Put8(icmp, type.type);
  Put8(icmp, type.code);
  Put16(icmp, 0);
  const bool has_mtu = *packet.icmp == IcmpError::kFragmentationNeeded;
  Put32(icmp, has_mtu ? packet.icmp_mtu : 0);  // IPv4: two bytes that are 0, then the MTU.
  Packet quoted = about == nullptr ? packet : *about;
  quoted.corrupted = false;
  quoted.icmp.reset();
  quoted.source = packet.source;
  quoted.destination = packet.destination;
  icmp += WireImage(quoted);
  const size_t header_size = IpPacket(header, "").size();
  icmp.resize(std::min(icmp.size(), packet.wire_size() - header_size));
  const std::string pseudo =
      ipv4 ? "" : PseudoHeader(header.source, header.destination, kIcmpv6, icmp.size());
  const uint16_t checksum = Checksum(pseudo + icmp);
  Set16(icmp, kIcmpChecksum, packet.corrupted ? Wrong(checksum) : checksum);
  return IpPacket(header, icmp);
}

}  // namespace

std::string WireImage(const Packet& packet, const Packet* about) {
  if (packet.icmp) return IcmpErrorPacket(packet, about);
  IpHeader header = HeaderOf(packet);
  std::string content = UdpDatagram(packet);
  if (packet.is_fragment() && packet.destination.address.is_ipv6()) {
    std::string fragment_header;  // RFC 8200 4.5.
    Put8(fragment_header, kUdp);
    Put8(fragment_header, 0);
    Put16(fragment_header, OffsetField(packet, 3, 1));
    Put32(fragment_header, static_cast<uint32_t>(packet.id));
    header.protocol = kIpv6Fragment;
    content = fragment_header + content;
  }
  return IpPacket(header, content);
}

}  // namespace pollux::sim
