// SPDX-License-Identifier: Apache-2.0
//
// Connecting and disconnecting on Linux, where protocols meet, and what a datagram can ask for and
// tell. Comments name the rows of udp-semantics 1.4, or say what was observed on a running 6.18
// kernel.

#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

// facts "sendto / connect 0.0.0.0", "sendto other address on connected", "connect port 0".
TEST(Connect, Destinations) {
  TwoHosts net;
  Sock server = net.a.Bound("0.0.0.0:7000");
  EXPECT_EQ(net.a.Open().SendTo("0.0.0.0:7000", "zero"), "ok");
  EXPECT_EQ(server.Take(), "zero");
  Sock client = net.a.Open();
  ASSERT_EQ(client.Connect("0.0.0.0:9"), "ok");
  EXPECT_EQ(client.Peer(), "127.0.0.1:9");
  EXPECT_EQ(client.SendTo("127.0.0.1:7000", "aside"), "ok");
  EXPECT_EQ(server.Take(), "aside");
  EXPECT_EQ(client.Peer(), "127.0.0.1:9");
  Sock zero = net.a.Open();
  ASSERT_EQ(zero.Connect("10.77.0.2:0"), "ok");
  EXPECT_EQ(zero.Peer(), "(none)");
  EXPECT_EQ(zero.Send("x"), "ok");
  Sock dual = net.a.Open(kDual);
  ASSERT_EQ(dual.Connect("10.77.0.2:0"), "ok");
  EXPECT_EQ(dual.Send("x"), "EINVAL");  // Observed: a mapped peer becomes a destination.
}

