// SPDX-License-Identifier: Apache-2.0
//
// The two gates of a group datagram (is the host a member? does the socket hear the group?), and
// broadcasts: what each socket of a host hears.

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr BindMode kShare = BindMode::kShareAddress;

class GateTest : public ConformanceTest {
 protected:
  // A receiver on B; the first chooses the port for the others.
  UdpSocket Receiver(const IpAddress& address) {
    UdpSocket socket = Bound(b(), address, kShare, port_);
    port_ = socket.local_endpoint().port;
    return socket;
  }
  GroupMembership On(absl::string_view interface, const IpAddress& group) {
    SocketEngine& engine = interface[1] == 'a' ? a() : b();
    return {.group = group, .interface_index = Interface(engine, interface).index};
  }
  void Join(UdpSocket& socket, absl::string_view interface, const IpAddress& group = kGroup) {
    EXPECT_THAT(socket.JoinMulticastGroup(On(interface, group)), IsOk());
  }
  void SetAll(UdpSocket& socket, int value) {
    EXPECT_THAT(socket.SetOption(SocketOption::kMulticastAll, value), IsOk());
  }
  // Sends from A, by va if that is a group.
  void Send(const char* payload, const IpAddress& to) {
    UdpSocket sender = Bound(a(), to.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6());
    if (to.is_multicast()) {
      EXPECT_THAT(sender.SetMulticastInterface(Interface(a(), "va")), IsOk());
    }
    EXPECT_THAT(sender.WriteDatagram(payload, Endpoint(to, port_)), IsOk());
  }
  void Device(UdpSocket& socket, absl::string_view interface) {
    const int index = static_cast<int>(Interface(b(), interface).index);
    EXPECT_THAT(socket.SetOption(SocketOption::kBoundInterface, index), IsOk());
  }

  uint16_t port_ = 0;
};
POLLUX_CONFORMANCE_SUITE(GateTest);

// udp-semantics 1.2.3 "joined on another interface, ALL=1" and "ALL=0: only if joined on arrival
// interface".
TEST_P(GateTest, AMembershipElsewhereIsNoneForWhoDeclinesTheRest) {
  UdpSocket member = Receiver(IpAddress::AnyIpv4()), elsewhere = Receiver(IpAddress::AnyIpv4());
  UdpSocket strict = Receiver(IpAddress::AnyIpv4()), here = Receiver(IpAddress::AnyIpv4());
  Join(member, "vb");
  Join(elsewhere, "wb");
  Join(strict, "wb");
  Join(here, "vb");
  SetAll(strict, 0);
  SetAll(here, 0);
  Send("x", kGroup);
  EXPECT_THAT(ReadAll(member), ElementsAre("x"));
  EXPECT_THAT(ReadAll(elsewhere), ElementsAre("x"));
  EXPECT_THAT(ReadAll(strict), IsEmpty());
  EXPECT_THAT(ReadAll(here), ElementsAre("x"));
}

// udp-semantics 1.2.3 "AF_INET6 dual, v4 group: IP_MULTICAST_ALL defaults to 0".
TEST_P(GateTest, ADualSocketHearsIpv4GroupsItJoinedOrAskedForAll) {
  UdpSocket member = Receiver(IpAddress::AnyIpv4()), plain = Receiver(IpAddress::Any());
  UdpSocket all = Receiver(IpAddress::Any()), joined = Receiver(IpAddress::Any());
  Join(member, "vb");
  Join(joined, "vb");
  SetAll(all, 1);
  Send("x", kGroup);
  EXPECT_THAT(ReadAll(plain), IsEmpty());
  EXPECT_THAT(ReadAll(all), ElementsAre("x"));
  EXPECT_THAT(ReadAll(joined), ElementsAre("x"));
}

// udp-semantics 1.2.3, IPv6: "default IPV6_MULTICAST_ALL=1. With 0 the check is by group only, not
// interface".
TEST_P(GateTest, Ipv6LooksAtTheGroupAlone) {
  UdpSocket member = Receiver(IpAddress::AnyIpv6()), unjoined = Receiver(IpAddress::AnyIpv6());
  UdpSocket strict = Receiver(IpAddress::AnyIpv6()), elsewhere = Receiver(IpAddress::AnyIpv6());
  Join(member, "vb", kGroup6);
  Join(elsewhere, "wb", kGroup6);
  SetAll(strict, 0);
  SetAll(elsewhere, 0);
  Send("x", kGroup6);
  EXPECT_THAT(ReadAll(member), ElementsAre("x"));
  EXPECT_THAT(ReadAll(unjoined), ElementsAre("x"));
  EXPECT_THAT(ReadAll(strict), IsEmpty());
  EXPECT_THAT(ReadAll(elsewhere), ElementsAre("x"));
}

