// SPDX-License-Identifier: Apache-2.0
//
// Groups: joining and leaving, who receives, and by which interface datagrams leave.

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr BindMode kShare = BindMode::kShareAddress;

class MulticastTest : public ConformanceTest {
 protected:
  // A receiver on B, bound to the IPv4 wildcard.
  UdpSocket Receiver(uint16_t port = 0) { return Bound(b(), IpAddress::AnyIpv4(), kShare, port); }
  GroupMembership On(absl::string_view interface, const IpAddress& group = kGroup) {
    SocketEngine& engine = interface[1] == 'a' ? a() : b();
    return {.group = group, .interface_index = Interface(engine, interface).index};
  }
  // Sends to `group` from A by `interface`.
  void Send(const char* payload, uint16_t port, absl::string_view interface = "va",
            const IpAddress& group = kGroup) {
    UdpSocket sender = Bound(a(), group.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6());
    EXPECT_THAT(sender.SetMulticastInterface(Interface(a(), interface)), IsOk());
    EXPECT_THAT(sender.WriteDatagram(payload, Endpoint(group, port)), IsOk());
  }
};
POLLUX_CONFORMANCE_SUITE(MulticastTest);

TEST_P(MulticastTest, AMemberReceivesUntilItLeaves) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  Send("before", port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
  ASSERT_THAT(bob.JoinMulticastGroup(kGroup, Interface(b(), "vb")), IsOk());
  Send("member", port);
  EXPECT_THAT(ReadAll(bob), ElementsAre("member"));
  ASSERT_THAT(bob.LeaveMulticastGroup(kGroup, Interface(b(), "vb")), IsOk());
  Send("after", port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
}

TEST_P(MulticastTest, Ipv6GroupsWorkTheSame) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv6());
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(bob.JoinMulticastGroup(kGroup6, Interface(b(), "vb")), IsOk());
  Send("six", port, "va", kGroup6);
  EXPECT_THAT(ReadAll(bob), ElementsAre("six"));
  ASSERT_THAT(bob.LeaveMulticastGroup(kGroup6, Interface(b(), "vb")), IsOk());
  Send("gone", port, "va", kGroup6);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
}

// qt-contract 1.12: QUdpSocket refuses IPv4 groups on a dual-stack socket.
TEST_P(MulticastTest, ADualSocketJoinsGroupsOfBothFamilies) {
  UdpSocket bob = Bound(b(), IpAddress::Any());
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb", kGroup6)), IsOk());
  Send("four", port);
  Send("six", port, "va", kGroup6);
  EXPECT_THAT(ReadAll(bob), ElementsAre("four", "six"));
}

TEST_P(MulticastTest, TheDefaultInterfaceIsTheRoutes) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.JoinMulticastGroup(kGroup), IsOk());
  // Joined on va, by the default route: the same membership once more is in use.
  EXPECT_THAT(alice.JoinMulticastGroup(On("va")), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(alice.JoinMulticastGroup(On("wa")), IsOk());
  EXPECT_THAT(alice.LeaveMulticastGroup(kGroup), IsOk());
  EXPECT_THAT(alice.LeaveMulticastGroup(On("va")),
              HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(alice.LeaveMulticastGroup(On("wa")), IsOk());
}

// The contract page: "The socket must be in BoundState, otherwise an error occurs."
TEST_P(MulticastTest, OnlyABoundSocketJoinsLeavesAndChoosesInterfaces) {
  UdpSocket socket(a());
  const NetworkInterface va = Interface(a(), "va");
  const auto refused = [&] {
    EXPECT_THAT(socket.JoinMulticastGroup(kGroup), HasCause(SocketError::kOperation));
    EXPECT_THAT(socket.JoinMulticastGroup(kGroup, va), HasCause(SocketError::kOperation));
    EXPECT_THAT(socket.LeaveMulticastGroup(kGroup), HasCause(SocketError::kOperation));
    EXPECT_THAT(socket.SetMulticastInterface(va), HasCause(SocketError::kOperation));
    EXPECT_THAT(socket.error(), HasCause(SocketError::kOperation));
    EXPECT_EQ(socket.MulticastInterface(), std::nullopt);
  };
  refused();
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  ASSERT_THAT(socket.ConnectToHost(kB, 9), IsOk());
  refused();
  EXPECT_EQ(socket.state(), SocketState::kConnected);
}

// udp-semantics 1.3.1 "join non-multicast".
TEST_P(MulticastTest, OnlyGroupsCanBeJoined) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  for (const IpAddress& address : {kB, IpAddress::Broadcast(), IpAddress::AnyIpv4(), IpAddress()}) {
    const absl::Status status = alice.JoinMulticastGroup(address);
    EXPECT_THAT(status, HasCause(SocketError::kOperation));
    EXPECT_THAT(status, Says(address.ToString()));
    EXPECT_THAT(alice.LeaveMulticastGroup(address), HasCause(SocketError::kOperation));
  }
}

