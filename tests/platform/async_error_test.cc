// SPDX-License-Identifier: Apache-2.0
//
// Errors that belong to no call: ICMP, on loopback and injected.

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

using ::testing::Optional;

class AsyncErrorTest : public EngineTest, public ::testing::WithParamInterface<AddressFamily> {
 protected:
  std::unique_ptr<EngineSocket> NewConnected(const Endpoint& peer) {
    std::unique_ptr<EngineSocket> socket = NewSocket(GetParam());
    EXPECT_THAT(socket->Connect(peer), IsOk());
    return socket;
  }
  // How many errors wait; all are refusals by `peer`.
  static int TakeRefusals(EngineSocket& socket, const Endpoint& peer) {
    int count = 0;
    while (std::optional<AsyncError> error = socket.TakeAsyncError()) {
      EXPECT_THAT(error->status, HasCause(SocketError::kConnectionRefused));
      EXPECT_THAT(error->status, Says("datagram to " + peer.ToString()));
      EXPECT_EQ(error->destination, peer);
      ++count;
    }
    return count;
  }

  const Endpoint closed_ = ClosedEndpoint(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Families, AsyncErrorTest,
                         ::testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6,
                                           AddressFamily::kDual),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(AsyncErrorTest, ARefusalMakesTheSocketReadyAndIsTakenOnce) {
  auto socket = NewConnected(closed_);
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  ASSERT_EQ(*SendOne(*socket, "x"), 1u);
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt) << "epoll was not asked yet";
  ASSERT_TRUE(RunUntil([&] { return ready == 1; }));
  EXPECT_EQ(TakeRefusals(*socket, closed_), 1);
  RunTurn();
  EXPECT_EQ(ready, 1);
}

TEST_P(AsyncErrorTest, ARefusalFailsNoSend) {
  auto socket = NewConnected(closed_);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(*SendOne(*socket, "x"), 1u);
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  RunTurn();
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(TakeRefusals(*socket, closed_), 4);
}

TEST_P(AsyncErrorTest, ARefusalFailsNoBatch) {
  auto socket = NewConnected(closed_);
  const std::vector<SendSlot> batch(5, SendSlot{.payload = "x", .destination = {}, .options = {}});
  EXPECT_EQ(*socket->Send(batch), 5u);
  RunTurn();
  EXPECT_GE(TakeRefusals(*socket, closed_), 1);
}

// Of different sizes, so that each is a message: the kernel says nothing of an error that ends a
// call for many messages before its time.
TEST_P(AsyncErrorTest, NoRefusalIsLostInABatch) {
  auto socket = NewConnected(closed_);
  const std::string payload(10, 'x');
  std::vector<SendSlot> batch;
  for (size_t size = 1; size <= 5; ++size) {
    batch.push_back({.payload = absl::string_view(payload).substr(0, size)});
  }
  EXPECT_EQ(*socket->Send(batch), 5u);
  RunTurn();
  EXPECT_EQ(TakeRefusals(*socket, closed_), 5);
}

TEST_P(AsyncErrorTest, AnErrorInABatchIsKeptAndTheBatchGoesOn) {
  auto peer = NewBound(GetParam());
  auto socket = NewConnected(LoopbackOf(*peer, GetParam()));
  const std::string payload(10, 'x');
  std::vector<SendSlot> batch;
  for (size_t size = 1; size <= 5; ++size) {
    batch.push_back({.payload = absl::string_view(payload).substr(0, size)});
  }
  calls_->Fail(Call::kSendMsg, EHOSTUNREACH, 1, 2);
  EXPECT_EQ(*socket->Send(batch), 5u);
  EXPECT_THAT(Drain(*peer), ::testing::SizeIs(5));
  const std::optional<AsyncError> kept = socket->TakeAsyncError();
  ASSERT_TRUE(kept.has_value());
  EXPECT_THAT(kept->status, HasNumber(EHOSTUNREACH));
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
}

