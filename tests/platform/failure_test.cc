// SPDX-License-Identifier: Apache-2.0
//
// Every system call failing: what the caller is told, and that nothing is lost or left open.

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;

const Endpoint kSomewhere(IpAddress::LoopbackIpv4(), 9);

class FailureTest : public EngineTest {
 protected:
  // The lowest free descriptor: a leak raises it.
  int FreeDescriptor() {
    const int fd = calls_->SystemCalls::Socket(AF_INET, SOCK_DGRAM, 0);
    calls_->SystemCalls::Close(fd);
    return fd;
  }
};

TEST_F(FailureTest, AnEngineThatCannotBeMadeSaysWhyAndLeavesNothing) {
  const int free = FreeDescriptor();
  struct Case {
    Call call;
    int error;
  };
  for (const Case& c : {Case{Call::kEpollCreate1, EMFILE}, Case{Call::kEpollCreate1, ENOMEM},
                        Case{Call::kEventFd, ENFILE}, Case{Call::kEpollCtl, ENOSPC}}) {
    auto calls = std::make_shared<FaultyCalls>();
    calls->Fail(c.call, c.error);
    const absl::StatusOr<std::unique_ptr<EpollEngine>> engine = EpollEngine::Create(calls);
    EXPECT_THAT(engine, HasNumber(c.error));
    EXPECT_THAT(engine, Says("event loop"));
  }
  EXPECT_EQ(FreeDescriptor(), free);
}

TEST_F(FailureTest, ASocketThatCannotBeMadeSaysWhyAndLeavesNothing) {
  const int free = FreeDescriptor();
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    calls_->Fail(Call::kSocket, error);
    EXPECT_THAT(engine_->NewUdpSocket(AddressFamily::kIpv4),
                HasCause(SocketError::kSocketResource));
  }
  calls_->Fail(Call::kSocket, EAFNOSUPPORT);
  EXPECT_THAT(engine_->NewUdpSocket(AddressFamily::kDual), HasNumber(EAFNOSUPPORT));
  calls_->Fail(Call::kSetSockOpt, ENOMEM);
  EXPECT_THAT(engine_->NewUdpSocket(AddressFamily::kDual), HasNumber(ENOMEM));
  EXPECT_EQ(FreeDescriptor(), free);
}

TEST_F(FailureTest, ASocketThatCannotBeWatchedSaysSoAndIsWatchedOnceItCanBe) {
  auto socket = NewBound(AddressFamily::kIpv4);
  int runs = 0;
  for (const int error : {ENOMEM, ENOSPC}) {
    calls_->Fail(Call::kEpollCtl, error);
    Listen(*socket, [&] { ++runs; });
    RunTurn();
    std::optional<AsyncError> told = socket->TakeAsyncError();
    ASSERT_TRUE(told.has_value());
    EXPECT_THAT(told->status, HasCause(SocketError::kSocketResource));
    EXPECT_THAT(told->status, Says("watch a UDP socket"));
  }
  EXPECT_EQ(runs, 2);
  socket->RequestReady();
  EXPECT_EQ(*SendOne(*socket, "x", LoopbackOf(*socket, AddressFamily::kIpv4)), 1u);
  EXPECT_TRUE(RunUntil([&] { return runs == 3; }));
}

// As a program does that has nothing to send, and reads where it is told to.
TEST_F(FailureTest, ASocketThatCannotBeWatchedHearsOnceItCanBeWithoutTheProgramsHelp) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  std::vector<absl::Status> errors;
  std::vector<std::string> heard;
  calls_->Fail(Call::kEpollCtl, ENOSPC, 3);
  socket.OnReadyRead([&] { heard.push_back(socket.ReceiveDatagram()->payload); });
  socket.OnError([&](const absl::Status& status) { errors.push_back(status); });
  EXPECT_TRUE(RunUntil([&] { return !errors.empty(); }));
  auto sender = NewSocket(AddressFamily::kIpv4);
  EXPECT_EQ(*SendOne(*sender, "x", socket.local_endpoint()), 1u);
  EXPECT_TRUE(RunUntil([&] { return !heard.empty(); }));
  EXPECT_THAT(heard, ElementsAre("x"));
  EXPECT_THAT(errors, ElementsAre(HasCause(SocketError::kSocketResource)));
  EXPECT_GE(calls_->count(Call::kEpollCtl), 4);
}

