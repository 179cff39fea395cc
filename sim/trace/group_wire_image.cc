// SPDX-License-Identifier: Apache-2.0
//
// The bytes of messages about groups. All of them leave with a hop limit of 1 and the router alert
// option (RFC 2113, RFC 2711): routers are to look at them.

#include <algorithm>
#include <cstdint>
#include <string>

#include "sim/trace/group_message.h"
#include "sim/trace/wire_bytes.h"
#include "sim/trace/wire_image.h"

namespace pollux::sim {
namespace {

constexpr uint8_t kIgmp = 2;
constexpr uint8_t kIcmpv6 = 58;
constexpr size_t kChecksum = 2;  // Where it is in IGMP and ICMPv6.
constexpr size_t kIpv4Checksum = 10;
constexpr uint8_t kRobustness = 2;  // RFC 3376 8.1, RFC 3810 9.1.
// How long hosts may take to answer: RFC 3376 8.3 and 8.8, RFC 3810 9.3 and 9.8.
constexpr absl::Duration kResponse = absl::Seconds(10);
constexpr absl::Duration kLastMemberResponse = absl::Seconds(1);

// A record's type (RFC 3376 4.2.12, RFC 3810 5.2.12): the filter changes to "all but no sources",
// or to "no sources but none".
uint8_t RecordTypeOf(GroupMessage::Kind kind) { return kind == GroupMessage::Kind::kJoin ? 4 : 3; }

// The querier's interval in seconds, in the byte that there is for it (RFC 3376 4.1.7).
uint8_t IntervalCode(absl::Duration interval) {
  const int64_t seconds = absl::ToInt64Seconds(interval);
  if (seconds < 128) return static_cast<uint8_t>(seconds);
  int exponent = 0;
  while (exponent < 7 && seconds >> (exponent + 3) > 0x1f) ++exponent;
  const int64_t mantissa = std::min<int64_t>(seconds >> (exponent + 3), 0x1f) & 0xf;
  return static_cast<uint8_t>(0x80 | exponent << 4 | mantissa);
}

// Behind the type, which IGMP and MLD have numbers of their own for: both have the same fields, in
// places of the size of their addresses.
std::string ReportBody(const GroupMessage& message) {
  std::string body;
  Put16(body, 0);
  Put16(body, 1);  // Records.
  Put8(body, RecordTypeOf(message.kind));
  Put8(body, 0);
  Put16(body, 0);  // Sources.
  PutAddress(body, message.group);
  return body;
}

absl::Duration ResponseTime(const GroupMessage& message) {
  return message.is_general() ? kResponse : kLastMemberResponse;
}

void PutQuerier(std::string& out, const GroupMessage& message) {
  Put8(out, kRobustness);
  Put8(out, IntervalCode(message.query_interval));
  Put16(out, 0);  // Sources.
}

std::string Igmp(const GroupMessage& message) {
  std::string igmp;
  if (message.kind == GroupMessage::Kind::kQuery) {
    Put8(igmp, 0x11);
    Put8(igmp, static_cast<uint8_t>(ResponseTime(message) / absl::Milliseconds(100)));
    Put16(igmp, 0);
    PutAddress(igmp, message.group);
    PutQuerier(igmp, message);
  } else {
    Put8(igmp, 0x22);
    Put8(igmp, 0);
    Put16(igmp, 0);
    igmp += ReportBody(message);
  }
  Set16(igmp, kChecksum, Checksum(igmp));
  return igmp;
}

std::string Mld(const GroupMessage& message) {
  std::string mld;
  if (message.kind == GroupMessage::Kind::kQuery) {
    Put8(mld, 130);
    Put8(mld, 0);
    Put16(mld, 0);
    Put16(mld, static_cast<uint16_t>(ResponseTime(message) / absl::Milliseconds(1)));
    Put16(mld, 0);
    PutAddress(mld, message.group);
    PutQuerier(mld, message);
  } else {
    Put8(mld, 143);
    Put8(mld, 0);
    Put16(mld, 0);
    mld += ReportBody(message);
  }
  const std::string pseudo =
      PseudoHeader(message.source, message.Destination(), kIcmpv6, mld.size());
  Set16(mld, kChecksum, Checksum(pseudo + mld));
  return mld;
}

std::string Ipv4Packet(const GroupMessage& message, const std::string& content) {
  std::string ip;
  Put8(ip, 0x46);  // With four bytes of options.
  Put8(ip, 0xc0);  // Internetwork control (RFC 3376 4).
  Put16(ip, static_cast<uint16_t>(24 + content.size()));
  Put16(ip, 0);
  Put16(ip, 0x4000);
  Put8(ip, 1);
  Put8(ip, kIgmp);
  Put16(ip, 0);
  PutAddress(ip, message.source);
  PutAddress(ip, message.Destination());
  Put32(ip, 0x94040000);  // Router alert.
  Set16(ip, kIpv4Checksum, Checksum(ip));
  return ip + content;
}

std::string Ipv6Packet(const GroupMessage& message, const std::string& content) {
  std::string ip;
  Put32(ip, 0x60000000);
  Put16(ip, static_cast<uint16_t>(8 + content.size()));
  Put8(ip, 0);  // Hop-by-hop options follow.
  Put8(ip, 1);
  PutAddress(ip, message.source);
  PutAddress(ip, message.Destination());
  Put8(ip, kIcmpv6);
  Put8(ip, 0);
  Put32(ip, 0x05020000);  // Router alert: a message of MLD.
  Put16(ip, 0x0100);      // Padding.
  return ip + content;
}

}  // namespace

IpAddress GroupMessage::Destination() const {
  const bool ipv4 = group.is_ipv4();
  if (kind != Kind::kQuery) {
    return ipv4 ? IpAddress::Ipv4(224, 0, 0, 22) : *IpAddress::Parse("ff02::16");
  }
  if (!is_general()) return group;
  return ipv4 ? IpAddress::Ipv4(224, 0, 0, 1) : *IpAddress::Parse("ff02::1");
}

std::string WireImage(const GroupMessage& message) {
  return message.group.is_ipv4() ? Ipv4Packet(message, Igmp(message))
                                 : Ipv6Packet(message, Mld(message));
}

}  // namespace pollux::sim
