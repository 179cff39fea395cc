// SPDX-License-Identifier: Apache-2.0
//
// Binding, connecting, sending and receiving on loopback, for each family.

#include <fcntl.h>

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

const IpAddress kV4 = IpAddress::LoopbackIpv4();
const IpAddress kV6 = IpAddress::LoopbackIpv6();

class SocketTest : public EngineTest {
 protected:
  // A receive batch with room for `count` datagrams of `room` bytes.
  struct Batch {
    Batch(size_t count, size_t room) : buffers(count, std::string(room, '\0')) {
      for (std::string& buffer : buffers) {
        slots.push_back({.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}});
      }
    }
    std::vector<std::string> buffers;
    std::vector<ReceiveSlot> slots;
  };
};

// What differs between families.
struct FamilyCase {
  AddressFamily family;
  IpAddress wildcard;
  IpAddress loopback;
};
class FamilyTest : public SocketTest, public ::testing::WithParamInterface<FamilyCase> {};

INSTANTIATE_TEST_SUITE_P(Families, FamilyTest,
                         ::testing::Values(FamilyCase{AddressFamily::kIpv4, IpAddress::AnyIpv4(),
                                                      IpAddress::LoopbackIpv4()},
                                           FamilyCase{AddressFamily::kIpv6, IpAddress::AnyIpv6(),
                                                      IpAddress::LoopbackIpv6()},
                                           FamilyCase{AddressFamily::kDual, IpAddress::Any(),
                                                      IpAddress::LoopbackIpv4()}),
                         [](const auto& test) { return std::string(ToString(test.param.family)); });

TEST_P(FamilyTest, ANewSocketHasTheFlagsThatItShould) {
  auto socket = NewSocket(GetParam().family);
  const int fd = static_cast<int>(*socket->native_handle());
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(socket->LocalEndpoint().port, 0);
}

TEST_P(FamilyTest, TheUnsetAddressBindsTheFamilysWildcard) {
  auto socket = NewBound(GetParam().family);
  EXPECT_EQ(socket->LocalEndpoint().address, GetParam().wildcard);
  EXPECT_NE(socket->LocalEndpoint().port, 0);
}

TEST_P(FamilyTest, DatagramsGoThereAndBack) {
  auto server = NewBound(GetParam().family);
  auto client = NewSocket(GetParam().family);
  const Endpoint to(GetParam().loopback, server->LocalEndpoint().port);
  EXPECT_THAT(SendOne(*client, "ask", to), IsOk());
  EXPECT_NE(client->LocalEndpoint().port, 0) << "sending binds";
  std::optional<Datagram> asked = ReceiveOne(*server);
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->payload, "ask");
  EXPECT_EQ(asked->info.source, Endpoint(GetParam().loopback, client->LocalEndpoint().port));
  EXPECT_FALSE(asked->info.truncated);
  EXPECT_FALSE(asked->info.destination.has_value());
  EXPECT_THAT(SendOne(*server, "answer", asked->info.source), IsOk());
  EXPECT_EQ(ReceiveOne(*client)->payload, "answer");
}

TEST_P(FamilyTest, AnEmptyDatagramIsADatagram) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  EXPECT_EQ(socket->PendingDatagramSize(), std::nullopt);
  EXPECT_THAT(SendOne(*socket, "", self), IsOk());
  EXPECT_THAT(socket->PendingDatagramSize(), Optional(0u));
  EXPECT_EQ(ReceiveOne(*socket)->payload, "");
  EXPECT_EQ(ReceiveOne(*socket), std::nullopt);
}

