// SPDX-License-Identifier: Apache-2.0
//
// Binding: states, ports, who else may have them, and what is refused.

#include <set>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BindTest : public ConformanceTest {};
POLLUX_CONFORMANCE_SUITE(BindTest);

// The contract page: "On success, the functions returns true and the socket enters BoundState".
TEST_P(BindTest, SuccessEntersTheBoundState) {
  UdpSocket socket(a());
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  EXPECT_FALSE(socket.local_endpoint().is_set());
  EXPECT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  EXPECT_EQ(socket.state(), SocketState::kBound);
  EXPECT_EQ(socket.local_endpoint().address, IpAddress::LoopbackIpv4());
  EXPECT_NE(socket.local_endpoint().port, 0);
}

TEST_P(BindTest, WithoutArgumentsBindsBothFamiliesOnAFreePort) {
  UdpSocket socket(a());
  EXPECT_THAT(socket.Bind(), IsOk());
  EXPECT_EQ(socket.local_endpoint().address, IpAddress::Any());
  EXPECT_NE(socket.local_endpoint().port, 0);
}

TEST_P(BindTest, TheFourShapesBindTheSame) {
  UdpSocket chosen(a());
  ASSERT_THAT(chosen.Bind(), IsOk());
  const uint16_t port = chosen.local_endpoint().port;
  chosen.Close();

  UdpSocket socket(a());
  EXPECT_THAT(socket.Bind(port), IsOk());
  EXPECT_EQ(socket.local_endpoint(), Endpoint(IpAddress::Any(), port));
  socket.Close();
  EXPECT_THAT(socket.Bind(port, BindMode::kDontShareAddress), IsOk());
  EXPECT_EQ(socket.local_endpoint(), Endpoint(IpAddress::Any(), port));
  socket.Close();
  EXPECT_THAT(socket.Bind(kA, port), IsOk());
  EXPECT_EQ(socket.local_endpoint(), Endpoint(kA, port));
  socket.Close();
  EXPECT_THAT(socket.Bind(kA, port, BindMode::kShareAddress), IsOk());
  EXPECT_EQ(socket.local_endpoint(), Endpoint(kA, port));
}

TEST_P(BindTest, EachFamilyHasItsWildcard) {
  EXPECT_EQ(Bound(a(), IpAddress::AnyIpv4()).local_endpoint().address, IpAddress::AnyIpv4());
  EXPECT_EQ(Bound(a(), IpAddress::AnyIpv6()).local_endpoint().address, IpAddress::AnyIpv6());
  EXPECT_EQ(Bound(a(), IpAddress()).local_endpoint().address, IpAddress::Any());
}

TEST_P(BindTest, TellsOfTheStateFromTheLoopOnly) {
  UdpSocket socket(a());
  std::vector<SocketState> states;
  socket.OnStateChanged([&](SocketState state) { states.push_back(state); });
  ASSERT_THAT(socket.Bind(), IsOk());
  EXPECT_THAT(states, IsEmpty());
  bed().Settle();
  EXPECT_THAT(states, ElementsAre(SocketState::kBound));
  socket.Close();
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  bed().Settle();
  EXPECT_THAT(states, ElementsAre(SocketState::kBound, SocketState::kUnconnected));
}

TEST_P(BindTest, PortsThatTheKernelChoosesAreDistinctAndUnprivileged) {
  std::vector<UdpSocket> sockets;
  std::set<uint16_t> ports;
  for (int i = 0; i < 20; ++i) {
    sockets.push_back(Bound(a(), IpAddress::Any()));
    ports.insert(sockets.back().local_endpoint().port);
  }
  EXPECT_EQ(ports.size(), sockets.size());
  EXPECT_GE(*ports.begin(), 1024);
}

