// SPDX-License-Identifier: Apache-2.0
//
// What Windows decides. Comments name the rows of udp-semantics 4, which are documentation, Wine's
// tests and reports. None of this was run on Windows; bind_vectors_test.cc has the matrix of binds.

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

class Windows : public ::testing::Test {
 protected:
  TwoHosts net{RulesFor(Platform::kWindows)};
};

SendOptions By(uint32_t interface_index) {
  SendOptions options;
  options.interface_index = interface_index;
  return options;
}

// facts 4.1.2 "v6 loopback > v4 any EX", "mapped loopback > v4 any EX", "mapped any > v4 any",
// "6dual any > v4 any EX".
TEST_F(Windows, BindsOfTwoProtocols) {
  const auto exclusive = [this](const char* local) {
    return net.a.Open().Set(SocketOption::kExclusiveAddress, 1).Bind(local);
  };
  net.a.Bound("[::1]:7000", "", kIpv6);
  EXPECT_EQ(exclusive("0.0.0.0:7000"), "ok");
  net.a.Bound("127.0.0.1:7001", "", kDual);
  EXPECT_EQ(exclusive("0.0.0.0:7001"), "WSAEADDRINUSE");
  net.a.Bound("0.0.0.0:7002", "", kDual);
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:7002"), "WSAEADDRINUSE");
  net.a.Bound("*:7003", "", kDual);
  EXPECT_EQ(exclusive("0.0.0.0:7003"), "ok");
}

