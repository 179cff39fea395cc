// SPDX-License-Identifier: Apache-2.0
//
// Memberships: the states of source filters, limits, which interface is meant, and leaving.

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr IpAddress kNobody = IpAddress::Ipv4(10, 77, 0, 9);
constexpr BindMode kShare = BindMode::kShareAddress;

class MembershipTest : public ConformanceTest {
 protected:
  GroupMembership On(absl::string_view interface, const IpAddress& source = IpAddress(),
                     const IpAddress& group = kGroup) {
    SocketEngine& engine = interface[1] == 'a' ? a() : b();
    return {
        .group = group, .interface_index = Interface(engine, interface).index, .source = source};
  }
  void Send(const char* payload, uint16_t port) {
    UdpSocket sender = Bound(a(), IpAddress::AnyIpv4());
    EXPECT_THAT(sender.SetMulticastInterface(Interface(a(), "va")), IsOk());
    EXPECT_THAT(sender.WriteDatagram(payload, Endpoint(kGroup, port)), IsOk());
  }
};
POLLUX_CONFORMANCE_SUITE(MembershipTest);

// udp-semantics 1.3.2, the rows of INCLUDE memberships.
TEST_P(MembershipTest, SourcesComeAndGoOneByOne) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  EXPECT_THAT(bob.LeaveMulticastGroup(On("vb", kA)),
              HasCause(SocketError::kSocketAddressNotAvailable));
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb", kA)), IsOk());
  EXPECT_FALSE(bob.JoinMulticastGroup(On("vb", kA)).ok());
  EXPECT_THAT(bob.JoinMulticastGroup(On("vb")), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(bob.LeaveMulticastGroup(On("vb", kNobody)),
              HasCause(SocketError::kSocketAddressNotAvailable));
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb", kNobody)), IsOk());
  ASSERT_THAT(bob.LeaveMulticastGroup(On("vb", kA)), IsOk());
  Send("no longer", bob.local_endpoint().port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
  ASSERT_THAT(bob.LeaveMulticastGroup(On("vb", kNobody)), IsOk());
  // The last source took the membership with it.
  EXPECT_THAT(bob.LeaveMulticastGroup(On("vb", kNobody)),
              HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
}

// udp-semantics 1.3.2 "EXCLUDE with empty list -> ADD_SOURCE: ok, silently becomes INCLUDE".
TEST_P(MembershipTest, ASourceMakesAPlainMembershipSpecific) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb")), IsOk());
  Send("all", bob.local_endpoint().port);
  EXPECT_THAT(ReadAll(bob), ElementsAre("all"));
  ASSERT_THAT(bob.JoinMulticastGroup(On("vb", kNobody)), IsOk());
  Send("filtered", bob.local_endpoint().port);
  EXPECT_THAT(ReadAll(bob), IsEmpty());
  // Leaving the group as a whole works in either state.
  EXPECT_THAT(bob.LeaveMulticastGroup(On("vb")), IsOk());
}

// udp-semantics 1.2.3 "host has only SSM (S=.9); datagram from .2: dropped for all, even ALL=1
// unjoined".
TEST_P(MembershipTest, TheHostTakesWhatSomeMembershipWants) {
  UdpSocket picky = Bound(b(), IpAddress::AnyIpv4(), kShare);
  const uint16_t port = picky.local_endpoint().port;
  UdpSocket unjoined = Bound(b(), IpAddress::AnyIpv4(), kShare, port);
  ASSERT_THAT(picky.JoinMulticastGroup(On("vb", kNobody)), IsOk());
  Send("unwanted", port);
  EXPECT_THAT(ReadAll(unjoined), IsEmpty());
  UdpSocket other = Bound(b(), IpAddress::AnyIpv4(), kShare, port);
  ASSERT_THAT(other.JoinMulticastGroup(On("vb", kA)), IsOk());
  Send("wanted", port);
  EXPECT_THAT(ReadAll(picky), IsEmpty());
  EXPECT_THAT(ReadAll(unjoined), ElementsAre("wanted"));
  EXPECT_THAT(ReadAll(other), ElementsAre("wanted"));
}

// udp-semantics 1.3.1 "11th source"; 1.3.4 "no count limit"; 64 sources in IPv6 were observed.
TEST_P(MembershipTest, Limits) {
  UdpSocket four = Bound(b(), IpAddress::AnyIpv4());
  for (uint8_t i = 1; i <= 10; ++i) {
    ASSERT_THAT(four.JoinMulticastGroup(On("vb", IpAddress::Ipv4(10, 0, 0, i))), IsOk());
  }
  EXPECT_THAT(four.JoinMulticastGroup(On("vb", IpAddress::Ipv4(10, 0, 0, 11))),
              HasCause(SocketError::kSocketResource));
  UdpSocket six = Bound(b(), IpAddress::AnyIpv6());
  IpAddress::Ipv6Bytes bytes = kGroup6.ipv6_bytes();
  for (uint8_t i = 1; i <= 60; ++i) {
    bytes[13] = i;
    ASSERT_THAT(six.JoinMulticastGroup(On("vb", IpAddress(), IpAddress::Ipv6(bytes))), IsOk());
  }
  bytes = kA6.ipv6_bytes();
  for (uint8_t i = 1; i <= 65; ++i) {
    bytes[13] = i;
    const absl::Status status = six.JoinMulticastGroup(On("vb", IpAddress::Ipv6(bytes), kGroup6));
    EXPECT_EQ(status.ok(), i <= 64) << int{i} << status;
  }
}

// udp-semantics 1.3.1 "join ANY interface choice: route lookup to the group; ignores
// SO_BINDTODEVICE, bound address and IP_MULTICAST_IF of that socket".
TEST_P(MembershipTest, TheRouteChoosesTheInterfaceWhateverTheSocketIsBoundTo) {
  const NetworkInterface wa = Interface(a(), "wa");
  UdpSocket device(a()), address = Bound(a(), kAOther), option = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(device.SetOption(SocketOption::kBoundInterface, static_cast<int>(wa.index)), IsOk());
  ASSERT_THAT(device.Bind(IpAddress::AnyIpv4(), 0), IsOk());
  ASSERT_THAT(option.SetMulticastInterface(wa), IsOk());
  for (UdpSocket* socket : {&device, &address, &option}) {
    ASSERT_THAT(socket->JoinMulticastGroup(kGroup), IsOk());
    EXPECT_THAT(socket->JoinMulticastGroup(On("va")), HasCause(SocketError::kAddressInUse));
    EXPECT_THAT(socket->JoinMulticastGroup(On("wa")), IsOk());
  }
}

// udp-semantics 1.3.1 "leave with ANY: only the membership on the current route interface".
TEST_P(MembershipTest, LeavingWithoutAnInterfaceMeansTheRoutesInIpv4) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.JoinMulticastGroup(On("wa")), IsOk());
  EXPECT_THAT(alice.LeaveMulticastGroup(kGroup), HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(alice.LeaveMulticastGroup(On("wa")), IsOk());
}

