// SPDX-License-Identifier: Apache-2.0
//
// Options, what a datagram tells besides its source, and what one datagram can ask for.

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;

class OptionTest : public ConformanceTest {
 protected:
  const IpAddress wildcards_[3] = {IpAddress::AnyIpv4(), IpAddress::AnyIpv6(), IpAddress::Any()};
};
POLLUX_CONFORMANCE_SUITE(OptionTest);

struct Settable {
  SocketOption option;
  int fallback;  // What it is before it was set.
  int value;     // What it is set to,
  int read;      // and then read as.
};

TEST_P(OptionTest, EachOptionIsReadAsItWasSetInEachFamily) {
  const Settable settable[] = {
      {SocketOption::kReuseAddress, 0, 1, 1},
      {SocketOption::kReusePort, 0, 1, 1},
      {SocketOption::kHopLimit, 64, 17, 17},
      {SocketOption::kTypeOfService, 0, 0xb8, 0xb8},
      {SocketOption::kDontFragment, 0, 1, 1},
      {SocketOption::kMulticastHopLimit, 1, 5, 5},
      {SocketOption::kMulticastLoopback, 1, 0, 0},
      {SocketOption::kReportUnreachable, 0, 1, 1},
      {SocketOption::kFreeBind, 0, 1, 1},
      {SocketOption::kMaxPacingRate, -1, 125000, 125000},
  };
  for (const IpAddress& any : wildcards_) {
    for (const Settable& row : settable) {
      SCOPED_TRACE(std::string(ToString(row.option)) + " on " + any.ToString());
      UdpSocket socket = Bound(a(), any);
      EXPECT_EQ(socket.GetOption(row.option).value_or(-99), row.fallback);
      EXPECT_THAT(socket.SetOption(row.option, row.value), IsOk());
      EXPECT_EQ(socket.GetOption(row.option).value_or(-99), row.read);
    }
  }
}

TEST_P(OptionTest, ValuesOutOfRangeAreNamedAndChangeNothing) {
  const std::pair<SocketOption, int> bad[] = {
      {SocketOption::kHopLimit, 0},           {SocketOption::kHopLimit, 256},
      {SocketOption::kHopLimit, -2},          {SocketOption::kMulticastHopLimit, 256},
      {SocketOption::kMulticastHopLimit, -2}, {SocketOption::kTypeOfService, 256},
      {SocketOption::kMulticastLoopback, 2},  {SocketOption::kReceiveBufferSize, 0},
      {SocketOption::kBoundInterface, -1},    {SocketOption::kIpv6Only, 1},
      {SocketOption::kMaxPacingRate, 0},      {SocketOption::kMaxPacingRate, -2},
      {SocketOption::kBusyPoll, -1},          {SocketOption::kPreferBusyPoll, 2},
  };
  for (const IpAddress& any : wildcards_) {
    UdpSocket socket = Bound(a(), any), unbound(a());
    for (const auto& [option, value] : bad) {
      SCOPED_TRACE(std::string(ToString(option)) + " on " + any.ToString());
      const int before = socket.GetOption(option).value_or(-99);
      const absl::Status status = socket.SetOption(option, value);
      EXPECT_THAT(status, HasCause(SocketError::kOperation));
      EXPECT_THAT(status, Says(std::to_string(value)));
      EXPECT_THAT(status, Says(ToString(option).data()));
      EXPECT_EQ(socket.GetOption(option).value_or(-99), before);
      EXPECT_THAT(unbound.SetOption(option, value), HasCause(SocketError::kOperation));
    }
  }
}

// Where the queue of the interface paces nothing, a rate is kept and all is sent at once.
TEST_P(OptionTest, APacedSocketLosesNothingAndTheLimitCanBeTakenAway) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.SetOption(SocketOption::kMaxPacingRate, 1'000'000), IsOk());
  const std::vector<SendSlot> batch(
      5, SendSlot{.payload = "paced", .destination = {kB, bob.local_endpoint().port}});
  EXPECT_EQ(*alice.SendBatch(batch), 5u);
  EXPECT_EQ(ReadAll(bob).size(), 5u);
  ASSERT_THAT(alice.SetOption(SocketOption::kMaxPacingRate, -1), IsOk());
  EXPECT_EQ(*alice.GetOption(SocketOption::kMaxPacingRate), -1);
}

