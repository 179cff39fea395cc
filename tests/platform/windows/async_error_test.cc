// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors as Winsock tells of them: by failing the next receive, of any kind of socket. What
// the system says is scripted, for Wine does not say it.

#include <vector>

#include "tests/platform/windows/engine_test.h"

namespace pollux::windows_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class AsyncErrorTest : public WindowsEngineTest {
 protected:
  // A socket that listens for errors, and has come to rest.
  UdpSocket Listening() {
    UdpSocket socket = Bound();
    socket.OnError([this](const absl::Status& status) { errors_.push_back(status); });
    loop().RunFor(absl::ZeroDuration());
    return socket;
  }
  // Has the loop believe that something has arrived at its only socket.
  void Arrive() {
    calls_->Next(Call::kTakeReads, 1);
    loop().Post([] {});
    calls_->SetEvent(reinterpret_cast<HANDLE>(*loop().native_handle()));
  }

  std::vector<absl::Status> errors_;
};

// udp-semantics 4.3 "ICMP port unreachable": WSAECONNRESET on next recv, also unconnected.
TEST_F(AsyncErrorTest, ARefusalIsToldByOnErrorAndFailsNoCall) {
  UdpSocket socket = Listening(), peer = Bound();
  ASSERT_THAT(peer.WriteDatagram("here", socket.local_endpoint()), IsOk());
  calls_->Next(Call::kReceiveFrom, -WSAECONNRESET);
  ASSERT_TRUE(RunUntil([&] { return !errors_.empty(); }));
  EXPECT_THAT(errors_[0], HasCause(SocketError::kConnectionRefused));
  EXPECT_THAT(errors_[0], Says("WSAECONNRESET 10054"));
  EXPECT_EQ(socket.state(), SocketState::kBound);
  ASSERT_TRUE(RunUntil([&] { return socket.HasPendingDatagrams(); }));
  EXPECT_EQ(socket.ReceiveDatagram()->payload, "here");
  EXPECT_EQ(errors_.size(), 1u);
}

// udp-semantics 4.3 "TTL exceeded": WSAENETRESET on recv.
TEST_F(AsyncErrorTest, AnExceededHopLimitIsANetworkError) {
  UdpSocket socket = Listening();
  calls_->Next(Call::kReceiveFrom, -WSAENETRESET);
  Arrive();
  ASSERT_TRUE(RunUntil([&] { return !errors_.empty(); }));
  EXPECT_THAT(errors_[0], HasCause(SocketError::kNetwork));
}

TEST_F(AsyncErrorTest, EachIsToldInTheOrderInWhichTheyCame) {
  UdpSocket socket = Listening();
  calls_->Next(Call::kReceiveFrom, -WSAENETRESET);
  calls_->Next(Call::kReceiveFrom, -WSAECONNRESET);
  Arrive();
  ASSERT_TRUE(RunUntil([&] { return errors_.size() == 2; }));
  EXPECT_THAT(errors_[0], HasCause(SocketError::kNetwork));
  EXPECT_THAT(errors_[1], HasCause(SocketError::kConnectionRefused));
}

TEST_F(AsyncErrorTest, AConnectedSocketNamesItsPeer) {
  UdpSocket socket(engine()), peer = Bound();
  ASSERT_THAT(socket.ConnectToHost(peer.local_endpoint().address, peer.local_endpoint().port),
              IsOk());
  socket.OnError([this](const absl::Status& status) { errors_.push_back(status); });
  loop().RunFor(absl::ZeroDuration());
  calls_->Next(Call::kReceiveFrom, -WSAECONNRESET);
  Arrive();
  ASSERT_TRUE(RunUntil([&] { return !errors_.empty(); }));
  EXPECT_THAT(errors_[0], Says(peer.local_endpoint().ToString()));
}

