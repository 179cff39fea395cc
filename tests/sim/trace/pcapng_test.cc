// SPDX-License-Identifier: Apache-2.0
//
// The bytes of capture files, read here by what the format's draft says.
// tests/formats has Wireshark's own tools read them.

#include "sim/trace/pcapng.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/trace/wire_image.h"
#include "sim/trace/write_file.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint16_t kPort = 7755;

uint64_t Number(absl::string_view bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number |= uint64_t{static_cast<unsigned char>(bytes.at(at + i))} << (8 * i);
  }
  return number;
}

using Options = std::multimap<int, std::string>;

// From `at` to the end of options, or of the bytes.
Options ReadOptions(absl::string_view bytes, size_t at) {
  Options options;
  while (at + 4 <= bytes.size()) {
    const auto code = static_cast<int>(Number(bytes, at, 2));
    const size_t size = Number(bytes, at + 2, 2);
    if (code == 0) break;
    options.emplace(code, std::string(bytes.substr(at + 4, size)));
    at += 4 + (size + 3) / 4 * 4;
  }
  return options;
}

struct CapturedPacket {
  std::string interface;
  uint64_t time = 0;  // Nanoseconds since 1970.
  std::string bytes;
  std::vector<std::string> comments;
  uint64_t flags = 0;
};

struct Capture {
  std::vector<std::string> interfaces;
  std::vector<int64_t> offsets;    // Of their times, in seconds; 0 for none.
  std::vector<std::string> names;  // "10.0.0.1 alice", in bytes of the address.
  std::vector<CapturedPacket> packets;
};

Capture Read(absl::string_view file) {
  Capture capture;
  for (size_t at = 0; at < file.size();) {
    const uint64_t type = Number(file, at, 4);
    const size_t size = Number(file, at + 4, 4);
    EXPECT_EQ(size % 4, 0u);
    EXPECT_EQ(Number(file, at + size - 4, 4), size) << "a block ends with its size";
    const absl::string_view body = file.substr(at + 8, size - 12);
    if (at == 0) {
      EXPECT_EQ(type, 0x0a0d0d0au);
      EXPECT_EQ(Number(body, 0, 4), 0x1a2b3c4du);
      EXPECT_EQ(Number(body, 4, 2), 1u);
    } else if (type == 1) {
      EXPECT_EQ(Number(body, 0, 2), 101u) << "LINKTYPE_RAW";
      EXPECT_EQ(Number(body, 4, 4), 262144u) << "one snap length for all";
      const Options options = ReadOptions(body, 8);
      EXPECT_EQ(options.find(9)->second, "\x09") << "nanoseconds";
      capture.interfaces.push_back(options.find(2)->second);
      const auto offset = options.find(14);
      capture.offsets.push_back(
          offset == options.end() ? 0 : static_cast<int64_t>(Number(offset->second, 0, 8)));
    } else if (type == 4) {
      for (const auto& [code, record] : ReadOptions(body, 0)) {
        const size_t bytes = code == 1 ? 4 : 16;
        EXPECT_EQ(record.back(), '\0');
        std::string name = record.substr(bytes, record.size() - bytes - 1);
        capture.names.push_back(absl::StrCat(bytes, " bytes ", name));
      }
    } else if (type == 6) {
      CapturedPacket& packet = capture.packets.emplace_back();
      packet.interface = capture.interfaces.at(Number(body, 0, 4));
      packet.time = Number(body, 4, 4) << 32 | Number(body, 8, 4);
      const size_t captured = Number(body, 12, 4);
      EXPECT_EQ(Number(body, 16, 4), captured) << "nothing is cut";
      packet.bytes = std::string(body.substr(20, captured));
      const Options options = ReadOptions(body, 20 + (captured + 3) / 4 * 4);
      for (const auto& [code, value] : options) {
        if (code == 1) packet.comments.push_back(value);
        if (code == 2) packet.flags = Number(value, 0, 4);
      }
    } else {
      ADD_FAILURE() << "block " << type;
    }
    at += size;
  }
  return capture;
}

class PcapngTest : public ::testing::Test {
 protected:
  PcapngTest() {
    lan.Attach(alice);
    lan.Attach(bob);
  }

