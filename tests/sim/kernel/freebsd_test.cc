// SPDX-License-Identifier: Apache-2.0
//
// What FreeBSD decides, most of it as macOS does. Comments name the rows of udp-semantics 3. None
// of this was run on FreeBSD; bind_vectors_test.cc has the conflicts of two sockets.

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;
constexpr UserId kAnn = 1000;

class FreeBsd : public ::testing::Test {
 protected:
  TwoHosts net{RulesFor(Platform::kFreeBsd)};
};

SendOptions By(uint32_t interface_index) {
  SendOptions options;
  options.interface_index = interface_index;
  return options;
}

// facts 3.1 "V6ONLY default", "freebind", "re-bind".
TEST_F(FreeBsd, BindOptions) {
  EXPECT_TRUE(net.a.stack.rules().ipv6_only_default);
  EXPECT_EQ(net.a.Open(AddressFamily::kIpv4, kAnn).TrySet(SocketOption::kFreeBind, 1), "EPERM");
  EXPECT_EQ(net.a.Open().Set(SocketOption::kFreeBind, 1).Bind("10.99.0.1:7000"), "ok");
  EXPECT_EQ(net.a.Bound("0.0.0.0:7001").Bind("0.0.0.0:7001"), "EINVAL");
  EXPECT_EQ(net.a.Open().TrySet(SocketOption::kBoundInterface, kV), "ENOPROTOOPT");
}

// facts 3.1 "ephemeral": with a reuse option the search is for the exact address, so that a port
// can be shared with the holder of a specific one (U).
TEST_F(FreeBsd, AChosenPortMayBeASpecificHoldersWithAReuseOption) {
  net.a.Bound("10.77.0.1:10000");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0", "A").Local(), "0.0.0.0:10000");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:10001");
}

// facts 3.2 "wildcard, <= 13" and ">= 14".
TEST_F(FreeBsd, OfWildcardsTheOldestAndFrom14OnTheNewest) {
  Sock oldest = net.a.Bound("0.0.0.0:7000", "P");
  net.a.Bound("0.0.0.0:7000", "P");
  net.b.Open().SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(oldest.Take(), "x");
  TwoHosts later(RulesFor(Release::kFreeBsd14));
  later.a.Bound("0.0.0.0:7000", "P");
  Sock newest = later.a.Bound("0.0.0.0:7000", "P");
  later.b.Open().SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(newest.Take(), "x");
}

// facts 3.2 "v6 multicast": as macOS, but the local address must be any or the group.
TEST_F(FreeBsd, Ipv6GroupsReachUntouchedSocketsOnTheWildcard) {
  Sock member = net.a.Bound("[::]:7000", "P", kIpv6);
  ASSERT_EQ(member.Join("ff15::99", kV), "ok");
  Sock untouched = net.a.Bound("[::]:7000", "P", kIpv6);
  Sock group = net.a.Bound("[ff15::99]:7000", "P", kIpv6);
  Sock specific = net.a.Bound("[fd77::1]:7000", "P", kIpv6);
  EXPECT_EQ(net.b.Open(kIpv6).SendTo("[ff15::99]:7000", "x", By(kV)), "ok");
  EXPECT_EQ(member.Take(), "x");
  EXPECT_EQ(untouched.Take(), "x");
  EXPECT_EQ(group.Take(), "x");
  EXPECT_EQ(specific.Take(), "(none)");
}

// facts 3.2 "loop".
TEST_F(FreeBsd, TheSenderDecidesAboutTheLoop) {
  Sock member = net.a.Bound("0.0.0.0:7000");
  ASSERT_EQ(member.Join("239.1.2.3", kV), "ok");
  Sock sender = net.a.Open();
  sender.SendTo("239.1.2.3:7000", "x");
  EXPECT_EQ(member.Take(), "x");
  sender.Set(SocketOption::kMulticastLoopback, 0).SendTo("239.1.2.3:7000", "y");
  EXPECT_EQ(member.Take(), "(none)");
}

// facts 3.3 "SO_SNDBUF default", "SO_RCVBUF default".
TEST_F(FreeBsd, Buffers) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(9216, 'x')), "ok");
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(9217, 'x')), "EMSGSIZE");
  EXPECT_EQ(socket.Get(SocketOption::kReceiveBufferSize), "42080");
  socket.Set(SocketOption::kReceiveBufferSize, 12345);
  EXPECT_EQ(socket.Get(SocketOption::kReceiveBufferSize), "12345");
  EXPECT_EQ(socket.TrySet(SocketOption::kReceiveBufferSize, -1), "EINVAL");
}