TEST_F(FailureTest, EveryDescriptorIsClosed) {
  const int free = FreeDescriptor();
  {
    auto calls = std::make_shared<FaultyCalls>();
    auto engine = *EpollEngine::Create(calls);
    ASSERT_TRUE(engine->loop().native_handle().has_value());
    auto socket = *engine->NewUdpSocket(AddressFamily::kDual);
    ASSERT_THAT(engine->Interfaces(), IsOk());
  }
  EXPECT_EQ(FreeDescriptor(), free);
}

TEST_F(FailureTest, ABindThatFailsIsTold) {
  auto socket = NewSocket(AddressFamily::kIpv4);
  calls_->Fail(Call::kBind, ENOMEM);
  EXPECT_THAT(socket->Bind(kSomewhere), HasCause(SocketError::kSocketResource));
  calls_->Fail(Call::kBind, EACCES);
  EXPECT_THAT(socket->Bind(kSomewhere), Says("bind 127.0.0.1:9: permission denied"));
}

TEST_F(FailureTest, AConnectThatFailsIsTold) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint bound = socket->LocalEndpoint();
  calls_->Fail(Call::kConnect, EAGAIN);
  EXPECT_THAT(socket->Connect(kSomewhere), HasCause(SocketError::kTemporary));
  calls_->Fail(Call::kConnect, ENETUNREACH);
  EXPECT_THAT(socket->Connect(kSomewhere), Says("connect to 127.0.0.1:9: "));
  EXPECT_EQ(socket->LocalEndpoint(), bound);
}

TEST_F(FailureTest, ADisconnectThatFailsKeepsThePeer) {
  auto socket = NewBound(AddressFamily::kIpv4);
  ASSERT_THAT(socket->Connect(LoopbackOf(*socket, AddressFamily::kIpv4)), IsOk());
  calls_->Fail(Call::kConnect, ENOMEM);
  EXPECT_THAT(socket->Disconnect(), HasCause(SocketError::kSocketResource));
  EXPECT_THAT(SendOne(*socket, "x"), IsOk());
}

TEST_F(FailureTest, APortThatSomebodyTookWhileDisconnectingIsTold) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint bound = socket->LocalEndpoint();
  ASSERT_THAT(socket->Connect(kSomewhere), IsOk());
  calls_->Fail(Call::kBind, EADDRINUSE);
  const absl::Status status = socket->Disconnect();
  EXPECT_THAT(status, HasCause(SocketError::kAddressInUse));
  EXPECT_THAT(status, Says(bound.ToString()));
  EXPECT_EQ(socket->LocalEndpoint().port, 0);
  EXPECT_THAT(socket->Bind(bound), IsOk());
}

TEST_F(FailureTest, WithoutAnAnswerAboutItTheLocalEndpointIsUnset) {
  auto socket = NewBound(AddressFamily::kIpv4);
  calls_->Fail(Call::kGetSockName, ENOBUFS);
  EXPECT_EQ(socket->LocalEndpoint(), Endpoint());
}

TEST_F(FailureTest, ASendThatFailsSaysWhatItWasAbout) {
  auto socket = NewSocket(AddressFamily::kIpv4);
  for (const int error : {ENOBUFS, ENOMEM}) {
    calls_->Fail(Call::kSendTo, error);
    const absl::StatusOr<size_t> result = SendOne(*socket, "12345", kSomewhere);
    EXPECT_THAT(result, HasCause(SocketError::kSocketResource));
    EXPECT_THAT(result, Says("send 5 bytes to 127.0.0.1:9: "));
  }
  calls_->Fail(Call::kSendMsg, EPERM);
  EXPECT_THAT(SendOne(*socket, "x", kSomewhere, {.hop_limit = 3}),
              HasCause(SocketError::kSocketAccess));
  calls_->Fail(Call::kSendTo, EPIPE);
  EXPECT_THAT(SendOne(*socket, "x", kSomewhere), HasCause(SocketError::kRemoteHostClosed));
}

