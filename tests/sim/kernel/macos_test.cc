// SPDX-License-Identifier: Apache-2.0
//
// What macOS decides. Comments name the rows of udp-semantics 2. None of this was run on macOS;
// bind_vectors_test.cc has the conflicts of two sockets.

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

class MacOs : public ::testing::Test {
 protected:
  TwoHosts net{RulesFor(Platform::kMacOs)};
};

SendOptions By(uint32_t interface_index) {
  SendOptions options;
  options.interface_index = interface_index;
  return options;
}

// facts 2.1.4 "multicast v4/v6, mapped multicast", "re-bind", "V6ONLY".
TEST_F(MacOs, BindsGroupsAndOnlyOnce) {
  EXPECT_EQ(net.a.Open(kDual).Bind("[ff15::99]:7000"), "ok");
  EXPECT_EQ(net.a.Open(kDual).Bind("239.1.2.3:7001"), "ok");
  EXPECT_EQ(net.a.Open(kDual).Bind("[::224.0.0.1]:7002"), "EADDRNOTAVAIL");
  Sock socket = net.a.Bound("0.0.0.0:7003");
  EXPECT_EQ(socket.Bind("10.77.0.1:7004"), "EINVAL");
  EXPECT_FALSE(net.a.stack.rules().ipv6_only_default);
  EXPECT_EQ(net.a.Bound("[::]:7005", "", kDual).TrySet(SocketOption::kIpv6Only, 1), "EINVAL");
}

// facts 2.1.4 "options after bind": the holder's are read live.
TEST_F(MacOs, ReadsTheHoldersOptionsWhenABindHappens) {
  Sock holder = net.a.Bound("10.77.0.1:7000");
  Sock second = net.a.Open().Set(SocketOption::kReusePort, 1);
  EXPECT_EQ(second.Bind("10.77.0.1:7000"), "EADDRINUSE");
  holder.Set(SocketOption::kReusePort, 1);
  EXPECT_EQ(second.Bind("10.77.0.1:7000"), "ok");
}

// facts 2.1.4 "IP_BOUND_IF": no effect on conflicts, scopes output, does not filter input.
TEST_F(MacOs, ABoundInterfaceIsForSendingAlone) {
  Sock bound = net.a.Open().Set(SocketOption::kBoundInterface, kW);
  EXPECT_EQ(bound.Bind("0.0.0.0:7000"), "ok");
  Sock other = net.a.Open().Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(other.Bind("0.0.0.0:7000"), "EADDRINUSE");
  net.b.Open().SendTo("10.77.0.1:7000", "by v");
  EXPECT_EQ(bound.Take(), "by v");
  bound.SendTo("239.1.2.3:9", "x");
  EXPECT_EQ(net.a.sent.back().interface_index, kW);
}

// facts 2.2 "unicast 1".
TEST_F(MacOs, AConnectedSocketComesFirst) {
  Sock connected = net.a.Bound("10.77.0.1:7000", "P");
  ASSERT_EQ(connected.Connect("10.77.0.2:9000"), "ok");
  Sock newer = net.a.Bound("10.77.0.1:7000", "P");
  Sock peer = net.b.Bound("10.77.0.2:9000");
  peer.SendTo("10.77.0.1:7000", "peer");
  net.b.Open().SendTo("10.77.0.1:7000", "other");
  EXPECT_EQ(connected.Take(), "peer");
  EXPECT_EQ(newer.Take(), "other");
}

// facts 2.2 "unicast 3": AF_INET is preferred to dual whatever the order; "no load balancing".
TEST_F(MacOs, OfWildcardsIpv4ComesFirstAndOneGetsAll) {
  for (bool dual_first : {true, false}) {
    TwoHosts both(RulesFor(Platform::kMacOs));
    Sock first = both.a.Bound(dual_first ? "*:7000" : "0.0.0.0:7000", "P",
                              dual_first ? kDual : AddressFamily::kIpv4);
    Sock second = both.a.Bound(dual_first ? "0.0.0.0:7000" : "*:7000", "P",
                               dual_first ? AddressFamily::kIpv4 : kDual);
    Sock& plain = dual_first ? second : first;
    for (int i = 0; i < 10; ++i) both.b.Open().SendTo("10.77.0.1:7000", "x");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(plain.Take(), "x") << dual_first << i;
  }
}

