// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors: told by OnError, and never by a call that has nothing to do with them.

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class ErrorTest : public ConformanceTest {
 protected:
  // A port of host B on which nobody listens.
  uint16_t ClosedPort() {
    const UdpSocket socket = Bound(b(), kB);
    return socket.local_endpoint().port;
  }
};
POLLUX_CONFORMANCE_SUITE(ErrorTest);

// udp-semantics 1.4 "port unreachable, connected".
TEST_P(ErrorTest, AClosedPortIsToldOnceForEachAnswer) {
  UdpSocket alice(a());
  std::vector<absl::Status> errors;
  alice.OnError([&](const absl::Status& status) { errors.push_back(status); });
  ASSERT_THAT(alice.ConnectToHost(kB, ClosedPort()), IsOk());
  ASSERT_THAT(alice.Write("x"), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return errors.size() == 1; }));
  bed().Settle();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasCause(SocketError::kConnectionRefused));
  EXPECT_THAT(errors[0], Says("datagram to " + alice.peer_endpoint().ToString() + ": "));
  EXPECT_THAT(alice.error(), HasCause(SocketError::kConnectionRefused));
  EXPECT_EQ(alice.state(), SocketState::kConnected);
}

// qt-contract 1.15: elsewhere the next write fails and is not sent.
TEST_P(ErrorTest, ASendAfterTheAnswerIsSent) {
  UdpSocket alice(a()), bob = Bound(b(), kB), carol = Bound(b(), kB);
  const uint16_t port = bob.local_endpoint().port;
  bob.Close();
  int errors = 0;
  alice.OnError([&](const absl::Status&) { ++errors; });
  ASSERT_THAT(alice.ConnectToHost(kB, port), IsOk());
  ASSERT_THAT(alice.Write("lost"), IsOk());
  bed().Settle();
  ASSERT_THAT(bob.Bind(kB, port), IsOk());
  EXPECT_THAT(alice.WriteDatagram("other", carol.local_endpoint()), IsOk());
  EXPECT_THAT(alice.Write("heard"), IsOk());
  EXPECT_THAT(ReadAll(carol), ElementsAre("other"));
  EXPECT_THAT(ReadAll(bob), ElementsAre("heard"));
  EXPECT_EQ(errors, 1);
}

TEST_P(ErrorTest, AReadFindsTheDatagramsThatAreThere) {
  UdpSocket alice = Bound(a(), kA), bob = Bound(b(), kB);
  const Endpoint bob_at = bob.local_endpoint();
  std::vector<absl::Status> errors;
  alice.OnError([&](const absl::Status& status) { errors.push_back(status); });
  ASSERT_THAT(alice.ConnectToHost(kB, bob_at.port), IsOk());
  ASSERT_THAT(bob.WriteDatagram("first", alice.local_endpoint()), IsOk());
  bed().Settle();
  bob.Close();
  ASSERT_THAT(alice.Write("lost"), IsOk());
  EXPECT_EQ(alice.PendingDatagramSize(), 5u);
  const absl::StatusOr<Datagram> datagram = alice.ReceiveDatagram();
  ASSERT_THAT(datagram, IsOk());
  EXPECT_EQ(datagram->payload, "first");
  EXPECT_THAT(alice.ReceiveDatagram(), HasCause(SocketError::kTemporary));
  bed().Settle();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasCause(SocketError::kConnectionRefused));
}

// udp-semantics 1.4 "port unreachable, unconnected: nothing; with IP_RECVERR ...".
TEST_P(ErrorTest, UnconnectedSocketsHearOfItOnlyIfTheyAsk) {
  UdpSocket quiet = Bound(a(), kA), asking(a());
  ASSERT_THAT(asking.SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  ASSERT_THAT(asking.Bind(kA, 0), IsOk());
  int quiet_errors = 0;
  std::vector<absl::Status> errors;
  quiet.OnError([&](const absl::Status&) { ++quiet_errors; });
  asking.OnError([&](const absl::Status& status) { errors.push_back(status); });
  const Endpoint closed(kB, ClosedPort());
  ASSERT_THAT(quiet.WriteDatagram("x", closed), IsOk());
  ASSERT_THAT(asking.WriteDatagram("x", closed), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return !errors.empty(); }));
  bed().Settle();
  EXPECT_EQ(quiet_errors, 0);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasCause(SocketError::kConnectionRefused));
  // The text names whom it is about, since one socket sends to many.
  EXPECT_THAT(errors[0], Says("datagram to " + closed.ToString() + ": "));
}

TEST_P(ErrorTest, ErrorsAndDatagramsOfManyPeersDoNotDisturbEachOther) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  ASSERT_THAT(alice.Bind(kA, 0), IsOk());
  int errors = 0;
  alice.OnError([&](const absl::Status&) { ++errors; });
  const Endpoint closed(kB, ClosedPort());
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(alice.WriteDatagram("bad", closed), IsOk());
    ASSERT_THAT(alice.WriteDatagram("good", bob.local_endpoint()), IsOk());
  }
  EXPECT_THAT(ReadAll(bob), ElementsAre("good", "good", "good"));
  EXPECT_EQ(errors, 3);
}

TEST_P(ErrorTest, TheCallbackMayDestroyItsSocket) {
  auto alice = std::make_unique<UdpSocket>(a());
  bool ran = false;
  alice->OnError([&](const absl::Status&) {
    ran = true;
    alice.reset();
  });
  ASSERT_THAT(alice->ConnectToHost(kB, ClosedPort()), IsOk());
  ASSERT_THAT(alice->Write("x"), IsOk());
  EXPECT_TRUE(bed().RunUntil([&] { return ran; }));
  bed().Settle();
}

TEST_P(ErrorTest, TheLatestErrorIsKeptAndSuccessDoesNotClearIt) {
  UdpSocket alice = Bound(a(), kA);
  EXPECT_THAT(alice.error(), IsOk());
  const std::string large(kMaxIpv4Payload + 1, 'x');
  EXPECT_FALSE(alice.WriteDatagram(large, Endpoint(kB, 9)).ok());
  EXPECT_THAT(alice.error(), HasCause(SocketError::kDatagramTooLarge));
  EXPECT_FALSE(alice.JoinMulticastGroup(kB).ok());
  EXPECT_THAT(alice.error(), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.WriteDatagram("x", alice.local_endpoint()), IsOk());
  EXPECT_THAT(alice.error(), HasCause(SocketError::kOperation));
}

}  // namespace
}  // namespace pollux::conformance