TEST_P(FamilyTest, ASmallBufferTruncatesAndAnEmptyOneDiscards) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  for (const char* payload : {"truncated", "discarded", "whole"}) {
    EXPECT_THAT(SendOne(*socket, payload, self), IsOk());
  }
  EXPECT_THAT(socket->PendingDatagramSize(), Optional(9u));
  const std::optional<Datagram> cut = ReceiveOne(*socket, 5);
  EXPECT_EQ(cut->payload, "trunc");
  EXPECT_TRUE(cut->info.truncated);
  EXPECT_EQ(ReceiveOne(*socket, 0)->payload, "");
  const std::optional<Datagram> whole = ReceiveOne(*socket, 5);
  EXPECT_EQ(whole->payload, "whole");
  EXPECT_FALSE(whole->info.truncated);
}

TEST_P(FamilyTest, TheSameHoldsForBatches) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  const std::vector<SendSlot> out = {
      {"truncated", self, {}}, {"discarded", self, {}}, {"whole", self, {}}, {"", self, {}}};
  EXPECT_EQ(*socket->Send(out), 4u);
  Batch in(6, 5);
  in.slots[1].buffer = {};
  ASSERT_EQ(*socket->Receive(absl::MakeSpan(in.slots)), 4u);
  EXPECT_EQ(in.slots[0].payload(), "trunc");
  EXPECT_TRUE(in.slots[0].info.truncated);
  EXPECT_EQ(in.slots[1].size, 0u);
  EXPECT_TRUE(in.slots[1].info.truncated);
  EXPECT_EQ(in.slots[2].payload(), "whole");
  EXPECT_FALSE(in.slots[2].info.truncated);
  EXPECT_EQ(in.slots[3].payload(), "");
  EXPECT_FALSE(in.slots[3].info.truncated);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(in.slots[i].info.source, self);
}

TEST_P(FamilyTest, ABatchLargerThanOneSystemCallKeepsItsOrder) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  constexpr size_t kCount = 3 * IncomingBatch::kMessages / 2;
  std::vector<std::string> payloads;
  for (size_t i = 0; i < kCount; ++i) payloads.push_back(std::to_string(i));
  std::vector<SendSlot> out;
  for (const std::string& payload : payloads) {
    out.push_back({.payload = payload, .destination = self, .options = {}});
  }
  EXPECT_EQ(*socket->Send(out), kCount);
  Batch in(kCount + 10, 8);
  ASSERT_EQ(*socket->Receive(absl::MakeSpan(in.slots)), kCount);
  for (size_t i = 0; i < kCount; ++i) EXPECT_EQ(in.slots[i].payload(), payloads[i]);
}

TEST_P(FamilyTest, AConnectedSocketHearsItsPeerAloneAndSendsWithoutDestination) {
  auto peer = NewBound(GetParam().family);
  auto other = NewBound(GetParam().family);
  auto socket = NewBound(GetParam().family);
  const uint16_t port = socket->LocalEndpoint().port;
  ASSERT_THAT(socket->Connect(Endpoint(GetParam().loopback, peer->LocalEndpoint().port)), IsOk());
  EXPECT_EQ(socket->LocalEndpoint(), Endpoint(GetParam().loopback, port));
  const Endpoint to(GetParam().loopback, port);
  EXPECT_THAT(SendOne(*other, "ignored", to), IsOk());
  EXPECT_THAT(SendOne(*peer, "heard", to), IsOk());
  EXPECT_THAT(Drain(*socket), ElementsAre("heard"));
  EXPECT_THAT(SendOne(*socket, "to the peer"), IsOk());
  EXPECT_THAT(Drain(*peer), ElementsAre("to the peer"));
  // One to somebody else leaves the peer as it is.
  EXPECT_THAT(SendOne(*socket, "aside", Endpoint(GetParam().loopback, other->LocalEndpoint().port)),
              IsOk());
  EXPECT_THAT(Drain(*other), ElementsAre("aside"));
  EXPECT_THAT(SendOne(*socket, "to the peer"), IsOk());
  EXPECT_THAT(Drain(*peer), ElementsAre("to the peer"));
  // And connecting again changes it.
  ASSERT_THAT(socket->Connect(Endpoint(GetParam().loopback, other->LocalEndpoint().port)), IsOk());
  EXPECT_THAT(SendOne(*socket, "to the new peer"), IsOk());
  EXPECT_THAT(Drain(*other), ElementsAre("to the new peer"));
}