// A read that meets the error reads what lies behind it.
TEST_F(AsyncErrorTest, AReadPassesOverIt) {
  UdpSocket socket = Bound(), peer = Bound();
  ASSERT_THAT(peer.WriteDatagram("behind", socket.local_endpoint()), IsOk());
  calls_->Next(Call::kReceiveFrom, -WSAECONNRESET);
  ASSERT_TRUE(RunUntil([&] { return socket.HasPendingDatagrams(); }));
  EXPECT_EQ(socket.ReceiveDatagram()->payload, "behind");
  EXPECT_THAT(socket.error(), HasCause(SocketError::kConnectionRefused));
}

// Winsock never fails a send by it; a system beneath it that is not Windows does.
TEST_F(AsyncErrorTest, ASendIsMadeAgain) {
  UdpSocket socket = Listening(), peer = Bound();
  calls_->Next(Call::kSendTo, -WSAECONNREFUSED);
  EXPECT_THAT(socket.WriteDatagram("x", peer.local_endpoint()), IsOk());
  ASSERT_TRUE(RunUntil([&] { return peer.HasPendingDatagrams() && !errors_.empty(); }));
  EXPECT_THAT(errors_[0], HasCause(SocketError::kConnectionRefused));
}

// udp-semantics 4.3: SIO_UDP_CONNRESET, SIO_UDP_NETRESET.
TEST_F(AsyncErrorTest, BothSwitchesAreSetFromTheStartAndByTheOption) {
  constexpr DWORD kNetReset = _WSAIOW(IOC_VENDOR, 15);
  UdpSocket socket = Bound();
  EXPECT_THAT(calls_->switches(),
              ElementsAre(Pair(DWORD{SIO_UDP_CONNRESET}, true), Pair(kNetReset, true)));
  EXPECT_EQ(*socket.GetOption(SocketOption::kReportUnreachable), 1);
  ASSERT_THAT(socket.SetOption(SocketOption::kReportUnreachable, 0), IsOk());
  ASSERT_EQ(calls_->switches().size(), 4u);
  EXPECT_EQ(calls_->switches()[2], (std::pair<DWORD, bool>(SIO_UDP_CONNRESET, false)));
  EXPECT_EQ(calls_->switches()[3], (std::pair<DWORD, bool>(kNetReset, false)));
  EXPECT_EQ(*socket.GetOption(SocketOption::kReportUnreachable), 0);
}

// ---- A network that goes down ----

TEST_F(AsyncErrorTest, ANetworkThatIsDownEndsInOneErrorAndTheLoopSleeps) {
  UdpSocket socket = Listening();
  calls_->Next(Call::kTakeReads, -WSAENETDOWN);
  calls_->SetEvent(reinterpret_cast<HANDLE>(*loop().native_handle()));
  ASSERT_TRUE(RunUntil([&] { return !errors_.empty(); }));
  EXPECT_THAT(errors_[0], HasCause(SocketError::kNetwork));
  EXPECT_THAT(errors_[0], Says("WSAENETDOWN 10050"));
  const int asked = calls_->count(Call::kTakeReads);
  for (int i = 0; i < 10; ++i) {
    calls_->SetEvent(reinterpret_cast<HANDLE>(*loop().native_handle()));
    loop().RunFor(absl::ZeroDuration());
  }
  EXPECT_EQ(calls_->count(Call::kTakeReads), asked) << "the socket is still watched";
  EXPECT_EQ(errors_.size(), 1u);
}

TEST_F(AsyncErrorTest, AReceiveThatFailsForGoodIsToldOnce) {
  UdpSocket socket = Listening();
  calls_->Next(Call::kReceiveFrom, -WSAENETDOWN, 100);
  Arrive();
  ASSERT_TRUE(RunUntil([&] { return !errors_.empty(); }));
  for (int i = 0; i < 10; ++i) loop().RunFor(absl::ZeroDuration());
  EXPECT_EQ(errors_.size(), 1u);
  EXPECT_THAT(socket.ReceiveDatagram(), HasCause(SocketError::kNetwork)) << "and by the call";
}

}  // namespace
}  // namespace pollux::windows_engine