// facts 2.2 "position in chain": a connect and a disconnect put a socket in front again, where of
// wildcards the last one wins.
TEST_F(MacOs, ConnectingMovesASocketInItsChain) {
  Sock first = net.a.Bound("0.0.0.0:7000", "P");
  Sock second = net.a.Bound("0.0.0.0:7000", "P");
  net.b.Open().SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(first.Take(), "x");
  ASSERT_EQ(first.Connect("10.77.0.2:9"), "ok");
  first.Disconnect();
  net.b.Open().SendTo("10.77.0.1:7000", "y");
  EXPECT_EQ(second.Take(), "y");
}

// facts 2.2 "v6 multicast": a socket that never touched multicast options hears every group, and
// the local address is not checked. "copies".
TEST_F(MacOs, Ipv6GroupsReachUntouchedSocketsWhateverTheyAreBoundTo) {
  Sock member = net.a.Bound("[::]:7000", "P", kIpv6);
  ASSERT_EQ(member.Join("ff15::99", kV), "ok");
  ASSERT_EQ(member.Join("ff15::99", kW), "ok");
  Sock untouched = net.a.Bound("[fd77::1]:7000", "P", kIpv6);
  Sock touched = net.a.Bound("[fd78::1]:7000", "P", kIpv6);
  touched.Set(SocketOption::kMulticastHopLimit, 2);
  EXPECT_EQ(net.b.Open(kIpv6).SendTo("[ff15::99]:7000", "x", By(kV)), "ok");
  EXPECT_EQ(member.Take(), "x");
  EXPECT_EQ(member.Take(), "(none)");
  EXPECT_EQ(untouched.Take(), "x");
  EXPECT_EQ(touched.Take(), "(none)");
}

// facts 2.2 "own broadcast", "multicast loop".
TEST_F(MacOs, OwnBroadcastsAndGroupDatagramsComeBack) {
  Sock socket = net.a.Bound("0.0.0.0:7000").Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(socket.SendTo("10.77.0.255:7000", "broadcast"), "ok");
  EXPECT_EQ(socket.Take(), "broadcast");
  ASSERT_EQ(socket.Join("239.1.2.3", kV), "ok");
  EXPECT_EQ(socket.SendTo("239.1.2.3:7000", "group"), "ok");
  EXPECT_EQ(socket.Take(), "group");
  socket.Set(SocketOption::kMulticastLoopback, 0);
  EXPECT_EQ(socket.SendTo("239.1.2.3:7000", "unheard"), "ok");
  EXPECT_EQ(socket.Take(), "(none)");
}

// facts 2.3 "0.0.0.0": the first interface's address, and its broadcast address for
// 255.255.255.255; :: is ::1.
TEST_F(MacOs, SpecialDestinationsBecomeTheFirstInterfaces) {
  EXPECT_EQ(net.a.Open().SendTo("0.0.0.0:9", "x"), "ok");
  EXPECT_EQ(net.a.sent[0].packet.destination.ToString(), "10.77.0.1:9");
  EXPECT_EQ(net.a.Open(kDual).SendTo("[::]:9", "x"), "ok");
  EXPECT_EQ(net.a.sent.back().packet.destination.ToString(), "[::1]:9");
  Sock sender = net.b.Open();
  EXPECT_EQ(sender.SendTo("255.255.255.255:7000", "x"), "EACCES");
  sender.Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(sender.SendTo("255.255.255.255:7000", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kV);
  EXPECT_EQ(net.b.sent.back().packet.destination.ToString(), "10.77.0.255:7000");
}

// facts 2.3 "disconnect": it is done, and fails; a host's engine does not tell.
TEST_F(MacOs, ADisconnectIsDoneAndFails) {
  Sock socket = net.a.Bound("10.77.0.1:7000");
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(socket.Disconnect(), "EAFNOSUPPORT");
  EXPECT_EQ(socket.Peer(), "(none)");
  EXPECT_EQ(socket.Local(), "0.0.0.0:7000");
}

// facts 2.3 "v6only to mapped", "bound v6 vs mapped mismatch".
TEST_F(MacOs, ProtocolsThatDoNotMeetAreInvalid) {
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("10.77.0.2:9", "x"), "EINVAL");
  EXPECT_EQ(net.a.Open(kIpv6).Connect("10.77.0.2:9"), "EINVAL");
  EXPECT_EQ(net.a.Bound("[::1]:0", "", kDual).SendTo("10.77.0.2:9", "x"), "EINVAL");
  EXPECT_EQ(net.a.Bound("10.77.0.1:0", "", kDual).SendTo("[fd77::2]:9", "x"), "EINVAL");
}

