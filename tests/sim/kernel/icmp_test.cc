// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors on Linux: about what they are sent, from which address, how often, and which socket
// learns of them. Random programs showed most of this of a running 6.18 kernel; what no program
// brings about is of its source.

#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

Packet Datagram(const char* from, const char* to) {
  Packet packet;
  packet.source = At(from);
  packet.destination = At(to);
  return packet;
}

Packet Error(IcmpError icmp, const char* from, const char* to) {
  Packet packet = Datagram(from, to);
  packet.icmp = icmp;
  packet.icmp_reporter = packet.destination.address;
  return packet;
}

TEST(IcmpSent, NobodyIsToldWhoIsNoSingleHost) {
  TwoHosts net;
  for (const char* from : {"0.0.0.0:1", "255.255.255.255:1", "[::]:1"}) {
    net.a.stack.Deliver(kV, Datagram(from, from[0] == '[' ? "[fd77::1]:9" : "10.77.0.1:9"),
                        net.now);
    EXPECT_TRUE(net.a.sent.empty()) << from;
  }
  net.a.stack.Deliver(kV, Datagram("239.1.2.3:1", "10.77.0.1:9"), net.now);
  EXPECT_TRUE(net.a.sent.empty());
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs) << "a group sends nothing";
  net.a.stack.Deliver(kV, Datagram("10.77.0.2:1", "10.77.0.1:9"), net.now);
  EXPECT_EQ(net.a.sent.size(), 1u);
}

TEST(IcmpSent, APortIsToldOfByTheAddressThatItWasAskedAt) {
  TwoHosts net;
  net.a.stack.Deliver(kV, Datagram("10.77.0.2:1", "10.77.0.11:9"), net.now);
  ASSERT_EQ(net.a.sent.size(), 1u);
  const Packet& error = net.a.sent[0].packet;
  EXPECT_EQ(error.icmp, IcmpError::kPortUnreachable);
  EXPECT_EQ(error.icmp_reporter, Address("10.77.0.11"));
  EXPECT_EQ(error.target(), Address("10.77.0.2"));
  EXPECT_EQ(error.hop_limit, 64);
}

TEST(IcmpSent, ALinkLocalSenderIsToldOnItsLink) {
  TwoHosts net;
  net.a.stack.Deliver(kV, Datagram("[fe80::b1]:1", "[fd77::1]:9"), net.now);
  ASSERT_EQ(net.a.sent.size(), 1u);
  EXPECT_EQ(net.a.sent[0].interface_index, kV);
}

// IPv6 tells whole networks more often than single hosts, and counts each host by itself.
TEST(IcmpSent, TheRateOfIpv6GoesByTheRoute) {
  TwoHosts net;
  Sock client = net.b.Open(kIpv6);
  for (int i = 0; i < 10; ++i) client.SendTo("[fd77::1]:9", "x");
  EXPECT_EQ(net.a.sent.size(), 6u);
  net.now += absl::Milliseconds(24);
  client.SendTo("[fd77::1]:9", "x");
  EXPECT_EQ(net.a.sent.size(), 6u);
  net.now += absl::Milliseconds(2);
  client.SendTo("[fd77::1]:9", "x");
  EXPECT_EQ(net.a.sent.size(), 7u) << "a /64: a quarter of the interval";
  net.b.Open().SendTo("10.77.0.1:9", "x");
  EXPECT_EQ(net.a.sent.size(), 8u);
}

