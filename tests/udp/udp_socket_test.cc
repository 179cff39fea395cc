// SPDX-License-Identifier: Apache-2.0
//
// What UdpSocket makes of answers that engines give seldom. What it does on engines is in
// tests/conformance.

#include "udp/udp_socket.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/udp/scripted_engine.h"
#include "udp/testing/allocations.h"
#include "udp/testing/matchers.h"

namespace pollux {
namespace {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Endpoint kPeer(IpAddress::Ipv4(10, 0, 0, 2), 7);

class UdpSocketTest : public ::testing::Test {
 protected:
  void Turn() { engine_.loop().RunFor(absl::ZeroDuration()); }

  ScriptedEngine engine_;
  Script& script_ = engine_.script;
};

TEST_F(UdpSocketTest, WithoutIpv6AnyIsTheIpv4Wildcard) {
  script_.ipv6 = false;
  UdpSocket socket(engine_);
  EXPECT_THAT(socket.Bind(7), IsOk());
  EXPECT_THAT(script_.calls, ElementsAre("bind 0.0.0.0:7"));
  UdpSocket connected(engine_);
  EXPECT_THAT(connected.ConnectToHost(kPeer.address, kPeer.port), IsOk());
  UdpSocket six(engine_);
  EXPECT_THAT(six.Bind(IpAddress::AnyIpv6(), 7), HasCause(SocketError::kUnsupportedOperation));
}

TEST_F(UdpSocketTest, WithoutDescriptorsNothingOpensAndTheStateStays) {
  script_.open = OsStatus(Platform::kLinux, OsError::kTooManyDescriptors, "socket");
  UdpSocket socket(engine_);
  EXPECT_THAT(socket.Bind(), HasCause(SocketError::kSocketResource));
  EXPECT_THAT(socket.WriteDatagram("x", kPeer), HasCause(SocketError::kSocketResource));
  EXPECT_THAT(socket.ConnectToHost(kPeer.address, 7), HasCause(SocketError::kSocketResource));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
}

TEST_F(UdpSocketTest, AnOptionOrMetadataThatIsRefusedFailsTheBind) {
  script_.refused = {SocketOption::kReuseAddress};
  UdpSocket socket(engine_);
  EXPECT_THAT(socket.Bind(7, BindMode::kShareAddress), Says("ReuseAddress"));
  EXPECT_THAT(socket.Bind(7), IsOk());
  socket.Close();
  script_.metadata = OsStatus(Platform::kLinux, OsError::kNoProtocolOption, "metadata");
  EXPECT_THAT(socket.RequestMetadata(Metadata::kEcn), IsOk()) << "kept for the bind";
  EXPECT_THAT(socket.Bind(7), HasCause(SocketError::kUnsupportedOperation));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
}

TEST_F(UdpSocketTest, AFullSendBufferIsTemporaryAndToldByNumberInBatches) {
  UdpSocket socket(engine_);
  std::vector<size_t> written;
  socket.OnBytesWritten([&](size_t size) { written.push_back(size); });
  script_.send_room = 3;
  EXPECT_THAT(socket.WriteDatagram("1", kPeer), IsOk());
  const SendSlot slot{.payload = "22", .destination = kPeer};
  EXPECT_EQ(*socket.SendBatch({slot, slot, slot, slot}), 2u);
  EXPECT_EQ(*socket.SendBatch({slot, slot}), 0u);
  EXPECT_THAT(socket.WriteDatagram("4", kPeer), HasCause(SocketError::kTemporary));
  Turn();
  EXPECT_THAT(written, ElementsAre(1u, 2u, 2u));
}

TEST_F(UdpSocketTest, AFirstSendThatFailsLeavesTheSocketUnconnected) {
  UdpSocket socket(engine_);
  script_.send_error = OsStatus(Platform::kLinux, OsError::kNetworkUnreachable, "send");
  EXPECT_THAT(socket.WriteDatagram("x", kPeer), HasCause(SocketError::kNetwork));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  script_.send_error = absl::OkStatus();
  EXPECT_THAT(socket.WriteDatagram("x", kPeer), IsOk());
  EXPECT_EQ(socket.state(), SocketState::kBound);
}

TEST_F(UdpSocketTest, EachAddressOfANameIsTried) {
  const IpAddress bad = IpAddress::Ipv4(192, 0, 2, 1), good = IpAddress::Ipv4(192, 0, 2, 2);
  script_.resolved = {bad, good};
  script_.unreachable = {bad};
  UdpSocket socket(engine_);
  EXPECT_THAT(socket.ConnectToHost("server", 9), IsOk());
  Turn();
  EXPECT_EQ(socket.state(), SocketState::kConnected);
  EXPECT_EQ(socket.peer_endpoint(), Endpoint(good, 9));
  EXPECT_THAT(script_.calls, ElementsAre("connect 192.0.2.1:9", "connect 192.0.2.2:9"));
}

TEST_F(UdpSocketTest, ANameNoneOfWhoseAddressesCanBeReachedIsAnError) {
  script_.resolved = {IpAddress::Ipv4(192, 0, 2, 1)};
  script_.unreachable = script_.resolved;
  UdpSocket socket(engine_);
  std::vector<absl::Status> errors;
  std::vector<SocketState> states;
  socket.OnError([&](const absl::Status& status) { errors.push_back(status); });
  socket.OnStateChanged([&](SocketState state) { states.push_back(state); });
  EXPECT_THAT(socket.ConnectToHost("server", 9), IsOk());
  Turn();
  EXPECT_THAT(states, ElementsAre(SocketState::kHostLookup, SocketState::kConnecting,
                                  SocketState::kUnconnected));
  EXPECT_THAT(errors, ElementsAre(HasCause(SocketError::kNetwork)));
}

TEST_F(UdpSocketTest, AStaleHintIsNotToldToTheProgram) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  int signals = 0;
  socket.OnReadyRead([&] { ++signals; });
  script_.listener->OnReady();
  EXPECT_EQ(signals, 0);
  script_.arrived = {"x"};
  script_.listener->OnReady();
  EXPECT_EQ(signals, 1);
  script_.listener->OnReady();
  EXPECT_EQ(signals, 1) << "told again although nothing was read";
}

TEST_F(UdpSocketTest, AReadAsksForTheNextSignalOnlyWhereSomebodyListens) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  std::array<char, 8> buffer;
  script_.arrived = {"1", "2"};
  EXPECT_THAT(socket.ReadDatagram(absl::MakeSpan(buffer)), IsOk());
  EXPECT_EQ(script_.ready_requests, 0);
  socket.OnReadyRead([] {});
  EXPECT_EQ(script_.ready_requests, 1);
  EXPECT_THAT(socket.ReadDatagram(absl::MakeSpan(buffer)), IsOk());
  EXPECT_EQ(script_.ready_requests, 2);
}