// udp-semantics 1.3.1: second join, unknown interface, leave without join.
TEST_P(MulticastTest, BadMembershipsAreNamed) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.JoinMulticastGroup(On("va")), IsOk());
  EXPECT_THAT(alice.JoinMulticastGroup(On("va")), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(alice.error(), Says("this socket is a member already"));
  NetworkInterface nowhere;
  nowhere.index = 9999;
  const absl::Status status = alice.JoinMulticastGroup(kOtherGroup, nowhere);
  EXPECT_THAT(status, HasCause(SocketError::kNetwork));
  EXPECT_THAT(status, Says("9999"));
  EXPECT_THAT(status, Says("SocketEngine::Interfaces() lists those there are"));
  EXPECT_THAT(alice.LeaveMulticastGroup(On("va", kOtherGroup)),
              HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(alice.error(), Says("leave with the interface and the source"));
  EXPECT_THAT(alice.LeaveMulticastGroup(On("wa")),
              HasCause(SocketError::kSocketAddressNotAvailable));
}

// udp-semantics 1.3.4 "duplicate EADDRINUSE; bad index ENODEV; leave not joined EADDRNOTAVAIL".
TEST_P(MulticastTest, BadIpv6MembershipsToo) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv6());
  ASSERT_THAT(alice.JoinMulticastGroup(On("va", kGroup6)), IsOk());
  EXPECT_THAT(alice.JoinMulticastGroup(On("va", kGroup6)), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(alice.JoinMulticastGroup({.group = kGroup6, .interface_index = 9999}),
              HasCause(SocketError::kNetwork));
  EXPECT_THAT(alice.LeaveMulticastGroup(On("wa", kGroup6)),
              HasCause(SocketError::kSocketAddressNotAvailable));
}

TEST_P(MulticastTest, AGroupOfAnotherFamilyIsRefusedAndTheErrorSaysWhatToBind) {
  UdpSocket four = Bound(a(), IpAddress::AnyIpv4());
  EXPECT_THAT(four.JoinMulticastGroup(On("va", kGroup6)),
              HasCause(SocketError::kUnsupportedOperation));
  EXPECT_THAT(four.error(), Says("the socket is bound to 0.0.0.0, which is IPv4"));
  UdpSocket six = Bound(a(), IpAddress::AnyIpv6());
  EXPECT_FALSE(six.JoinMulticastGroup(On("va")).ok());
  EXPECT_THAT(six.error(), Says("bind it to IpAddress::Any()"));
}

// udp-semantics 1.3.1 "21st group on one socket".
TEST_P(MulticastTest, TheTwentyFirstGroupOfASocketIsTooMany) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  for (uint8_t i = 1; i <= 20; ++i) {
    ASSERT_THAT(alice.JoinMulticastGroup(On("va", IpAddress::Ipv4(239, 1, 1, i))), IsOk());
  }
  EXPECT_THAT(alice.JoinMulticastGroup(On("va", IpAddress::Ipv4(239, 1, 1, 21))),
              HasCause(SocketError::kSocketResource));
  EXPECT_THAT(alice.error(), Says("join further ones with another socket"));
}

TEST_P(MulticastTest, AMembershipGuardLeavesWhenItGoes) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  {
    const absl::StatusOr<Membership> membership = bob.JoinScoped(On("vb"));
    ASSERT_THAT(membership, IsOk());
    EXPECT_EQ(membership->group(), On("vb"));
    Send("in", port);
    EXPECT_THAT(ReadAll(bob), ElementsAre("in"));
  }
  Send("out", port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
  EXPECT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
}

