// SPDX-License-Identifier: Apache-2.0
//
// Who gets a datagram where several sockets could: unicast scoring, and broadcast.

#include <set>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr BindMode kShare = BindMode::kShareAddress;

class DeliveryTest : public ConformanceTest {
 protected:
  void Send(const char* payload, const Endpoint& to) {
    UdpSocket sender(a());
    EXPECT_THAT(sender.WriteDatagram(payload, to), IsOk());
  }
  UdpSocket Grouped(const IpAddress& address, uint16_t port) {
    UdpSocket socket(b());
    EXPECT_THAT(socket.SetOption(SocketOption::kReusePort, 1), IsOk());
    EXPECT_THAT(socket.Bind(address, port), IsOk());
    return socket;
  }
};
POLLUX_CONFORMANCE_SUITE(DeliveryTest);

// udp-semantics 1.2.1 "wildcard + specific, dst = specific: specific, whatever the order".
TEST_P(DeliveryTest, TheSpecificAddressBeatsTheWildcard) {
  for (const bool specific_first : {true, false}) {
    UdpSocket first = Bound(b(), specific_first ? kB : IpAddress::AnyIpv4(), kShare);
    const uint16_t port = first.local_endpoint().port;
    UdpSocket second = Bound(b(), specific_first ? IpAddress::AnyIpv4() : kB, kShare, port);
    UdpSocket& specific = specific_first ? first : second;
    UdpSocket& wildcard = specific_first ? second : first;
    Send("to vb", Endpoint(kB, port));
    Send("to wb", Endpoint(kBOther, port));
    EXPECT_THAT(ReadAll(specific), ElementsAre("to vb"));
    EXPECT_THAT(ReadAll(wildcard), ElementsAre("to wb"));
  }
}

// udp-semantics 1.2.1 "3 x A same address: newest only; after its close the next".
TEST_P(DeliveryTest, AmongEqualsTheNewestGetsEverything) {
  UdpSocket first = Bound(b(), kB, kShare);
  const Endpoint at = first.local_endpoint();
  UdpSocket second = Bound(b(), kB, kShare, at.port), third = Bound(b(), kB, kShare, at.port);
  Send("one", at);
  Send("two", at);
  EXPECT_THAT(ReadAll(third), ElementsAre("one", "two"));
  third.Close();
  Send("three", at);
  EXPECT_THAT(ReadAll(second), ElementsAre("three"));
  second.Close();
  Send("four", at);
  EXPECT_THAT(ReadAll(first), ElementsAre("four"));
}

// udp-semantics 1.2.1 "4any + 6dual, v4 datagram: 4any, either order".
TEST_P(DeliveryTest, APlainIpv4SocketBeatsADualOne) {
  for (const bool dual_first : {true, false}) {
    UdpSocket first = Bound(b(), dual_first ? IpAddress::Any() : IpAddress::AnyIpv4(), kShare);
    const uint16_t port = first.local_endpoint().port;
    UdpSocket second =
        Bound(b(), dual_first ? IpAddress::AnyIpv4() : IpAddress::Any(), kShare, port);
    Send("four", Endpoint(kB, port));
    Send("six", Endpoint(kB6, port));
    EXPECT_THAT(ReadAll(dual_first ? second : first), ElementsAre("four"));
    EXPECT_THAT(ReadAll(dual_first ? first : second), ElementsAre("six"));
  }
}

// udp-semantics 1.2.1 "connected + unconnected, from peer / from other".
TEST_P(DeliveryTest, AConnectedSocketTakesItsPeersDatagrams) {
  UdpSocket peer = Bound(a(), kA), other = Bound(a(), kA);
  UdpSocket connected = Bound(b(), kB, kShare);
  const Endpoint at = connected.local_endpoint();
  ASSERT_THAT(connected.ConnectToHost(kA, peer.local_endpoint().port), IsOk());
  UdpSocket unconnected = Bound(b(), kB, kShare, at.port);
  ASSERT_THAT(peer.WriteDatagram("peer", at), IsOk());
  ASSERT_THAT(other.WriteDatagram("other", at), IsOk());
  EXPECT_THAT(ReadAll(connected), ElementsAre("peer"));
  EXPECT_THAT(ReadAll(unconnected), ElementsAre("other"));
}

