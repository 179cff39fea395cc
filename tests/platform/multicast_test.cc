// SPDX-License-Identifier: Apache-2.0
//
// Groups, interfaces and broadcast, on the two hosts of the lab.

#include <array>
#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "tools/lab/lab.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

constexpr uint32_t kVa = 11;
constexpr uint32_t kWa = 12;
constexpr uint32_t kVb = 21;
constexpr uint32_t kWb = 22;

class MulticastTest : public EngineTest {
 protected:
  void SetUp() override {
    if (!lab_.ok()) GTEST_SKIP() << lab_.status();
    b_ = *lab_->NewEngine(lab::Host::kB);
  }

  std::unique_ptr<EngineSocket> BoundOnB(AddressFamily family) {
    std::unique_ptr<EngineSocket> socket = *b_->NewUdpSocket(family);
    EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), IsOk());
    return socket;
  }

  // What was sent on a veth cable has arrived when the call returns, or soon: the receiving side is
  // another softirq. This waits for the datagrams, and for nothing where there shall be none.
  std::vector<std::string> Await(EngineSocket& socket, size_t count) {
    std::vector<std::string> payloads;
    Listen(socket, [&] {
      for (std::string& payload : Drain(socket)) payloads.push_back(payload);
    });
    b_->loop().RunUntil([&] { return payloads.size() >= count; }, absl::Seconds(20));
    return payloads;
  }

  // The lab is entered before the engine of the fixture's base is used, and by then it sees host A.
  const absl::StatusOr<lab::Lab> lab_ = lab::EnterLab();
  std::unique_ptr<SocketEngine> b_;
};

struct GroupCase {
  const char* name;
  AddressFamily family;
  IpAddress group;
};
class GroupTest : public MulticastTest, public ::testing::WithParamInterface<GroupCase> {
 protected:
  const IpAddress group_ = GetParam().group;
};

const IpAddress kGroup4 = IpAddress::Ipv4(239, 255, 43, 21);
const IpAddress kGroup6 = *IpAddress::Parse("ff15::4321");