TEST_P(FamilyTest, DisconnectGivesBackWhatTheBindChose) {
  auto peer = NewBound(GetParam().family);
  const Endpoint peer_endpoint(GetParam().loopback, peer->LocalEndpoint().port);
  for (const IpAddress& address : {IpAddress(), GetParam().loopback}) {
    auto socket = NewSocket(GetParam().family);
    // The kernel forgets a port that it chose itself.
    ASSERT_THAT(socket->Bind(Endpoint(address, 0)), IsOk());
    const Endpoint bound = socket->LocalEndpoint();
    ASSERT_THAT(socket->Connect(peer_endpoint), IsOk());
    ASSERT_THAT(socket->Connect(peer_endpoint), IsOk());
    ASSERT_THAT(socket->Disconnect(), IsOk());
    EXPECT_EQ(socket->LocalEndpoint(), bound);
    EXPECT_THAT(SendOne(*peer, "hello", LoopbackOf(*socket, GetParam().family)), IsOk());
    EXPECT_THAT(Drain(*socket), ElementsAre("hello"));
    EXPECT_THAT(SendOne(*socket, "nobody"), HasCause(SocketError::kNetwork));
  }
}

TEST_P(FamilyTest, DisconnectGivesBackAnExplicitPort) {
  auto placeholder = NewBound(GetParam().family);
  const Endpoint wanted = placeholder->LocalEndpoint();
  placeholder.reset();
  auto socket = NewSocket(GetParam().family);
  ASSERT_THAT(socket->Bind(wanted), IsOk());
  ASSERT_THAT(socket->Connect(Endpoint(GetParam().loopback, 9)), IsOk());
  ASSERT_THAT(socket->Disconnect(), IsOk());
  EXPECT_EQ(socket->LocalEndpoint(), wanted);
}

TEST_P(FamilyTest, ConnectBindsAndDisconnectUnbindsASocketThatWasNot) {
  auto socket = NewSocket(GetParam().family);
  ASSERT_THAT(socket->Connect(Endpoint(GetParam().loopback, 9)), IsOk());
  EXPECT_NE(socket->LocalEndpoint().port, 0);
  ASSERT_THAT(socket->Disconnect(), IsOk());
  EXPECT_EQ(socket->LocalEndpoint().port, 0);
  EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), IsOk());
}

TEST_P(FamilyTest, DisconnectWithoutAPeerDoesNothing) {
  auto socket = NewBound(GetParam().family);
  const Endpoint bound = socket->LocalEndpoint();
  EXPECT_THAT(socket->Disconnect(), IsOk());
  EXPECT_EQ(socket->LocalEndpoint(), bound);
}

TEST_P(FamilyTest, ASendNeedsADestinationThatCanBeOne) {
  auto socket = NewSocket(GetParam().family);
  EXPECT_THAT(SendOne(*socket, "x"), HasNumber(EDESTADDRREQ));
  EXPECT_THAT(SendOne(*socket, "x"), HasCause(SocketError::kNetwork));
  EXPECT_THAT(SendOne(*socket, "x", Endpoint(IpAddress::Any(), 9)),
              HasCause(SocketError::kNetwork));
  EXPECT_THAT(SendOne(*socket, "x", Endpoint(GetParam().loopback, 0)),
              HasCause(SocketError::kNetwork));
  EXPECT_THAT(SendOne(*socket, "x", Endpoint(GetParam().loopback, 0)), Says("port 0"));
  EXPECT_THAT(socket->Connect(Endpoint()), HasCause(SocketError::kNetwork));
  EXPECT_THAT(socket->Connect(Endpoint(GetParam().loopback, 0)), HasCause(SocketError::kNetwork));
  EXPECT_EQ(socket->LocalEndpoint().port, 0);
}