// facts 4.1.3 "re-bind", "v6 bad scope", "wrong family", "V6ONLY".
TEST_F(Windows, BindErrors) {
  EXPECT_EQ(net.a.Bound("0.0.0.0:7000").Bind("0.0.0.0:7000"), "WSAEINVAL");
  EXPECT_EQ(net.a.Open(kIpv6).Bind("[fe80::a1%9]:7001"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(net.a.Open(kIpv6).Bind("[fe80::a1%3]:7001"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(net.a.Open(kIpv6).Bind("[fe80::a1]:7001"), "ok") << "no scope will do";
  EXPECT_EQ(net.a.Open(kIpv6).Bind("[fe80::99]:7001"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(net.a.Open().Bind("[::1]:7002"), "WSAEAFNOSUPPORT");
  EXPECT_TRUE(net.a.stack.rules().ipv6_only_default);
}

// facts 4.2 "specific vs wildcard coexisting".
TEST_F(Windows, ASpecificAddressBesideTheWildcardGetsItsDatagrams) {
  Sock any = net.a.Bound("0.0.0.0:7000");
  Sock specific = net.a.Bound("10.77.0.1:7000");
  net.b.Open().SendTo("10.77.0.1:7000", "specific");
  net.b.Open().SendTo("10.78.0.1:7000", "other");
  EXPECT_EQ(specific.Take(), "specific");
  EXPECT_EQ(any.Take(), "other");
}

// facts 4.2 "connected + unconnected on same port": the peer does not route (U); "connected
// filter".
TEST_F(Windows, APeerFiltersButDoesNotRoute) {
  Sock unconnected = net.a.Bound("10.77.0.1:7000", "A");
  Sock connected = net.a.Bound("10.77.0.1:7000", "A");
  ASSERT_EQ(connected.Connect("10.77.0.2:9000"), "ok");
  Sock peer = net.b.Bound("10.77.0.2:9000");
  peer.SendTo("10.77.0.1:7000", "to the oldest");
  EXPECT_EQ(unconnected.Take(), "to the oldest");
  unconnected.Close();
  peer.SendTo("10.77.0.1:7000", "peer");
  net.b.Open().SendTo("10.77.0.1:7000", "discarded");
  EXPECT_EQ(connected.Take(), "peer");
  EXPECT_EQ(connected.Take(), "(none)");
}

// facts 4.2 "connect to another peer discards queued ones".
TEST_F(Windows, AConnectToAnotherPeerDiscardsWhatIsQueued) {
  Sock socket = net.a.Bound("10.77.0.1:7000");
  Sock peer = net.b.Bound("10.77.0.2:9000");
  peer.SendTo("10.77.0.1:7000", "before the first");
  ASSERT_EQ(socket.Connect("10.77.0.2:9000"), "ok");
  ASSERT_EQ(socket.Connect("10.77.0.2:9000"), "ok") << "to the same peer";
  EXPECT_EQ(socket.Take(), "before the first");
  peer.SendTo("10.77.0.1:7000", "discarded");
  ASSERT_EQ(socket.Connect("10.77.0.2:9001"), "ok");
  EXPECT_EQ(socket.Take(), "(none)");
  EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, 0u);
}

// facts 4.2 "multicast, several members same port", "multicast membership".
TEST_F(Windows, EachMemberOfTheGroupGetsACopyAndNobodyElse) {
  Sock one = net.a.Bound("0.0.0.0:7000", "A");
  Sock two = net.a.Bound("0.0.0.0:7000", "A");
  Sock other_group = net.a.Bound("0.0.0.0:7000", "A");
  ASSERT_EQ(one.Join("239.1.2.3", kV), "ok");
  ASSERT_EQ(two.Join("239.1.2.3", kV), "ok");
  ASSERT_EQ(other_group.Join("239.1.2.4", kV), "ok");
  net.b.Open().SendTo("239.1.2.3:7000", "x", By(kV));
  EXPECT_EQ(one.Take(), "x");
  EXPECT_EQ(two.Take(), "x");
  EXPECT_EQ(other_group.Take(), "(none)");
}

// facts 4.2 "bound to unicast address of interface", "broadcast, several sockets", "own broadcast".
TEST_F(Windows, EverySocketOnAnAddressOfTheInterfaceHearsABroadcast) {
  Sock any = net.a.Bound("0.0.0.0:7000", "A");
  Sock here = net.a.Bound("10.77.0.1:7000", "A");
  Sock elsewhere = net.a.Bound("10.78.0.1:7000", "A");
  Sock own = net.b.Bound("0.0.0.0:7000", "A").Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(own.SendTo("10.77.0.255:7000", "x"), "ok");
  EXPECT_EQ(any.Take(), "x");
  EXPECT_EQ(here.Take(), "x");
  EXPECT_EQ(own.Take(), "x");
  EXPECT_EQ(elsewhere.Take(), "(none)");
}

// facts 4.2 "send to group via loopback interface with no local member".
TEST_F(Windows, AGroupDatagramByLoopbackNeedsALocalMember) {
  Sock sender = net.a.Open();
  ASSERT_EQ(sender.MulticastInterface(kLo), "ok");
  EXPECT_EQ(sender.SendTo("239.1.2.3:7000", "x"), "WSAENETUNREACH");
  Sock member = net.a.Bound("0.0.0.0:7000");
  ASSERT_EQ(member.Join("239.1.2.3", kLo), "ok");
  EXPECT_EQ(sender.SendTo("239.1.2.3:7000", "x"), "ok");
  EXPECT_EQ(member.Take(), "x");
}

// facts 4.3 "broadcast without SO_BROADCAST".
TEST_F(Windows, AConnectToABroadcastAddressPermitsIt) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.SendTo("255.255.255.255:9", "x"), "WSAEACCES");
  EXPECT_EQ(socket.Connect("255.255.255.255:9"), "ok");
  EXPECT_EQ(socket.Send("x"), "ok");
  EXPECT_EQ(socket.SendTo("255.255.255.255:9", "x"), "WSAEACCES");
}

// facts 4.3 "sendto / connect to 0.0.0.0 or port 0", "connect again", "max payload".
TEST_F(Windows, Connections) {
  Sock socket = net.a.Bound("10.77.0.1:7000");
  EXPECT_EQ(socket.Connect("10.77.0.2:0"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.Connect("0.0.0.0:9"), "WSAEADDRNOTAVAIL");
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(socket.Connect("10.77.0.2:10"), "ok");
  EXPECT_EQ(socket.Peer(), "10.77.0.2:10");
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Peer(), "(none)");
  EXPECT_EQ(socket.Local(), "10.77.0.1:7000");
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(65507, 'x')), "ok");
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", std::string(65508, 'x')), "WSAEMSGSIZE");
}

// facts 4.3 "zero-length", "ICMP port unreachable ... never on send", "select".
TEST_F(Windows, AnIcmpErrorMakesTheSocketReadable) {
  Sock server = net.b.Bound("10.77.0.2:9");
  Sock client = net.a.Bound("10.77.0.1:7000");
  client.SendTo("10.77.0.2:9", "");
  EXPECT_TRUE(net.b.stack.Readable(server.id()));
  EXPECT_EQ(server.Take(), "");
  server.Close();
  ASSERT_EQ(client.Connect("10.77.0.2:9"), "ok");
  client.Send("x");
  EXPECT_TRUE(net.a.stack.Readable(client.id()));
  EXPECT_EQ(client.Send("x"), "ok");
  EXPECT_EQ(client.Take(), "WSAECONNRESET");
}

// facts 4.3 "DF", "SO_RCVBUF", "IPv6 multicast send without join / option".
TEST_F(Windows, SendingAndBuffers) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "WSAENOTCONN");
  socket.SendTo("10.77.0.2:9", "x");
  EXPECT_FALSE(net.a.sent[0].packet.dont_fragment);
  socket.Set(SocketOption::kReceiveBufferSize, 5000);
  EXPECT_EQ(socket.Get(SocketOption::kReceiveBufferSize), "5000");
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("[ff15::99]:9", "x"), "ok");
}