// facts 2.3 "no route", "connect when connected": a failed connect has disconnected first.
TEST_F(MacOs, WithoutRouteTheNetworkIsUnreachable) {
  EXPECT_EQ(net.b.Open().SendTo("10.99.0.1:9", "x"), "ENETUNREACH");
  Sock socket = net.b.Open();
  ASSERT_EQ(socket.Connect("10.77.0.1:9"), "ok");
  EXPECT_EQ(socket.Connect("10.99.0.1:9"), "ENETUNREACH");
  EXPECT_EQ(socket.Peer(), "(none)");
}

// facts 2.3 "ICMP, connected exact tuple only".
TEST_F(MacOs, EveryIcmpErrorIsToldToConnectedSockets) {
  struct Case {
    IcmpError icmp;
    const char* error;
  };
  Sock connected = net.a.Bound("10.77.0.1:7000");
  Sock unconnected = net.a.Bound("10.77.0.1:7001");
  ASSERT_EQ(connected.Connect("10.77.0.2:9"), "ok");
  for (const Case& c : {Case{IcmpError::kPortUnreachable, "ECONNREFUSED"},
                        {IcmpError::kProtocolUnreachable, "ECONNREFUSED"},
                        {IcmpError::kAdminProhibited, "ECONNREFUSED"},
                        {IcmpError::kHostUnreachable, "EHOSTUNREACH"},
                        {IcmpError::kNetUnreachable, "ENETUNREACH"},
                        {IcmpError::kTimeExceeded, "EHOSTUNREACH"},
                        {IcmpError::kFragmentationNeeded, "EMSGSIZE"}}) {
    Packet error;
    error.destination = At("10.77.0.2:9");
    error.icmp = c.icmp;
    error.icmp_mtu = 1280;
    error.source = At("10.77.0.1:7000");
    net.a.stack.Deliver(kV, error, net.now);
    error.source = At("10.77.0.1:7001");
    net.a.stack.Deliver(kV, error, net.now);
    EXPECT_EQ(connected.Take(), c.error) << static_cast<int>(c.icmp);
    EXPECT_EQ(unconnected.Take(), "(none)");
  }
  EXPECT_EQ(connected.TrySet(SocketOption::kReportUnreachable, 1), "ENOPROTOOPT");
}

// facts 2.3 "SO_RCVBUF", "overflow", "truncation".
TEST_F(MacOs, BuffersAreGrantedAsAskedAndHoldPayloadAndAddress) {
  Sock server = net.a.Bound("10.77.0.1:7000");
  EXPECT_EQ(server.TrySet(SocketOption::kReceiveBufferSize, 0), "EINVAL");
  EXPECT_EQ(server.TrySet(SocketOption::kSendBufferSize, 0), "EINVAL");
  server.Set(SocketOption::kReceiveBufferSize, 1 << 30);
  EXPECT_EQ(server.Get(SocketOption::kReceiveBufferSize), absl::StrCat(8 << 20));
  server.Set(SocketOption::kReceiveBufferSize, 1000);
  EXPECT_EQ(server.Get(SocketOption::kReceiveBufferSize), "1000");
  Sock client = net.b.Open();
  client.SendTo("10.77.0.1:7000", std::string(985, 'x'));
  EXPECT_EQ(server.Take(), "(none)") << "985 bytes and an address do not fit";
  client.SendTo("10.77.0.1:7000", std::string(984, 'x'));
  const Taken cut = server.Receive(2);
  EXPECT_EQ(cut.text, "xx");
  EXPECT_TRUE(cut.info.truncated);
}

// facts 2.4 "join non-multicast", "leave not joined", "leave non-multicast", "IP_MULTICAST_IF",
// "v6".
TEST_F(MacOs, MembershipErrors) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Join("10.77.0.1", kV), "EINVAL");
  EXPECT_EQ(socket.Leave("239.1.2.3", kV), "EADDRNOTAVAIL");
  EXPECT_EQ(socket.Leave("10.77.0.1", kV), "EINVAL");
  EXPECT_EQ(socket.MulticastInterface(9), "EINVAL");
  Sock ipv6 = net.a.Open(kDual);
  EXPECT_EQ(ipv6.Join("ff15::99", 9), "EADDRNOTAVAIL");
  EXPECT_EQ(ipv6.MulticastInterface(9), "EADDRNOTAVAIL");
}