// udp-semantics 1.2.1 "device-bound wildcard vs unbound wildcard: device-bound, even if older".
TEST_P(DeliveryTest, ASocketBoundToTheArrivalInterfaceWins) {
  UdpSocket device(b());
  ASSERT_THAT(
      device.SetOption(SocketOption::kBoundInterface, static_cast<int>(Interface(b(), "vb").index)),
      IsOk());
  ASSERT_THAT(device.Bind(IpAddress::AnyIpv4(), 0, kShare), IsOk());
  const uint16_t port = device.local_endpoint().port;
  UdpSocket wildcard = Bound(b(), IpAddress::AnyIpv4(), kShare, port);
  Send("by vb", Endpoint(kB, port));
  Send("by wb", Endpoint(kBOther, port));
  EXPECT_THAT(ReadAll(device), ElementsAre("by vb"));
  EXPECT_THAT(ReadAll(wildcard), ElementsAre("by wb"));
}

// udp-semantics 1.2.1 step 5: a hash of the four-tuple picks a member of a reuse-port group.
TEST_P(DeliveryTest, AReusePortGroupSpreadsSendersAndKeepsEachWithOneMember) {
  std::vector<UdpSocket> members;
  members.push_back(Grouped(kB, 0));
  const Endpoint at = members[0].local_endpoint();
  for (int i = 0; i < 3; ++i) members.push_back(Grouped(kB, at.port));
  std::vector<UdpSocket> senders;
  for (int i = 0; i < 64; ++i) senders.push_back(Bound(a(), kA));
  for (int round = 0; round < 2; ++round) {
    for (UdpSocket& sender : senders) {
      ASSERT_THAT(sender.WriteDatagram(sender.local_endpoint().ToString(), at), IsOk());
    }
  }
  size_t total = 0;
  for (UdpSocket& member : members) {
    std::multiset<std::string> heard;
    for (std::string& name : ReadAll(member)) heard.insert(std::move(name));
    EXPECT_GT(heard.size(), 0u);
    for (const std::string& name : heard) EXPECT_EQ(heard.count(name), 2u);
    total += heard.size();
  }
  EXPECT_EQ(total, 128u);
}

// udp-semantics 1.2.1 "datagram for 10.78.0.1 arriving on va: accepted (weak host model)"; here the
// host's own datagram to its other address.
TEST_P(DeliveryTest, AHostReachesAllItsOwnAddresses) {
  UdpSocket alice = Bound(a(), IpAddress::Any());
  const uint16_t port = alice.local_endpoint().port;
  for (const IpAddress& address : {IpAddress::LoopbackIpv4(), IpAddress::Ipv4(127, 9, 9, 9), kA,
                                   kASecond, kAOther, kA6, IpAddress::LoopbackIpv6()}) {
    ASSERT_THAT(alice.WriteDatagram(address.ToString(), Endpoint(address, port)), IsOk());
    EXPECT_EQ(Read(alice), address.ToString());
  }
}

// udp-semantics 1.2.2 "who receives: every matching socket".
TEST_P(DeliveryTest, EveryMatchingSocketHearsABroadcast) {
  UdpSocket wildcard = Bound(b(), IpAddress::AnyIpv4(), kShare);
  const uint16_t port = wildcard.local_endpoint().port;
  UdpSocket dual = Bound(b(), IpAddress::Any(), kShare, port);
  UdpSocket subnet = Bound(b(), kSubnetBroadcast, kShare, port);
  UdpSocket unicast = Bound(b(), kB, kShare, port);
  UdpSocket limited = Bound(b(), IpAddress::Broadcast(), kShare, port);
  Send("all", Endpoint(kSubnetBroadcast, port));
  EXPECT_THAT(ReadAll(wildcard), ElementsAre("all"));
  EXPECT_THAT(ReadAll(dual), ElementsAre("all"));
  EXPECT_THAT(ReadAll(subnet), ElementsAre("all"));
  EXPECT_THAT(ReadAll(unicast), IsEmpty());
  EXPECT_THAT(ReadAll(limited), IsEmpty());
}

TEST_P(DeliveryTest, TheLimitedBroadcastReachesTheAttachedNetwork) {
  UdpSocket wildcard = Bound(b(), IpAddress::AnyIpv4(), kShare);
  const uint16_t port = wildcard.local_endpoint().port;
  UdpSocket limited = Bound(b(), IpAddress::Broadcast(), kShare, port);
  Send("all", Endpoint(IpAddress::Broadcast(), port));
  EXPECT_THAT(ReadAll(wildcard), ElementsAre("all"));
  EXPECT_THAT(ReadAll(limited), ElementsAre("all"));
}