// A socket may poll busily less than before, and more only if its program is privileged. Kernels
// that were built without (CONFIG_NET_RX_BUSY_POLL) say so.
TEST_P(OptionTest, BusyPollingIsRaisedByThePrivilegedAlone) {
  UdpSocket socket = Bound(a(), IpAddress::AnyIpv4());
  for (const auto& [option, value] :
       {std::pair{SocketOption::kBusyPoll, 50}, std::pair{SocketOption::kPreferBusyPoll, 1}}) {
    SCOPED_TRACE(ToString(option));
    const absl::StatusOr<int> before = socket.GetOption(option);
    const absl::Status raised = socket.SetOption(option, value);
    if (!before.ok()) {
      EXPECT_THAT(before, HasCause(SocketError::kUnsupportedOperation));
      EXPECT_THAT(raised, HasCause(SocketError::kUnsupportedOperation));
      continue;
    }
    EXPECT_EQ(*before, 0);
    if (!raised.ok()) {
      EXPECT_THAT(raised, HasCause(SocketError::kSocketAccess));
    }
    EXPECT_EQ(*socket.GetOption(option), raised.ok() ? value : 0);
    EXPECT_THAT(socket.SetOption(option, 0), IsOk());
    EXPECT_EQ(*socket.GetOption(option), 0);
  }
}

// qt-contract 1.13: options set before bind() are lost there.
TEST_P(OptionTest, OptionsSetBeforeTheBindHoldAfterItAndOverLaterOnes) {
  UdpSocket socket(a());
  ASSERT_THAT(socket.SetOption(SocketOption::kHopLimit, 9), IsOk());
  ASSERT_THAT(socket.SetOption(SocketOption::kHopLimit, 10), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kHopLimit), 10);
  ASSERT_THAT(socket.Bind(), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kHopLimit), 10);
  ASSERT_THAT(socket.SetOption(SocketOption::kHopLimit, 11), IsOk());
  socket.Close();
  ASSERT_THAT(socket.Bind(), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kHopLimit), 11);
}

TEST_P(OptionTest, AnOptionThatThePlatformRefusesFailsTheBind) {
  UdpSocket socket(a());
  ASSERT_THAT(socket.SetOption(SocketOption::kBoundInterface, 9999), IsOk());
  const absl::Status status = socket.Bind();
  EXPECT_THAT(status, HasCause(SocketError::kNetwork));
  EXPECT_THAT(status, Says("9999"));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  ASSERT_THAT(socket.SetOption(SocketOption::kBoundInterface, 0), IsOk());
  EXPECT_THAT(socket.Bind(), IsOk());
}

TEST_P(OptionTest, AnOptionThatWasNeverSetCannotBeReadBeforeTheBind) {
  UdpSocket socket(a());
  EXPECT_THAT(socket.GetOption(SocketOption::kHopLimit), HasCause(SocketError::kOperation));
}

// udp-semantics 1.4 "SO_RCVBUF": stored value doubled, min 2304; SO_SNDBUF min 4608.
TEST_P(OptionTest, BuffersAreGrantedAsTheKernelSees) {
  UdpSocket socket = Bound(a(), IpAddress::AnyIpv4());
  ASSERT_THAT(socket.SetOption(SocketOption::kReceiveBufferSize, 10000), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kReceiveBufferSize), 20000);
  ASSERT_THAT(socket.SetOption(SocketOption::kReceiveBufferSize, 1), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kReceiveBufferSize), 2304);
  ASSERT_THAT(socket.SetOption(SocketOption::kSendBufferSize, 1), IsOk());
  EXPECT_EQ(*socket.GetOption(SocketOption::kSendBufferSize), 4608);
}