// facts "bound or connected-local 127.0.0.1", "no route", "re-connect".
TEST(Connect, FailureKeepsThePeer) {
  TwoHosts net;
  Sock client = net.a.Bound("127.0.0.1:7001");
  ASSERT_EQ(client.Connect("127.0.0.1:9"), "ok");
  EXPECT_EQ(client.Connect("10.77.0.2:9"), "EINVAL");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x"), "EINVAL");
  EXPECT_EQ(client.Peer(), "127.0.0.1:9");
  EXPECT_EQ(net.b.Open().Connect("10.99.0.1:9"), "ENETUNREACH");
  Sock again = net.a.Open();
  ASSERT_EQ(again.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(again.Connect("10.78.0.2:9"), "ok");
  EXPECT_EQ(again.Local().substr(0, 10), "10.77.0.1:");
  EXPECT_EQ(again.Peer(), "10.78.0.2:9");
}

// facts "connect(AF_UNSPEC)", four rows; the interface and the mapped wildcard as observed.
TEST(Disconnect, KeepsWhatTheBindNamed) {
  TwoHosts net;
  Sock unbound = net.a.Open();
  ASSERT_EQ(unbound.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(unbound.Disconnect(), "ok");
  EXPECT_EQ(unbound.Local(), "0.0.0.0:0");
  EXPECT_EQ(unbound.Peer(), "(none)");
  EXPECT_EQ(unbound.Bind("0.0.0.0:7005"), "ok");
  const char* const cases[][2] = {{"0.0.0.0:7000", "0.0.0.0:7000"},
                                  {"10.77.0.1:7001", "10.77.0.1:7001"},
                                  {"10.77.0.1:0", "10.77.0.1:0"}};
  for (const auto& [bind, left] : cases) {
    Sock socket = net.a.Bound(bind);
    ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
    ASSERT_EQ(socket.Disconnect(), "ok");
    EXPECT_EQ(socket.Local(), left);
  }
  Sock dual = net.a.Bound("[::]:7002", "", kDual);
  ASSERT_EQ(dual.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(dual.Local(), "10.77.0.1:7002");
  ASSERT_EQ(dual.Disconnect(), "ok");
  EXPECT_EQ(dual.Local(), "*:7002");
  Sock mapped = net.a.Bound("0.0.0.0:7003", "", kDual);
  ASSERT_EQ(mapped.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(mapped.Disconnect(), "ok");
  EXPECT_EQ(mapped.Local(), "10.77.0.1:7003");
  Sock interface = net.a.Open();
  interface.Set(SocketOption::kBoundInterface, kV);
  ASSERT_EQ(interface.Disconnect(), "ok");
  EXPECT_EQ(interface.Get(SocketOption::kBoundInterface), "0");
}

// facts "v6only, or bound ::1, to v4/mapped", "bound or connected mapped, to v6", "connected ::1".
TEST(Dual, ProtocolsMeet) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("10.77.0.2:9", "x"), "ENETUNREACH");
  EXPECT_EQ(net.a.Open(kIpv6).Connect("10.77.0.2:9"), "ENETUNREACH");
  EXPECT_EQ(net.a.Bound("[::1]:0", "", kDual).SendTo("10.77.0.2:9", "x"), "ENETUNREACH");
  Sock mapped = net.a.Bound("10.77.0.1:0", "", kDual);
  EXPECT_EQ(mapped.SendTo("[fd77::2]:9", "x"), "EAFNOSUPPORT");
  EXPECT_EQ(mapped.Connect("[fd77::2]:9"), "EAFNOSUPPORT");
  EXPECT_EQ(mapped.SendTo("[::]:9", "x"), "ok");  // Means 127.0.0.1, observed.
  Sock six = net.a.Open(kDual);
  ASSERT_EQ(six.Connect("[::1]:9"), "ok");
  EXPECT_EQ(six.SendTo("10.77.0.2:9", "x"), "ok");
  EXPECT_EQ(six.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(six.Local().substr(0, 6), "[::1]:");
  EXPECT_EQ(net.a.Open().SendTo("[fd77::2]:9", "x"), "EAFNOSUPPORT");
}

// facts "bound to a group or broadcast address, connect / send unicast".
TEST(Dual, BoundToAGroupSendsFromAnInterface) {
  TwoHosts net;
  Sock socket = net.a.Bound("239.1.2.3:7000");
  ASSERT_EQ(socket.SendTo("10.77.0.2:9", "x"), "ok");
  EXPECT_EQ(net.a.sent.front().packet.source.ToString(), "10.77.0.1:7000");
  EXPECT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(socket.Local(), "239.1.2.3:7000");
}

// What one datagram asks for: source, interface, hop limit, ECN. The errors were observed.
TEST(SendOptions, OneDatagram) {
  TwoHosts net;
  Sock client = net.a.Open();
  SendOptions options;
  options.source = Address("10.77.0.11");
  options.hop_limit = 7;
  options.ecn = Ecn::kCongestion;
  client.Set(SocketOption::kTypeOfService, 0x28);
  ASSERT_EQ(client.SendTo("10.77.0.2:9", "x", options), "ok");
  const Packet& packet = net.a.sent.front().packet;
  EXPECT_EQ(packet.source.address, Address("10.77.0.11"));
  EXPECT_EQ(packet.hop_limit, 7);
  EXPECT_EQ(packet.traffic_class, 0x2b);
  options = SendOptions();
  options.source = Address("10.99.0.1");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x", options), "ENETUNREACH");
  options.source = Address("239.1.1.1");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x", options), "EINVAL");
  options = SendOptions();
  options.interface_index = 9;
  EXPECT_EQ(client.SendTo("10.77.0.2:9", "x", options), "ENODEV");
  Sock ipv6 = net.a.Open(kDual);
  EXPECT_EQ(ipv6.SendTo("[fd77::2]:9", "x", options), "ENODEV");
  options.interface_index = kW;
  EXPECT_EQ(ipv6.SendTo("[fd77::2]:9", "x", options), "ENETUNREACH");
  options = SendOptions();
  options.source = Address("fd99::1");
  EXPECT_EQ(ipv6.SendTo("[fd77::2]:9", "x", options), "EINVAL");
}

// facts "pktinfo for own unicast/broadcast/multicast", 1.3.4 "link-local sources carry scope_id".
TEST(Metadata, TellsHowADatagramCame) {
  TwoHosts net;
  net.now = absl::FromUnixSeconds(1000);
  Sock server = net.a.Bound("[::]:7000", "", kDual);
  net.a.stack.RequestMetadata(server.id(), Metadata::kAll);
  net.b.Open().SendTo("10.77.0.11:7000", "x");
  const Taken ipv4 = server.Receive();
  EXPECT_TRUE(ipv4.info.source.address.is_ipv4());
  EXPECT_EQ(ipv4.info.destination, Address("10.77.0.11"));
  EXPECT_EQ(ipv4.info.interface_index, kV);
  EXPECT_EQ(ipv4.info.hop_limit, 64);
  EXPECT_EQ(ipv4.info.ecn, Ecn::kNotCapable);
  EXPECT_EQ(ipv4.info.kernel_time, absl::FromUnixSeconds(1000));
  EXPECT_EQ(ipv4.info.drop_count, 0u);
  net.b.Open(kDual).SendTo("[fe80::a1%2]:7000", "x");
  EXPECT_EQ(server.Receive().info.source.address, Address("fe80::b1%2"));
  net.a.stack.RequestMetadata(server.id(), Metadata::kNone);
  net.b.Open().SendTo("10.77.0.11:7000", "x");
  EXPECT_FALSE(server.Receive().info.destination.has_value());
}

// facts "duplicate 4-tuple", "not connected".
TEST(Connect, TwoSocketsMayHaveTheSameEnds) {
  TwoHosts net;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(net.a.Bound("10.77.0.1:7000", "A").Connect("10.77.0.2:9"), "ok");
  }
  Sock never = net.a.Bound("10.77.0.1:7001");
  EXPECT_EQ(never.Disconnect(), "ok");
  EXPECT_EQ(never.Local(), "10.77.0.1:7001");
}

// facts "local address removed after bind".
TEST(Connect, ALostAddressIsNoSourceAnyMore) {
  TwoHosts net;
  Sock socket = net.a.Bound("10.78.0.1:7000");
  NetworkInterface wa = net.a.stack.interfaces()[2];
  ASSERT_EQ(wa.name, "wa");
  wa.addresses.erase(wa.addresses.begin());
  net.a.stack.SetInterface(wa);
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", "x"), "ENETUNREACH");
}

// facts "pktinfo for own unicast/broadcast/multicast": the interface, and the header's destination.
TEST(Metadata, OfOwnBroadcastsAndGroupDatagrams) {
  TwoHosts net;
  Sock socket = net.a.Bound("0.0.0.0:7000").Set(SocketOption::kBroadcast, 1);
  net.a.stack.RequestMetadata(socket.id(), Metadata::kDestination);
  ASSERT_EQ(socket.Join("239.1.2.3", kW), "ok");
  ASSERT_EQ(socket.MulticastInterface(kW), "ok");
  socket.SendTo("10.77.0.255:7000", "broadcast");
  const Taken broadcast = socket.Receive();
  EXPECT_EQ(broadcast.info.destination, Address("10.77.0.255"));
  EXPECT_EQ(broadcast.info.interface_index, kV);
  socket.SendTo("239.1.2.3:7000", "group");
  const Taken group = socket.Receive();
  EXPECT_EQ(group.info.destination, Address("239.1.2.3"));
  EXPECT_EQ(group.info.interface_index, kW);
}

}  // namespace
}  // namespace pollux::sim
