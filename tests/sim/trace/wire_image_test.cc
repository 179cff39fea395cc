// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/wire_image.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

Packet Hello(const char* from, const char* to, absl::string_view payload = "hello") {
  Packet packet;
  packet.id = 1;
  packet.source = Endpoint(*IpAddress::Parse(from), 5000);
  packet.destination = Endpoint(*IpAddress::Parse(to), 7755);
  packet.traffic_class = 2;
  packet.dont_fragment = true;
  packet.payload = Payload::Copy(payload);
  return packet;
}

std::string HexOf(const Packet& packet, const Packet* about = nullptr) {
  return absl::BytesToHexString(WireImage(packet, about));
}

// The sum in one's complement, which is all ones over what has a right checksum in it.
bool SumsUp(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return sum == 0xffff;
}

// Whether UDP's checksum is right in an IPv4 packet.
bool UdpSumsUp(absl::string_view image) {
  const absl::string_view udp = image.substr(20);
  std::string pseudo(image.substr(12, 8));
  pseudo += std::string("\0\x11", 2);
  pseudo.push_back(static_cast<char>(udp.size() >> 8));
  pseudo.push_back(static_cast<char>(udp.size() & 0xff));
  return SumsUp(absl::StrCat(pseudo, udp));
}

// All bytes were worked out by another program.
TEST(WireImage, IsThatOfTheDatagram) {
  EXPECT_EQ(HexOf(Hello("10.0.0.1", "10.0.0.2")),
            "4502002100014000401126c70a0000010a000002"
            "13881e4b000d762c"
            "68656c6c6f");
  EXPECT_EQ(HexOf(Hello("fd00::1", "fd00::2")),
            "60200000000d1140fd000000000000000000000000000001fd000000000000000000000000000002"
            "13881e4b000d902a"
            "68656c6c6f");
}

TEST(WireImage, AnIcmpErrorQuotesWhatItIsAbout) {
  Packet about = Hello("10.0.0.1", "10.0.0.2");
  about.id = 7;
  about.hop_limit = 63;
  about.traffic_class = 0;
  about.dont_fragment = false;
  Packet error = about;
  error.id = 1;
  error.hop_limit = 64;
  error.icmp = IcmpError::kPortUnreachable;
  error.icmp_reporter = IpAddress::Ipv4(10, 0, 0, 2);
  EXPECT_EQ(HexOf(error, &about),
            "4500003d00010000400166bd0a0000020a000001"
            "0303111e00000000"
            "45000021000700003f1167c30a0000010a000002"
            "13881e4b000d762c"
            "68656c6c6f");
}

TEST(WireImage, ErrorsHaveTheNumbersOfTheirProtocol) {
  const struct {
    IcmpError error;
    const char* ipv4;
    const char* ipv6;
  } rows[] = {
      {IcmpError::kNetUnreachable, "0300", "0100"},
      {IcmpError::kHostUnreachable, "0301", "0103"},
      {IcmpError::kProtocolUnreachable, "0302", "0401"},
      {IcmpError::kPortUnreachable, "0303", "0104"},
      {IcmpError::kFragmentationNeeded, "0304", "0200"},
      {IcmpError::kAdminProhibited, "030d", "0101"},
      {IcmpError::kTimeExceeded, "0b00", "0300"},
  };
  for (const auto& row : rows) {
    Packet ipv4 = Hello("10.0.0.1", "10.0.0.2");
    ipv4.icmp = row.error;
    ipv4.icmp_reporter = IpAddress::Ipv4(10, 0, 0, 9);
    ipv4.icmp_mtu = 1400;
    EXPECT_EQ(HexOf(ipv4).substr(40, 4), row.ipv4);
    const bool has_mtu = row.error == IcmpError::kFragmentationNeeded;
    EXPECT_EQ(HexOf(ipv4).substr(48, 8), has_mtu ? "00000578" : "00000000");
    Packet ipv6 = Hello("fd00::1", "fd00::2");
    ipv6.icmp = row.error;
    ipv6.icmp_reporter = *IpAddress::Parse("fd00::9");
    EXPECT_EQ(HexOf(ipv6).substr(80, 4), row.ipv6);
  }
}

TEST(WireImage, IsAsLongAsThePacketSaysItIs) {
  for (size_t size : {0, 1, 500, 548, 1000, 1400, 65000}) {
    for (bool icmp : {false, true}) {
      Packet ipv4 = Hello("10.0.0.1", "10.0.0.2", std::string(size, 'x'));
      Packet ipv6 = Hello("fd00::1", "fd00::2", std::string(size, 'x'));
      if (icmp) {
        ipv4.icmp = ipv6.icmp = IcmpError::kPortUnreachable;
        ipv4.icmp_reporter = ipv4.destination.address;
        ipv6.icmp_reporter = ipv6.destination.address;
      }
      EXPECT_EQ(WireImage(ipv4).size(), ipv4.wire_size()) << size;
      EXPECT_EQ(WireImage(ipv6).size(), ipv6.wire_size()) << size;
    }
  }
}

TEST(WireImage, ChecksumsAreRightAndOfWhatWasCorruptedWrong) {
  for (int i = 0; i < 70000; i += 7) {
    // All 16-bit sums come by.
    const std::string payload = {static_cast<char>(i >> 8), static_cast<char>(i)};
    Packet packet = Hello("10.0.0.1", "10.0.0.2", payload);
    const std::string right = WireImage(packet);
    ASSERT_TRUE(SumsUp(right.substr(0, 20)));
    ASSERT_TRUE(UdpSumsUp(right));
    packet.corrupted = true;
    const std::string wrong = WireImage(packet);
    ASSERT_TRUE(SumsUp(wrong.substr(0, 20))) << "that of IP stays right";
    ASSERT_FALSE(UdpSumsUp(wrong));
    ASSERT_NE(wrong.substr(26, 2), std::string(2, '\0')) << "that would say that there is none";
  }
}

