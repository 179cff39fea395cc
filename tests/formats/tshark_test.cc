// SPDX-License-Identifier: Apache-2.0
//
// Wireshark's own tools read our capture files without a complaint, and see the same packets.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/trace/pcapng.h"
#include "sim/trace/write_file.h"
#include "tests/formats/rich_run.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Output {
  int exit_code = -1;
  std::vector<std::string> lines;
};

// Runs a command of the shell; what it says on standard error is in the output, but for tshark's
// word about root.
Output RunCommand(const std::string& command) {
  Output output;
  FILE* pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::string text;
  std::array<char, 4096> buffer;
  while (const size_t size = fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (line.find("Running as user \"root\"") == line.npos) output.lines.emplace_back(line);
  }
  return output;
}

// The fields of all packets of a file that match, a line for each packet.
std::vector<std::string> FieldsOf(const std::string& path, const std::string& filter,
                                  const std::vector<std::string>& fields) {
  const Output output = RunCommand(absl::StrCat(
      "HOME=", ::testing::TempDir(), " tshark -n -r '", path, "' -Y '", filter,
      "' -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE",
      " -T fields -E separator='|' -E occurrence=f -e ", absl::StrJoin(fields, " -e ")));
  EXPECT_EQ(output.exit_code, 0);
  return output.lines;
}

class TsharkTest : public ::testing::Test {
 protected:
  TsharkTest() {
    PcapngTrace capture(net_.trace(), net_.scene());
    RunRich(net_);
    EXPECT_TRUE(WriteFile(path_, capture.File()).ok());
    packets_ = capture.packets();
  }

  std::vector<std::string> Fields(const std::string& filter,
                                  const std::vector<std::string>& fields) const {
    return FieldsOf(path_, filter, fields);
  }

  const std::string path_ = absl::StrCat(::testing::TempDir(), "/rich.pcapng");
  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};
  size_t packets_ = 0;
};

// What a packet is to tshark: interface, time, addresses, ports, hop limit, payload.
std::string Expected(const EventLog::Entry& entry) {
  const TraceEvent& event = entry.event;
  const Packet& packet = entry.packet;
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(event.time);
  const bool ipv4 = packet.source.address.is_ipv4();
  const std::string source = packet.source.address.ToString();
  const std::string destination = packet.destination.address.ToString();
  return absl::StrCat(
      event.host, "/", event.interface, "|", 946684800 + nanoseconds / 1000000000, ".",
      absl::Dec(nanoseconds % 1000000000, absl::kZeroPad9), "|", ipv4 ? source : "", "|",
      ipv4 ? destination : "", "|", ipv4 ? "" : source, "|", ipv4 ? "" : destination, "|",
      packet.source.port, "|", packet.destination.port, "|", packet.payload.size() + 8, "|",
      absl::BytesToHexString(packet.payload.bytes()), "|", packet.corrupted ? 0 : 1);
}

TEST_F(TsharkTest, SeesTheDatagramsThatWereSentAndThatArrived) {
  std::vector<std::string> expected;
  for (const EventLog::Entry& entry : log_.entries()) {
    const EventKind kind = entry.event.kind;
    const bool is_frame =
        kind == EventKind::kSent || kind == EventKind::kDelivered || kind == EventKind::kDropped;
    if (is_frame && entry.has_packet && !entry.packet.icmp) expected.push_back(Expected(entry));
  }
  ASSERT_GT(expected.size(), 50u);
  EXPECT_THAT(Fields("udp && !icmp && !icmpv6",
                     {"frame.interface_name", "frame.time_epoch", "ip.src", "ip.dst", "ipv6.src",
                      "ipv6.dst", "udp.srcport", "udp.dstport", "udp.length", "udp.payload",
                      "udp.checksum.status"}),
              ElementsAreArray(expected));
}

TEST(TsharkTimes, AreRightBefore1970AndInAFarFuture) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/times.pcapng");
  for (const int64_t seconds : {int64_t{-2'208'988'800}, int64_t{13'000'000'000}}) {
    Network net({.wall_start = absl::FromUnixSeconds(seconds)});
    Host& alice = net.AddHost("alice");
    net.AddSegment("lan", "10.0.0.0/24").Attach(alice);
    PcapngTrace capture(net.trace(), net.scene());
    UdpSocket socket(alice.engine());
    net.RunFor(absl::Milliseconds(250));
    ASSERT_TRUE(socket.WriteDatagram("x", {alice.address(), 9}).ok());
    ASSERT_TRUE(WriteFile(path, capture.File()).ok());
    const std::string year = seconds < 0 ? "Jan  1, 1900" : "Dec 14, 2381";
    EXPECT_THAT(FieldsOf(path, "udp && !icmp", {"frame.time"}),
                AllOf(SizeIs(1),
                      Each(HasSubstr(year + (seconds < 0 ? " 00:00:00.250" : " 23:06:40.250")))));
  }
}