// udp-semantics 1.3.4 "leave index 0 removes the first matching membership on any interface".
TEST_P(MembershipTest, LeavingWithoutAnInterfaceMeansAnyInIpv6) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv6());
  ASSERT_THAT(alice.JoinMulticastGroup(On("wa", IpAddress(), kGroup6)), IsOk());
  EXPECT_THAT(alice.LeaveMulticastGroup(kGroup6), IsOk());
  EXPECT_THAT(alice.LeaveMulticastGroup(kGroup6),
              HasCause(SocketError::kSocketAddressNotAvailable));
}

// udp-semantics 1.3.3 "bound to an interface address, no IF set: group datagrams leave by that
// interface"; 1.3.3 "socket bound to device, other interface: EINVAL".
TEST_P(MembershipTest, GroupDatagramsLeaveByTheBoundAddressOrDevice) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  const Endpoint group(kGroup, bob.local_endpoint().port);
  ASSERT_THAT(bob.JoinMulticastGroup(On("wb")), IsOk());
  UdpSocket address = Bound(a(), kAOther), device(a());
  ASSERT_THAT(address.WriteDatagram("by address", group), IsOk());
  const NetworkInterface wa = Interface(a(), "wa");
  ASSERT_THAT(device.SetOption(SocketOption::kBoundInterface, static_cast<int>(wa.index)), IsOk());
  ASSERT_THAT(device.Bind(IpAddress::AnyIpv4(), 0), IsOk());
  ASSERT_THAT(device.WriteDatagram("by device", group), IsOk());
  EXPECT_FALSE(device.SetMulticastInterface(Interface(a(), "va")).ok());
  EXPECT_THAT(device.SetMulticastInterface(wa), IsOk());
  EXPECT_THAT(ReadAll(bob), ElementsAre("by address", "by device"));
}

// udp-semantics 1.3.3 "connect(group) with IF set: local address = interface's address"; 1.2.3 "a
// socket connected to the group itself does not receive the group's datagrams".
TEST_P(MembershipTest, APeerThatIsAGroup) {
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4()), alice = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(alice.SetMulticastInterface(Interface(a(), "wa")), IsOk());
  ASSERT_THAT(alice.JoinMulticastGroup(On("wa")), IsOk());
  ASSERT_THAT(bob.JoinMulticastGroup(On("wb")), IsOk());
  ASSERT_THAT(alice.ConnectToHost(kGroup, bob.local_endpoint().port), IsOk());
  EXPECT_EQ(alice.local_endpoint().address, kAOther);
  ASSERT_THAT(alice.Write("news"), IsOk());
  EXPECT_THAT(ReadAll(bob), ElementsAre("news"));
  ASSERT_THAT(bob.SetMulticastInterface(Interface(b(), "wb")), IsOk());
  ASSERT_THAT(bob.WriteDatagram("x", Endpoint(kGroup, alice.local_endpoint().port)), IsOk());
  EXPECT_THAT(ReadAll(alice), IsEmpty());
}

// udp-semantics 1.4 "bound to a group or broadcast address, connect / send unicast: wire source =
// interface address".
TEST_P(MembershipTest, ASocketBoundToAGroupSendsFromAnInterface) {
  UdpSocket bob = Bound(b(), kB);
  for (const IpAddress& address : {kGroup, kSubnetBroadcast}) {
    UdpSocket alice = Bound(a(), address);
    ASSERT_THAT(alice.WriteDatagram("x", bob.local_endpoint()), IsOk());
    DatagramInfo info;
    EXPECT_EQ(Read(bob, &info), "x");
    EXPECT_EQ(info.source, Endpoint(kA, alice.local_endpoint().port));
    ASSERT_THAT(alice.ConnectToHost(kB, 9), IsOk());
    EXPECT_EQ(alice.local_endpoint().address, address);
  }
}

}  // namespace
}  // namespace pollux::conformance