TEST_F(FailureTest, ABatchFailsWithTheErrorOfItsFirstOnly) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint self = LoopbackOf(*socket, AddressFamily::kIpv4);
  const std::vector<SendSlot> batch = {{"1", self, {}}, {"2", self, {}}};
  calls_->Fail(Call::kSendMMsg, ENOBUFS);
  EXPECT_THAT(socket->Send(batch), HasNumber(ENOBUFS));
  EXPECT_THAT(Drain(*socket), ElementsAre());
}

TEST_F(FailureTest, AnInterruptedCallIsRepeated) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint self = LoopbackOf(*socket, AddressFamily::kIpv4);
  calls_->Fail(Call::kSendTo, EINTR, 3);
  calls_->Fail(Call::kRecvFrom, EINTR, 3);
  EXPECT_EQ(*SendOne(*socket, "one", self), 1u);
  EXPECT_THAT(Drain(*socket), ElementsAre("one"));
  calls_->Fail(Call::kSendMMsg, EINTR, 3);
  calls_->Fail(Call::kRecvMMsg, EINTR, 3);
  const std::vector<SendSlot> batch = {{"two", self, {}}, {"three", self, {}}};
  EXPECT_EQ(*socket->Send(batch), 2u);
  std::string buffers[3] = {std::string(8, '\0'), std::string(8, '\0'), std::string(8, '\0')};
  std::vector<ReceiveSlot> slots;
  for (std::string& buffer : buffers) {
    slots.push_back({.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}});
  }
  EXPECT_EQ(*socket->Receive(absl::MakeSpan(slots)), 2u);
  calls_->Fail(Call::kSendMsg, EINTR);
  calls_->Fail(Call::kRecvMsg, EINTR);
  ASSERT_THAT(socket->RequestMetadata(Metadata::kHopLimit), IsOk());
  EXPECT_EQ(*SendOne(*socket, "four", self, {.hop_limit = 4}), 1u);
  EXPECT_EQ(ReceiveOne(*socket)->info.hop_limit, 4);
  calls_->Fail(Call::kRecvFrom, EINTR);
  EXPECT_EQ(socket->PendingDatagramSize(), std::nullopt);
}

TEST_F(FailureTest, AReceiveThatFailsIsTold) {
  auto socket = NewBound(AddressFamily::kIpv4);
  char buffer[8];
  ReceiveSlot slots[2] = {{.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}},
                          {.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}}};
  calls_->Fail(Call::kRecvFrom, ENOMEM);
  EXPECT_THAT(socket->Receive(absl::MakeSpan(slots, 1)), HasCause(SocketError::kSocketResource));
  calls_->Fail(Call::kRecvMMsg, ENOMEM);
  EXPECT_THAT(socket->Receive(absl::MakeSpan(slots)), HasCause(SocketError::kSocketResource));
  ASSERT_THAT(socket->RequestMetadata(Metadata::kEcn), IsOk());
  calls_->Fail(Call::kRecvMsg, ENOMEM);
  EXPECT_THAT(socket->Receive(absl::MakeSpan(slots, 1)), HasCause(SocketError::kSocketResource));
}

TEST_F(FailureTest, ASendThatFindsNoFreePortIsNotTakenForAFullBuffer) {
  auto socket = NewSocket(AddressFamily::kIpv4);
  calls_->Fail(Call::kSendTo, EAGAIN);
  const absl::StatusOr<size_t> result = SendOne(*socket, "x", kSomewhere);
  EXPECT_THAT(result, HasCause(SocketError::kTemporary));
  EXPECT_THAT(result, Says("no port is free"));
}

TEST_F(FailureTest, InterfacesThatCannotBeListedSayWhy) {
  calls_->Fail(Call::kGetIfAddrs, ENOMEM);
  EXPECT_THAT(engine_->Interfaces(), HasCause(SocketError::kSocketResource));
  calls_->Fail(Call::kSocket, EMFILE);
  EXPECT_THAT(engine_->Interfaces(), HasCause(SocketError::kSocketResource));
  calls_->Fail(Call::kInterfaceMtu, EPERM);
  EXPECT_THAT(engine_->Interfaces(), Says("list network interfaces"));
  // One that has gone meanwhile is no failure; here all have.
  calls_->Fail(Call::kInterfaceMtu, ENODEV, 1000);
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = engine_->Interfaces();
  ASSERT_THAT(interfaces, IsOk());
  EXPECT_TRUE(interfaces->empty());
}

}  // namespace
}  // namespace pollux::linux_engine