  Network net{{.seed = 7, .wall_start = absl::FromUnixSeconds(1000)}};
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment(
      "lan",
      {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64", .link = {.latency = absl::Milliseconds(2)}});
  PcapngTrace trace{net.trace(), net.scene()};
  UdpSocket client{alice.engine()};
};

TEST_F(PcapngTest, EveryInterfaceAndEveryNameIsThere) {
  const Capture capture = Read(trace.File());
  EXPECT_THAT(capture.interfaces, ElementsAre("alice/lo", "alice/eth0", "bob/lo", "bob/eth0"));
  EXPECT_THAT(capture.names, ElementsAre("4 bytes alice", "4 bytes bob", "16 bytes alice",
                                         "16 bytes alice", "16 bytes bob", "16 bytes bob"))
      << "IPv6 has one for the link beside the segment's";
  EXPECT_THAT(capture.packets, IsEmpty());
}

TEST_F(PcapngTest, ADatagramIsSeenWhereItLeavesAndWhereItArrives) {
  UdpSocket server(bob.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  ASSERT_TRUE(client.Bind(5000).ok());
  EventLog log(net.trace());
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  const Capture capture = Read(trace.File());
  ASSERT_THAT(capture.packets, SizeIs(2));
  const CapturedPacket& sent = capture.packets[0];
  EXPECT_EQ(sent.interface, "alice/eth0");
  EXPECT_EQ(sent.time, 1'000'000'000'000u);
  EXPECT_EQ(sent.bytes, WireImage(log.entries()[0].packet));
  EXPECT_THAT(sent.comments, ElementsAre("#1 alice#1 sent"));
  EXPECT_EQ(sent.flags, 0b0110u) << "outgoing, unicast";
  const CapturedPacket& received = capture.packets[1];
  EXPECT_EQ(received.interface, "bob/eth0");
  EXPECT_EQ(received.time, 1'000'002'000'000u);
  EXPECT_EQ(received.bytes, sent.bytes);
  EXPECT_THAT(received.comments, ElementsAre("#2 alice#1 delivered: socket 1 (because of #1)"));
  EXPECT_EQ(received.flags, 0b0101u) << "incoming, unicast";
}

// Times are numbers of nanoseconds without sign, which neither 1969 nor 2262 has.
TEST(PcapngTimes, OfARunOutsideTheUsualYearsCountFromItsFirstSecond) {
  const struct {
    absl::Time start;
    int64_t offset;
    uint64_t first;  // Of the packet that is sent, in nanoseconds.
  } cases[] = {
      {absl::UnixEpoch(), 0, 0},
      {absl::FromUnixSeconds(9'000'000'000), 0, 9'000'000'000'000'000'000},
      {absl::FromUnixMillis(-1), -1, 999'000'000},
      {absl::FromUnixSeconds(-2'208'988'800), -2'208'988'800, 0},  // 1900.
      {absl::FromUnixMillis(9'223'372'036'854), 9'223'372'036, 854'000'000},
      {absl::FromUnixMillis(13'000'000'000'500), 13'000'000'000, 500'000'000},  // 2381.
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(absl::FormatTime(test.start, absl::UTCTimeZone()));
    Network net({.wall_start = test.start});
    Host& alice = net.AddHost("alice");
    Host& bob = net.AddHost("bob");
    Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(2)});
    lan.Attach(alice);
    lan.Attach(bob);
    PcapngTrace trace(net.trace(), net.scene());
    UdpSocket client(alice.engine());
    ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
    net.RunFor(absl::Milliseconds(2));
    const Capture capture = Read(trace.File());
    EXPECT_THAT(capture.offsets, Each(test.offset));
    ASSERT_GE(capture.packets.size(), 2u);
    EXPECT_EQ(capture.packets[0].time, test.first);
    EXPECT_EQ(capture.packets[1].time, test.first + 2'000'000);
  }
}

TEST_F(PcapngTest, AReportAboutAGroupIsAPacketThatTellsWhatTheSwitchLearned) {
  Segment& yard = net.AddSegment("yard", {.ipv4 = "10.1.0.0/24", .snooping = SnoopingOptions()});
  Host& carol = net.AddHost("carol");
  yard.Attach(carol);
  UdpSocket member(carol.engine());
  ASSERT_TRUE(member.Bind(IpAddress::AnyIpv4(), kPort).ok());
  ASSERT_TRUE(member.JoinMulticastGroup(IpAddress::Ipv4(239, 1, 2, 3)).ok());
  net.RunFor(absl::ZeroDuration());
  const Capture capture = Read(trace.File());
  ASSERT_THAT(capture.packets, SizeIs(1));
  GroupMessage message;
  message.group = IpAddress::Ipv4(239, 1, 2, 3);
  message.source = carol.address();
  EXPECT_EQ(capture.packets[0].interface, "carol/eth0");
  EXPECT_EQ(capture.packets[0].bytes, WireImage(message));
  EXPECT_EQ(capture.packets[0].flags, 0b1010u) << "outgoing, multicast";
  EXPECT_THAT(capture.packets[0].comments,
              ElementsAre("#1 reported: reports that it wants 239.1.2.3",
                          "carol/eth0: #2 reported: wants 239.1.2.3, the switch learns "
                          "(because of #1)"));
}

TEST_F(PcapngTest, WhatLinksDoIsSaidOfWhatWasSent) {
  lan.SetProfile({.loss = Ratio::Always()});
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  lan.SetProfile({.duplicate = Ratio::Always(),
                  .duplicate_delay = absl::Milliseconds(1),
                  .corrupt = Ratio::Always()});
  ASSERT_TRUE(client.WriteDatagram("again", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  const Capture capture = Read(trace.File());
  ASSERT_THAT(capture.packets, SizeIs(4));
  EXPECT_THAT(
      capture.packets[0].comments,
      ElementsAre("#1 alice#1 sent", "#2 alice#1 lost: loss lan/alice->bob #1 (because of #1)"));
  EXPECT_THAT(
      capture.packets[1].comments,
      ElementsAre("#3 alice#2 sent",
                  "#4 alice#2 corrupted: corrupt lan/alice->bob #2: bit 9 (because of #3)",
                  "#5 alice#2 duplicated: duplicate lan/alice->bob #2 after 1ms (because of #4)"));
  // Both copies were corrupted, and neither was when it was sent.
  EXPECT_THAT(capture.packets[2].comments,
              ElementsAre("#6 alice#2 dropped: bad checksum (because of #4)"));
  EXPECT_NE(capture.packets[2].bytes, capture.packets[1].bytes);
  EXPECT_EQ(capture.packets[3].bytes, capture.packets[2].bytes);
}

TEST_F(PcapngTest, WhatTwoSocketsGetCameInOnce) {
  std::vector<std::unique_ptr<UdpSocket>> servers;
  for (int i = 0; i < 2; ++i) {
    servers.push_back(std::make_unique<UdpSocket>(bob.engine()));
    ASSERT_TRUE(servers.back()->Bind(kPort, BindMode::kShareAddress).ok());
  }
  ASSERT_TRUE(servers[0]->SetOption(SocketOption::kReceiveBufferSize, 2304).ok());
  ASSERT_TRUE(client.WriteDatagram(std::string(5000, 'x'), {IpAddress::Broadcast(), kPort}).ok());
  ASSERT_TRUE(client.WriteDatagram("x", {IpAddress::Broadcast(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  std::vector<std::string> at_bob;
  for (const CapturedPacket& packet : Read(trace.File()).packets) {
    if (packet.interface != "bob/eth0") continue;
    EXPECT_EQ(packet.flags, 0b1101u) << "incoming, broadcast";
    at_bob.push_back(absl::StrCat(packet.comments.size(), " ", packet.comments[0]));
  }
  ASSERT_THAT(at_bob, SizeIs(2));
  EXPECT_THAT(at_bob[0], HasSubstr("2 #"));
  EXPECT_THAT(at_bob[1], HasSubstr("2 #"));
}

TEST_F(PcapngTest, AFullBufferIsThatOfASocket) {
  UdpSocket server(bob.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  ASSERT_TRUE(server.SetOption(SocketOption::kReceiveBufferSize, 2304).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.WriteDatagram(std::string(1000, 'x'), {bob.address(), kPort}).ok());
  }
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Read(trace.File()).packets.back().comments.front(),
              HasSubstr("dropped: receive buffer full, socket 1 "));
}

TEST_F(PcapngTest, AnIcmpErrorQuotesTheVeryDatagram) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  }
  net.RunFor(absl::Seconds(1));
  const Capture capture = Read(trace.File());
  int errors = 0;
  for (const CapturedPacket& packet : capture.packets) {
    if (packet.bytes[9] != 1) continue;
    ++errors;
    EXPECT_THAT(capture.packets, ::testing::Contains(::testing::Field(&CapturedPacket::bytes,
                                                                      packet.bytes.substr(28))));
  }
  EXPECT_EQ(errors, 6) << "three, each where it leaves and where it arrives";
}

TEST_F(PcapngTest, WhatHappensToAHostIsToldByTheNextPacket) {
  TraceEvent event;
  event.kind = EventKind::kFault;
  event.host = "bob";
  event.interface = "eth0";
  event.note = "the cable is out";
  net.trace().Record(event);
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  const Capture capture = Read(trace.File());
  ASSERT_THAT(capture.packets, SizeIs(1));
  EXPECT_THAT(capture.packets[0].comments,
              ElementsAre("bob/eth0: #1 fault: the cable is out", "#2 alice#1 sent"));
}

TEST_F(PcapngTest, ThatBeginsInTheMiddleHasWhatItSaw) {
  UdpSocket server(bob.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  PcapngTrace late(net.trace(), net.scene());
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(late.packets(), 1u);
  EXPECT_EQ(Read(late.File()).packets[0].interface, "bob/eth0");
}

TEST(WriteFile, SaysWhichPathItCannotWrite) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/trace.pcapng");
  ASSERT_TRUE(WriteFile(path, "bytes").ok());
  EXPECT_EQ(WriteFile("", "bytes").code(), absl::StatusCode::kInvalidArgument);
  const absl::Status status = WriteFile(absl::StrCat(path, "/no/such"), "bytes");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path));
}

}  // namespace
}  // namespace pollux::sim