TEST_P(FamilyTest, WhatDoesNotFitTheProtocolIsTooLarge) {
  auto socket = NewSocket(GetParam().family);
  const std::string payload(66000, 'x');
  EXPECT_THAT(SendOne(*socket, payload, Endpoint(GetParam().loopback, 9)),
              HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(SendOne(*socket, payload, Endpoint(GetParam().loopback, 9)), Says("66000 bytes"));
}

TEST_P(FamilyTest, ASecondBindFailsAndKeepsTheFirst) {
  auto socket = NewBound(GetParam().family);
  const Endpoint bound = socket->LocalEndpoint();
  EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), HasCause(SocketError::kOperation));
  EXPECT_EQ(socket->LocalEndpoint(), bound);
}

TEST_P(FamilyTest, APortInUseIsNamed) {
  auto holder = NewBound(GetParam().family);
  auto socket = NewSocket(GetParam().family);
  const Endpoint wanted = holder->LocalEndpoint();
  EXPECT_THAT(socket->Bind(wanted), HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(socket->Bind(wanted), Says("bind " + wanted.ToString() + ": "));
}

TEST_P(FamilyTest, APartialBatchTellsHowManyWereSent) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  const std::string large(66000, 'x');
  const std::vector<SendSlot> batch = {
      {"1", self, {}}, {"2", self, {}}, {large, self, {}}, {"4", self, {}}};
  EXPECT_EQ(*socket->Send(batch), 2u);
  EXPECT_THAT(Drain(*socket), ElementsAre("1", "2"));
  EXPECT_THAT(socket->Send(absl::MakeSpan(batch).subspan(2)),
              HasCause(SocketError::kDatagramTooLarge));
  // The same for one that the kernel is not even asked about.
  const std::vector<SendSlot> second = {
      {"1", self, {}}, {"2", Endpoint(self.address, 0), {}}, {"3", self, {}}};
  EXPECT_EQ(*socket->Send(second), 1u);
  EXPECT_THAT(socket->Send(absl::MakeSpan(second).subspan(1)), HasCause(SocketError::kNetwork));
  EXPECT_THAT(Drain(*socket), ElementsAre("1"));
}

TEST_P(FamilyTest, AnEmptyBatchIsNothing) {
  auto socket = NewBound(GetParam().family);
  EXPECT_EQ(*socket->Send({}), 0u);
  EXPECT_EQ(*socket->Receive({}), 0u);
}

TEST_P(FamilyTest, MetadataIsThereWhenAskedForAndOnlyThen) {
  auto socket = NewBound(GetParam().family);
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  ASSERT_THAT(socket->RequestMetadata(Metadata::kAll), IsOk());
  const SendSlot slot{
      .payload = "x", .destination = self, .options = {.hop_limit = 17, .ecn = Ecn::kCapable0}};
  const absl::Time before = loop().WallNow();
  const std::vector<SendSlot> three = {slot, slot, slot};
  ASSERT_EQ(*socket->Send(three), 3u);
  Batch batch(2, 8);
  std::vector<DatagramInfo> infos = {ReceiveOne(*socket)->info};
  ASSERT_EQ(*socket->Receive(absl::MakeSpan(batch.slots)), 2u);
  for (const ReceiveSlot& in : batch.slots) infos.push_back(in.info);
  for (const DatagramInfo& info : infos) {
    EXPECT_EQ(info.source, self);
    EXPECT_THAT(info.destination, Optional(GetParam().loopback));
    EXPECT_THAT(info.interface_index, Optional(1u));
    EXPECT_THAT(info.hop_limit, Optional(17));
    EXPECT_THAT(info.ecn, Optional(Ecn::kCapable0));
    EXPECT_GE(info.kernel_time, before);
    EXPECT_LE(info.kernel_time, loop().WallNow());
    EXPECT_THAT(info.drop_count, Optional(0u));
  }
  ASSERT_THAT(socket->RequestMetadata(Metadata::kHopLimit), IsOk());
  ASSERT_THAT(SendOne(*socket, "x", self), IsOk());
  const DatagramInfo some = ReceiveOne(*socket)->info;
  EXPECT_TRUE(some.hop_limit.has_value());
  EXPECT_FALSE(some.destination.has_value());
  EXPECT_FALSE(some.ecn.has_value());
  EXPECT_FALSE(some.kernel_time.has_value());
  EXPECT_FALSE(some.drop_count.has_value());
}

