// SPDX-License-Identifier: Apache-2.0
//
// Interfaces that addresses, sockets and datagrams name, on Linux: which one wins, where that
// leads, and what a host takes from which interface. Random programs showed most of this of a
// running 6.18 kernel; what no program brings about is of its source.

#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

SendOptions By(uint32_t interface_index) {
  SendOptions options;
  options.interface_index = interface_index;
  return options;
}

TEST(Scope, OfAPeerMustBeTheBoundInterface) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6).Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(socket.Connect("[fe80::b1%3]:9"), "EINVAL");
  EXPECT_EQ(socket.Connect("[fe80::b1]:9"), "ok");
  EXPECT_EQ(socket.Peer(), "[fe80::b1%2]:9");
  EXPECT_EQ(net.a.Open(kIpv6).Connect("[fe80::b1]:9"), "EINVAL");
}

TEST(Scope, OfAGroupPeerCanBeTheMulticastInterface) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6);
  ASSERT_EQ(socket.MulticastInterface(kW), "ok");
  EXPECT_EQ(socket.Connect("[ff02::5]:9"), "ok");
  EXPECT_EQ(socket.Peer(), "[ff02::5%3]:9");
  EXPECT_EQ(socket.Get(SocketOption::kBoundInterface), "3");
}

TEST(Scope, OfADatagramsAddressAndItsOptionMustAgree) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6);
  EXPECT_EQ(socket.SendTo("[fe80::b1%2]:9", "x", By(kW)), "EINVAL");
  EXPECT_EQ(socket.SendTo("[fe80::b1%2]:9", "x", By(kV)), "ok");
  // IPv4 has one interface for a datagram: the last that was named.
  Sock ipv4 = net.a.Open().Set(SocketOption::kBoundInterface, kW);
  EXPECT_EQ(ipv4.SendTo("10.77.0.2:9", "x", By(kV)), "ok");
  EXPECT_EQ(net.a.sent.back().interface_index, kV);
}

TEST(Scope, WithoutOneALinkLocalAddressIsTheHostsOwnFirst) {
  TwoHosts net;
  Sock own = net.a.Bound("[::]:7000", "", kIpv6);
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("[fe80::a1]:7000", "own"), "ok");
  EXPECT_EQ(own.Take(), "own");
  EXPECT_EQ(net.b.Open(kIpv6).SendTo("[fe80::a1]:7000", "by route"), "ok");
  EXPECT_EQ(own.Take(), "by route");
}