TEST_P(MulticastTest, AGuardMayOutliveItsSocketAndDoesNotTouchALaterBind) {
  auto bob = std::make_unique<UdpSocket>(Receiver());
  absl::StatusOr<Membership> membership = bob->JoinScoped(On("vb"));
  ASSERT_THAT(membership, IsOk());
  bob->Close();
  ASSERT_THAT(bob->Bind(IpAddress::AnyIpv4(), 0), IsOk());
  ASSERT_THAT(bob->JoinMulticastGroup(On("vb")), IsOk());
  EXPECT_THAT(membership->Leave(), IsOk());
  EXPECT_THAT(bob->JoinMulticastGroup(On("vb")), HasCause(SocketError::kAddressInUse));
  absl::StatusOr<Membership> other = bob->JoinScoped(On("wb"));
  ASSERT_THAT(other, IsOk());
  bob.reset();
  EXPECT_THAT(other->Leave(), IsOk());
}

TEST_P(MulticastTest, ClosingLeavesAllGroups) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
  bob.Close();
  ASSERT_THAT(bob.Bind(IpAddress::AnyIpv4(), port), IsOk());
  Send("x", port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
}

// udp-semantics 1.2.3 "joined on another interface": the host gate.
TEST_P(MulticastTest, MembershipCountsOnTheInterfaceOfArrival) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(bob.JoinMulticastGroup(On("wb")), IsOk());
  Send("by va", port, "va");
  Send("by wa", port, "wa");
  EXPECT_THAT(ReadAll(bob), ElementsAre("by wa"));
}

// udp-semantics 1.2.3 "AF_INET, IP_MULTICAST_ALL=1 (default), not joined at all" and "ALL=0".
TEST_P(MulticastTest, OtherSocketsOfTheHostHearAGroupUnlessTheyDecline) {
  UdpSocket member = Receiver();
  const uint16_t port = member.local_endpoint().port;
  UdpSocket listener = Receiver(port), decliner = Receiver(port);
  ASSERT_THAT(decliner.SetOption(SocketOption::kMulticastAll, 0), IsOk());
  ASSERT_THAT(member.JoinMulticastGroup(On("vb")), IsOk());
  Send("news", port);
  EXPECT_THAT(ReadAll(member), ElementsAre("news"));
  EXPECT_THAT(ReadAll(listener), ElementsAre("news"));
  EXPECT_THAT(ReadAll(decliner), IsEmpty());
  EXPECT_EQ(*listener.GetOption(SocketOption::kMulticastAll), 1);
}

// udp-semantics 1.2.3: local address any, or equal to the group; bound to a unicast address never.
TEST_P(MulticastTest, TheBoundAddressDecidesToo) {
  UdpSocket member = Receiver();
  const uint16_t port = member.local_endpoint().port;
  UdpSocket group = Bound(b(), kGroup, kShare, port);
  UdpSocket other_group = Bound(b(), kOtherGroup, kShare, port);
  UdpSocket unicast = Bound(b(), kB, kShare, port);
  ASSERT_THAT(member.JoinMulticastGroup(On("vb")), IsOk());
  ASSERT_THAT(unicast.JoinMulticastGroup(On("vb")), IsOk());
  Send("news", port);
  EXPECT_THAT(ReadAll(member), ElementsAre("news"));
  EXPECT_THAT(ReadAll(group), ElementsAre("news"));
  EXPECT_THAT(ReadAll(other_group), IsEmpty());
  EXPECT_THAT(ReadAll(unicast), IsEmpty());
}

// udp-semantics 1.2.3 "several memberships: still exactly one copy per datagram".
TEST_P(MulticastTest, EachSocketGetsOneCopy) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  UdpSocket second = Receiver(port);
  for (const char* interface : {"vb", "wb"}) {
    ASSERT_THAT(bob.JoinMulticastGroup(On(interface)), IsOk());
    ASSERT_THAT(second.JoinMulticastGroup(On(interface)), IsOk());
  }
  Send("once", port);
  EXPECT_THAT(ReadAll(bob), ElementsAre("once"));
  EXPECT_THAT(ReadAll(second), ElementsAre("once"));
}