// One that a retry meets again is the datagram's own, and ends the batch before it.
TEST_P(AsyncErrorTest, AnErrorOfADatagramsOwnEndsTheBatchOfAConnectedSocket) {
  auto peer = NewBound(GetParam());
  auto socket = NewConnected(LoopbackOf(*peer, GetParam()));
  const std::string payload(70000, 'x');
  const SendSlot batch[] = {{.payload = "one"}, {.payload = payload}, {.payload = "three"}};
  EXPECT_EQ(*socket->Send(batch), 1u);
  EXPECT_THAT(socket->Send(absl::MakeSpan(batch).subspan(1)),
              HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(Drain(*peer), ::testing::ElementsAre("one"));
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
}

TEST_P(AsyncErrorTest, ARefusalFailsNoReceiveAndHidesNoDatagram) {
  auto peer = NewBound(GetParam());
  const Endpoint there = LoopbackOf(*peer, GetParam());
  auto socket = NewConnected(there);
  ASSERT_THAT(SendOne(*peer, "waiting", LoopbackOf(*socket, GetParam())), IsOk());
  peer.reset();
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  EXPECT_THAT(socket->PendingDatagramSize(), Optional(7u));
  EXPECT_EQ(ReceiveOne(*socket)->payload, "waiting");
  EXPECT_EQ(ReceiveOne(*socket), std::nullopt);
  EXPECT_EQ(TakeRefusals(*socket, there), 1);
}

TEST_P(AsyncErrorTest, ARefusalInABatchOfReceivesIsKept) {
  auto peer = NewBound(GetParam());
  const Endpoint there = LoopbackOf(*peer, GetParam());
  auto socket = NewConnected(there);
  ASSERT_THAT(SendOne(*peer, "waiting", LoopbackOf(*socket, GetParam())), IsOk());
  peer.reset();
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  std::string buffers[2] = {std::string(10, '\0'), std::string(10, '\0')};
  ReceiveSlot slots[2] = {{.buffer = absl::MakeSpan(buffers[0]), .size = 0, .info = {}},
                          {.buffer = absl::MakeSpan(buffers[1]), .size = 0, .info = {}}};
  EXPECT_EQ(*socket->Receive(absl::MakeSpan(slots)), 1u);
  EXPECT_EQ(slots[0].payload(), "waiting");
  EXPECT_EQ(TakeRefusals(*socket, there), 1);
}

TEST_P(AsyncErrorTest, AnErrorThatACallMetMakesTheSocketReady) {
  auto socket = NewConnected(closed_);
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  EXPECT_EQ(socket->PendingDatagramSize(), std::nullopt);  // Consumes the kernel's.
  RunTurn();
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(TakeRefusals(*socket, closed_), 1);
}

TEST_P(AsyncErrorTest, ARequestForReadinessIsAnsweredForAnErrorToo) {
  auto socket = NewConnected(closed_);
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  RunTurn();
  socket->RequestReady();
  RunTurn();
  EXPECT_EQ(ready, 2);
}

TEST_P(AsyncErrorTest, AnUnconnectedSocketHearsNothingUnlessItAsks) {
  auto socket = NewBound(GetParam());
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  ASSERT_THAT(SendOne(*socket, "x", closed_), IsOk());
  RunTurn();
  EXPECT_EQ(ready, 0);
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);

  ASSERT_THAT(socket->SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  const Endpoint second = ClosedEndpoint(GetParam());
  ASSERT_THAT(SendOne(*socket, "x", closed_), IsOk());
  ASSERT_THAT(SendOne(*socket, "x", second), IsOk());
  RunTurn();
  EXPECT_EQ(ready, 1);
  std::optional<AsyncError> first_error = socket->TakeAsyncError();
  std::optional<AsyncError> second_error = socket->TakeAsyncError();
  ASSERT_TRUE(first_error.has_value() && second_error.has_value());
  EXPECT_EQ(first_error->destination, closed_);
  EXPECT_EQ(second_error->destination, second);
  EXPECT_THAT(first_error->status, HasCause(SocketError::kConnectionRefused));
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
  EXPECT_EQ(*SendOne(*socket, "y", closed_), 1u);
}

TEST_P(AsyncErrorTest, WithReportsAnErrorIsNotToldTwice) {
  auto socket = NewConnected(closed_);
  ASSERT_THAT(socket->SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  ASSERT_THAT(SendOne(*socket, "x"), IsOk());
  EXPECT_EQ(ReceiveOne(*socket), std::nullopt);  // Is given the pending error.
  EXPECT_EQ(TakeRefusals(*socket, closed_), 1);
  RunTurn();
  EXPECT_EQ(TakeRefusals(*socket, closed_), 0);
}

TEST_P(AsyncErrorTest, WithReportsAnErrorOfTheCallItselfIsTheCalls) {
  auto socket = NewConnected(closed_);
  ASSERT_THAT(socket->SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  ASSERT_THAT(socket->SetOption(SocketOption::kDontFragment, 1), IsOk());
  // More than the 65536 bytes of the loopback interface with all headers.
  EXPECT_THAT(SendOne(*socket, std::string(65520, 'x')), HasCause(SocketError::kDatagramTooLarge));
  RunTurn();
  EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
}

TEST_P(AsyncErrorTest, AnErrorThatARetryDoesNotMeetWasNotTheCalls) {
  auto peer = NewBound(GetParam());
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT, EMSGSIZE, EACCES}) {
    auto socket = NewConnected(LoopbackOf(*peer, GetParam()));
    calls_->Fail(Call::kSendTo, error);
    EXPECT_EQ(*SendOne(*socket, "x"), 1u);
    EXPECT_EQ(Drain(*peer).size(), 1u);
    std::optional<AsyncError> kept = socket->TakeAsyncError();
    ASSERT_TRUE(kept.has_value());
    EXPECT_THAT(kept->status, HasNumber(error));
    EXPECT_EQ(kept->destination, LoopbackOf(*peer, GetParam()));
  }
}

TEST_P(AsyncErrorTest, AnErrorThatARetryMeetsAgainIsTheCalls) {
  auto socket = NewConnected(closed_);
  for (const int error : {EHOSTUNREACH, ENETUNREACH, EMSGSIZE, EACCES}) {
    calls_->Fail(Call::kSendTo, error, 2);
    EXPECT_THAT(SendOne(*socket, "x"), HasNumber(error));
    EXPECT_EQ(socket->TakeAsyncError(), std::nullopt);
  }
}

TEST_P(AsyncErrorTest, AnErrorBeforeAFullBufferIsKept) {
  auto socket = NewConnected(closed_);
  calls_->Fail(Call::kRecvFrom, EHOSTUNREACH, 2);
  EXPECT_EQ(ReceiveOne(*socket), std::nullopt);
  for (int i = 0; i < 2; ++i) {
    std::optional<AsyncError> kept = socket->TakeAsyncError();
    ASSERT_TRUE(kept.has_value());
    EXPECT_THAT(kept->status, HasNumber(EHOSTUNREACH));
  }
}

TEST_P(AsyncErrorTest, AFloodOfErrorsEndsInTheNextTurn) {
  auto socket = NewConnected(closed_);
  int ready = 0;
  Listen(*socket, [&] { ++ready; });
  calls_->Fail(Call::kRecvFrom, ECONNREFUSED, 1000000);
  EXPECT_EQ(ReceiveOne(*socket), std::nullopt);
  RunTurn();
  EXPECT_EQ(ready, 1);
}

TEST_P(AsyncErrorTest, ErrorsThatNobodyTakesArePiledUpToALimit) {
  auto peer = NewBound(GetParam());
  auto socket = NewConnected(LoopbackOf(*peer, GetParam()));
  for (int i = 0; i < 1000; ++i) {
    calls_->Fail(Call::kRecvFrom, ECONNREFUSED);
    ReceiveOne(*socket);
  }
  int taken = 0;
  while (socket->TakeAsyncError().has_value()) ++taken;
  EXPECT_EQ(taken, 64);
}

}  // namespace
}  // namespace pollux::linux_engine