INSTANTIATE_TEST_SUITE_P(Groups, GroupTest,
                         ::testing::Values(GroupCase{"IPv4", AddressFamily::kIpv4, kGroup4},
                                           GroupCase{"IPv6", AddressFamily::kIpv6, kGroup6},
                                           GroupCase{"DualIpv4", AddressFamily::kDual, kGroup4},
                                           GroupCase{"DualIpv6", AddressFamily::kDual, kGroup6}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(GroupTest, AMemberHearsTheGroupOnItsInterface) {
  auto member = BoundOnB(GetParam().family);
  ASSERT_THAT(member->RequestMetadata(Metadata::kDestination), IsOk());
  ASSERT_THAT(member->Join({.group = group_, .interface_index = kWb, .source = {}}), IsOk());
  auto sender = NewSocket(GetParam().family);
  const Endpoint to(group_, member->LocalEndpoint().port);
  ASSERT_THAT(sender->SetMulticastInterface(kVa), IsOk());
  ASSERT_THAT(SendOne(*sender, "by va, where nobody listens", to), IsOk());
  ASSERT_THAT(sender->SetMulticastInterface(kWa), IsOk());
  EXPECT_EQ(*sender->MulticastInterface(), kWa);
  ASSERT_THAT(SendOne(*sender, "by wa", to), IsOk());
  bool ready = false;
  Listen(*member, [&] { ready = true; });
  ASSERT_TRUE(b_->loop().RunUntil([&] { return ready; }, absl::Seconds(20)));
  const std::optional<Datagram> heard = ReceiveOne(*member);
  ASSERT_TRUE(heard.has_value());
  EXPECT_EQ(heard->payload, "by wa");
  EXPECT_THAT(heard->info.destination, Optional(group_));
  EXPECT_THAT(heard->info.interface_index, Optional(kWb));
}

TEST_P(GroupTest, AnInterfaceChosenForOneDatagramIsItsAlone) {
  auto member = BoundOnB(GetParam().family);
  ASSERT_THAT(member->Join({.group = group_, .interface_index = kVb, .source = {}}), IsOk());
  ASSERT_THAT(member->Join({.group = group_, .interface_index = kWb, .source = {}}), IsOk());
  ASSERT_THAT(member->RequestMetadata(Metadata::kDestination), IsOk());
  auto sender = NewSocket(GetParam().family);
  ASSERT_THAT(sender->SetMulticastInterface(kVa), IsOk());
  const Endpoint to(group_, member->LocalEndpoint().port);
  ASSERT_THAT(SendOne(*sender, "1", to, {.interface_index = kWa}), IsOk());
  ASSERT_THAT(SendOne(*sender, "2", to), IsOk());
  std::vector<uint32_t> interfaces;
  Listen(*member, [&] {
    while (std::optional<Datagram> in = ReceiveOne(*member)) {
      interfaces.push_back(*in->info.interface_index);
    }
  });
  b_->loop().RunUntil([&] { return interfaces.size() == 2; }, absl::Seconds(20));
  EXPECT_THAT(interfaces, ::testing::UnorderedElementsAre(kVb, kWb));
}

TEST_P(GroupTest, ALeaveEndsTheMembership) {
  auto member = BoundOnB(GetParam().family);
  const GroupMembership membership{.group = group_, .interface_index = kVb, .source = {}};
  ASSERT_THAT(member->Join(membership), IsOk());
  EXPECT_THAT(member->Join(membership), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(member->Leave(membership), IsOk());
  EXPECT_THAT(member->Leave(membership), HasCause(SocketError::kSocketAddressNotAvailable));
  EXPECT_THAT(member->Join(membership), IsOk());
}

TEST_P(GroupTest, ThePlatformChoosesWhereNoInterfaceIsGiven) {
  auto member = NewBound(GetParam().family);
  const GroupMembership membership{.group = group_, .interface_index = 0, .source = {}};
  EXPECT_THAT(member->Join(membership), IsOk());
  EXPECT_THAT(member->Join(membership), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(member->Leave(membership), IsOk());
}

TEST_P(GroupTest, ASourceSpecificMemberHearsThatSourceAlone) {
  const bool ipv4 = group_.is_ipv4();
  const IpAddress source = ipv4 ? IpAddress::Ipv4(10, 77, 0, 1) : *IpAddress::Parse("fd77::1");
  const IpAddress other = ipv4 ? IpAddress::Ipv4(10, 77, 0, 11) : *IpAddress::Parse("fd78::1");
  auto member = BoundOnB(GetParam().family);
  const GroupMembership membership{.group = group_, .interface_index = kVb, .source = source};
  ASSERT_THAT(member->Join(membership), IsOk());
  EXPECT_THAT(member->Join(membership), HasCause(SocketError::kAddressInUse));
  auto sender = NewSocket(GetParam().family);
  const Endpoint to(group_, member->LocalEndpoint().port);
  ASSERT_THAT(SendOne(*sender, "other", to, {.source = other, .interface_index = kVa}), IsOk());
  ASSERT_THAT(SendOne(*sender, "source", to, {.source = source, .interface_index = kVa}), IsOk());
  EXPECT_THAT(Await(*member, 1), ElementsAre("source"));
  EXPECT_THAT(member->Leave(membership), IsOk());
  EXPECT_THAT(member->Leave(membership), HasCause(SocketError::kSocketAddressNotAvailable));
}

TEST_P(GroupTest, MistakesAreNamed) {
  auto socket = NewBound(GetParam().family);
  const IpAddress unicast =
      group_.is_ipv4() ? IpAddress::Ipv4(10, 77, 0, 2) : IpAddress::LoopbackIpv6();
  for (const auto change : {&EngineSocket::Join, &EngineSocket::Leave}) {
    const absl::Status status =
        ((*socket).*change)({.group = unicast, .interface_index = kVa, .source = {}});
    EXPECT_THAT(status, HasNumber(EINVAL));
    EXPECT_THAT(status, HasCause(SocketError::kOperation));
    EXPECT_THAT(status, Says(unicast.ToString()));
  }
  const absl::Status unknown =
      socket->Join({.group = group_, .interface_index = 4242, .source = {}});
  EXPECT_THAT(unknown, HasCause(SocketError::kNetwork));
  EXPECT_THAT(unknown, Says(group_.ToString() + " on interface 4242"));
  EXPECT_THAT(socket->Join({.group = group_, .interface_index = 4242, .source = unicast}),
              HasCause(SocketError::kNetwork));
  EXPECT_THAT(socket->Join({.group = group_, .interface_index = kVa, .source = group_}),
              HasNumber(EINVAL));
  const IpAddress wrong = group_.is_ipv4() ? IpAddress::LoopbackIpv6() : IpAddress::LoopbackIpv4();
  EXPECT_THAT(socket->Join({.group = group_, .interface_index = kVa, .source = wrong}),
              HasNumber(EAFNOSUPPORT));
}

TEST_P(GroupTest, TheInterfaceForGroupsIsRememberedAndGivenBack) {
  auto socket = NewBound(GetParam().family);
  EXPECT_EQ(*socket->MulticastInterface(), 0u);
  ASSERT_THAT(socket->SetMulticastInterface(kWa), IsOk());
  const absl::Status unknown = socket->SetMulticastInterface(4242);
  EXPECT_THAT(unknown, HasCause(SocketError::kNetwork));
  EXPECT_THAT(unknown, Says("4242"));
  EXPECT_EQ(*socket->MulticastInterface(), kWa);
  EXPECT_THAT(socket->SetMulticastInterface(0), IsOk());
  EXPECT_EQ(*socket->MulticastInterface(), 0u);
}

TEST_P(GroupTest, OwnDatagramsComeBackUnlessLoopbackIsOff) {
  auto socket = NewBound(GetParam().family);
  ASSERT_THAT(socket->Join({.group = group_, .interface_index = kVa, .source = {}}), IsOk());
  ASSERT_THAT(socket->SetMulticastInterface(kVa), IsOk());
  const Endpoint to(group_, socket->LocalEndpoint().port);
  ASSERT_THAT(socket->SetOption(SocketOption::kMulticastLoopback, 0), IsOk());
  ASSERT_THAT(SendOne(*socket, "silent", to), IsOk());
  ASSERT_THAT(socket->SetOption(SocketOption::kMulticastLoopback, 1), IsOk());
  ASSERT_THAT(SendOne(*socket, "heard", to), IsOk());
  std::vector<std::string> heard;
  Listen(*socket, [&] {
    for (std::string& payload : Drain(*socket)) heard.push_back(payload);
  });
  EXPECT_TRUE(RunUntil([&] { return !heard.empty(); }));
  EXPECT_THAT(heard, ElementsAre("heard"));
}

TEST_P(GroupTest, WhereTheSecondProtocolRefusesTheInterfaceTheFirstIsPutBack) {
  if (GetParam().family != AddressFamily::kDual) return;
  auto socket = NewBound(AddressFamily::kDual);
  ASSERT_THAT(socket->SetMulticastInterface(kVa), IsOk());
  calls_->Fail(Call::kSetSockOpt, ENOBUFS, 1, /*after=*/1);
  EXPECT_THAT(socket->SetMulticastInterface(kWa), HasCause(SocketError::kSocketResource));
  EXPECT_EQ(*socket->MulticastInterface(), kVa);
  int index = 0;
  socklen_t length = sizeof(index);
  calls_->GetSockOpt(static_cast<int>(*socket->native_handle()), IPPROTO_IPV6, IPV6_MULTICAST_IF,
                     &index, &length);
  EXPECT_EQ(index, static_cast<int>(kVa));
}

TEST_F(MulticastTest, AGroupOfAnotherFamilyIsRefused) {
  auto ipv4 = NewBound(AddressFamily::kIpv4);
  EXPECT_THAT(ipv4->Join({.group = kGroup6, .interface_index = kVa, .source = {}}),
              HasNumber(EAFNOSUPPORT));
  auto ipv6 = NewBound(AddressFamily::kIpv6);
  EXPECT_THAT(ipv6->Join({.group = kGroup4, .interface_index = kVa, .source = {}}),
              HasNumber(EAFNOSUPPORT));
}

TEST_F(MulticastTest, AGroupsScopeNamesTheInterface) {
  auto member = BoundOnB(AddressFamily::kIpv6);
  const IpAddress group = *IpAddress::Parse("ff02::4321");
  ASSERT_THAT(member->Join({.group = group.WithScope(kVb), .interface_index = 0, .source = {}}),
              IsOk());
  EXPECT_THAT(member->Join({.group = group, .interface_index = kVb, .source = {}}),
              HasCause(SocketError::kAddressInUse));
  auto sender = NewSocket(AddressFamily::kIpv6);
  const Endpoint to(group.WithScope(kVa), member->LocalEndpoint().port);
  ASSERT_THAT(SendOne(*sender, "scoped", to), IsOk());
  EXPECT_THAT(Await(*member, 1), ElementsAre("scoped"));
}

TEST_F(MulticastTest, BeyondTheKernelsLimitIsSocketResource) {
  auto socket = NewBound(AddressFamily::kIpv4);
  absl::Status status;
  for (uint8_t i = 1; i < 255 && status.ok(); ++i) {
    status = socket->Join(
        {.group = IpAddress::Ipv4(239, 1, 1, i), .interface_index = kVa, .source = {}});
  }
  EXPECT_THAT(status, HasCause(SocketError::kSocketResource));
}

TEST_F(MulticastTest, ALinkLocalPeerKeepsItsScope) {
  auto server = BoundOnB(AddressFamily::kIpv6);
  ASSERT_THAT(server->RequestMetadata(Metadata::kDestination), IsOk());
  auto client = NewBound(AddressFamily::kIpv6);
  const Endpoint to(*IpAddress::Parse("fe80::21%11"), server->LocalEndpoint().port);
  ASSERT_THAT(SendOne(*client, "ask", to), IsOk());
  bool ready = false;
  Listen(*server, [&] { ready = true; });
  ASSERT_TRUE(b_->loop().RunUntil([&] { return ready; }, absl::Seconds(20)));
  const Datagram asked = *ReceiveOne(*server);
  EXPECT_EQ(asked.info.source.address, *IpAddress::Parse("fe80::11%21"));
  EXPECT_THAT(asked.info.destination, Optional(*IpAddress::Parse("fe80::21%21")));
  // The answer goes from where the question went to.
  ASSERT_THAT(SendOne(*server, "answer", asked.info.source, {.source = *asked.info.destination}),
              IsOk());
  std::optional<Datagram> answer;
  Listen(*client, [&] { answer = ReceiveOne(*client); });
  ASSERT_TRUE(RunUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->info.source, to);
}

TEST_F(MulticastTest, ASecondAddressCanBeTheSource) {
  for (const AddressFamily family : {AddressFamily::kIpv4, AddressFamily::kDual}) {
    auto receiver = BoundOnB(family);
    auto sender = NewSocket(family);
    const Endpoint to(IpAddress::Ipv4(10, 77, 0, 2), receiver->LocalEndpoint().port);
    const IpAddress second = IpAddress::Ipv4(10, 77, 0, 11);
    ASSERT_THAT(SendOne(*sender, "x", to, {.source = second}), IsOk());
    bool ready = false;
    Listen(*receiver, [&] { ready = true; });
    ASSERT_TRUE(b_->loop().RunUntil([&] { return ready; }, absl::Seconds(20)));
    EXPECT_EQ(ReceiveOne(*receiver)->info.source.address, second);
  }
}

TEST_F(MulticastTest, BroadcastNeedsItsOption) {
  auto receiver = BoundOnB(AddressFamily::kIpv4);
  auto sender = NewSocket(AddressFamily::kIpv4);
  const Endpoint to(IpAddress::Ipv4(10, 77, 0, 255), receiver->LocalEndpoint().port);
  EXPECT_THAT(SendOne(*sender, "x", to), HasCause(SocketError::kSocketAccess));
  EXPECT_EQ(sender->TakeAsyncError(), std::nullopt);
  ASSERT_THAT(sender->SetOption(SocketOption::kBroadcast, 1), IsOk());
  ASSERT_THAT(SendOne(*sender, "x", to), IsOk());
  EXPECT_THAT(Await(*receiver, 1), ElementsAre("x"));
}

TEST_F(MulticastTest, NoRouteIsANetworkErrorOfTheCall) {
  auto socket = *b_->NewUdpSocket(AddressFamily::kIpv4);
  const Endpoint nowhere(IpAddress::Ipv4(192, 0, 2, 1), 9);
  EXPECT_THAT(SendOne(*socket, "x", nowhere), HasNumber(ENETUNREACH));
  EXPECT_THAT(socket->Connect(nowhere), HasCause(SocketError::kNetwork));
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
}

TEST_F(MulticastTest, ThePathMtuIsTheWires) {
  auto socket = NewSocket(AddressFamily::kDual);
  for (const char* peer : {"10.77.0.2", "fd77::2"}) {
    ASSERT_THAT(socket->Connect(Endpoint(*IpAddress::Parse(peer), 9)), IsOk());
    EXPECT_EQ(*socket->GetOption(SocketOption::kPathMtu), 1500);
    ASSERT_THAT(socket->Disconnect(), IsOk());
  }
}

TEST_F(MulticastTest, DontFragmentRefusesWhatIsLargerThanTheWire) {
  for (const char* peer : {"10.77.0.2", "fd77::2"}) {
    SCOPED_TRACE(peer);
    auto socket = NewSocket(AddressFamily::kDual);
    const Endpoint to(*IpAddress::Parse(peer), 9);
    ASSERT_THAT(SendOne(*socket, std::string(1473, 'x'), to), IsOk());
    ASSERT_THAT(socket->SetOption(SocketOption::kDontFragment, 1), IsOk());
    EXPECT_THAT(SendOne(*socket, std::string(1473, 'x'), to),
                HasCause(SocketError::kDatagramTooLarge));
    EXPECT_THAT(SendOne(*socket, std::string(1400, 'x'), to), IsOk());
  }
}

TEST_F(MulticastTest, ABoundInterfaceLimitsWhatIsHeard) {
  auto receiver = *b_->NewUdpSocket(AddressFamily::kIpv4);
  ASSERT_THAT(receiver->SetOption(SocketOption::kBoundInterface, kWb), IsOk());
  EXPECT_EQ(*receiver->GetOption(SocketOption::kBoundInterface), static_cast<int>(kWb));
  ASSERT_THAT(receiver->Bind(Endpoint(IpAddress(), 0)), IsOk());
  auto sender = NewSocket(AddressFamily::kIpv4);
  const uint16_t port = receiver->LocalEndpoint().port;
  ASSERT_THAT(SendOne(*sender, "v", Endpoint(IpAddress::Ipv4(10, 77, 0, 2), port)), IsOk());
  ASSERT_THAT(SendOne(*sender, "w", Endpoint(IpAddress::Ipv4(10, 78, 0, 2), port)), IsOk());
  EXPECT_THAT(Await(*receiver, 1), ElementsAre("w"));
}

TEST_F(MulticastTest, AnUnreachablePortOfAnotherHostIsAnAsynchronousError) {
  auto socket = NewSocket(AddressFamily::kIpv4);
  const Endpoint closed(IpAddress::Ipv4(10, 77, 0, 2), 9);
  ASSERT_THAT(socket->Connect(closed), IsOk());
  std::optional<AsyncError> error;
  Listen(*socket, [&] { error = socket->TakeAsyncError(); });
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  ASSERT_TRUE(RunUntil([&] { return error.has_value(); }));
  EXPECT_THAT(error->status, HasCause(SocketError::kConnectionRefused));
  EXPECT_EQ(error->destination, closed);
}

TEST_F(MulticastTest, TheInterfaceTableTellsWhatThereIs) {
  const std::vector<NetworkInterface> interfaces = *engine_->Interfaces();
  ASSERT_EQ(interfaces.size(), 3u);
  const NetworkInterface& lo = interfaces[0];
  EXPECT_EQ(lo.name, "lo");
  EXPECT_TRUE(lo.loopback && lo.up && lo.running);
  EXPECT_FALSE(lo.can_broadcast || lo.can_multicast || lo.point_to_point);
  EXPECT_EQ(lo.mtu, 65536u);
  EXPECT_EQ(lo.hardware_address, (std::array<uint8_t, 6>{}));
  const NetworkInterface& va = interfaces[1];
  EXPECT_EQ(va.name, "va");
  EXPECT_EQ(va.display_name, "va");
  EXPECT_EQ(va.index, kVa);
  EXPECT_EQ(va.mtu, 1500u);
  EXPECT_TRUE(va.up && va.running && va.can_broadcast && va.can_multicast);
  EXPECT_FALSE(va.loopback || va.point_to_point);
  EXPECT_EQ(va.hardware_address, (std::array<uint8_t, 6>{2, 0, 0, 0, 0, kVa}));
  EXPECT_EQ(va.PrimaryIpv4(), IpAddress::Ipv4(10, 77, 0, 1));
  ASSERT_FALSE(va.addresses.empty());
  EXPECT_EQ(va.addresses[0].prefix_length, 24);
  EXPECT_THAT(va.addresses[0].broadcast, Optional(IpAddress::Ipv4(10, 77, 0, 255)));
  EXPECT_FALSE(va.addresses.back().broadcast.has_value());
}

}  // namespace
}  // namespace pollux::linux_engine