// udp-semantics 1.2.3 "IP_MULTICAST_LOOP: looked at on sender only; default 1".
TEST_P(MulticastTest, OwnDatagramsComeBackUnlessLoopbackIsOff) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  const Endpoint group(kGroup, alice.local_endpoint().port);
  ASSERT_THAT(alice.JoinMulticastGroup(On("va")), IsOk());
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "va")), IsOk());
  EXPECT_EQ(*alice.GetOption(SocketOption::kMulticastLoopback), 1);
  ASSERT_THAT(alice.WriteDatagram("heard", group), IsOk());
  EXPECT_THAT(ReadAll(alice), ElementsAre("heard"));
  ASSERT_THAT(alice.SetOption(SocketOption::kMulticastLoopback, 0), IsOk());
  ASSERT_THAT(alice.WriteDatagram("unheard", group), IsOk());
  EXPECT_THAT(ReadAll(alice), IsEmpty());
}

// udp-semantics 1.2.3 "TTL 0: loops to local members, never leaves the host; TTL default 1".
TEST_P(MulticastTest, HopLimitZeroStaysOnTheHost) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4(), kShare);
  const uint16_t port = alice.local_endpoint().port;
  UdpSocket bob = Receiver(port);
  ASSERT_THAT(alice.JoinMulticastGroup(On("va")), IsOk());
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "va")), IsOk());
  EXPECT_EQ(*alice.GetOption(SocketOption::kMulticastHopLimit), 1);
  ASSERT_THAT(alice.SetOption(SocketOption::kMulticastHopLimit, 0), IsOk());
  ASSERT_THAT(alice.WriteDatagram("here", Endpoint(kGroup, port)), IsOk());
  EXPECT_THAT(ReadAll(alice), ElementsAre("here"));
  EXPECT_THAT(ReadAll(bob), IsEmpty());
}

// The contract page: "If no interface has been previously set, this function returns an invalid
// QNetworkInterface."
TEST_P(MulticastTest, TheOutgoingInterfaceIsNoneUntilSetAndCanBeReset) {
  for (const IpAddress& any : {IpAddress::AnyIpv4(), IpAddress::AnyIpv6(), IpAddress::Any()}) {
    UdpSocket alice = Bound(a(), any);
    EXPECT_EQ(alice.MulticastInterface(), std::nullopt);
    ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "wa")), IsOk());
    EXPECT_EQ(alice.MulticastInterface(), Interface(a(), "wa"));
    ASSERT_THAT(alice.SetMulticastInterface(NetworkInterface()), IsOk());
    EXPECT_EQ(alice.MulticastInterface(), std::nullopt);
  }
}

TEST_P(MulticastTest, GroupDatagramsLeaveByTheInterfaceThatWasSet) {
  UdpSocket bob = Receiver(), alice = Bound(a(), IpAddress::AnyIpv4());
  const Endpoint group(kGroup, bob.local_endpoint().port);
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDestination), IsOk());
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
  ASSERT_THAT(bob.JoinMulticastGroup(On("wb")), IsOk());
  DatagramInfo info;
  for (const auto& [out, in, source] : {std::tuple("wa", "wb", kAOther), {"va", "vb", kA}}) {
    ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), out)), IsOk());
    ASSERT_THAT(alice.WriteDatagram(out, group), IsOk());
    EXPECT_EQ(Read(bob, &info), out);
    EXPECT_EQ(info.interface_index, Interface(b(), in).index);
    EXPECT_EQ(info.destination, kGroup);
    EXPECT_EQ(info.source.address, source);
  }
  // Nobody chose: the default route leads over va.
  ASSERT_THAT(alice.SetMulticastInterface(NetworkInterface()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("route", group), IsOk());
  EXPECT_EQ(Read(bob, &info), "route");
  EXPECT_EQ(info.interface_index, Interface(b(), "vb").index);
}