TEST_F(TsharkTest, FindsNothingWrongButWhatWasCorrupted) {
  EXPECT_THAT(Fields("_ws.malformed || _ws.short", {"frame.number"}), IsEmpty());
  const std::vector<std::string> wrong =
      Fields("_ws.expert.severity >= 0x600000", {"udp.checksum.status", "frame.comment"});
  ASSERT_THAT(wrong, ::testing::Not(IsEmpty()));
  for (const std::string& line : wrong) {
    EXPECT_THAT(line, AnyOf(AllOf(HasSubstr("0|"), HasSubstr("bad checksum")), HasSubstr("ICMP")));
  }
  EXPECT_THAT(Fields("ip.checksum.status == 0 || icmp.checksum.status == 0 || "
                     "icmpv6.checksum.status == 0",
                     {"frame.number"}),
              IsEmpty());
}

TEST_F(TsharkTest, SeesIcmpErrorsWithTheDatagramTheyQuote) {
  // Each twice: where it leaves, and where it arrives. That nobody has an address alice tells
  // herself.
  EXPECT_THAT(
      Fields("icmp", {"ip.src", "icmp.type", "icmp.code", "udp.dstport"}),
      ::testing::ElementsAre("10.0.0.2|3|3|7755", "10.0.0.2|3|3|7755", "10.0.0.3|3|3|7755",
                             "10.0.0.3|3|3|7755", "10.0.0.1|3|1|7755", "10.0.0.1|3|1|7755"));
  EXPECT_THAT(Fields("icmpv6", {"ipv6.src", "icmpv6.type", "icmpv6.code", "udp.dstport"}),
              ::testing::ElementsAre("fd00::2|1|4|7755", "fd00::2|1|4|7755"));
}

TEST_F(TsharkTest, ReadsWhatWasDoneToEachPacket) {
  const std::vector<std::string> lost =
      Fields("frame.comment contains \"lost\"", {"frame.interface_name"});
  EXPECT_THAT(lost, SizeIs(log_.Count(EventKind::kLost)));
  EXPECT_THAT(
      Fields("frame.comment contains \"receive buffer full, socket 1\"", {"frame.interface_name"}),
      ::testing::Contains("bob/eth0"));
  EXPECT_THAT(Fields("frame.comment contains \"crashed\"", {"frame.interface_name"}), SizeIs(1));
  EXPECT_EQ(Fields("frame", {"frame.number"}).size(), packets_);
}

// It puts fragments together as their receiver does, and finds the checksum of the whole right.
TEST(Tshark, PutsFragmentsTogether) {
  Network net({.seed = 7});
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  lan.Attach(alice);
  lan.Attach(bob);
  PcapngTrace capture(net.trace(), net.scene());
  UdpSocket server(bob.engine());
  UdpSocket client(alice.engine());
  ASSERT_TRUE(server.Bind(7755).ok());
  for (const IpAddress& address : bob.addresses()) {
    ASSERT_TRUE(client.WriteDatagram(std::string(4000, 'x'), {address, 7755}).ok());
  }
  net.RunFor(absl::Seconds(1));
  const std::string path = absl::StrCat(::testing::TempDir(), "/fragments.pcapng");
  ASSERT_TRUE(WriteFile(path, capture.File()).ok());
  EXPECT_THAT(FieldsOf(path, "ip.fragments && frame.interface_name == \"alice/eth0\"",
                       {"ip.fragment.count", "udp.length", "udp.checksum.status"}),
              ::testing::ElementsAre("3|4008|1"));
  EXPECT_THAT(FieldsOf(path, "ipv6.fragments && frame.interface_name == \"alice/eth0\"",
                       {"ipv6.fragment.count", "udp.length", "udp.checksum.status"}),
              ::testing::ElementsAre("3|4008|1"));
  EXPECT_THAT(FieldsOf(path, "_ws.malformed || _ws.expert.severity >= 0x600000", {"frame.number"}),
              IsEmpty());
}