TEST_P(FamilyTest, SendOptionsChooseTheSourceAndLeaveTheRestToTheSocket) {
  auto receiver = NewBound(GetParam().family);
  ASSERT_THAT(receiver->RequestMetadata(Metadata::kAll), IsOk());
  auto sender = NewSocket(GetParam().family);
  ASSERT_THAT(sender->SetOption(SocketOption::kHopLimit, 33), IsOk());
  ASSERT_THAT(sender->SetOption(SocketOption::kTypeOfService, 0xb8), IsOk());
  const Endpoint to(GetParam().loopback, receiver->LocalEndpoint().port);
  const IpAddress source = GetParam().loopback.is_ipv4() ? IpAddress::Ipv4(127, 0, 0, 5) : kV6;
  ASSERT_THAT(SendOne(*sender, "x", to, {.source = source, .interface_index = 1}), IsOk());
  const DatagramInfo info = ReceiveOne(*receiver)->info;
  EXPECT_EQ(info.source.address, source);
  EXPECT_THAT(info.hop_limit, Optional(33));
  EXPECT_THAT(info.ecn, Optional(Ecn::kNotCapable));
}

TEST_P(FamilyTest, SendOptionsWorkTowardsAPeer) {
  auto receiver = NewBound(GetParam().family);
  ASSERT_THAT(receiver->RequestMetadata(Metadata::kHopLimit | Metadata::kEcn), IsOk());
  auto sender = NewSocket(GetParam().family);
  ASSERT_THAT(sender->Connect(Endpoint(GetParam().loopback, receiver->LocalEndpoint().port)),
              IsOk());
  ASSERT_THAT(SendOne(*sender, "x", {}, {.hop_limit = 3, .ecn = Ecn::kCongestion}), IsOk());
  const DatagramInfo info = ReceiveOne(*receiver)->info;
  EXPECT_THAT(info.hop_limit, Optional(3));
  EXPECT_THAT(info.ecn, Optional(Ecn::kCongestion));
}

TEST_P(FamilyTest, SendOptionsThatMakeNoSenseAreRefused) {
  auto socket = NewSocket(GetParam().family);
  const Endpoint to(GetParam().loopback, 9);
  EXPECT_THAT(SendOne(*socket, "x", to, {.hop_limit = 0}), Says("hop limit 0"));
  EXPECT_THAT(SendOne(*socket, "x", to, {.hop_limit = 0}), HasCause(SocketError::kOperation));
  const IpAddress wrong = to.address.is_ipv4() ? kV6 : kV4;
  EXPECT_THAT(SendOne(*socket, "x", to, {.source = wrong}), HasCause(SocketError::kOperation));
  EXPECT_FALSE(SendOne(*socket, "x", to, {.interface_index = 4242}).ok());
}

TEST_P(FamilyTest, DroppedDatagramsAreCounted) {
  auto socket = NewBound(GetParam().family);
  ASSERT_THAT(socket->RequestMetadata(Metadata::kDropCount), IsOk());
  ASSERT_THAT(socket->SetOption(SocketOption::kReceiveBufferSize, 4096), IsOk());
  const Endpoint self(GetParam().loopback, socket->LocalEndpoint().port);
  const std::string payload(1000, 'x');
  constexpr size_t kSent = 50;
  for (size_t i = 0; i < kSent; ++i) ASSERT_THAT(SendOne(*socket, payload, self), IsOk());
  const size_t kept = Drain(*socket).size();
  EXPECT_LT(kept, kSent);
  // The count rides on the next datagram that finds room.
  ASSERT_THAT(SendOne(*socket, "next", self), IsOk());
  EXPECT_THAT(ReceiveOne(*socket)->info.drop_count, Optional(kSent - kept));
}