TEST_P(OptionTest, WhatThePlatformLacksIsUnsupported) {
  UdpSocket socket = Bound(a(), IpAddress::AnyIpv4());
  EXPECT_THAT(socket.SetOption(SocketOption::kExclusiveAddress, 1),
              HasCause(SocketError::kUnsupportedOperation));
  EXPECT_THAT(socket.GetOption(SocketOption::kExclusiveAddress),
              HasCause(SocketError::kUnsupportedOperation));
}

TEST_P(OptionTest, TheFamilyDecidesIpv6Only) {
  EXPECT_EQ(*Bound(a(), IpAddress::AnyIpv6()).GetOption(SocketOption::kIpv6Only), 1);
  EXPECT_EQ(*Bound(a(), IpAddress::Any()).GetOption(SocketOption::kIpv6Only), 0);
}

// udp-semantics 1.4 "DF": IP_MTU unconnected ENOTCONN; larger than the MTU with DF fails.
TEST_P(OptionTest, WithDontFragmentWhatIsLargerThanTheMtuFails) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  const std::string payload(1600, 'x');
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  EXPECT_EQ(*alice.GetOption(SocketOption::kPathMtu), 1500);
  ASSERT_THAT(alice.SetOption(SocketOption::kDontFragment, 1), IsOk());
  EXPECT_THAT(alice.Write(payload), HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(alice.Write(absl::string_view(payload).substr(0, 1472)), IsOk());
  EXPECT_THAT(alice.Write(absl::string_view(payload).substr(0, 1473)),
              HasCause(SocketError::kDatagramTooLarge));
  ASSERT_THAT(alice.SetOption(SocketOption::kDontFragment, 0), IsOk());
  EXPECT_THAT(alice.Write(payload), IsOk());
  EXPECT_EQ(ReadAll(bob).size(), 2u);
}

TEST_P(OptionTest, ThePathMtuNeedsAPeer) {
  const UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  EXPECT_FALSE(alice.GetOption(SocketOption::kPathMtu).ok());
}

TEST_P(OptionTest, MetadataComesOnlyWhenAskedFor) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.WriteDatagram("plain", bob.local_endpoint()), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "plain");
  EXPECT_EQ(info.destination, std::nullopt);
  EXPECT_EQ(info.interface_index, std::nullopt);
  EXPECT_EQ(info.hop_limit, std::nullopt);
  EXPECT_EQ(info.ecn, std::nullopt);
  EXPECT_EQ(info.kernel_time, std::nullopt);
  EXPECT_EQ(info.drop_count, std::nullopt);
}

TEST_P(OptionTest, MetadataTellsHowADatagramCame) {
  UdpSocket alice(a());
  ASSERT_THAT(alice.SetOption(SocketOption::kHopLimit, 33), IsOk());
  ASSERT_THAT(alice.SetOption(SocketOption::kTypeOfService, 1), IsOk());
  // What an IPv6 or dual socket lacks in other libraries is there too.
  const std::pair<IpAddress, IpAddress> cases[] = {
      {kB, kB}, {kB6, kB6}, {IpAddress::Any(), kB}, {IpAddress::Any(), kB6}};
  for (const auto& [bound, destination] : cases) {
    SCOPED_TRACE(bound.ToString() + " reached at " + destination.ToString());
    UdpSocket bob(b());
    ASSERT_THAT(bob.RequestMetadata(Metadata::kAll), IsOk());
    ASSERT_THAT(bob.Bind(bound, 0), IsOk());
    const absl::Time before = b().loop().WallNow();
    ASSERT_THAT(alice.WriteDatagram("x", Endpoint(destination, bob.local_endpoint().port)), IsOk());
    DatagramInfo info;
    EXPECT_EQ(Read(bob, &info), "x");
    EXPECT_EQ(info.destination, destination);
    EXPECT_EQ(info.interface_index, Interface(b(), "vb").index);
    EXPECT_EQ(info.hop_limit, 33);
    EXPECT_EQ(info.ecn, Ecn::kCapable1);
    ASSERT_TRUE(info.kernel_time.has_value());
    EXPECT_GE(*info.kernel_time, before - absl::Seconds(1));
    EXPECT_LE(*info.kernel_time, b().loop().WallNow() + absl::Seconds(1));
  }
}

