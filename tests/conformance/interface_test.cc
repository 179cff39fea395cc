// SPDX-License-Identifier: Apache-2.0
//
// Interfaces that go down and up, and addresses that come and go: what the kernel does to sockets
// that were there before. Each test was observed on Linux 6.18 first.

#include <algorithm>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::IsEmpty;

class InterfaceTest : public ConformanceTest {
 protected:
  void TearDown() override {
    if (!IsSkipped()) bed().RestoreVa();
  }

  static absl::Status Send(UdpSocket& socket, const IpAddress& to, uint16_t port = 9) {
    return socket.WriteDatagram("x", Endpoint(to, port));
  }
  bool HasAddress(const IpAddress& address) {
    const std::vector<InterfaceAddress> addresses = Interface(a(), "va").addresses;
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const InterfaceAddress& entry) { return entry.address == address; });
  }
};
POLLUX_CONFORMANCE_SUITE(InterfaceTest);

MATCHER(IsUnreachable, "") { return OsErrorOf(arg) == OsError::kNetworkUnreachable; }

TEST_P(InterfaceTest, TheProgramSeesThatAnInterfaceIsDown) {
  EXPECT_TRUE(Interface(a(), "va").up);
  bed().SwitchVa(false);
  EXPECT_FALSE(Interface(a(), "va").up);
  EXPECT_FALSE(Interface(a(), "va").running);
  bed().SwitchVa(true);
  EXPECT_TRUE(Interface(a(), "va").up);
  EXPECT_TRUE(Interface(a(), "va").running);
}

TEST_P(InterfaceTest, WhileItIsDownNetworksBehindItAreUnreachableAndOthersAreNot) {
  UdpSocket anywhere = Bound(a(), IpAddress::AnyIpv4());
  UdpSocket here = Bound(a(), kA);
  bed().SwitchVa(false);
  EXPECT_THAT(Send(anywhere, kB), IsUnreachable());
  EXPECT_THAT(Send(here, kB), IsUnreachable());
  EXPECT_THAT(Send(anywhere, kSubnetBroadcast), IsUnreachable());
  EXPECT_THAT(Send(anywhere, kBOther), IsOk());
  EXPECT_THAT(Send(here, kBOther), IsOk());
  EXPECT_EQ(here.local_endpoint().address, kA);
}

TEST_P(InterfaceTest, ItsIpv4AddressStaysTheHostsOwnWhileItIsDown) {
  UdpSocket anywhere = Bound(a(), IpAddress::AnyIpv4());
  bed().SwitchVa(false);
  EXPECT_THAT(Send(anywhere, kA, anywhere.local_endpoint().port), IsOk());
  EXPECT_EQ(Read(anywhere), "x");
  UdpSocket late = Bound(a(), kA);
  UdpSocket broadcast(a());
  EXPECT_THAT(broadcast.Bind(kSubnetBroadcast, 0),
              HasCause(SocketError::kSocketAddressNotAvailable));
}

TEST_P(InterfaceTest, AConnectedSocketGoesOnWhenItIsUpAgain) {
  UdpSocket bob = Bound(b(), kB);
  UdpSocket alice(a());
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  bed().SwitchVa(false);
  EXPECT_THAT(alice.Write("lost"), IsUnreachable());
  EXPECT_EQ(alice.local_endpoint().address, kA);
  bed().SwitchVa(true);
  ASSERT_THAT(alice.Write("again"), IsOk());
  EXPECT_EQ(Read(bob), "again");
}

TEST_P(InterfaceTest, MembershipsSurviveDownAndUp) {
  UdpSocket member = Bound(a(), IpAddress::AnyIpv4());
  const NetworkInterface va = Interface(a(), "va");
  ASSERT_THAT(member.JoinMulticastGroup(kGroup, va), IsOk());
  bed().SwitchVa(false);
  EXPECT_THAT(member.JoinMulticastGroup(kGroup, va), HasCause(SocketError::kAddressInUse));
  // Others can be joined meanwhile.
  EXPECT_THAT(member.JoinMulticastGroup(kOtherGroup, va), IsOk());
  bed().SwitchVa(true);
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  ASSERT_THAT(bob.SetMulticastInterface(Interface(b(), "vb")), IsOk());
  for (const IpAddress& group : {kGroup, kOtherGroup}) {
    ASSERT_THAT(Send(bob, group, member.local_endpoint().port), IsOk());
    EXPECT_EQ(Read(member), "x");
  }
}

TEST_P(InterfaceTest, RoutesThatWereAddedByItAreGoneWhenItIsUpAgain) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  UdpSocket by_va = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(by_va.SetMulticastInterface(Interface(a(), "va")), IsOk());
  ASSERT_THAT(Send(alice, kGroup), IsOk());
  bed().SwitchVa(false);
  EXPECT_THAT(Send(by_va, kGroup), IsUnreachable());
  bed().SwitchVa(true);
  EXPECT_THAT(Send(alice, kGroup), IsUnreachable());
  EXPECT_THAT(Send(by_va, kGroup), IsOk());
  EXPECT_THAT(Send(alice, kB), IsOk());
}

