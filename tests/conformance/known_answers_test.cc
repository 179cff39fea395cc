// SPDX-License-Identifier: Apache-2.0
//
// What an engine says it knows of a socket without being asked is what it says when it is asked, in
// whatever order a program does things.

#include <array>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sim/choice/random.h"
#include "tests/conformance/bed.h"
#include "udp/testing/listen.h"

namespace pollux::conformance {
namespace {

class KnownAnswersTest : public ConformanceTest {
 protected:
  static constexpr uint16_t kNobody = 9;  // Discard: nothing listens there.

  std::unique_ptr<EngineSocket> Open(SocketEngine& engine, const IpAddress& address) {
    absl::StatusOr<std::unique_ptr<EngineSocket>> socket =
        engine.NewUdpSocket(AddressFamily::kIpv4);
    EXPECT_THAT(socket, IsOk());
    EXPECT_THAT((*socket)->Bind(Endpoint(address, 0)), IsOk());
    return *std::move(socket);
  }

  static void Send(EngineSocket& from, const Endpoint& to) {
    const SendSlot slot{.payload = "payload", .destination = to};
    from.Send({&slot, 1}).IgnoreError();
  }

  static void Receive(EngineSocket& socket, size_t slots) {
    std::array<std::array<char, 4>, 3> room;  // Too short: that is an error of some platforms.
    std::array<ReceiveSlot, 3> all;
    for (size_t i = 0; i < all.size(); ++i) all[i].buffer = absl::MakeSpan(room[i]);
    EXPECT_THAT(socket.Receive(absl::MakeSpan(all).first(slots)), IsOk());
  }

  // Compares, and asks for errors too only now and then: to ask is to take them.
  static void Check(EngineSocket& socket, bool errors) {
    if (const Waiting known = socket.known_datagrams(); known != Waiting::kUnknown) {
      EXPECT_EQ(socket.PendingDatagramSize().has_value(), known == Waiting::kSomething);
    }
    const Waiting known = socket.known_errors();
    if (!errors || known == Waiting::kUnknown) return;
    EXPECT_EQ(socket.TakeAsyncError().has_value(), known == Waiting::kSomething);
  }

  // One step of a program, of which there are that many kinds.
  static constexpr uint64_t kSteps = 9;
  void Step(uint64_t kind, EngineSocket& socket, EngineSocket& other) {
    switch (kind) {
      case 0:
        return Send(other, socket.LocalEndpoint());
      case 1:
        return Send(socket, Endpoint(other.LocalEndpoint().address, kNobody));
      case 2:
        return Receive(socket, 1);
      case 3:
        return Receive(socket, 3);
      case 4:
        static_cast<void>(socket.HasPending());
        return;
      case 5:
        static_cast<void>(socket.TakeAsyncError());
        return;
      case 6:
        socket.Connect(other.LocalEndpoint()).IgnoreError();
        return;
      case 7:
        socket.Disconnect().IgnoreError();
        return;
      default:
        bed().RunUntil([] { return false; }, absl::Microseconds(200));
    }
  }
};
POLLUX_CONFORMANCE_SUITE(KnownAnswersTest);

TEST_P(KnownAnswersTest, AreTrueAfterEveryStepOfAProgram) {
  sim::Random random(20261127);
  for (int program = 0; program < 20; ++program) {
    const std::unique_ptr<EngineSocket> socket = Open(a(), kA);
    const std::unique_ptr<EngineSocket> other = Open(b(), kB);
    const bool listens = random.Below(2) == 0;
    if (listens) testing::Listen(*socket, [] {});
    // So that errors come also where a socket has to ask for them.
    socket->SetOption(SocketOption::kReportUnreachable, 1).IgnoreError();
    for (int step = 0; step < 60 && !HasFailure(); ++step) {
      const uint64_t kind = random.Below(kSteps);
      SCOPED_TRACE(absl::StrCat("program ", program, ", step ", step, " of kind ", kind));
      Step(kind, *socket, *other);
      Check(*socket, random.Below(4) == 0);
    }
  }
}

// A simulated host knows what waits; only what has come since is unknown until somebody asks.
TEST_P(KnownAnswersTest, OfASimulatedHostAreNothingBeforeAnythingComes) {
  const std::unique_ptr<EngineSocket> socket = Open(a(), kA);
  if (!absl::StartsWith(a().name(), "sim:")) GTEST_SKIP() << "a kernel has to be asked";
  EXPECT_EQ(socket->known_errors(), Waiting::kNothing);
  Receive(*socket, 1);
  EXPECT_EQ(socket->known_datagrams(), Waiting::kNothing);
  const std::unique_ptr<EngineSocket> other = Open(b(), kB);
  Send(*other, socket->LocalEndpoint());
  Send(*other, socket->LocalEndpoint());
  bed().Settle();
  EXPECT_EQ(socket->known_datagrams(), Waiting::kUnknown);
  EXPECT_TRUE(socket->HasPending());
  EXPECT_EQ(socket->known_datagrams(), Waiting::kSomething);
  Receive(*socket, 1);
  EXPECT_EQ(socket->known_datagrams(), Waiting::kSomething);
  Receive(*socket, 3);
  EXPECT_EQ(socket->known_datagrams(), Waiting::kNothing);
}

}  // namespace
}  // namespace pollux::conformance