// A socket bound to an interface sends even to what no route leads to: it must be on the link.
TEST(BoundInterface, IsARouteToEverywhereInIpv4) {
  TwoHosts net;
  Sock ipv4 = net.b.Open().Set(SocketOption::kBoundInterface, kW);
  EXPECT_EQ(ipv4.SendTo("192.0.2.1:9", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kW);
  EXPECT_EQ(net.b.sent.back().packet.source.address, Address("10.78.0.2"));
  Sock ipv6 = net.b.Open(kIpv6).Set(SocketOption::kBoundInterface, kW);
  EXPECT_EQ(ipv6.SendTo("[2001:db8::1]:9", "x"), "ENETUNREACH");
}

// Groups and the limited broadcast leave by the interface of a bound address; subnet broadcasts by
// their own.
TEST(BoundAddress, ChoosesTheInterfaceOfWhatHasNoRoute) {
  TwoHosts net;
  Sock socket = net.b.Bound("10.78.0.2:7000").Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(socket.SendTo("255.255.255.255:9", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kW);
  EXPECT_EQ(socket.SendTo("239.1.2.3:9", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kW);
  EXPECT_EQ(socket.SendTo("10.77.0.255:9", "x"), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kV);
}

TEST(Gateway, IsTheNextHopAndChoosesTheSource) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open().SendTo("192.0.2.1:9", "x"), "ok");
  EXPECT_EQ(net.a.sent.back().packet.source.address, Address("10.77.0.1"));
  EXPECT_EQ(net.a.stack.Gateway(kV, Address("192.0.2.1")), Address("10.77.0.2"));
  EXPECT_EQ(net.a.stack.Gateway(kV, Address("10.77.0.7")), IpAddress());
  EXPECT_EQ(net.a.stack.Gateway(kV, Address("239.1.2.3")), IpAddress());
  EXPECT_EQ(net.a.stack.Gateway(kV, Address("255.255.255.255")), IpAddress());
}

// What comes from outside with an address of the inside is a lie.
TEST(Arrival, LoopbackAndOwnAddressesDoNotComeFromOutside) {
  TwoHosts net;
  Sock server = net.a.Bound("*:7000", "", kDual);
  ASSERT_EQ(server.Join("ff15::99", kV), "ok");
  const auto arrives = [&](const char* from, const char* to) {
    Packet packet;
    packet.source = At(from);
    packet.destination = At(to);
    net.a.stack.Deliver(kV, packet, net.now);
    return server.Take() != "(none)";
  };
  EXPECT_FALSE(arrives("127.0.0.1:1", "10.77.0.1:7000"));
  EXPECT_FALSE(arrives("10.77.0.2:1", "127.0.0.1:7000"));
  EXPECT_FALSE(arrives("10.78.0.1:1", "10.77.0.1:7000"));
  EXPECT_FALSE(arrives("[::1]:1", "[ff15::99]:7000"));
  EXPECT_TRUE(arrives("10.77.0.2:1", "10.77.0.1:7000"));
  EXPECT_TRUE(arrives("[fd78::1]:1", "[fd77::1]:7000")) << "IPv6 does not look";
}

// A link-local address is one of the interface it arrives on.
TEST(Arrival, LinkLocalAddressesCountOnTheirInterface) {
  TwoHosts net;
  Sock server = net.a.Bound("[::]:7000", "", kIpv6);
  Packet packet;
  packet.source = At("[fe80::b1]:1");
  packet.destination = At("[fe80::a1]:7000");
  packet.payload = Payload::Copy("x");
  net.a.stack.Deliver(kW, packet, net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs);
  net.a.stack.Deliver(kV, packet, net.now);
  EXPECT_EQ(server.Take(), "x");
}

// Another interface's broadcast address is none to what was sent out of loopback: one socket gets
// it, as if it were unicast.
TEST(Arrival, OutOfLoopbackOnlyLoopbacksBroadcastIsOne) {
  TwoHosts net;
  Sock one = net.a.Bound("0.0.0.0:7000", "A");
  Sock two = net.a.Bound("0.0.0.0:7000", "A");
  const auto heard = [&](const char* to) {
    Packet packet;
    packet.source = At("127.0.0.1:1");
    packet.destination = At(to);
    packet.payload = Payload::Copy("x");
    net.a.stack.Deliver(kLo, packet, net.now);
    return int{one.Take() == "x"} + int{two.Take() == "x"};
  };
  EXPECT_EQ(heard("10.77.0.255:7000"), 1);
  EXPECT_EQ(heard("127.255.255.255:7000"), 2);
}

// A default route does not route groups in IPv6: each interface routes them itself.
TEST(Membership, TheDefaultRouteOfIpv6IsNoneForGroups) {
  TwoHosts net;
  net.a.stack.AddRoute({IpAddress::AnyIpv6(), 0, Address("fd78::2"), kW});
  EXPECT_EQ(net.a.Open(kIpv6).Join("ff15::99"), "ok");
  EXPECT_TRUE(net.a.stack.IsMember(kV, Address("ff15::99")));
  EXPECT_EQ(net.a.Open(kIpv6).SendTo("[ff15::99]:9", "x"), "ok");
  EXPECT_EQ(net.a.sent.back().interface_index, kV);
}

// Without an interface, IPv6 takes a membership on any for the one that is meant.
TEST(Membership, Ipv6WithoutAnInterfaceMeansTheOneThatThereIs) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6);
  ASSERT_EQ(socket.Join("ff15::99", kW), "ok");
  EXPECT_EQ(socket.Join("ff15::99"), "EADDRINUSE");
  EXPECT_EQ(socket.Join("ff15::99", kV), "ok");
  Sock source = net.a.Open(kIpv6);
  ASSERT_EQ(source.Join("ff15::98", kW, "fd78::2"), "ok");
  EXPECT_EQ(source.Join("ff15::98", 0, "fd78::3"), "ok");
  EXPECT_FALSE(net.a.stack.IsMember(kV, Address("ff15::98")));
  // The scope of a group is an interface as well.
  Sock scoped = net.a.Open(kIpv6);
  EXPECT_EQ(scoped.Join("ff02::97%3"), "ok");
  EXPECT_TRUE(net.a.stack.IsMember(kW, Address("ff02::97")));
}

}  // namespace
}  // namespace pollux::sim