TEST_P(OptionTest, MetadataCanBeAskedForAndDeclinedLater) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  DatagramInfo info;
  ASSERT_THAT(bob.RequestMetadata(Metadata::kHopLimit), IsOk());
  ASSERT_THAT(alice.WriteDatagram("with", bob.local_endpoint()), IsOk());
  EXPECT_EQ(Read(bob, &info), "with");
  EXPECT_EQ(info.hop_limit, 64);
  EXPECT_EQ(info.destination, std::nullopt);
  ASSERT_THAT(bob.RequestMetadata(Metadata::kNone), IsOk());
  ASSERT_THAT(alice.WriteDatagram("without", bob.local_endpoint()), IsOk());
  EXPECT_EQ(Read(bob, &info), "without");
  EXPECT_EQ(info.hop_limit, std::nullopt);
}

// qt-contract 1.6: QUdpSocket writes the IPv4 source where Linux does not look.
TEST_P(OptionTest, ADatagramCanChooseItsSourceHopLimitAndEcn) {
  for (const IpAddress& any : {IpAddress::AnyIpv4(), IpAddress::Any()}) {
    UdpSocket alice = Bound(a(), any), bob(b());
    ASSERT_THAT(bob.RequestMetadata(Metadata::kAll), IsOk());
    ASSERT_THAT(bob.Bind(kB, 0), IsOk());
    ASSERT_THAT(alice.WriteDatagram("x", bob.local_endpoint(),
                                    {.source = kASecond, .hop_limit = 7, .ecn = Ecn::kCapable0}),
                IsOk());
    DatagramInfo info;
    EXPECT_EQ(Read(bob, &info), "x");
    EXPECT_EQ(info.source, Endpoint(kASecond, alice.local_endpoint().port));
    EXPECT_EQ(info.hop_limit, 7);
    EXPECT_EQ(info.ecn, Ecn::kCapable0);
    // The next one is plain again.
    ASSERT_THAT(alice.WriteDatagram("y", bob.local_endpoint()), IsOk());
    EXPECT_EQ(Read(bob, &info), "y");
    EXPECT_EQ(info.source.address, kA);
    EXPECT_EQ(info.hop_limit, 64);
    EXPECT_EQ(info.ecn, Ecn::kNotCapable);
  }
}

// The interfaces of these beds have no queue that keeps transmit times.
TEST_P(OptionTest, ATransmitTimeIsTakenOrUnsupported) {
  for (const IpAddress& any : {IpAddress::AnyIpv4(), IpAddress::Any()}) {
    UdpSocket alice = Bound(a(), any), bob = Bound(b(), kB);
    const auto slot = [&](absl::string_view payload, std::optional<absl::Duration> delay) {
      SendSlot made = {.payload = payload, .destination = bob.local_endpoint()};
      if (delay.has_value()) made.options.transmit_time = a().loop().Now() + *delay;
      return made;
    };
    const SendSlot slots[] = {slot("plain", std::nullopt), slot("one", absl::Seconds(3)),
                              slot("two", absl::Milliseconds(1)), slot("three", std::nullopt)};
    if (a().platform() == Platform::kLinux) {
      EXPECT_EQ(alice.SendBatch(slots).value_or(0), 4u);
      EXPECT_THAT(ReadAll(bob), ::testing::ElementsAre("plain", "one", "two", "three"));
      continue;
    }
    const absl::Status status = alice.WriteDatagram("x", bob.local_endpoint(), slots[1].options);
    EXPECT_THAT(status, HasCause(SocketError::kUnsupportedOperation));
    EXPECT_THAT(status, Says("with a transmit time"));
    EXPECT_EQ(alice.SendBatch(slots).value_or(0), 1u);
    EXPECT_THAT(ReadAll(bob), ::testing::ElementsAre("plain"));
  }
}

