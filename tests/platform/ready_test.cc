// SPDX-License-Identifier: Apache-2.0
//
// Readiness: when a socket's callback runs, and what it may do.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/event_loop.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;

class ReadyTest : public EngineTest {
 protected:
  void Poke(EngineSocket& socket, absl::string_view payload = "poke") {
    EXPECT_THAT(SendOne(*poker_, payload, LoopbackOf(socket, AddressFamily::kIpv4)), IsOk());
  }

  int runs_ = 0;
  std::unique_ptr<EngineSocket> poker_ = NewSocket(AddressFamily::kIpv4);
};

TEST_F(ReadyTest, TheCallbackRunsOncePerTurnHoweverManyArrived) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] { ++runs_; });
  for (int i = 0; i < 5; ++i) Poke(*socket);
  EXPECT_EQ(runs_, 0);
  RunTurn();
  EXPECT_EQ(runs_, 1);
  RunTurn();
  EXPECT_EQ(runs_, 1) << "nothing new had arrived";
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 2);
}

TEST_F(ReadyTest, ARequestIsAnsweredWithoutASystemCallIfSomethingWasLeft) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] { ++runs_; });
  Poke(*socket, "first");
  Poke(*socket, "second");
  RunTurn();
  EXPECT_EQ(ReceiveOne(*socket)->payload, "first");
  const int receives = calls_->count(Call::kRecvFrom);
  socket->RequestReady();
  EXPECT_EQ(runs_, 1) << "never inside the call";
  RunTurn();
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(calls_->count(Call::kRecvFrom), receives);
}

TEST_F(ReadyTest, ARequestAfterTheLastDatagramWaitsForTheNext) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] { ++runs_; });
  Poke(*socket);
  RunTurn();
  Drain(*socket);
  socket->RequestReady();
  RunTurn();
  EXPECT_EQ(runs_, 1);
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 2);
}

TEST_F(ReadyTest, ABatchThatWasNotFilledFoundTheQueueEmpty) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] { ++runs_; });
  Poke(*socket);
  RunTurn();
  std::vector<std::string> buffers(4, std::string(100, '\0'));
  std::vector<ReceiveSlot> slots;
  for (std::string& buffer : buffers) {
    slots.push_back({.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}});
  }
  EXPECT_EQ(*socket->Receive(absl::MakeSpan(slots)), 1u);
  socket->RequestReady();
  RunTurn();
  EXPECT_EQ(runs_, 1);
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 2);
}

TEST_F(ReadyTest, ARequestInACallbackIsForTheNextTurn) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] {
    ++runs_;
    if (runs_ < 3) socket->RequestReady();
  });
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 1);
  RunTurn();
  EXPECT_EQ(runs_, 2);
  RunTurn();
  RunTurn();
  EXPECT_EQ(runs_, 3);
}

TEST_F(ReadyTest, ACallbackThatComesLateIsToldByARequest) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Poke(*socket);
  RunTurn();
  Listen(*socket, [&] { ++runs_; });
  socket->RequestReady();
  RunTurn();
  EXPECT_EQ(runs_, 1);
}

TEST_F(ReadyTest, ACallbackMayDestroyItsOwnSocket) {
  auto socket = NewBound(AddressFamily::kIpv4);
  Listen(*socket, [&] {
    socket.reset();
    ++runs_;
  });
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 1);
  RunTurn();
}

TEST_F(ReadyTest, ACallbackMayDestroySocketsThatAreReadyToo) {
  std::vector<std::unique_ptr<EngineSocket>> sockets;
  std::vector<int> ran;
  for (int i = 0; i < 4; ++i) {
    sockets.push_back(NewBound(AddressFamily::kIpv4));
    Listen(*sockets.back(), [&, i] {
      ran.push_back(i);
      if (i == 1) {
        sockets[0].reset();
        sockets[2].reset();
      }
    });
  }
  for (auto& socket : sockets) Poke(*socket);
  RunTurn();
  RunTurn();
  EXPECT_THAT(ran, ElementsAre(0, 1, 3));
}

TEST_F(ReadyTest, ASocketCreatedInPlaceOfADestroyedOneIsNotMistakenForIt) {
  auto socket = NewBound(AddressFamily::kIpv4);
  std::unique_ptr<EngineSocket> replacement;
  Timer timer(loop(), [&] {
    socket.reset();
    replacement = NewBound(AddressFamily::kIpv4);
    Listen(*replacement, [&] { ++runs_; });
  });
  Listen(*socket, [&] { ++runs_; });
  Poke(*socket);
  timer.Start(absl::ZeroDuration());
  RunTurn();
  RunTurn();
  EXPECT_EQ(runs_, 0);
}

TEST_F(ReadyTest, ADuplicateOfTheHandleDoesNotKeepADestroyedSocketReady) {
  auto socket = NewBound(AddressFamily::kIpv4);
  const Endpoint endpoint = LoopbackOf(*socket, AddressFamily::kIpv4);
  const int duplicate = ::fcntl(static_cast<int>(*socket->native_handle()), F_DUPFD_CLOEXEC, 0);
  socket.reset();
  EXPECT_THAT(SendOne(*poker_, "for the duplicate", endpoint), IsOk());
  RunTurn();
  ::close(duplicate);
}

TEST_F(ReadyTest, ACallbackMayReplaceItself) {
  auto socket = NewBound(AddressFamily::kIpv4);
  int replaced = 0;
  Listen(*socket, [&] {
    ++runs_;
    Listen(*socket, [&] { ++replaced; });
  });
  Poke(*socket);
  RunTurn();
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(replaced, 1);
}

TEST_F(ReadyTest, ACallbackMayRunTheLoopAndIsRunAgainInIt) {
  auto socket = NewBound(AddressFamily::kIpv4);
  int depth = 0;
  int deepest = 0;
  Listen(*socket, [&] {
    ++depth;
    deepest = std::max(deepest, depth);
    if (++runs_ == 1) {
      Poke(*socket);
      EXPECT_TRUE(RunUntil([&] { return runs_ == 2; }));
    }
    --depth;
  });
  Poke(*socket);
  RunTurn();
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(deepest, 2);
}

TEST_F(ReadyTest, HundredsOfSocketsAreServedInOneTurnByAge) {
  constexpr int kSockets = 600;  // More than one epoll_wait reports.
  std::vector<std::unique_ptr<EngineSocket>> sockets;
  std::vector<int> ran;
  std::vector<int> ages;
  for (int i = 0; i < kSockets; ++i) {
    sockets.push_back(NewBound(AddressFamily::kIpv4));
    Listen(*sockets.back(), [&, i] { ran.push_back(i); });
    ages.push_back(i);
  }
  for (int i = kSockets - 1; i >= 0; --i) Poke(*sockets[i]);
  RunTurn();
  EXPECT_EQ(ran, ages);
}

}  // namespace
}  // namespace pollux::linux_engine
