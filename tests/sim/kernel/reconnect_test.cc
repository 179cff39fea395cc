// SPDX-License-Identifier: Apache-2.0
//
// What connecting, disconnecting and binding again leave behind on Linux (6.18, found by
// tests/differential): each test is a program that the simulated kernel once answered differently.

#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"
#include "udp/socket_option.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

TEST(Reconnect, ADualSocketThatWasBoundToAnIpv6AddressNeverSpeaksIpv4Again) {
  TwoHosts net;
  Sock socket = net.a.Bound("[fd77::1]:0", "", kDual);
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kIpv6Only), "1");
  EXPECT_EQ(socket.Bind("*:5000"), "ok");
  EXPECT_EQ(socket.Local(), "[::]:5000");
  EXPECT_EQ(socket.SendTo("10.77.0.1:5000", "x"), "ENETUNREACH");
}

TEST(Reconnect, WhatAnEarlierBindNamedADisconnectLeaves) {
  TwoHosts net;
  Sock socket = net.a.Bound("0.0.0.0:0", "", kDual);
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Bind("*:5000"), "ok");
  EXPECT_EQ(socket.Connect("10.77.0.1:5000"), "ok");
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Local(), "10.77.0.1:5000");
}

// udp-semantics 1.2.1: a socket last used on the same processor has one point.
TEST(Reconnect, ASocketThatReceivedFromItsPeerWinsTiesFromThenOn) {
  TwoHosts net;
  Sock old = net.a.Bound("0.0.0.0:5000", "A");
  EXPECT_EQ(old.Connect("10.77.0.1:5000"), "ok");
  old.Send("from the peer, itself");
  EXPECT_EQ(old.Take(), "from the peer, itself");
  EXPECT_EQ(old.Disconnect(), "ok");
  Sock newest = net.a.Bound("0.0.0.0:5000", "A");
  newest.SendTo("10.77.0.1:5000", "for whom?");
  EXPECT_EQ(newest.Take(), "(none)");
  EXPECT_EQ(old.Take(), "for whom?");
}

// Fragments are looked up; what comes whole from outside goes to the head of the chain.
TEST(Reconnect, OfTheSocketsOfOnePeerTheOneThatConnectedLastIsFound) {
  TwoHosts net;
  Sock first = net.a.Bound("10.77.0.1:5000", "A");
  Sock second = net.a.Bound("10.77.0.1:5000", "A");
  EXPECT_EQ(second.Connect("10.77.0.2:6000"), "ok");
  EXPECT_EQ(first.Connect("10.77.0.2:6000"), "ok");
  Sock peer = net.b.Bound("10.77.0.2:6000");
  const std::string split(3000, 'x');
  peer.SendTo("10.77.0.1:5000", split);
  EXPECT_EQ(second.Take(), "(none)");
  EXPECT_EQ(first.Take(), split);
  peer.SendTo("10.77.0.1:5000", "x");
  EXPECT_EQ(second.Take(), "x");
  EXPECT_EQ(first.Take(), "(none)");
}

TEST(Reconnect, APeerWithoutAPortIsStillAPeer) {
  TwoHosts net;
  Sock connected = net.a.Bound("0.0.0.0:5000", "P");
  EXPECT_EQ(connected.Connect("10.77.0.1:0"), "ok");
  net.a.Bound("10.77.0.1:5000", "P");
  EXPECT_EQ(connected.Send("to port 0, which is closed"), "ok");
  EXPECT_EQ(connected.Take(), "ECONNREFUSED");
}

TEST(Reconnect, TheFirstConnectLeavesTheReusePortGroup) {
  TwoHosts net;
  Sock connected = net.a.Bound("10.77.0.1:5001", "P");
  EXPECT_EQ(connected.Connect("10.77.0.1:5000"), "ok");
  EXPECT_EQ(connected.Connect("10.78.0.1:5000"), "ok");
  // It forms a new group with the first, of which nobody was ever connected: so that one answers
  // for both, to whom no error is told.
  Sock other = net.a.Bound("10.77.0.1:5001", "P");
  EXPECT_EQ(connected.Send("to a closed port"), "ok");
  EXPECT_EQ(connected.Take(), "(none)");
  EXPECT_EQ(other.Take(), "(none)");
}

