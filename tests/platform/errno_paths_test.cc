// SPDX-License-Identifier: Apache-2.0
//
// Every error that the calls of a transfer can give, by every path: the caller is told, nothing is
// lost or sent twice, and the socket works on.

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/datagram_batch.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// What is wrong with the system rather than with a datagram or its way.
constexpr int kSystemErrors[] = {ENOBUFS, ENOMEM, EMFILE, ENFILE, EPERM, EIO, EFAULT, ENETDOWN};

class ErrnoPathsTest : public EngineTest {
 protected:
  std::vector<SendSlot> Slots(size_t count) {
    return std::vector<SendSlot>(count, {.payload = "payload", .destination = here_});
  }

  std::unique_ptr<EngineSocket> socket_ = NewBound(AddressFamily::kIpv4);
  const Endpoint here_ = LoopbackOf(*socket_, AddressFamily::kIpv4);
};

TEST_F(ErrnoPathsTest, OneDatagramThatCannotBeSentIsToldWithItsNumber) {
  for (const int error : kSystemErrors) {
    calls_->Fail(Call::kSendTo, error);
    EXPECT_THAT(SendOne(*socket_, "x", here_), HasNumber(error));
    calls_->Fail(Call::kSendMsg, error);
    EXPECT_THAT(SendOne(*socket_, "x", here_, {.hop_limit = 3}), HasNumber(error));
    EXPECT_EQ(*SendOne(*socket_, "x", here_), 1u);
    EXPECT_THAT(Drain(*socket_), ElementsAre("x")) << error;
  }
}

// The kernel says of a batch how many it has sent, and not what was wrong with the next.
TEST_F(ErrnoPathsTest, ABatchThatFailsMidwayTellsExactlyWhatWasSentAndThenTheError) {
  ASSERT_THAT(socket_->SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
  for (const int error : kSystemErrors) {
    const std::vector<SendSlot> slots = Slots(400);
    // This one may mean that the run was refused, which is then tried one by one.
    const int times = error == EIO ? 2 : 1;
    calls_->Fail(Call::kSendMMsg, error, times, 1);
    const absl::StatusOr<size_t> sent = socket_->Send(slots);
    ASSERT_THAT(sent, IsOk());
    EXPECT_EQ(*sent, 256u);
    EXPECT_THAT(Drain(*socket_), SizeIs(*sent)) << error;
    calls_->Fail(Call::kSendMMsg, error, times);
    EXPECT_THAT(socket_->Send(absl::MakeSpan(slots).subspan(*sent)), HasNumber(error));
    EXPECT_EQ(*socket_->Send(absl::MakeSpan(slots).subspan(*sent)), slots.size() - *sent);
    EXPECT_THAT(Drain(*socket_), SizeIs(slots.size() - *sent)) << error;
  }
}

TEST_F(ErrnoPathsTest, AReceiveThatFailsLosesNothing) {
  UdpSocket socket(*engine_);
  DatagramBatch batch(4);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  const Endpoint there = socket.local_endpoint();
  for (const int error : kSystemErrors) {
    ASSERT_EQ(*SendOne(*socket_, "kept", there), 1u);
    for (const Call call : {Call::kRecvFrom, Call::kRecvMsg, Call::kRecvMMsg}) {
      calls_->Fail(call, error);
    }
    char buffer[10];
    EXPECT_THAT(socket.ReadDatagram(absl::MakeSpan(buffer)), HasNumber(error));
    EXPECT_THAT(socket.ReceiveBatch(batch), HasNumber(error));
    calls_->Fail(Call::kRecvFrom, 0, 0);
    calls_->Fail(Call::kRecvMsg, 0, 0);
    EXPECT_EQ(socket.ReceiveDatagram()->payload, "kept") << error;
    EXPECT_FALSE(socket.HasPendingDatagrams());
  }
}

// Where it comes between the question for its size and the read.
TEST_F(ErrnoPathsTest, ADatagramThatComesWhileTheProgramLooksIsNotLost) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  const std::string large(20000, 'x');
  for (const std::string& payload : {std::string("kept"), large}) {
    ASSERT_EQ(*SendOne(*socket_, payload, socket.local_endpoint()), 1u);
    calls_->Fail(Call::kRecvFrom, EAGAIN);
    const absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
    ASSERT_THAT(datagram, IsOk());
    EXPECT_EQ(datagram->payload, payload);
    EXPECT_FALSE(datagram->info.truncated);
    EXPECT_EQ(datagram->info.source.port, socket_->LocalEndpoint().port);
  }
  ASSERT_THAT(socket.ConnectToHost(here_.address, here_.port), IsOk());
  for (const bool line : {false, true}) {
    ASSERT_EQ(*SendOne(*socket_, large, socket.local_endpoint()), 1u);
    calls_->Fail(Call::kRecvFrom, EAGAIN);
    std::string buffer(30000, '\0');
    EXPECT_EQ(line ? socket.ReadLine()->size() : *socket.Read(absl::MakeSpan(buffer)),
              large.size());
  }
  EXPECT_THAT(socket.ReceiveDatagram(), HasCause(SocketError::kTemporary));
}