TEST_F(UdpSocketTest, AsynchronousErrorsAreToldInOrderAndBeforeTheData) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  std::vector<std::string> order;
  socket.OnError([&](const absl::Status& status) { order.emplace_back(status.message()); });
  socket.OnReadyRead([&] { order.push_back("data"); });
  Turn();
  script_.arrived = {"x"};
  for (const char* text : {"first", "second"}) {
    script_.async_errors.push_back({.status = absl::UnavailableError(text)});
  }
  script_.listener->OnReady();
  EXPECT_THAT(order, ElementsAre("first", "second", "data"));
}

TEST_F(UdpSocketTest, ACallbackMayRunTheLoopAndTheOthersStillComeOnceEach) {
  UdpSocket socket(engine_);
  std::vector<size_t> written;
  socket.OnBytesWritten([&](size_t size) {
    written.push_back(size);
    if (size == 1) Turn();
  });
  for (const char* payload : {"1", "22", "333"}) {
    ASSERT_THAT(socket.WriteDatagram(payload, kPeer), IsOk());
  }
  Turn();
  EXPECT_THAT(written, ElementsAre(1u, 2u, 3u));
}

TEST_F(UdpSocketTest, ADestroyedSocketSaysNothingMore) {
  std::vector<SocketState> states;
  {
    UdpSocket socket(engine_);
    socket.OnStateChanged([&](SocketState state) { states.push_back(state); });
    ASSERT_THAT(socket.Bind(), IsOk());
    ASSERT_THAT(socket.ConnectToHost("server", 9), IsOk());
  }
  Turn();
  EXPECT_THAT(states, IsEmpty());
}