// udp-semantics 1.2.3 "P group of 3, one joined: all three get a copy"; 1.2.2 "P groups too".
TEST_P(GateTest, EachMemberOfAReusePortGroupGetsACopy) {
  std::vector<UdpSocket> group;
  for (int i = 0; i < 3; ++i) {
    group.emplace_back(b());
    ASSERT_THAT(group.back().SetOption(SocketOption::kReusePort, 1), IsOk());
    ASSERT_THAT(group.back().Bind(IpAddress::AnyIpv4(), port_), IsOk());
    port_ = group.back().local_endpoint().port;
  }
  Join(group[0], "vb");
  Send("group", kGroup);
  Send("broadcast", kSubnetBroadcast);
  for (UdpSocket& socket : group) EXPECT_THAT(ReadAll(socket), ElementsAre("group", "broadcast"));
}

// udp-semantics 1.2.3: "socket gate: port, local addr, connected peer, device".
TEST_P(GateTest, PeersAndDevicesFilterGroups) {
  UdpSocket member = Receiver(IpAddress::AnyIpv4()), other_device(b()), same_device(b());
  Join(member, "vb");
  for (const auto& [socket, interface] : {std::pair(&other_device, "wb"), {&same_device, "vb"}}) {
    Device(*socket, interface);
    ASSERT_THAT(socket->Bind(IpAddress::AnyIpv4(), port_, kShare), IsOk());
  }
  UdpSocket connected = Receiver(IpAddress::AnyIpv4());
  ASSERT_THAT(connected.ConnectToHost(kA, 9), IsOk());
  Send("x", kGroup);
  EXPECT_THAT(ReadAll(other_device), IsEmpty());
  EXPECT_THAT(ReadAll(same_device), ElementsAre("x"));
  EXPECT_THAT(ReadAll(connected), IsEmpty());
}

// udp-semantics 1.2.3 "nobody joined: nobody; also own loop copy is not delivered".
TEST_P(GateTest, WithoutAMemberNotEvenTheSenderHears) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.WriteDatagram("x", Endpoint(kGroup, alice.local_endpoint().port)), IsOk());
  EXPECT_THAT(ReadAll(alice), IsEmpty());
}

// udp-semantics 1.2.3 "IP_MULTICAST_LOOP: looked at on sender only", and "hops ... 0 = local only",
// in IPv6.
TEST_P(GateTest, LoopbackAndHopLimitOfIpv6AreTheSenders) {
  UdpSocket local = Bound(a(), IpAddress::AnyIpv6(), kShare);
  port_ = local.local_endpoint().port;
  UdpSocket remote = Receiver(IpAddress::AnyIpv6()), sender = Bound(a(), IpAddress::AnyIpv6());
  Join(local, "va", kGroup6);
  Join(remote, "vb", kGroup6);
  ASSERT_THAT(local.SetOption(SocketOption::kMulticastLoopback, 0), IsOk());
  ASSERT_THAT(sender.SetMulticastInterface(Interface(a(), "va")), IsOk());
  const Endpoint group(kGroup6, port_);
  ASSERT_THAT(sender.WriteDatagram("both", group), IsOk());
  ASSERT_THAT(sender.SetOption(SocketOption::kMulticastHopLimit, 0), IsOk());
  ASSERT_THAT(sender.WriteDatagram("here", group), IsOk());
  ASSERT_THAT(sender.SetOption(SocketOption::kMulticastHopLimit, 1), IsOk());
  ASSERT_THAT(sender.SetOption(SocketOption::kMulticastLoopback, 0), IsOk());
  ASSERT_THAT(sender.WriteDatagram("there", group), IsOk());
  EXPECT_THAT(ReadAll(local), ElementsAre("both", "here"));
  EXPECT_THAT(ReadAll(remote), ElementsAre("both", "there"));
}