// Reports of IGMPv3 and MLDv2, and the question that a leave makes the querier ask.
TEST(Tshark, NamesMessagesAboutGroups) {
  Network net({.seed = 7});
  Host& alice = net.AddHost("alice");
  Segment& lan = net.AddSegment(
      "lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64", .snooping = SnoopingOptions()});
  lan.Attach(alice);
  PcapngTrace capture(net.trace(), net.scene());
  UdpSocket member(alice.engine());
  ASSERT_TRUE(member.Bind(7755).ok());
  for (const char* group : {"239.1.2.3", "ff15::7"}) {
    ASSERT_TRUE(member.JoinMulticastGroup(*IpAddress::Parse(group)).ok());
  }
  net.RunFor(absl::Seconds(2));
  member.Close();
  net.RunFor(absl::Milliseconds(1));
  lan.SetQuerier(false);
  lan.SetQuerier(true);
  const std::string path = absl::StrCat(::testing::TempDir(), "/groups.pcapng");
  ASSERT_TRUE(WriteFile(path, capture.File()).ok());
  // Type, record type (4: joins, 3: leaves), group; each report twice, of the leave the first.
  EXPECT_THAT(FieldsOf(path, "igmp",
                       {"frame.interface_name", "ip.src", "ip.dst", "ip.ttl", "igmp.version",
                        "igmp.type", "igmp.record_type", "igmp.maddr", "igmp.checksum.status"}),
              ::testing::ElementsAre("alice/eth0|10.0.0.1|224.0.0.22|1|3|0x22|4|239.1.2.3|1",
                                     "alice/eth0|10.0.0.1|224.0.0.22|1|3|0x22|4|239.1.2.3|1",
                                     "alice/eth0|10.0.0.1|224.0.0.22|1|3|0x22|3|239.1.2.3|1",
                                     "lan/switch|0.0.0.0|239.1.2.3|1|3|0x11||239.1.2.3|1",
                                     "lan/switch|0.0.0.0|224.0.0.1|1|3|0x11||0.0.0.0|1"));
  EXPECT_THAT(FieldsOf(path, "icmpv6",
                       {"frame.interface_name", "ipv6.dst", "ipv6.hlim", "icmpv6.type",
                        "icmpv6.mldr.mar.record_type", "icmpv6.mldr.mar.multicast_address",
                        "icmpv6.mld.multicast_address", "icmpv6.checksum.status"}),
              ::testing::ElementsAre("alice/eth0|ff02::16|1|143|4|ff15::7||1",
                                     "alice/eth0|ff02::16|1|143|4|ff15::7||1",
                                     "alice/eth0|ff02::16|1|143|3|ff15::7||1",
                                     "lan/switch|ff15::7|1|130|||ff15::7|1",
                                     "lan/switch|ff02::1|1|130|||::|1"));
  EXPECT_THAT(FieldsOf(path, "frame.comment contains \"the switch learns\"", {"frame.number"}),
              SizeIs(6));
  EXPECT_THAT(FieldsOf(path, "_ws.malformed || _ws.expert.severity >= 0x600000", {"frame.number"}),
              IsEmpty());
}

TEST_F(TsharkTest, TakesTheHostsNamesFromTheFile) {
  const Output output =
      RunCommand(absl::StrCat("HOME=", ::testing::TempDir(), " tshark -N n -r '", path_,
                              "' -Y 'frame.number == 1' -T fields -e ip.src_host -e ip.dst_host"));
  EXPECT_THAT(output.lines, ::testing::ElementsAre("alice\tbob"));
}

TEST_F(TsharkTest, ReadsInterfacesAndDirections) {
  const Output output = RunCommand(absl::StrCat("capinfos -M '", path_, "'"));
  EXPECT_EQ(output.exit_code, 0);
  const std::string text = absl::StrJoin(output.lines, "\n");
  EXPECT_THAT(text, HasSubstr("Number of interfaces in file: 6"));
  EXPECT_THAT(text, HasSubstr("Name = bob/eth0"));
  EXPECT_THAT(text, HasSubstr("Time precision = nanoseconds (9)"));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("Number of packets:   ", packets_)));
  EXPECT_EQ(Fields("frame.packet_flags_direction == 2", {"frame.number"}).size(),
            log_.Count(EventKind::kSent));
}

}  // namespace
}  // namespace pollux::sim