TEST_F(UdpSocketTest, InSteadyStateNoCallAllocates) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  size_t written = 0;
  socket.OnBytesWritten([&](size_t size) { written += size; });
  std::array<char, 64> buffer;
  DatagramInfo info;
  const auto round = [&] {
    EXPECT_TRUE(socket.WriteDatagram("0123456789", kPeer).ok());
    EXPECT_FALSE(socket.HasPendingDatagrams());
    EXPECT_FALSE(socket.ReadDatagram(absl::MakeSpan(buffer), &info).ok());
    Turn();
  };
  for (int i = 0; i < 10; ++i) round();
  const uint64_t before = testing::AllocationsSoFar();
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(testing::AllocationsSoFar(), before);
  EXPECT_EQ(written, 1100u);
}

// The signals of a batch come together.
TEST_F(UdpSocketTest, InSteadyStateTheSignalsOfABatchAllocateNothing) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  script_.send_room = 1'000'000;
  size_t written = 0;
  socket.OnBytesWritten([&](size_t size) { written += size; });
  const std::vector<SendSlot> slots(64, {.payload = "0123456789", .destination = kPeer});
  const auto round = [&] {
    EXPECT_EQ(*socket.SendBatch(slots), slots.size());
    Turn();
  };
  for (int i = 0; i < 10; ++i) round();
  const uint64_t before = testing::AllocationsSoFar();
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(testing::AllocationsSoFar(), before);
  EXPECT_EQ(written, 110u * 640u);
}

// So that there is a signal to come whenever one was told: what was told goes all the same.
TEST_F(UdpSocketTest, AProgramThatWritesTheNextWhenOneIsWrittenNeedsNoMoreMemoryForIt) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  script_.send_room = 1'000'000;
  size_t written = 0;
  socket.OnBytesWritten([&](size_t size) {
    written += size;
    EXPECT_TRUE(socket.WriteDatagram("0123456789", kPeer).ok());
  });
  ASSERT_THAT(socket.WriteDatagram("0123456789", kPeer), IsOk());
  const auto write_until = [&](size_t bytes) {
    engine_.loop().RunUntil([&] { return written >= bytes; }, absl::ZeroDuration());
  };
  write_until(1000);
  const uint64_t before = testing::AllocationsSoFar();
  write_until(500'000);
  EXPECT_EQ(testing::AllocationsSoFar(), before);
}

// Somebody may send ICMP errors as fast as others send datagrams.
TEST_F(UdpSocketTest, AFloodOfErrorsIsToldInParts) {
  UdpSocket socket(engine_);
  ASSERT_THAT(socket.Bind(7), IsOk());
  size_t told = 0;
  socket.OnError([&](const absl::Status&) { ++told; });
  for (size_t i = 0; i < kReadyReadMax + 3; ++i) {
    script_.async_errors.push_back({.status = absl::UnavailableError("unreachable")});
  }
  const int requests = script_.ready_requests;
  script_.listener->OnReady();
  Turn();
  EXPECT_EQ(told, kReadyReadMax);
  EXPECT_EQ(script_.ready_requests, requests + 1);
  script_.listener->OnReady();
  Turn();
  EXPECT_EQ(told, kReadyReadMax + 3);
  EXPECT_EQ(script_.ready_requests, requests + 1);
}

using UdpSocketDeathTest = UdpSocketTest;

TEST_F(UdpSocketDeathTest, AMovedFromSocketIsNotUsed) {
  UdpSocket first(engine_);
  UdpSocket second = std::move(first);
  EXPECT_DEATH(first.state(), "used after it was moved from");  // NOLINT(bugprone-use-after-move)
}

TEST_F(UdpSocketDeathTest, AnEngineOutlivesItsSocketsAndTimers) {
  const auto destroy_first = [](bool bound) {
    auto engine = std::make_unique<ScriptedEngine>();
    UdpSocket socket(*engine);
    if (bound) socket.Bind().IgnoreError();
    engine.reset();
  };
  EXPECT_DEATH(destroy_first(true), "destroy");
  EXPECT_DEATH(destroy_first(false), "destroyed before its timers");
}

}  // namespace
}  // namespace pollux