// udp-semantics 1.3.4: "sendto ff02:: without scope goes out by route", and with a scope by that
// interface; 1.4 "connect(ff02 without scope) EINVAL".
TEST_P(GateTest, LinkLocalGroupsHaveAScope) {
  const IpAddress group = *IpAddress::Parse("ff02::4321");
  const uint32_t wa = Interface(a(), "wa").index;
  UdpSocket bob = Receiver(IpAddress::AnyIpv6()), alice = Bound(a(), IpAddress::AnyIpv6());
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDestination), IsOk());
  Join(bob, "wb", group);
  ASSERT_THAT(alice.WriteDatagram("scoped", Endpoint(group.WithScope(wa), port_)), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "scoped");
  EXPECT_EQ(info.interface_index, Interface(b(), "wb").index);
  UdpSocket connected = Bound(a(), IpAddress::AnyIpv6());
  EXPECT_FALSE(connected.ConnectToHost(group, port_).ok());
  ASSERT_THAT(connected.ConnectToHost(group.WithScope(wa), port_), IsOk());
  ASSERT_THAT(connected.Write("connected"), IsOk());
  EXPECT_EQ(Read(bob), "connected");
}

// udp-semantics 1.2.2 "device-bound receivers: filtered by arrival interface; connected receivers:
// filtered by peer".
TEST_P(GateTest, PeersAndDevicesFilterBroadcasts) {
  UdpSocket any = Receiver(IpAddress::AnyIpv4()), other_device(b());
  Device(other_device, "wb");
  ASSERT_THAT(other_device.Bind(IpAddress::AnyIpv4(), port_, kShare), IsOk());
  UdpSocket connected = Receiver(IpAddress::AnyIpv4());
  ASSERT_THAT(connected.ConnectToHost(kA, 9), IsOk());
  Send("x", kSubnetBroadcast);
  EXPECT_THAT(ReadAll(any), ElementsAre("x"));
  EXPECT_THAT(ReadAll(other_device), IsEmpty());
  EXPECT_THAT(ReadAll(connected), IsEmpty());
}

// udp-semantics 1.2.2 "connect to them: EACCES", "if no route ENETUNREACH comes first", "3000-byte
// broadcast at MTU 1500: fragmented, ok".
TEST_P(GateTest, BroadcastsToAPeerAndLargeOnes) {
  UdpSocket any = Receiver(IpAddress::AnyIpv4()), alice(a()), bob(b());
  for (UdpSocket* socket : {&alice, &bob}) {
    ASSERT_THAT(socket->SetOption(SocketOption::kBroadcast, 0), IsOk());
  }
  EXPECT_THAT(alice.ConnectToHost(kSubnetBroadcast, port_), HasCause(SocketError::kSocketAccess));
  EXPECT_THAT(bob.ConnectToHost(IpAddress::Broadcast(), port_), HasCause(SocketError::kNetwork));
  ASSERT_THAT(alice.SetOption(SocketOption::kBroadcast, 1), IsOk());
  ASSERT_THAT(alice.ConnectToHost(kSubnetBroadcast, port_), IsOk());
  const std::string large(3000, 'x');
  ASSERT_THAT(alice.Write(large), IsOk());
  EXPECT_THAT(ReadAll(any), ElementsAre(large));
}

// udp-semantics 1.4 "pktinfo for own unicast/broadcast/multicast: ifindex of owning interface, addr
// = header dst".
TEST_P(GateTest, MetadataOfOwnDatagrams) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  const uint16_t port = alice.local_endpoint().port;
  ASSERT_THAT(alice.RequestMetadata(Metadata::kDestination), IsOk());
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "wa")), IsOk());
  ASSERT_THAT(alice.JoinMulticastGroup(On("wa", kGroup)), IsOk());
  for (const auto& [address, interface] :
       {std::pair(kA, "va"), {kAOther, "wa"}, {kSubnetBroadcast, "va"}, {kGroup, "wa"}}) {
    ASSERT_THAT(alice.WriteDatagram("own", Endpoint(address, port)), IsOk());
    DatagramInfo info;
    EXPECT_EQ(Read(alice, &info), "own");
    EXPECT_EQ(info.destination, address);
    EXPECT_EQ(info.interface_index, Interface(a(), interface).index) << address.ToString();
  }
}

}  // namespace
}  // namespace pollux::conformance