// facts 3.3 "disconnect / reconnect".
TEST_F(FreeBsd, ADisconnectKeepsThePortAlone) {
  Sock socket = net.a.Bound("10.77.0.1:7000");
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(socket.Connect("10.78.0.2:9"), "ok");
  EXPECT_EQ(socket.Local(), "10.78.0.1:7000");
  EXPECT_EQ(socket.Disconnect(), "EAFNOSUPPORT");
  EXPECT_EQ(socket.Local(), "0.0.0.0:7000");
  EXPECT_EQ(socket.Peer(), "(none)");
}

// facts 3.3 "connect clears so_error"; "ICMP": connected only, and a receive reports it after the
// data.
TEST_F(FreeBsd, AConnectClearsThePendingError) {
  Sock client = net.a.Bound("10.77.0.1:7000");
  ASSERT_EQ(client.Connect("10.77.0.2:9"), "ok");
  client.Send("x");
  ASSERT_EQ(client.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(client.Take(), "(none)");
  client.Send("x");
  EXPECT_EQ(client.Send("not sent"), "ECONNREFUSED");
  EXPECT_EQ(client.Send("x"), "ok");
  Sock unconnected = net.a.Open();
  unconnected.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(unconnected.Take(), "(none)");
}

// facts 3.3 "v6only to mapped", "family-flag mismatch".
TEST_F(FreeBsd, ProtocolsThatDoNotMeet) {
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("10.77.0.2:9", "x"), "EINVAL");
  EXPECT_EQ(net.a.Open(kIpv6).Connect("10.77.0.2:9"), "EINVAL");
  EXPECT_EQ(net.a.Bound("[::1]:0", "", kDual).SendTo("10.77.0.2:9", "x"), "EAFNOSUPPORT");
  EXPECT_EQ(net.a.Bound("10.77.0.1:0", "", kDual).SendTo("[fd77::2]:9", "x"), "EAFNOSUPPORT");
}

// facts 3.3 "0.0.0.0 / 255.255.255.255", "broadcast".
TEST_F(FreeBsd, BroadcastsNeedPermissionAndAreNeverSplit) {
  Sock socket = net.b.Open();
  EXPECT_EQ(socket.Connect("10.77.0.255:9"), "ok");
  EXPECT_EQ(socket.Send("x"), "EACCES");
  Sock sender = net.b.Open().Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(sender.SendTo("255.255.255.255:9", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().packet.destination.ToString(), "10.77.0.255:9");
  EXPECT_EQ(sender.SendTo("10.77.0.255:9", std::string(1473, 'x')), "EMSGSIZE");
  EXPECT_EQ(net.b.Open().SendTo("0.0.0.0:9", "x"), "ok");
}

// facts 3.4.
TEST_F(FreeBsd, Memberships) {
  Sock socket = net.a.Open();
  ASSERT_EQ(socket.Join("239.1.2.3", kW), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kW), "EADDRINUSE");
  EXPECT_EQ(socket.Leave("239.1.2.4"), "EADDRNOTAVAIL");
  EXPECT_EQ(socket.Leave("239.1.2.3"), "ok");
  EXPECT_EQ(socket.MulticastInterface(9), "EADDRNOTAVAIL");
  ASSERT_EQ(net.b.Open().Join("239.1.2.3"), "ok");
  EXPECT_TRUE(net.b.stack.IsMember(kV, Address("239.1.2.3")));
}

// facts 3.4 "limit": 4095, and what happens there, with a smaller one.
TEST(FreeBsdLimits, OneGroupMoreIsTooMany) {
  PlatformRules rules = RulesFor(Platform::kFreeBsd);
  EXPECT_EQ(rules.memberships_max_ipv4, 4095);
  EXPECT_EQ(rules.memberships_max_ipv6, 4095);
  rules.memberships_max_ipv4 = 30;
  TwoHosts net(rules);
  Sock socket = net.a.Open();
  for (int i = 1; i <= 30; ++i) ASSERT_EQ(socket.Join(absl::StrCat("239.9.0.", i), kV), "ok");
  EXPECT_EQ(socket.Join("239.1.2.9", kV), "ENOMEM");
}

}  // namespace
}  // namespace pollux::sim