// facts 2.4 "v6": IPV6_JOIN_GROUP takes a mapped group; "default interface": scoped by BOUND_IF.
TEST_F(MacOs, JoinsMappedGroupsAndByTheBoundInterface) {
  Sock ipv6 = net.a.Bound("*:7000", "", kDual);
  EXPECT_EQ(ipv6.Join("::ffff:239.1.2.3", kV), "ok");
  EXPECT_TRUE(net.a.stack.IsMember(kV, Address("239.1.2.3")));
  EXPECT_EQ(ipv6.Leave("::ffff:239.1.2.3", kV), "ok");
  net.a.stack.AddRoute({Address("224.0.0.0"), 4, IpAddress(), kV});
  net.a.stack.AddRoute({Address("224.0.0.0"), 4, IpAddress(), kW});
  EXPECT_EQ(net.a.Open().Join("239.1.2.4"), "ok");
  EXPECT_TRUE(net.a.stack.IsMember(kV, Address("239.1.2.4")));
  Sock bound = net.a.Open().Set(SocketOption::kBoundInterface, kW);
  EXPECT_EQ(bound.Join("239.1.2.5"), "ok");
  EXPECT_TRUE(net.a.stack.IsMember(kW, Address("239.1.2.5")));
}

// facts 2.4 "TTL": default 1, > 255 EINVAL, 0 stays on the host; "no multicast interface / route".
TEST_F(MacOs, HopLimitZeroStaysOnTheHost) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Get(SocketOption::kMulticastHopLimit), "1");
  EXPECT_EQ(socket.TrySet(SocketOption::kMulticastHopLimit, 256), "EINVAL");
  socket.Set(SocketOption::kMulticastHopLimit, 0);
  EXPECT_EQ(socket.SendTo("239.1.2.3:9", "x"), "ok");
  EXPECT_TRUE(net.a.sent.empty());
  EXPECT_EQ(net.b.Open().SendTo("239.1.2.3:9", "x"), "ENETUNREACH");
}

// facts 2.3 "max payload", "connect when connected", "duplicate 4-tuple".
TEST_F(MacOs, SizesAndConnections) {
  Sock socket = net.a.Bound("10.77.0.1:7000", "P");
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(9217, 'x')), "EMSGSIZE");
  socket.Set(SocketOption::kSendBufferSize, 65535);
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(9217, 'x')), "ok");
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(socket.Connect("10.78.0.2:9"), "ok");
  EXPECT_EQ(socket.Local(), "10.78.0.1:7000");
  Sock same = net.a.Bound("10.78.0.1:7000", "P");
  EXPECT_EQ(same.Connect("10.78.0.2:9"), "EADDRINUSE");
  EXPECT_EQ(socket.Disconnect(), "EAFNOSUPPORT");
  EXPECT_EQ(socket.Local(), "0.0.0.0:7000");
}

// facts 2.4 "limit", "ASM on an SSM membership", "ADD_SOURCE on EXCLUDE", "leave ANY = first
// match".
TEST_F(MacOs, JoinErrors) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Join("239.1.2.3", 9), "EADDRNOTAVAIL");
  ASSERT_EQ(socket.Join("239.1.2.3", kW), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kW), "EADDRINUSE");
  EXPECT_EQ(socket.Join("239.1.2.3", kW, "10.78.0.2"), "EINVAL");
  EXPECT_EQ(socket.Leave("239.1.2.3"), "ok");
  ASSERT_EQ(socket.Join("239.1.2.3", kW, "10.78.0.2"), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kW), "EINVAL");
  // B has no route to the group and takes its first multicast interface.
  EXPECT_EQ(net.b.Open().Join("239.1.2.3"), "ok");
  EXPECT_TRUE(net.b.stack.IsMember(kV, Address("239.1.2.3")));
}
// facts 2.4 "limit": 4095, and what happens there, with a smaller one.
TEST(MacOsLimits, OneGroupMoreIsTooMany) {
  PlatformRules rules = RulesFor(Platform::kMacOs);
  EXPECT_EQ(rules.memberships_max_ipv4, 4095);
  EXPECT_EQ(rules.memberships_max_ipv6, 4095);
  rules.memberships_max_ipv4 = 30;
  TwoHosts net(rules);
  Sock socket = net.a.Open();
  for (int i = 1; i <= 30; ++i) ASSERT_EQ(socket.Join(absl::StrCat("239.9.0.", i), kV), "ok");
  EXPECT_EQ(socket.Join("239.1.2.9", kV), "ETOOMANYREFS");
}

}  // namespace
}  // namespace pollux::sim
