// SPDX-License-Identifier: Apache-2.0
//
// What random programs showed of the real kernel (Linux 6.18, tests/differential): each test is a
// program that the simulated one once answered differently.

#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"
#include "udp/socket_option.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

TEST(Observed, AMappedAddressThatIsNoSourceMakesEverySendFail) {
  TwoHosts net;
  Sock broadcast = net.a.Bound("255.255.255.255:5000", "", kDual);
  EXPECT_EQ(broadcast.SendTo("10.77.0.1:5000", "x"), "EINVAL");
  // The same on an IPv4 socket is only where it receives.
  Sock ipv4 = net.a.Bound("255.255.255.255:5001");
  EXPECT_EQ(ipv4.SendTo("10.77.0.1:5001", "x"), "ok");
}

TEST(Observed, TheMappedWildcardSpeaksNoIpv6) {
  TwoHosts net;
  Sock socket = net.a.Bound("0.0.0.0:5000", "", kDual);
  EXPECT_EQ(socket.Connect("[fd77::1]:5000"), "EAFNOSUPPORT");
  EXPECT_EQ(socket.SendTo("[fd77::1]:5000", "x"), "EAFNOSUPPORT");
  EXPECT_EQ(socket.SendTo("10.77.0.1:5000", "x"), "ok");
}

TEST(Observed, TheMappedWildcardStaysTheSourceOfWhoThenBindsAnIpv6Group) {
  TwoHosts net;
  Sock socket = net.a.Bound("0.0.0.0:0", "", kDual);
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Bind("[ff15::4321]:5000"), "ok");
  EXPECT_EQ(socket.Connect("[fd77::2]:5000"), "EAFNOSUPPORT");
  // Without it the route chooses.
  EXPECT_EQ(net.a.Bound("[ff15::4321]:5001", "", kDual).Connect("[fd77::2]:5000"), "ok");
}

TEST(Observed, WhereThereIsNoRouteTheFamilyDoesNotMatter) {
  TwoHosts net;
  Sock socket = net.b.Bound("10.77.0.2:5000", "", kDual);
  EXPECT_EQ(socket.SendTo("[2001:db8::1]:5000", "x"), "ENETUNREACH");
}

TEST(Observed, OwnSecondaryAddressIsTalkedToFromThePrimaryOne) {
  TwoHosts net;
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Connect("10.77.0.11:5000"), "ok");
  EXPECT_EQ(socket.Local().substr(0, 10), "10.77.0.1:");
}

TEST(Observed, AFailedBindOrConnectStillBindsToTheInterfaceOfItsScope) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6);
  EXPECT_EQ(socket.Bind("[fe80::99%2]:5000"), "EADDRNOTAVAIL");
  EXPECT_EQ(socket.Get(SocketOption::kBoundInterface), "2");
  Sock other = net.a.Open(kIpv6);
  EXPECT_EQ(other.Connect("[fe80::99%1]:5000"), "ENETUNREACH");
  EXPECT_EQ(other.Connect("[fe80::99%2]:5000"), "EINVAL");
}

TEST(Observed, ADisconnectedIpv6SocketStillRefusesAllButItsFormerPeer) {
  TwoHosts net;
  Sock socket = net.a.Bound("[::]:5000", "", kIpv6);
  EXPECT_EQ(socket.Connect("[fd77::2]:5000"), "ok");
  EXPECT_EQ(socket.Disconnect(), "ok");
  Sock own = net.a.Open(kIpv6);
  own.SendTo("[fd77::1]:5000", "from another");
  EXPECT_EQ(socket.Take(), "(none)");
  Sock peer = net.b.Bound("[fd77::2]:6000", "", kIpv6);
  peer.SendTo("[fd77::1]:5000", "from the peer's host");
  EXPECT_EQ(socket.Take(), "from the peer's host");
}

TEST(Observed, WhatIsSentOutOfLoopbackStaysHereWhomeverItIsFor) {
  TwoHosts net;
  Sock socket = net.a.Open();
  socket.Set(SocketOption::kBoundInterface, kLo);
  EXPECT_EQ(socket.Bind("0.0.0.0:5000"), "ok");
  EXPECT_EQ(socket.SendTo("192.0.2.1:5000", "lost?"), "ok");
  EXPECT_EQ(socket.Take(), "lost?");
}

