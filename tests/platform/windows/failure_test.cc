// SPDX-License-Identifier: Apache-2.0
//
// Each call of Winsock's that can fail, and the error that it comes to.

#include <memory>
#include <vector>

#include "tests/platform/windows/engine_test.h"

namespace pollux::windows_engine {
namespace {

class FailureTest : public WindowsEngineTest {};

absl::Status EngineWithout(Call call, Result result) {
  const auto calls = std::make_shared<ScriptedWinsock>();
  calls->Next(call, result);
  return WindowsEngine::Create(calls).status();
}

TEST(NewEngine, NeedsWinsockAnEventAndATimer) {
  EXPECT_THAT(EngineWithout(Call::kStarted, -WSASYSNOTREADY), HasCause(SocketError::kNetwork));
  EXPECT_THAT(EngineWithout(Call::kStarted, -WSAEPROCLIM), HasCause(SocketError::kSocketResource));
  EXPECT_THAT(EngineWithout(Call::kNewEvent, -ERROR_NOT_ENOUGH_MEMORY),
              HasCause(SocketError::kSocketResource));
  EXPECT_THAT(EngineWithout(Call::kNewTimer, -ERROR_NO_SYSTEM_RESOURCES),
              HasCause(SocketError::kSocketResource));
}

// Its own reference: what somebody else has started stays started, and the other way round.
TEST(NewEngine, HoldsAReferenceToWinsockOfItsOwn) {
  auto calls = std::make_unique<Winsock>();
  ASSERT_EQ(calls->Started(), 0);
  {
    const auto engine = *WindowsEngine::Create(std::make_shared<Winsock>());
    calls.reset();
    UdpSocket socket(*engine);
    EXPECT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  }
  WSASetLastError(0);
  EXPECT_EQ(::socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), INVALID_SOCKET);
  EXPECT_EQ(WSAGetLastError(), WSANOTINITIALISED);
}

TEST_F(FailureTest, ASocketNeedsADescriptor) {
  UdpSocket socket(engine());
  calls_->Next(Call::kNewSocket, -WSAEMFILE);
  const absl::Status status = socket.Bind(IpAddress::LoopbackIpv4(), 0);
  EXPECT_THAT(status, HasCause(SocketError::kSocketResource));
  EXPECT_THAT(status, Says("WSAEMFILE 10024"));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  EXPECT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk()) << "it can be tried again";
}

TEST_F(FailureTest, ABindSaysWhatWasWrong) {
  for (const auto& [code, cause] : {std::pair(WSAEACCES, SocketError::kSocketAccess),
                                    {WSAEADDRINUSE, SocketError::kAddressInUse},
                                    {WSAEADDRNOTAVAIL, SocketError::kSocketAddressNotAvailable},
                                    {WSAENOBUFS, SocketError::kSocketResource}}) {
    UdpSocket socket(engine());
    calls_->Next(Call::kBind, -code);
    const absl::Status status = socket.Bind(IpAddress::LoopbackIpv4(), 0);
    EXPECT_THAT(status, HasCause(cause));
    EXPECT_THAT(status, Says("127.0.0.1"));
    EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  }
}

TEST_F(FailureTest, ASendThatFailsChangesNothing) {
  UdpSocket socket = Bound(), peer = Bound();
  calls_->Next(Call::kSendTo, -WSAENETUNREACH);
  EXPECT_THAT(socket.WriteDatagram("x", peer.local_endpoint()), HasCause(SocketError::kNetwork));
  EXPECT_EQ(socket.state(), SocketState::kBound);
  EXPECT_THAT(socket.WriteDatagram("y", peer.local_endpoint()), IsOk());
  ASSERT_TRUE(RunUntil([&] { return peer.HasPendingDatagrams(); }));
  EXPECT_EQ(peer.ReceiveDatagram()->payload, "y");
}

TEST_F(FailureTest, AFullSendBufferIsTemporary) {
  UdpSocket socket = Bound(), peer = Bound();
  calls_->Next(Call::kSendTo, -WSAEWOULDBLOCK);
  EXPECT_THAT(socket.WriteDatagram("x", peer.local_endpoint()), HasCause(SocketError::kTemporary));
}

TEST_F(FailureTest, ASocketThatCannotBeWatchedSaysSo) {
  UdpSocket socket = Bound();
  std::vector<absl::Status> errors;
  calls_->Next(Call::kSelectReads, -WSAENOBUFS);
  socket.OnError([&](const absl::Status& status) { errors.push_back(status); });
  ASSERT_TRUE(RunUntil([&] { return !errors.empty(); }));
  EXPECT_THAT(errors[0], HasCause(SocketError::kSocketResource));
}

TEST_F(FailureTest, TheInterfaceTableMayGrowMeanwhileOrBeEmpty) {
  calls_->Next(Call::kAdapters, -ERROR_BUFFER_OVERFLOW);
  const auto grown = engine().Interfaces();
  ASSERT_THAT(grown, IsOk());
  EXPECT_FALSE(grown->empty());
  calls_->Next(Call::kAdapters, -ERROR_NO_DATA);
  ASSERT_THAT(engine().Interfaces(), IsOk());
  calls_->Next(Call::kAdapters, -ERROR_NOT_ENOUGH_MEMORY);
  EXPECT_THAT(engine().Interfaces(), HasCause(SocketError::kSocketResource));
}

// What the system answers for a name; the callback runs from the loop.
TEST_F(FailureTest, ANameThatIsNotFoundIsNamed) {
  for (const int code : {WSAHOST_NOT_FOUND, WSATRY_AGAIN, WSANO_DATA}) {
    calls_->Next(Call::kLookUp, -code);
    absl::StatusOr<std::vector<IpAddress>> result = std::vector<IpAddress>();
    bool done = false;
    engine().Resolve("no.such.host", [&](absl::StatusOr<std::vector<IpAddress>> answer) {
      result = std::move(answer);
      done = true;
    });
    EXPECT_FALSE(done);
    ASSERT_TRUE(RunUntil([&] { return done; }));
    EXPECT_THAT(result, HasCause(SocketError::kHostNotFound));
    EXPECT_THAT(result, Says("no.such.host"));
  }
}

TEST_F(FailureTest, AThreadThatDoesNotStartIsTold) {
  calls_->Next(Call::kStartThread, -ERROR_NOT_ENOUGH_MEMORY);
  absl::StatusOr<std::vector<IpAddress>> result = std::vector<IpAddress>();
  engine().Resolve("some.host",
                   [&](absl::StatusOr<std::vector<IpAddress>> answer) { result = answer; });
  ASSERT_TRUE(RunUntil([&] { return !result.ok(); }));
  EXPECT_THAT(result, HasCause(SocketError::kSocketResource));
}

TEST_F(FailureTest, ThisMachineResolves) {
  absl::StatusOr<std::vector<IpAddress>> result = std::vector<IpAddress>();
  engine().Resolve("localhost",
                   [&](absl::StatusOr<std::vector<IpAddress>> answer) { result = answer; });
  ASSERT_TRUE(RunUntil([&] { return !result.ok() || !result->empty(); }));
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(result->front().is_loopback());
}

}  // namespace
}  // namespace pollux::windows_engine