// udp-semantics 1.1.2 "overlap, same uid": `XXXX` without options.
TEST_P(BindTest, ATakenPortIsInUseAndTheErrorNamesIt) {
  const UdpSocket holder = Bound(a(), IpAddress::LoopbackIpv4());
  UdpSocket second(a());
  const absl::Status status =
      second.Bind(holder.local_endpoint().address, holder.local_endpoint().port);
  EXPECT_THAT(status, HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(status, Says(holder.local_endpoint().ToString()));
  EXPECT_THAT(status, Says("bind another port"));
  EXPECT_EQ(second.state(), SocketState::kUnconnected);
  EXPECT_FALSE(second.local_endpoint().is_set());
  EXPECT_EQ(second.error(), status);
}

// udp-semantics 1.1.1, the overlap relation, through the contract's default mode.
TEST_P(BindTest, WildcardsOverlapWhatTheyCoverAndFamiliesOverlapOnlyInDualSockets) {
  const auto conflicts = [&](const IpAddress& first, const IpAddress& second) {
    const UdpSocket holder = Bound(a(), first);
    UdpSocket other(a());
    const absl::Status status = other.Bind(second, holder.local_endpoint().port);
    if (!status.ok()) {
      EXPECT_THAT(status, HasCause(SocketError::kAddressInUse));
    }
    return !status.ok();
  };
  EXPECT_TRUE(conflicts(IpAddress::AnyIpv4(), kA));
  EXPECT_TRUE(conflicts(kA, IpAddress::AnyIpv4()));
  EXPECT_TRUE(conflicts(IpAddress::Any(), kA));
  EXPECT_TRUE(conflicts(IpAddress::Any(), kA6));
  EXPECT_TRUE(conflicts(IpAddress::Any(), IpAddress::AnyIpv4()));
  EXPECT_TRUE(conflicts(IpAddress::AnyIpv6(), IpAddress::Any()));
  EXPECT_FALSE(conflicts(IpAddress::AnyIpv4(), IpAddress::AnyIpv6()));
  EXPECT_FALSE(conflicts(IpAddress::AnyIpv6(), kA));
  EXPECT_FALSE(conflicts(kA, kAOther));
  EXPECT_FALSE(conflicts(kA, kA6));
  EXPECT_TRUE(conflicts(kGroup, kGroup));
  EXPECT_FALSE(conflicts(kGroup, kOtherGroup));
}

// The contract page: "Allow other services to bind to the same address and port".
TEST_P(BindTest, BothMustShareToShare) {
  constexpr BindMode kShare = BindMode::kShareAddress;
  constexpr BindMode kDontShare = BindMode::kDontShareAddress;
  const auto shared = [&](BindMode first, BindMode second) {
    const UdpSocket holder = Bound(a(), kA, first);
    UdpSocket other(a());
    return other.Bind(kA, holder.local_endpoint().port, second).ok();
  };
  EXPECT_TRUE(shared(kShare, kShare));
  EXPECT_TRUE(shared(kShare, kShare | BindMode::kReuseAddressHint));
  EXPECT_FALSE(shared(kShare, kDontShare));
  EXPECT_FALSE(shared(kDontShare, kShare));
  // "On Unix, this option is ignored": the hint alone changes nothing.
  EXPECT_FALSE(shared(BindMode::kReuseAddressHint, BindMode::kReuseAddressHint));
  EXPECT_FALSE(shared(kDontShare, BindMode::kReuseAddressHint));
}

TEST_P(BindTest, ARefusedAttemptLeavesNothingOverForTheNext) {
  const UdpSocket holder = Bound(a(), kA, BindMode::kShareAddress);
  const uint16_t port = holder.local_endpoint().port;
  UdpSocket other(a());
  EXPECT_THAT(other.Bind(kSubnetBroadcast, port, BindMode::kShareAddress), IsOk());
  other.Close();
  EXPECT_THAT(other.Bind(IpAddress::Ipv4(192, 0, 2, 1), port, BindMode::kShareAddress),
              HasCause(SocketError::kSocketAddressNotAvailable));
  // Were the option of the failed attempt still set, this one would share.
  EXPECT_THAT(other.Bind(kA, port), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(other.Bind(kA, port, BindMode::kShareAddress), IsOk());
}

// udp-semantics 1.1.4 "bind unicast not local".
TEST_P(BindTest, AnAddressOfAnotherHostIsNotAvailable) {
  UdpSocket socket(a());
  for (const IpAddress& foreign : {kB, kB6, IpAddress::Ipv4(240, 0, 0, 1)}) {
    const absl::Status status = socket.Bind(foreign, 0);
    EXPECT_THAT(status, HasCause(SocketError::kSocketAddressNotAvailable));
    EXPECT_THAT(status, Says(foreign.ToString()));
    EXPECT_THAT(status, Says("SocketEngine::Interfaces() lists the addresses"));
    EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  }
}

// udp-semantics 1.1.4 "any of 127.0.0.0/8" and "224/4, subnet broadcast, 255.255.255.255".
TEST_P(BindTest, LoopbackNetworkGroupsAndBroadcastAddressesCanBeBound) {
  for (const IpAddress& address : {IpAddress::Ipv4(127, 3, 2, 1), kGroup, kSubnetBroadcast,
                                   IpAddress::Broadcast(), kASecond, kA6, kGroup6}) {
    EXPECT_EQ(Bound(a(), address).local_endpoint().address, address);
  }
}

// udp-semantics 1.1.4 "v6 link-local or ff01/ff02 group without scope_id" and "with wrong scope".
TEST_P(BindTest, LinkLocalAddressesNeedTheirScope) {
  UdpSocket socket(a());
  const IpAddress group = *IpAddress::Parse("ff02::4321");
  EXPECT_THAT(socket.Bind(group, 0), HasCause(SocketError::kOperation));
  EXPECT_THAT(socket.error(), Says("needs the index of an interface behind it"));
  EXPECT_THAT(socket.Bind(group.WithScope(Interface(a(), "va").index), 0), IsOk());
  socket.Close();
  EXPECT_THAT(socket.Bind(IpAddress::Parse("fe80::9999")->WithScope(Interface(a(), "va").index), 0),
              HasCause(SocketError::kSocketAddressNotAvailable));
}

TEST_P(BindTest, ABoundSocketHasToBeClosedFirst) {
  UdpSocket socket = Bound(a(), IpAddress::Any());
  const Endpoint before = socket.local_endpoint();
  const absl::Status status = socket.Bind(IpAddress::Any(), 0);
  EXPECT_THAT(status, HasCause(SocketError::kOperation));
  EXPECT_THAT(status, Says("Close() it first"));
  EXPECT_EQ(socket.state(), SocketState::kBound);
  EXPECT_EQ(socket.local_endpoint(), before);
}

TEST_P(BindTest, ContradictoryModesAreRefused) {
  UdpSocket socket(a());
  EXPECT_THAT(socket.Bind(0, BindMode::kShareAddress | BindMode::kDontShareAddress),
              HasCause(SocketError::kOperation));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
}

TEST_P(BindTest, ClosingFreesThePort) {
  UdpSocket socket = Bound(a(), kA);
  const uint16_t port = socket.local_endpoint().port;
  socket.Close();
  EXPECT_EQ(Bound(a(), kA, BindMode::kDontShareAddress, port).local_endpoint().port, port);
}

TEST_P(BindTest, DestroyingFreesThePortAndSoDoesAssigning) {
  uint16_t port;
  {
    UdpSocket socket = Bound(a(), kA);
    port = socket.local_endpoint().port;
  }
  UdpSocket socket = Bound(a(), kA, BindMode::kDontShareAddress, port);
  socket = UdpSocket(a());
  EXPECT_THAT(socket.Bind(kA, port), IsOk());
}

TEST_P(BindTest, MovingASocketKeepsPortAndCallbacks) {
  UdpSocket first = Bound(a(), IpAddress::LoopbackIpv4());
  int signals = 0;
  first.OnReadyRead([&] { ++signals; });
  UdpSocket second = std::move(first);
  UdpSocket sender(a());
  ASSERT_THAT(sender.WriteDatagram("x", second.local_endpoint()), IsOk());
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  EXPECT_EQ(Read(second), "x");
}

// udp-semantics 1.1.4 "ports 1..1023": the lab's user is privileged on both beds.
TEST_P(BindTest, ReadsPortsFromTheWholeRange) {
  EXPECT_EQ(Bound(a(), kA, BindMode::kDefaultForPlatform, 65535).local_endpoint().port, 65535);
}

// udp-semantics 1.1.4 "option set/cleared after bind: live".
TEST_P(BindTest, ReuseOptionsSetAfterTheBindCountForLaterBinds) {
  UdpSocket holder = Bound(a(), kA);
  const uint16_t port = holder.local_endpoint().port;
  UdpSocket other(a());
  EXPECT_THAT(other.Bind(kA, port, BindMode::kShareAddress), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(holder.SetOption(SocketOption::kReuseAddress, 1), IsOk());
  EXPECT_THAT(other.Bind(kA, port, BindMode::kShareAddress), IsOk());
  other.Close();
  EXPECT_THAT(holder.SetOption(SocketOption::kReuseAddress, 0), IsOk());
  EXPECT_THAT(other.Bind(kA, port, BindMode::kShareAddress), HasCause(SocketError::kAddressInUse));
}

// udp-semantics 1.1.3, the first row: a third socket passes though it conflicts with the oldest,
// because the scan ends at the newest overlapping socket that shares its port.
TEST_P(BindTest, TheScanStopsAtTheFirstHolderThatSharesThePort) {
  const auto open = [&](bool reuse_address, bool reuse_port) {
    UdpSocket socket(a());
    EXPECT_THAT(socket.SetOption(SocketOption::kReuseAddress, reuse_address), IsOk());
    EXPECT_THAT(socket.SetOption(SocketOption::kReusePort, reuse_port), IsOk());
    return socket;
  };
  UdpSocket first = open(true, false), second = open(true, true), third = open(false, true);
  ASSERT_THAT(first.Bind(IpAddress::AnyIpv4(), 0), IsOk());
  const uint16_t port = first.local_endpoint().port;
  EXPECT_THAT(second.Bind(IpAddress::AnyIpv4(), port), IsOk());
  EXPECT_THAT(third.Bind(IpAddress::AnyIpv4(), port), IsOk());
  second.Close();
  third.Close();
  EXPECT_THAT(third.Bind(IpAddress::AnyIpv4(), port), HasCause(SocketError::kAddressInUse));
}

TEST_P(BindTest, SocketsOnDifferentDevicesNeverConflict) {
  const auto open = [&](absl::string_view device) {
    UdpSocket socket(a());
    EXPECT_THAT(socket.SetOption(SocketOption::kBoundInterface,
                                 static_cast<int>(Interface(a(), device).index)),
                IsOk());
    return socket;
  };
  UdpSocket first = open("va"), second = open("wa"), third = open("va");
  ASSERT_THAT(first.Bind(IpAddress::AnyIpv4(), 0), IsOk());
  const uint16_t port = first.local_endpoint().port;
  EXPECT_THAT(second.Bind(IpAddress::AnyIpv4(), port), IsOk());
  EXPECT_THAT(third.Bind(IpAddress::AnyIpv4(), port), HasCause(SocketError::kAddressInUse));
}

// udp-semantics 1.1.5 "range: 32768..60999", "same port on different specific addresses: yes".
TEST_P(BindTest, ChosenPortsAreOfTheKernelsRange) {
  for (int i = 0; i < 20; ++i) {
    const uint16_t port = Bound(a(), kA).local_endpoint().port;
    EXPECT_GE(port, 32768);
    EXPECT_LE(port, 60999);
  }
  const UdpSocket one = Bound(a(), kA);
  UdpSocket two(a());
  EXPECT_THAT(two.Bind(kAOther, one.local_endpoint().port), IsOk());
}

// udp-semantics 1.1.4 "bind unicast not local ... with IP_FREEBIND ok".
TEST_P(BindTest, AForeignAddressCanBeBoundWhereThatIsAskedFor) {
  UdpSocket socket(a());
  ASSERT_THAT(socket.SetOption(SocketOption::kFreeBind, 1), IsOk());
  EXPECT_THAT(socket.Bind(IpAddress::Ipv4(192, 0, 2, 1), 0), IsOk());
  // What is no source cannot be sent from.
  EXPECT_THAT(socket.WriteDatagram("x", Endpoint(kB, 9)), HasCause(SocketError::kNetwork));
}

// udp-semantics 1.1.4 "v6 specific address bind while bound to a device not owning it"; "v4 does
// not check the device".
TEST_P(BindTest, ABoundDeviceMustHaveTheLoopbackAddressOfIpv6) {
  const int va = static_cast<int>(Interface(a(), "va").index);
  UdpSocket six(a()), four(a());
  for (UdpSocket* socket : {&six, &four}) {
    ASSERT_THAT(socket->SetOption(SocketOption::kBoundInterface, va), IsOk());
  }
  EXPECT_THAT(six.Bind(IpAddress::LoopbackIpv6(), 0),
              HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(six.Bind(kA6, 0), IsOk());
  EXPECT_THAT(four.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
}

}  // namespace
}  // namespace pollux::conformance