TEST_F(ErrnoPathsTest, APeerWhosePortClosesMidwayCostsNoOtherDatagramOfTheBatch) {
  auto peer = NewBound(AddressFamily::kIpv4);
  const Endpoint there = LoopbackOf(*peer, AddressFamily::kIpv4);
  ASSERT_THAT(socket_->Connect(there), IsOk());
  EXPECT_EQ(*SendOne(*socket_, "heard"), 1u);
  EXPECT_THAT(Drain(*peer), ElementsAre("heard"));
  peer.reset();
  // Of different sizes, so that each is a message of its own.
  std::vector<std::string> payloads;
  for (size_t i = 1; i <= 20; ++i) payloads.emplace_back(i, 'x');
  std::vector<SendSlot> slots;
  for (const std::string& payload : payloads) slots.push_back({.payload = payload});
  EXPECT_EQ(*socket_->Send(slots), slots.size());
  EXPECT_THAT(SendOne(*socket_, "x"), IsOk());
  EXPECT_TRUE(socket_->TakeAsyncError().has_value());
}

TEST_F(ErrnoPathsTest, ARealFullSendBufferEndsABatchAndTheRestIsSentLater) {
  // Nothing is read, and the smallest buffer there is; what the receiver drops is not our matter.
  ASSERT_THAT(socket_->SetOption(SocketOption::kSendBufferSize, 1), IsOk());
  const std::string large(60000, 'x');
  std::vector<SendSlot> slots(50, {.payload = large, .destination = here_});
  size_t sent = 0;
  for (int tries = 0; tries < 1000 && sent < slots.size(); ++tries) {
    const absl::StatusOr<size_t> result = socket_->Send(absl::MakeSpan(slots).subspan(sent));
    ASSERT_THAT(result, IsOk());
    sent += *result;
    Drain(*socket_);
  }
  EXPECT_EQ(sent, slots.size());
}

TEST_F(ErrnoPathsTest, DatagramsThatFindNoRoomAreCounted) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.SetOption(SocketOption::kReceiveBufferSize, 4096), IsOk());
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  ASSERT_THAT(socket.RequestMetadata(Metadata::kDropCount), IsOk());
  const std::string payload(500, 'x');
  size_t read = 0;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(*SendOne(*socket_, payload, socket.local_endpoint()), 1u);
  while (socket.ReceiveDatagram().ok()) ++read;
  EXPECT_LT(read, 100u);
  ASSERT_EQ(*SendOne(*socket_, "last", socket.local_endpoint()), 1u);
  const absl::StatusOr<Datagram> last = socket.ReceiveDatagram();
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ(last->info.drop_count, 100 - read);
}

// ---- Bad input ----