TEST(Observed, ADualSocketThatConnectedByIpv6StillHoldsTheIpv4Wildcard) {
  TwoHosts net;
  Sock socket = net.a.Bound("*:5000", "", kDual);
  EXPECT_EQ(socket.Connect("[::1]:5000"), "ok");
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:5000"), "EADDRINUSE");
  EXPECT_EQ(net.a.Open().Bind("10.77.0.1:5000"), "ok");
  EXPECT_EQ(net.a.Open().Bind("127.0.0.6:5000"), "EADDRINUSE");
}

TEST(Observed, Ipv6SaysThatItWouldNotKnowTheWayThoughItDoesNotForward) {
  TwoHosts net;
  net.a.stack.AddRoute({IpAddress::AnyIpv6(), 0, Address("fd77::2"), kV});
  Sock socket = net.a.Open(kIpv6).Set(SocketOption::kReportUnreachable, 1);
  EXPECT_EQ(socket.SendTo("[2001:db8::1]:5000", "x"), "ok");
  EXPECT_EQ(socket.Take(), "ENETUNREACH");
}

TEST(Observed, WhatClaimsToComeFromLoopbackIsAnsweredNobody) {
  TwoHosts net;
  net.a.stack.AddRoute({IpAddress::AnyIpv6(), 0, Address("fd77::2"), kV});
  Sock bystander = net.b.Open(kIpv6).Set(SocketOption::kReportUnreachable, 1);
  EXPECT_EQ(bystander.Bind("[::]:5000"), "ok");
  Sock socket = net.a.Bound("[::1]:5000", "", kIpv6);
  EXPECT_EQ(socket.SendTo("[2001:db8::1]:5000", "x"), "ok");
  EXPECT_EQ(bystander.Take(), "(none)");
}

TEST(Observed, AFailedBindForgetsTheAddressThatADisconnectLeft) {
  TwoHosts net;
  net.a.Bound("0.0.0.0:5001");
  Sock socket = net.a.Bound("10.77.0.1:0");
  EXPECT_EQ(socket.Disconnect(), "ok");
  EXPECT_EQ(socket.Local(), "10.77.0.1:0");
  EXPECT_EQ(socket.Bind("0.0.0.0:5001"), "EADDRINUSE");
  EXPECT_EQ(socket.Local(), "0.0.0.0:0");
}

TEST(Observed, GroupsAreNotRoutedByLoopbackInIpv6) {
  TwoHosts net;
  Sock socket = net.a.Open(kIpv6);
  EXPECT_EQ(socket.MulticastInterface(kLo), "ok");
  EXPECT_EQ(socket.Connect("[ff15::4321]:5000"), "ENETUNREACH");
}

TEST(Observed, SmallDifferencesBetweenTheProtocols) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open().Get(SocketOption::kIpv6Only), "EOPNOTSUPP");
  EXPECT_EQ(net.a.Open(kIpv6).TrySet(SocketOption::kMulticastAll, 2), "ok");
  EXPECT_EQ(net.a.Open().TrySet(SocketOption::kMulticastAll, 2), "EINVAL");
  EXPECT_EQ(net.a.Open().Join("fd77::1"), "ENOPROTOOPT");
  EXPECT_EQ(net.a.Open().Leave("10.77.0.1", 0, "10.77.0.1"), "EINVAL");
  EXPECT_EQ(net.a.Open(kIpv6, 1000).Bind("0.0.0.0:700"), "EACCES");
}

TEST(Observed, TheZeroAddressOfASocketBoundToAnInterfaceArrivesThere) {
  TwoHosts net;
  Sock socket = net.a.Open();
  socket.Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(socket.Bind("10.78.0.1:5000"), "ok");
  EXPECT_EQ(socket.SendTo("0.0.0.0:5000", "x"), "ok");
  EXPECT_EQ(socket.Take(), "x");
}

TEST(Observed, SettingTheTypeOfServiceForgetsThePathMtu) {
  TwoHosts net;
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Connect("10.77.0.2:5000"), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "1500");
  socket.Set(SocketOption::kTypeOfService, 2);
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "ENOTCONN");
  Sock ipv6 = net.a.Open(kIpv6);
  EXPECT_EQ(ipv6.Connect("[fd77::2]:5000"), "ok");
  ipv6.Set(SocketOption::kTypeOfService, 0);
  EXPECT_EQ(ipv6.Get(SocketOption::kPathMtu), "1500");
  ipv6.Set(SocketOption::kTypeOfService, 2);
  EXPECT_EQ(ipv6.Get(SocketOption::kPathMtu), "ENOTCONN");
}

}  // namespace
}  // namespace pollux::sim