TEST_F(SocketTest, AnAddressOfAnotherFamilyDoesNotBind) {
  auto ipv4 = NewSocket(AddressFamily::kIpv4);
  EXPECT_THAT(ipv4->Bind(Endpoint(kV6, 0)), HasNumber(EAFNOSUPPORT));
  auto ipv6 = NewSocket(AddressFamily::kIpv6);
  EXPECT_THAT(ipv6->Bind(Endpoint(kV4, 0)), HasNumber(EAFNOSUPPORT));
  EXPECT_THAT(ipv6->Bind(Endpoint(IpAddress::AnyIpv4(), 0)), HasNumber(EAFNOSUPPORT));
  EXPECT_THAT(ipv6->Bind(Endpoint(kV4, 0)), Says("bind 127.0.0.1:0"));
}

TEST_F(SocketTest, AnAddressOfAnotherFamilyIsNoDestination) {
  auto ipv4 = NewSocket(AddressFamily::kIpv4);
  EXPECT_THAT(SendOne(*ipv4, "x", Endpoint(kV6, 9)), HasCause(SocketError::kNetwork));
  EXPECT_THAT(SendOne(*ipv4, "x", Endpoint(kV6, 9)), Says("[::1]:9 from a socket of family IPv4"));
  EXPECT_THAT(ipv4->Connect(Endpoint(kV6, 9)), HasCause(SocketError::kNetwork));
  auto ipv6 = NewSocket(AddressFamily::kIpv6);
  EXPECT_THAT(SendOne(*ipv6, "x", Endpoint(kV4, 9)), HasCause(SocketError::kNetwork));
  EXPECT_THAT(ipv6->Connect(Endpoint(kV4, 9)), HasCause(SocketError::kNetwork));
  // The kernel itself refuses the mapped form.
  EXPECT_THAT(SendOne(*ipv6, "x", Endpoint(kV4.Mapped(), 9)), HasCause(SocketError::kNetwork));
}

TEST_F(SocketTest, ASocketOfNoFamilyIsRefused) {
  EXPECT_THAT(engine_->NewUdpSocket(AddressFamily::kNone), HasNumber(EAFNOSUPPORT));
}

TEST_F(SocketTest, AnIpv6SocketLeavesItsPortToIpv4) {
  auto ipv6 = NewBound(AddressFamily::kIpv6);
  auto ipv4 = NewSocket(AddressFamily::kIpv4);
  EXPECT_THAT(ipv4->Bind(Endpoint(IpAddress::AnyIpv4(), ipv6->LocalEndpoint().port)), IsOk());
}

TEST_F(SocketTest, ADualSocketTalksToBothFamiliesUnmapped) {
  auto dual = NewBound(AddressFamily::kDual);
  const uint16_t port = dual->LocalEndpoint().port;
  auto ipv4 = NewSocket(AddressFamily::kIpv4);
  auto ipv6 = NewSocket(AddressFamily::kIpv6);
  ASSERT_THAT(SendOne(*ipv4, "4", Endpoint(kV4, port)), IsOk());
  ASSERT_THAT(SendOne(*ipv6, "6", Endpoint(kV6, port)), IsOk());
  const Datagram from_ipv4 = *ReceiveOne(*dual);
  const Datagram from_ipv6 = *ReceiveOne(*dual);
  EXPECT_EQ(from_ipv4.info.source, Endpoint(kV4, ipv4->LocalEndpoint().port));
  EXPECT_EQ(from_ipv6.info.source, Endpoint(kV6, ipv6->LocalEndpoint().port));
  const std::vector<SendSlot> answers = {{"a4", from_ipv4.info.source, {}},
                                         {"a6", from_ipv6.info.source, {}}};
  EXPECT_EQ(*dual->Send(answers), 2u);
  EXPECT_THAT(Drain(*ipv4), ElementsAre("a4"));
  EXPECT_THAT(Drain(*ipv6), ElementsAre("a6"));
}