TEST_F(ErrnoPathsTest, ABatchOfMixedFamiliesEndsBeforeTheOneThatCannotBeSent) {
  std::vector<SendSlot> slots = Slots(3);
  slots[1].destination = Endpoint(IpAddress::LoopbackIpv6(), here_.port);
  EXPECT_EQ(*socket_->Send(slots), 1u);
  EXPECT_THAT(Drain(*socket_), SizeIs(1));
  const absl::StatusOr<size_t> rest = socket_->Send(absl::MakeSpan(slots).subspan(1));
  EXPECT_THAT(rest, HasCause(SocketError::kNetwork));
  EXPECT_THAT(rest, Says("[::1]"));
}

TEST_F(ErrnoPathsTest, ADatagramThatNoPacketHoldsIsNamedAndEndsTheBatch) {
  const std::string large(kMaxIpv4Payload + 1, 'x');
  std::vector<SendSlot> slots = Slots(2);
  slots.push_back({.payload = large, .destination = here_});
  slots.push_back({.payload = large, .destination = here_});
  EXPECT_EQ(*socket_->Send(slots), 2u);
  const absl::StatusOr<size_t> rest = socket_->Send(absl::MakeSpan(slots).subspan(2));
  EXPECT_THAT(rest, HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(rest, Says("65508"));
}

TEST_F(ErrnoPathsTest, ReceiveBuffersThatShareMemoryAreRefused) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  ASSERT_EQ(*SendOne(*socket_, "kept", socket.local_endpoint()), 1u);
  std::string memory(100, '\0');
  const absl::Span<char> all = absl::MakeSpan(memory);
  ReceiveSlot slots[3] = {
      {.buffer = all.subspan(50)}, {.buffer = all.first(20)}, {.buffer = all.subspan(10, 20)}};
  const absl::StatusOr<size_t> result = socket.ReceiveBatch(absl::MakeSpan(slots));
  EXPECT_THAT(result, HasCause(SocketError::kOperation));
  EXPECT_THAT(result, Says("slots 1 and 2 share memory"));
  // One without memory has none to share, and hides nobody.
  slots[1].buffer = {};
  slots[2].buffer = all.subspan(60, 20);
  EXPECT_THAT(socket.ReceiveBatch(absl::MakeSpan(slots)), Says("slots 0 and 2 share memory"));
  slots[1].buffer = all.first(20);
  slots[2].buffer = all.subspan(20, 20);
  EXPECT_EQ(*socket.ReceiveBatch(absl::MakeSpan(slots)), 1u);
  EXPECT_EQ(slots[0].payload(), "kept");
}

TEST_F(ErrnoPathsTest, ReceiveBuffersMayLieInAnyOrder) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  constexpr size_t kSlots = 5000;
  constexpr size_t kRoom = 8;
  std::string memory(kSlots * kRoom, '\0');
  std::vector<ReceiveSlot> slots(kSlots);
  for (size_t i = 0; i < kSlots; ++i) {
    slots[i].buffer = absl::MakeSpan(memory).subspan(i * 1231 % kSlots * kRoom, kRoom);
  }
  for (size_t i = 0; i < 100; ++i) {
    ASSERT_EQ(*SendOne(*socket_, std::to_string(i), socket.local_endpoint()), 1u);
  }
  ASSERT_EQ(*socket.ReceiveBatch(absl::MakeSpan(slots)), 100u);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(slots[i].payload(), std::to_string(i));
  slots[4000].buffer = slots[123].buffer.subspan(4);
  EXPECT_THAT(socket.ReceiveBatch(absl::MakeSpan(slots)), Says("slots 123 and 4000 share memory"));
}

TEST_F(ErrnoPathsTest, NoSlotsAreNoWork) {
  EXPECT_EQ(*socket_->Send({}), 0u);
  EXPECT_EQ(*socket_->Receive({}), 0u);
}

}  // namespace
}  // namespace pollux::linux_engine