// qt-contract 1.12: on a dual socket QUdpSocket sets only the IPv6 half.
TEST_P(MulticastTest, ADualSocketsInterfaceAndHopLimitServeBothFamilies) {
  UdpSocket bob = Bound(b(), IpAddress::Any()), alice = Bound(a(), IpAddress::Any());
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDestination | Metadata::kHopLimit), IsOk());
  for (const IpAddress& group : {kGroup, kGroup6}) {
    ASSERT_THAT(bob.JoinMulticastGroup(On("wb", group)), IsOk());
  }
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "wa")), IsOk());
  ASSERT_THAT(alice.SetOption(SocketOption::kMulticastHopLimit, 9), IsOk());
  for (const IpAddress& group : {kGroup, kGroup6}) {
    ASSERT_THAT(alice.WriteDatagram("both", Endpoint(group, port)), IsOk());
    DatagramInfo info;
    EXPECT_EQ(Read(bob, &info), "both");
    EXPECT_EQ(info.interface_index, Interface(b(), "wb").index);
    EXPECT_EQ(info.hop_limit, 9);
    EXPECT_EQ(info.destination, group);
  }
}

TEST_P(MulticastTest, AnOutgoingInterfaceThatDoesNotExistIsRefused) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  NetworkInterface nowhere;
  nowhere.index = 9999;
  const absl::Status status = alice.SetMulticastInterface(nowhere);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status, Says("9999"));
  EXPECT_EQ(alice.MulticastInterface(), std::nullopt);
}

// udp-semantics 1.3.3 "no route, no IF, unbound: ENETUNREACH; ok once IF set": B has no default
// route.
TEST_P(MulticastTest, WithoutRouteAGroupNeedsAnInterface) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  const Endpoint group(kGroup, 9);
  EXPECT_THAT(bob.WriteDatagram("x", group), HasCause(SocketError::kNetwork));
  EXPECT_THAT(bob.JoinMulticastGroup(kGroup), HasCause(SocketError::kNetwork));
  ASSERT_THAT(bob.SetMulticastInterface(Interface(b(), "vb")), IsOk());
  EXPECT_THAT(bob.WriteDatagram("x", group), IsOk());
}

// udp-semantics 1.3.2: INCLUDE memberships.
TEST_P(MulticastTest, ASourceSpecificMemberHearsItsSourceOnly) {
  UdpSocket bob = Receiver();
  const uint16_t port = bob.local_endpoint().port;
  UdpSocket first = Bound(a(), kA), second = Bound(a(), kASecond);
  GroupMembership only_second = On("vb");
  only_second.source = kASecond;
  ASSERT_THAT(bob.JoinMulticastGroup(only_second), IsOk());
  for (UdpSocket* sender : {&first, &second}) {
    ASSERT_THAT(sender->SetMulticastInterface(Interface(a(), "va")), IsOk());
    ASSERT_THAT(
        sender->WriteDatagram(sender->local_endpoint().address.ToString(), Endpoint(kGroup, port),
                              {.source = sender->local_endpoint().address}),
        IsOk());
  }
  EXPECT_THAT(ReadAll(bob), ElementsAre(kASecond.ToString()));
  EXPECT_THAT(bob.JoinMulticastGroup(only_second), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(bob.JoinMulticastGroup(On("vb")), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(bob.LeaveMulticastGroup(only_second), IsOk());
  EXPECT_FALSE(bob.LeaveMulticastGroup(only_second).ok());
}

// udp-semantics 1.3.1 "join on ... lo: ok" and 1.2.3 for the loopback interface.
TEST_P(MulticastTest, TheLoopbackInterfaceCarriesGroupsToo) {
  UdpSocket member = Bound(a(), IpAddress::AnyIpv4()), sender = Bound(a(), IpAddress::AnyIpv4());
  const NetworkInterface lo = Interface(a(), "lo");
  ASSERT_THAT(member.JoinMulticastGroup(kGroup, lo), IsOk());
  ASSERT_THAT(sender.SetMulticastInterface(lo), IsOk());
  ASSERT_THAT(sender.WriteDatagram("here", Endpoint(kGroup, member.local_endpoint().port)), IsOk());
  EXPECT_THAT(ReadAll(member), ElementsAre("here"));
}

}  // namespace
}  // namespace pollux::conformance