TEST_F(SocketTest, ADualSocketBindsAddressesOfBothFamilies) {
  for (const IpAddress& address : {kV4, kV6, IpAddress::AnyIpv4()}) {
    auto socket = NewSocket(AddressFamily::kDual);
    ASSERT_THAT(socket->Bind(Endpoint(address, 0)), IsOk());
    EXPECT_EQ(socket->LocalEndpoint().address, address);
  }
}

TEST_F(SocketTest, ADualSocketAnswersIpv6WithIpv6Options) {
  auto receiver = NewBound(AddressFamily::kDual);
  ASSERT_THAT(receiver->RequestMetadata(Metadata::kAll), IsOk());
  auto sender = NewSocket(AddressFamily::kDual);
  const uint16_t port = receiver->LocalEndpoint().port;
  const std::vector<SendSlot> out = {
      {"4", Endpoint(kV4, port), {.source = IpAddress::Ipv4(127, 0, 0, 9), .hop_limit = 4}},
      {"6", Endpoint(kV6, port), {.source = kV6, .hop_limit = 6}}};
  ASSERT_EQ(*sender->Send(out), 2u);
  const DatagramInfo ipv4 = ReceiveOne(*receiver)->info;
  EXPECT_EQ(ipv4.source.address, IpAddress::Ipv4(127, 0, 0, 9));
  EXPECT_THAT(ipv4.destination, Optional(kV4));
  EXPECT_THAT(ipv4.hop_limit, Optional(4));
  const DatagramInfo ipv6 = ReceiveOne(*receiver)->info;
  EXPECT_EQ(ipv6.source.address, kV6);
  EXPECT_THAT(ipv6.destination, Optional(kV6));
  EXPECT_THAT(ipv6.hop_limit, Optional(6));
}

TEST_F(SocketTest, AFailedConnectLeavesNothingBehind) {
  auto socket = NewSocket(AddressFamily::kIpv4);
  // Not without SO_BROADCAST.
  EXPECT_THAT(socket->Connect(Endpoint(IpAddress::Ipv4(127, 255, 255, 255), 9)),
              HasCause(SocketError::kSocketAccess));
  EXPECT_EQ(socket->LocalEndpoint().port, 0);
  EXPECT_THAT(socket->Bind(Endpoint(kV4, 0)), IsOk());
}

TEST_F(SocketTest, AFailedReconnectKeepsThePeer) {
  auto peer = NewBound(AddressFamily::kIpv4);
  auto socket = NewSocket(AddressFamily::kIpv4);
  ASSERT_THAT(socket->Connect(LoopbackOf(*peer, AddressFamily::kIpv4)), IsOk());
  EXPECT_FALSE(socket->Connect(Endpoint(IpAddress::Ipv4(127, 255, 255, 255), 9)).ok());
  EXPECT_THAT(SendOne(*socket, "still there"), IsOk());
  EXPECT_THAT(Drain(*peer), ElementsAre("still there"));
}

TEST_F(SocketTest, AFullSendBufferIsNoError) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint self = LoopbackOf(*socket, AddressFamily::kIpv4);
  calls_->Fail(Call::kSendTo, EAGAIN);
  EXPECT_EQ(*SendOne(*socket, "x", self), 0u);
  calls_->Fail(Call::kSendMMsg, EAGAIN);
  const std::vector<SendSlot> batch = {{"1", self, {}}, {"2", self, {}}};
  EXPECT_EQ(*socket->Send(batch), 0u);
}

}  // namespace
}  // namespace pollux::linux_engine