TEST(Reconnect, ABoundSocketKeepsItsPlaceAmongConnectionsThroughADisconnect) {
  TwoHosts net;
  Sock again =
      net.a.Open().Set(SocketOption::kReusePort, 1).Set(SocketOption::kBoundInterface, kLo);
  EXPECT_EQ(again.Bind("10.77.0.1:5000"), "ok");
  EXPECT_EQ(again.Connect("10.77.0.1:5000"), "ok");
  net.a.Bound("10.77.0.1:5000", "P");  // A group of its own, for it is bound to no interface.
  EXPECT_EQ(again.Disconnect(), "ok");
  EXPECT_EQ(again.Connect("10.78.0.1:5000"), "ok");
  // The place is that of the first peer; so the group answers for the closed port.
  EXPECT_EQ(again.Send("x"), "ok");
  EXPECT_EQ(again.Take(), "(none)");
}

TEST(Reconnect, TheRouteToThePeerIsKeptAsItWasFound) {
  TwoHosts net;
  Sock socket = net.a.Bound("127.0.0.1:5000");
  net.a.stack.AddRoute({Address("224.0.0.0"), 4, IpAddress(), kV});
  EXPECT_EQ(socket.Connect("239.255.43.21:5000"), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "65535");
  EXPECT_EQ(socket.MulticastInterface(kW), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "65535");
}

TEST(Reconnect, ASendFindsTheRouteAgainEvenIfItFailsBehindThat) {
  TwoHosts net;
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Connect("10.77.0.2:5000"), "ok");
  socket.Set(SocketOption::kTypeOfService, 255);
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "ENOTCONN");
  EXPECT_EQ(socket.Send(std::string(65508, 'x')), "EMSGSIZE");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "1500");
}

TEST(Reconnect, WhoWasPermittedToBroadcastWhenItConnectedStaysSo) {
  TwoHosts net;
  Sock socket = net.a.Open().Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(socket.Connect("10.77.0.255:5000"), "ok");
  socket.Set(SocketOption::kBroadcast, 0);
  EXPECT_EQ(socket.Send("x"), "ok");
  // Until it forgets the route, and looks for it anew.
  socket.Set(SocketOption::kTypeOfService, 4);
  EXPECT_EQ(socket.Send("x"), "EACCES");
  EXPECT_EQ(socket.SendTo("10.77.0.255:5000", "x"), "EACCES");
}

// The charge of a datagram that came in two fragments, by how many fit: 4000 bytes hold the first
// (2304) and two small ones (832 each) only if the rest of 13 bytes costs nothing.
TEST(Reconnect, ASmallRestOfADatagramInFragmentsCostsNoMemory) {
  TwoHosts net;
  Sock reader = net.b.Open(kIpv6);
  reader.Set(SocketOption::kReceiveBufferSize, 2000);
  EXPECT_EQ(reader.Bind("[::]:5000"), "ok");
  Sock sender = net.a.Open(kIpv6);
  EXPECT_EQ(sender.SendTo("[fd77::2]:5000", std::string(1453, 'f')), "ok");
  EXPECT_EQ(sender.SendTo("[fd77::2]:5000", "1"), "ok");
  EXPECT_EQ(sender.SendTo("[fd77::2]:5000", "2"), "ok");
  EXPECT_EQ(sender.SendTo("[fd77::2]:5000", "3"), "ok");
  EXPECT_EQ(reader.Take().size(), 1453u);
  EXPECT_EQ(reader.Take(), "1");
  EXPECT_EQ(reader.Take(), "2");
  EXPECT_EQ(reader.Take(), "(none)");
}

// The host's own copy to a group is two fragments that are kept apart: 2304 and 832 bytes, and 4000
// have room for one small datagram more, which the same to the host itself would not leave.
TEST(Reconnect, TheOwnCopyToAGroupCostsAsManyFragmentsAsLeft) {
  TwoHosts net;
  Sock socket = net.a.Open();
  socket.Set(SocketOption::kReceiveBufferSize, 2000);
  EXPECT_EQ(socket.Bind("0.0.0.0:5000"), "ok");
  EXPECT_EQ(socket.Join("239.1.2.3", kV), "ok");
  EXPECT_EQ(socket.MulticastInterface(kV), "ok");
  EXPECT_EQ(socket.SendTo("239.1.2.3:5000", std::string(1473, 'f')), "ok");
  for (const char* text : {"1", "2"}) EXPECT_EQ(socket.SendTo("10.77.0.1:5000", text), "ok");
  EXPECT_EQ(socket.Take().size(), 1473u);
  EXPECT_EQ(socket.Take(), "1");
  EXPECT_EQ(socket.Take(), "(none)");
}

}  // namespace
}  // namespace pollux::sim