// By which route a datagram would leave shows in the source that a connected socket gets.
TEST_P(InterfaceTest, WhileItIsDownTheRouteOfTheNextMetricTakesOver) {
  constexpr IpAddress kFar = IpAddress::Ipv4(10, 99, 1, 1);
  const auto source = [this, kFar] {
    UdpSocket socket(a());
    EXPECT_THAT(socket.ConnectToHost(kFar, 9), IsOk());
    return socket.local_endpoint().address;
  };
  bed().AddRoute(IpAddress::Ipv4(10, 99, 0, 0), kBOther, 20);
  bed().AddRoute(IpAddress::Ipv4(10, 99, 0, 0), kB, 10);
  EXPECT_EQ(source(), kA) << "whichever was added first";
  UdpSocket connected(a());
  ASSERT_THAT(connected.ConnectToHost(kFar, 9), IsOk());
  bed().SwitchVa(false);
  EXPECT_EQ(source(), kAOther);
  EXPECT_THAT(connected.Write("x"), IsOk()) << "it goes by the other one, with its old source";
  EXPECT_EQ(connected.local_endpoint().address, kA);
}

// A route that went with its interface does not come back, so the other one stays.
TEST_P(InterfaceTest, TheRouteThatTookOverStaysWhenTheFirstInterfaceIsUpAgain) {
  constexpr IpAddress kFar = IpAddress::Ipv4(10, 99, 1, 1);
  bed().AddRoute(IpAddress::Ipv4(10, 99, 0, 0), kB, 10);
  bed().AddRoute(IpAddress::Ipv4(10, 99, 0, 0), kBOther, 20);
  bed().SwitchVa(false);
  bed().SwitchVa(true);
  UdpSocket socket(a());
  EXPECT_THAT(socket.ConnectToHost(kFar, 9), IsOk());
  EXPECT_EQ(socket.local_endpoint().address, kAOther);
}

TEST_P(InterfaceTest, ItsIpv6AddressesAreGoneForGoodOnceItIsDown) {
  UdpSocket here = Bound(a(), kA6);
  bed().SwitchVa(false);
  EXPECT_FALSE(HasAddress(kA6));
  bed().SwitchVa(true);
  EXPECT_FALSE(HasAddress(kA6));
  EXPECT_TRUE(HasAddress(kA));
  EXPECT_THAT(Send(here, kB6), IsUnreachable());
  EXPECT_EQ(here.local_endpoint().address, kA6);
  UdpSocket late(a());
  EXPECT_THAT(late.Bind(kA6, 0), HasCause(SocketError::kSocketAddressNotAvailable));
}

// udp-semantics 1.4 "local address removed after bind".
TEST_P(InterfaceTest, ASocketKeepsAnIpv4AddressThatIsGoneButCannotSendFromIt) {
  UdpSocket second = Bound(a(), kASecond);
  UdpSocket anywhere = Bound(a(), IpAddress::AnyIpv4());
  bed().RemoveFromVa(kASecond);
  EXPECT_EQ(second.local_endpoint().address, kASecond);
  EXPECT_THAT(Send(second, kB), IsUnreachable());
  EXPECT_THAT(Send(second, kBOther), IsUnreachable());
  EXPECT_THAT(Send(anywhere, kB), IsOk());
}

TEST_P(InterfaceTest, DatagramsToAnAddressThatIsGoneAreNotForTheHost) {
  UdpSocket anywhere = Bound(a(), IpAddress::AnyIpv4());
  UdpSocket second = Bound(a(), kASecond);
  UdpSocket bob = Bound(b(), IpAddress::AnyIpv4());
  ASSERT_THAT(Send(bob, kASecond, anywhere.local_endpoint().port), IsOk());
  EXPECT_EQ(Read(anywhere), "x");
  bed().RemoveFromVa(kASecond);
  ASSERT_THAT(Send(bob, kASecond, anywhere.local_endpoint().port), IsOk());
  ASSERT_THAT(Send(bob, kASecond, second.local_endpoint().port), IsOk());
  EXPECT_THAT(ReadAll(anywhere), IsEmpty());
  EXPECT_THAT(ReadAll(second), IsEmpty());
}

TEST_P(InterfaceTest, TheFirstAddressOfASubnetTakesTheOthersWithIt) {
  bed().RemoveFromVa(kA);
  EXPECT_FALSE(HasAddress(kA));
  EXPECT_FALSE(HasAddress(kASecond));
}

TEST_P(InterfaceTest, AConnectedSocketDoesNotMoveToANewAddress) {
  UdpSocket alice(a());
  ASSERT_THAT(alice.ConnectToHost(kB, 9), IsOk());
  UdpSocket anywhere = Bound(a(), IpAddress::AnyIpv4());
  UdpSocket bob = Bound(b(), kB);
  bed().RemoveFromVa(kA);
  bed().AddToVa(kANew);
  EXPECT_THAT(alice.Write("x"), IsUnreachable());
  EXPECT_EQ(alice.local_endpoint().address, kA);
  DatagramInfo info;
  ASSERT_THAT(Send(anywhere, kB, bob.local_endpoint().port), IsOk());
  EXPECT_EQ(Read(bob, &info), "x");
  EXPECT_EQ(info.source.address, kANew);
}

TEST_P(InterfaceTest, ASocketSendsOnFromAnIpv6AddressThatIsGone) {
  UdpSocket here = Bound(a(), kA6);
  UdpSocket bob = Bound(b(), kBOther6);
  bed().RemoveFromVa(kA6);
  ASSERT_THAT(Send(here, kBOther6, bob.local_endpoint().port), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "x");
  EXPECT_EQ(info.source.address, kA6);
}

}  // namespace
}  // namespace pollux::conformance