// udp-semantics 1.2.2 "own broadcast: sender's own socket receives too".
TEST_P(DeliveryTest, ASenderHearsItsOwnBroadcast) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.WriteDatagram("all", Endpoint(kSubnetBroadcast, alice.local_endpoint().port)),
              IsOk());
  EXPECT_THAT(ReadAll(alice), ElementsAre("all"));
}

// udp-semantics 1.2.2 "send without SO_BROADCAST ... EACCES".
TEST_P(DeliveryTest, WithoutTheOptionABroadcastIsRefused) {
  UdpSocket alice(a());
  ASSERT_THAT(alice.SetOption(SocketOption::kBroadcast, 0), IsOk());
  for (const IpAddress& address : {kSubnetBroadcast, IpAddress::Broadcast()}) {
    EXPECT_THAT(alice.WriteDatagram("x", Endpoint(address, 9)),
                HasCause(SocketError::kSocketAccess));
  }
  EXPECT_THAT(alice.SetOption(SocketOption::kBroadcast, 1), IsOk());
  EXPECT_THAT(alice.WriteDatagram("x", Endpoint(kSubnetBroadcast, 9)), IsOk());
}

// udp-semantics 1.2.2 "closed port: no ICMP, no error" and 1.2.3 the same for groups.
TEST_P(DeliveryTest, ABroadcastToAClosedPortIsSilent) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  int errors = 0;
  alice.OnError([&](const absl::Status&) { ++errors; });
  ASSERT_THAT(alice.WriteDatagram("x", Endpoint(kSubnetBroadcast, 9)), IsOk());
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "va")), IsOk());
  ASSERT_THAT(alice.WriteDatagram("x", Endpoint(kGroup, 9)), IsOk());
  bed().Settle();
  EXPECT_EQ(errors, 0);
}

// udp-semantics 1.2.1 step 2, and 1.4 "V6ONLY": a socket for IPv6 alone hears no IPv4, and leaves
// its port to IPv4.
TEST_P(DeliveryTest, AnIpv6SocketHearsNoIpv4) {
  UdpSocket six = Bound(b(), IpAddress::AnyIpv6());
  const uint16_t port = six.local_endpoint().port;
  Send("four", Endpoint(kB, port));
  Send("six", Endpoint(kB6, port));
  EXPECT_THAT(ReadAll(six), ElementsAre("six"));
  UdpSocket four = Bound(b(), IpAddress::AnyIpv4(), BindMode::kDefaultForPlatform, port);
  Send("four again", Endpoint(kB, port));
  EXPECT_THAT(ReadAll(four), ElementsAre("four again"));
}

// udp-semantics 1.2.1 "only a connected socket, datagram from other source: dropped, sender gets
// ICMP port unreachable".
TEST_P(DeliveryTest, WhatAPeerFiltersOutIsAnsweredAsIfNobodyListened) {
  UdpSocket peer = Bound(a(), kA), connected = Bound(b(), kB), stranger(a());
  ASSERT_THAT(connected.ConnectToHost(kA, peer.local_endpoint().port), IsOk());
  std::vector<absl::Status> errors;
  stranger.OnError([&](const absl::Status& status) { errors.push_back(status); });
  ASSERT_THAT(stranger.ConnectToHost(kB, connected.local_endpoint().port), IsOk());
  ASSERT_THAT(stranger.Write("x"), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return !errors.empty(); }));
  EXPECT_THAT(errors[0], HasCause(SocketError::kConnectionRefused));
}

// udp-semantics 1.2.1 "datagram for 10.78.0.1 arriving on va: accepted (weak host model)", which a
// sender brings about by choosing the interface.
TEST_P(DeliveryTest, AHostTakesItsAddressesOnAnyInterface) {
  UdpSocket bob = Bound(b(), kBOther), alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDestination), IsOk());
  ASSERT_THAT(alice.WriteDatagram("x", bob.local_endpoint(),
                                  {.interface_index = Interface(a(), "va").index}),
              IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "x");
  EXPECT_EQ(info.interface_index, Interface(b(), "vb").index);
  EXPECT_EQ(info.destination, kBOther);
}

}  // namespace
}  // namespace pollux::conformance