// RFC 791 3.1, RFC 8200 4.5: together they carry the datagram, and each says where it belongs.
TEST(WireImage, FragmentsCarryTheDatagramInParts) {
  for (const bool ipv4 : {true, false}) {
    Packet packet = ipv4 ? Hello("10.0.0.1", "10.0.0.2", std::string(100, 'x'))
                         : Hello("fd00::1", "fd00::2", std::string(100, 'x'));
    packet.dont_fragment = false;
    const size_t header = ipv4 ? 20 : 40;
    const std::string udp = WireImage(packet).substr(header);
    packet.fragment_size = 64;
    const std::string first = WireImage(packet);
    packet.fragment_offset = 64;
    packet.fragment_size = 44;
    const std::string second = WireImage(packet);
    EXPECT_EQ(first.size() + second.size(), udp.size() + 2 * (ipv4 ? 20 : 48));
    EXPECT_EQ(first.substr(ipv4 ? 20 : 48) + second.substr(ipv4 ? 20 : 48), udp);
    if (ipv4) {
      EXPECT_TRUE(SumsUp(first.substr(0, 20)));
      EXPECT_EQ(absl::BytesToHexString(first.substr(6, 2)), "2000");
      EXPECT_EQ(absl::BytesToHexString(second.substr(6, 2)), "0008");
    } else {
      EXPECT_EQ(first[6], 44);
      EXPECT_EQ(absl::BytesToHexString(first.substr(40, 8)), "1100000100000001");
      EXPECT_EQ(absl::BytesToHexString(second.substr(40, 8)), "1100004000000001");
    }
    packet.corrupted = true;
    EXPECT_NE(WireImage(packet), second);
  }
}

TEST(WireImage, WhatWasCorruptedIsTheErrorAndNotItsQuote) {
  Packet error = Hello("10.0.0.1", "10.0.0.2");
  error.icmp = IcmpError::kPortUnreachable;
  error.icmp_reporter = IpAddress::Ipv4(10, 0, 0, 2);
  EXPECT_TRUE(SumsUp(WireImage(error).substr(20)));
  error.corrupted = true;
  EXPECT_FALSE(SumsUp(WireImage(error).substr(20)));
  EXPECT_TRUE(UdpSumsUp(WireImage(error).substr(28)));
}

std::string HexOf(GroupMessage::Kind kind, const char* group, const char* source) {
  GroupMessage message;
  message.kind = kind;
  message.group = *IpAddress::Parse(group);
  message.source = *IpAddress::Parse(source);
  return absl::BytesToHexString(WireImage(message));
}

// The same: worked out by another program, from RFC 3376, RFC 3810 and RFC 2113.
TEST(WireImage, OfMessagesAboutGroups) {
  using enum GroupMessage::Kind;
  EXPECT_EQ(HexOf(kJoin, "239.1.2.3", "10.0.0.1"),
            "46c00028000040000102f9f80a000001e0000016940400002200e8f90000000104000000ef010203");
  EXPECT_EQ(HexOf(kLeave, "239.1.2.3", "10.0.0.1"),
            "46c00028000040000102f9f80a000001e0000016940400002200e9f90000000103000000ef010203");
  EXPECT_EQ(HexOf(kQuery, "0.0.0.0", "0.0.0.0"),
            "46c00024000040000102041300000000e0000001940400001164ec1e00000000027d0000");
  EXPECT_EQ(HexOf(kQuery, "239.1.2.3", "0.0.0.0"),
            "46c00024000040000102f30f00000000ef01020394040000110afb73ef010203027d0000");
  EXPECT_EQ(HexOf(kJoin, "ff15::7", "fe80::1"),
            "6000000000240001fe800000000000000000000000000001ff020000000000000000000000000016"
            "3a000502000001008f006ff00000000104000000ff150000000000000000000000000007");
  EXPECT_EQ(HexOf(kQuery, "ff15::7", "fe80::1"),
            "6000000000240001fe800000000000000000000000000001ff150000000000000000000000000007"
            "3a0005020000010082007a8803e80000ff150000000000000000000000000007027d0000");
  EXPECT_EQ(HexOf(kQuery, "::", "fe80::1"),
            "6000000000240001fe800000000000000000000000000001ff020000000000000000000000000001"
            "3a00050200000100820056962710000000000000000000000000000000000000027d0000");
}

// RFC 3376 4.1.7: from 128 s on, the byte is a number of four bits and its exponent.
TEST(WireImage, OfAQueryTellsLongIntervalsByTheirExponent) {
  const auto code = [](int64_t seconds) {
    GroupMessage message;
    message.kind = GroupMessage::Kind::kQuery;
    message.group = message.source = IpAddress::AnyIpv4();
    message.query_interval = absl::Seconds(seconds);
    return static_cast<unsigned char>(WireImage(message)[33]);
  };
  EXPECT_EQ(code(127), 127);
  EXPECT_EQ(code(128), 0x80);   // 16 << 3
  EXPECT_EQ(code(255), 0x8f);   // 31 << 3, rounded down.
  EXPECT_EQ(code(256), 0x90);   // 16 << 4
  EXPECT_EQ(code(3600), 0xcc);  // 28 << 7 is 3584.
  EXPECT_EQ(code(1'000'000), 0xff);
}

}  // namespace
}  // namespace pollux::sim