// IPv6 says that it would not know the way, though it does not forward.
TEST(IcmpSent, NoRouteOfIpv6IsToldOfGlobalAddressesFromOutside) {
  TwoHosts net;
  net.a.stack.Deliver(kV, Datagram("[fd77::2]:1", "[2001:db8::1]:9"), net.now);
  ASSERT_EQ(net.a.sent.size(), 1u);
  EXPECT_EQ(net.a.sent[0].packet.icmp, IcmpError::kNetUnreachable);
  for (const char* to : {"[fe80::99]:9", "[fd78::99]:9", "[ff15::99]:9", "[::1]:9"}) {
    net.a.stack.Deliver(kV, Datagram("[fd77::2]:1", to), net.now);
    EXPECT_EQ(net.a.sent.size(), 1u) << to;
  }
  net.a.stack.Deliver(kV, Datagram("10.77.0.2:1", "10.99.0.1:9"), net.now);
  EXPECT_EQ(net.a.sent.size(), 1u) << "IPv4 says nothing";
  TwoHosts mac(RulesFor(Platform::kMacOs));
  mac.a.stack.Deliver(kV, Datagram("[fd77::2]:1", "[2001:db8::1]:9"), net.now);
  EXPECT_TRUE(mac.a.sent.empty());
}

TEST(IcmpReceived, IsForTheSocketThatWouldGetTheAnswer) {
  TwoHosts net;
  Sock asks = net.a.Bound("10.77.0.1:7000", "A").Set(SocketOption::kReportUnreachable, 1);
  Sock connected = net.a.Bound("10.77.0.1:7000", "A");
  ASSERT_EQ(connected.Connect("10.77.0.2:9"), "ok");
  const auto error = [&](const char* about) {
    net.a.stack.Deliver(kV, Error(IcmpError::kPortUnreachable, "10.77.0.1:7000", about), net.now);
  };
  error("10.77.0.2:9");
  EXPECT_EQ(asks.Take(), "(none)");
  EXPECT_EQ(connected.Take(), "ECONNREFUSED");
  error("10.77.0.2:10");
  EXPECT_EQ(asks.Take(), "ECONNREFUSED");
  EXPECT_EQ(connected.Take(), "(none)");
}

TEST(IcmpReceived, WhatIsAboutOthersIsDropped) {
  TwoHosts net;
  net.a.stack.Deliver(kV, Error(IcmpError::kPortUnreachable, "10.77.0.3:7000", "10.77.0.2:9"),
                      net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs);
  net.a.stack.Deliver(kV, Error(IcmpError::kPortUnreachable, "10.77.0.1:7000", "10.77.0.2:9"),
                      net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNoSocket);
}

// An error about a datagram to the host itself comes by loopback in IPv4, and by the address's
// interface in IPv6.
TEST(IcmpReceived, ABoundInterfaceHearsItsOwnHostsErrorsInIpv6Alone) {
  TwoHosts net;
  const auto answer = [&](AddressFamily family, const char* peer) {
    Sock socket = net.a.Open(family).Set(SocketOption::kBoundInterface, kV);
    EXPECT_EQ(socket.Connect(peer), "ok");
    EXPECT_EQ(socket.Send("x"), "ok");
    return socket.Take();
  };
  EXPECT_EQ(answer(AddressFamily::kIpv4, "10.77.0.1:9"), "(none)");
  EXPECT_EQ(answer(kIpv6, "[fd77::1]:9"), "ECONNREFUSED");
}

TEST(IcmpReceived, APathIsNeverNarrowerThanTheProtocolsLeast) {
  TwoHosts net;
  Sock ipv4 = net.a.Bound("10.77.0.1:7000");
  Sock ipv6 = net.a.Bound("[fd77::1]:7000", "", kIpv6);
  ASSERT_EQ(ipv4.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(ipv6.Connect("[fd77::2]:9"), "ok");
  Packet error = Error(IcmpError::kFragmentationNeeded, "10.77.0.1:7000", "10.77.0.2:9");
  error.icmp_mtu = 100;
  net.a.stack.Deliver(kV, error, net.now);
  EXPECT_EQ(ipv4.Take(), "EMSGSIZE");
  EXPECT_EQ(ipv4.Get(SocketOption::kPathMtu), "552");
  error = Error(IcmpError::kFragmentationNeeded, "[fd77::1]:7000", "[fd77::2]:9");
  error.icmp_mtu = 100;
  net.a.stack.Deliver(kV, error, net.now);
  EXPECT_EQ(ipv6.Take(), "EMSGSIZE");
  EXPECT_EQ(ipv6.Get(SocketOption::kPathMtu), "1280");
}

}  // namespace
}  // namespace pollux::sim