TEST_P(OptionTest, ADatagramCanChooseItsInterface) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4()), bob = Bound(b(), IpAddress::AnyIpv4());
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDestination), IsOk());
  for (const char* wire : {"vb", "wb"}) {
    ASSERT_THAT(bob.JoinMulticastGroup(kGroup, Interface(b(), wire)), IsOk());
  }
  DatagramInfo info;
  ASSERT_THAT(alice.WriteDatagram("x", Endpoint(kGroup, bob.local_endpoint().port),
                                  {.interface_index = Interface(a(), "wa").index}),
              IsOk());
  EXPECT_EQ(Read(bob, &info), "x");
  EXPECT_EQ(info.interface_index, Interface(b(), "wb").index);
  EXPECT_EQ(info.source.address, kAOther);
}

TEST_P(OptionTest, ASourceThatIsNotOursIsRefused) {
  UdpSocket alice = Bound(a(), IpAddress::AnyIpv4());
  EXPECT_FALSE(alice.WriteDatagram("x", Endpoint(kB, 9), {.source = kB}).ok());
  EXPECT_EQ(alice.state(), SocketState::kBound);
}

TEST_P(OptionTest, TheInterfacesOfAHostAreListedByIndex) {
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = a().Interfaces();
  ASSERT_THAT(interfaces, IsOk());
  std::vector<std::string> names;
  for (const NetworkInterface& interface : *interfaces) names.push_back(interface.name);
  EXPECT_THAT(names, ElementsAre("lo", "va", "wa"));
  const NetworkInterface& lo = (*interfaces)[0];
  EXPECT_TRUE(lo.loopback && lo.up);
  EXPECT_EQ(lo.index, 1u);
  EXPECT_EQ(lo.PrimaryIpv4(), IpAddress::LoopbackIpv4());
  const NetworkInterface& va = (*interfaces)[1];
  EXPECT_TRUE(va.up && va.running && va.can_broadcast && va.can_multicast);
  EXPECT_FALSE(va.loopback || va.point_to_point);
  EXPECT_EQ(va.mtu, 1500u);
  EXPECT_EQ(va.PrimaryIpv4(), kA);
  ASSERT_GE(va.addresses.size(), 3u);
  EXPECT_EQ(va.addresses[0].prefix_length, 24);
  EXPECT_EQ(va.addresses[0].broadcast, kSubnetBroadcast);
  EXPECT_EQ(va.addresses[1].address, kASecond);
  EXPECT_THAT(va.addresses, ::testing::Contains(InterfaceAddress{kA6, 64, std::nullopt}));
}

// udp-semantics 1.4 "IPV6_DONTFRAG > mtu-48 EMSGSIZE".
TEST_P(OptionTest, DontFragmentCountsTheLongerHeaderOfIpv6) {
  UdpSocket alice = Bound(a(), kA6), bob = Bound(b(), kB6);
  ASSERT_THAT(alice.SetOption(SocketOption::kDontFragment, 1), IsOk());
  EXPECT_THAT(alice.WriteDatagram(std::string(1453, 'x'), bob.local_endpoint()),
              HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(alice.WriteDatagram(std::string(1452, 'x'), bob.local_endpoint()), IsOk());
  EXPECT_EQ(Read(bob).size(), 1452u);
}

// udp-semantics 1.4 "SO_RCVBUF: negative counts as huge", in as far as the seam lets it through:
// the largest value is cut.
TEST_P(OptionTest, HugeBuffersAreCut) {
  UdpSocket socket = Bound(a(), IpAddress::AnyIpv4());
  EXPECT_GE(*socket.GetOption(SocketOption::kReceiveBufferSize), 200000);
  ASSERT_THAT(socket.SetOption(SocketOption::kReceiveBufferSize, 1 << 30), IsOk());
  EXPECT_LT(*socket.GetOption(SocketOption::kReceiveBufferSize), 1 << 30);
}

}  // namespace
}  // namespace pollux::conformance