// facts 4.4: its first table, and of the documented one of two calls the rows that do not
// contradict each other.
TEST_F(Windows, MembershipErrors) {
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Join("239.1.2.3", 9), "WSAEADDRNOTAVAIL");
  ASSERT_EQ(socket.Join("239.1.2.3", kV), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kV), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.Join("239.1.2.3", kV, "10.77.0.2"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.Leave("239.1.2.3", kV, "10.77.0.2"), "WSAEINVAL");
  EXPECT_EQ(socket.Leave("239.1.2.3", kV), "ok");
  EXPECT_EQ(socket.Leave("239.1.2.3", kV), "WSAEINVAL");
  ASSERT_EQ(socket.Join("239.1.2.3", kV, "10.77.0.2"), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kV), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.Join("239.1.2.3", kV, "10.77.0.2"), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.MulticastInterface(9), "WSAEADDRNOTAVAIL");
  EXPECT_EQ(socket.Get(SocketOption::kMulticastHopLimit), "1");
  socket.Close();
  EXPECT_FALSE(net.a.stack.IsMember(kV, Address("239.1.2.3")));
}

// facts 4.1.2 "set REUSE while EX set", "6dual EX > v4 any", "6dual any > v4 any".
TEST_F(Windows, BeyondTheMatrix) {
  Sock exclusive = net.a.Open().Set(SocketOption::kExclusiveAddress, 1);
  EXPECT_EQ(exclusive.TrySet(SocketOption::kReuseAddress, 1), "WSAEINVAL");
  Sock reuse = net.a.Open().Set(SocketOption::kReuseAddress, 1);
  EXPECT_EQ(reuse.TrySet(SocketOption::kExclusiveAddress, 1), "WSAEINVAL");
  EXPECT_EQ(reuse.TrySet(SocketOption::kReusePort, 1), "WSAENOPROTOOPT");
  net.a.Bound("[::]:7000", "E", kDual);
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:7000"), "WSAEACCES");
  EXPECT_EQ(net.a.Open().Bind("127.0.0.1:7000"), "WSAEACCES");
  net.a.Bound("[::]:7001", "", kDual);
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:7001"), "ok");
  net.a.Bound("127.0.0.1:7002");
  EXPECT_EQ(net.a.Open(kDual).Set(SocketOption::kExclusiveAddress, 1).Bind("[::]:7002"),
            "WSAEADDRINUSE");
}

// facts 4.2 "multicast loop": the receiver's option.
TEST_F(Windows, TheReceiverTurnsLoopbackOff) {
  Sock member = net.a.Bound("0.0.0.0:7000");
  ASSERT_EQ(member.Join("239.1.2.3", kV), "ok");
  Sock sender = net.a.Open().Set(SocketOption::kMulticastLoopback, 0);
  sender.SendTo("239.1.2.3:7000", "x");
  EXPECT_EQ(member.Take(), "x");
  member.Set(SocketOption::kMulticastLoopback, 0);
  sender.SendTo("239.1.2.3:7000", "x");
  EXPECT_EQ(member.Take(), "(none)");
}

// facts 4.3 "ICMP port unreachable", "receive buffer too small"; 4.1.3 "recv on unbound".
TEST_F(Windows, ErrorsAreForReceivesOnly) {
  Sock client = net.a.Open();
  EXPECT_EQ(client.Take(), "WSAEINVAL");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x"), "ok");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x"), "ok");
  EXPECT_EQ(client.Take(), "WSAECONNRESET");
  EXPECT_EQ(client.Take(), "WSAECONNRESET");
  EXPECT_EQ(client.Take(), "(none)");
  client.Set(SocketOption::kReportUnreachable, 0);
  client.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(client.Take(), "(none)");
  Sock server = net.b.Bound("10.77.0.2:9");
  client.SendTo("10.77.0.2:9", "long");
  EXPECT_EQ(server.Receive(2).text, "WSAEMSGSIZE");
  EXPECT_EQ(server.Take(), "(none)");
}
}  // namespace
}  // namespace pollux::sim
