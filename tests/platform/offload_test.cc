// SPDX-License-Identifier: Apache-2.0
//
// Many datagrams as one: runs that the kernel cuts (UDP_SEGMENT), runs that it hands out together
// (UDP_GRO), and that nothing is lost, doubled or cut wrongly where it does neither.

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platform/common/run_limit.h"
#include "tests/platform/engine_test.h"
#include "udp/datagram_batch.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Notes how the datagrams were handed over, and refuses runs on request.
class RunCalls : public FaultyCalls {
 public:
  int SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override {
    unsigned allowed = 0;
    while (allowed < count && !IsRefused(messages[allowed].msg_hdr)) ++allowed;
    if (allowed == 0 && count > 0) return -refusal_;
    const int sent = FaultyCalls::SendMMsg(fd, messages, allowed, flags);
    for (int i = 0; i < sent; ++i) sent_.push_back(SegmentOf(messages[i].msg_hdr));
    return sent;
  }
  // A connected socket's.
  ssize_t SendMsg(int fd, const msghdr* message, int flags) override {
    if (IsRefused(*message)) return -refusal_;
    sent_.push_back(SegmentOf(*message));
    return FaultyCalls::SendMsg(fd, message, flags);
  }
  // 0 for no more; to some alone, of 127.0.0.0/8, where these are given by their last numbers.
  void RefuseRuns(int error, std::set<uint8_t> to = {}) {
    refusal_ = error;
    to_ = std::move(to);
  }
  int refused() const { return refused_; }
  // The segment sizes of the messages that were sent since the last call; 0 for a single datagram.
  std::vector<int> TakeSent() { return std::exchange(sent_, {}); }

 private:
  static int SegmentOf(const msghdr& message) {
    msghdr copy = message;
    for (cmsghdr* header = CMSG_FIRSTHDR(&copy); header != nullptr;
         header = CMSG_NXTHDR(&copy, header)) {
      if (header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_SEGMENT) continue;
      uint16_t size;
      std::memcpy(&size, CMSG_DATA(header), sizeof(size));
      return size;
    }
    return 0;
  }

  bool IsRefused(const msghdr& message) {
    if (refusal_ == 0 || SegmentOf(message) == 0) return false;
    if (!to_.empty()) {
      sockaddr_in to;
      std::memcpy(&to, message.msg_name, sizeof(to));
      if (to_.count(static_cast<uint8_t>(ntohl(to.sin_addr.s_addr))) == 0) return false;
    }
    ++refused_;
    return true;
  }

  int refusal_ = 0;
  int refused_ = 0;
  std::set<uint8_t> to_;
  std::vector<int> sent_;
};

class OffloadTest : public ::testing::Test {
 protected:
  std::unique_ptr<EngineSocket> NewBound(AddressFamily family = AddressFamily::kIpv4) {
    std::unique_ptr<EngineSocket> socket = *engine_->NewUdpSocket(family);
    EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), IsOk());
    return socket;
  }
  Endpoint Here() const { return {IpAddress::LoopbackIpv4(), receiver_->LocalEndpoint().port}; }
  // Slots of those sizes, each filled with a letter of its own.
  std::vector<SendSlot> Slots(const std::vector<size_t>& sizes) {
    payloads_.clear();
    for (const size_t size : sizes) {
      payloads_.emplace_back(size, static_cast<char>('a' + payloads_.size() % 26));
    }
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads_) {
      slots.push_back({.payload = payload, .destination = Here()});
    }
    return slots;
  }
  // Two datagrams of 1400 bytes to 127.0.0.`last`; returns in what messages they left.
  std::vector<int> SendTwo(uint8_t last) {
    std::vector<SendSlot> slots = Slots({1400, 1400});
    for (SendSlot& slot : slots) slot.destination.address = IpAddress::Ipv4(127, 0, 0, last);
    EXPECT_EQ(*sender_->Send(slots), 2u);
    EXPECT_EQ(Received(), payloads_);
    return calls_->TakeSent();
  }
  // What arrives, one by one.
  std::vector<std::string> Received() {
    std::vector<std::string> received;
    std::string buffer(65536, '\0');
    while (true) {
      ReceiveSlot slot{.buffer = absl::MakeSpan(buffer)};
      const absl::StatusOr<size_t> count = receiver_->Receive({&slot, 1});
      EXPECT_THAT(count, IsOk());
      if (!count.ok() || *count == 0) return received;
      received.emplace_back(slot.payload());
    }
  }

  const std::shared_ptr<RunCalls> calls_ = std::make_shared<RunCalls>();
  const std::unique_ptr<EpollEngine> engine_ = *EpollEngine::Create(calls_);
  std::unique_ptr<EngineSocket> sender_ = NewBound();
  std::unique_ptr<EngineSocket> receiver_ = NewBound();
  std::vector<std::string> payloads_;
};

TEST_F(OffloadTest, EqualDatagramsToOnePeerLeaveAsOneRunAndTheLastMayBeShorter) {
  EXPECT_EQ(*sender_->Send(Slots({100, 100, 100, 40})), 4u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(100));
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, ASingleDatagramIsNoRun) {
  EXPECT_EQ(*sender_->Send(Slots({100})), 1u);
  EXPECT_EQ(*sender_->Send(Slots({100, 101})), 2u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(0, 0));
  EXPECT_THAT(Received(), SizeIs(3));
}

TEST_F(OffloadTest, AShorterALargerOrAnEmptyDatagramEndsARun) {
  EXPECT_EQ(*sender_->Send(Slots({100, 100, 40, 100, 100, 200, 200, 0, 200, 0, 0})), 11u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(100, 100, 200, 0, 0, 0, 0));
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, AnotherDestinationOrOtherOptionsEndARun) {
  std::vector<SendSlot> slots = Slots({100, 100, 100, 100, 100, 100});
  slots[2].destination.address = IpAddress::Ipv4(127, 0, 0, 2);
  slots[4].options.hop_limit = 9;
  slots[5].options.hop_limit = 9;
  EXPECT_EQ(*sender_->Send(slots), 6u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(100, 0, 0, 100));
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, ARunHasAtMost64DatagramsAndFitsOnePacket) {
  EXPECT_EQ(*sender_->Send(Slots(std::vector<size_t>(130, 10))), 130u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(10, 10, 10));
  EXPECT_EQ(Received(), payloads_);
  // 32 of these are more than 65507 bytes, and 33000 more than half of that.
  EXPECT_EQ(*sender_->Send(Slots(std::vector<size_t>(32, 2048))), 32u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(2048, 0));
  EXPECT_EQ(Received(), payloads_);
  EXPECT_EQ(*sender_->Send(Slots({33000, 33000})), 2u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(0, 0));
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, MoreDatagramsThanOneCallTakesKeepTheirOrder) {
  std::vector<size_t> sizes;
  for (size_t i = 0; i < 600; ++i) sizes.push_back(1 + i / 3);
  ASSERT_THAT(receiver_->SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
  EXPECT_EQ(*sender_->Send(Slots(sizes)), 600u);
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, ARefusedRunIsSentOneByOneAndNothingIsLostOrDoubled) {
  for (const int error : {EIO, EINVAL, EOPNOTSUPP, EMSGSIZE}) {
    sender_ = NewBound();
    calls_->RefuseRuns(error);
    EXPECT_EQ(*sender_->Send(Slots({50, 50, 50, 70, 70, 70, 70})), 7u);
    EXPECT_THAT(calls_->TakeSent(), Each(0)) << error;
    EXPECT_EQ(Received(), payloads_) << error;
    EXPECT_FALSE(sender_->TakeAsyncError().has_value()) << error;
  }
}

TEST_F(OffloadTest, WhatWasRefusedIsNotTriedAgainAndWhatIsSmallerIs) {
  calls_->RefuseRuns(EMSGSIZE);
  EXPECT_EQ(*sender_->Send(Slots({1480, 1480})), 2u);
  calls_->RefuseRuns(0);
  calls_->TakeSent();
  EXPECT_EQ(*sender_->Send(Slots({1480, 1480, 1479, 1479})), 4u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(0, 0, 1479));
  // A device that cannot has no size that it can.
  calls_->RefuseRuns(EIO);
  EXPECT_EQ(*sender_->Send(Slots({100, 100})), 2u);
  calls_->RefuseRuns(0);
  EXPECT_EQ(*sender_->Send(Slots({10, 10})), 2u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(Received(), SizeIs(10));
}

TEST_F(OffloadTest, WhatOneDestinationRefusedIsNoReasonForAnother) {
  calls_->RefuseRuns(EMSGSIZE, {1});
  EXPECT_THAT(SendTwo(1), ElementsAre(0, 0));
  const int refused = calls_->refused();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(SendTwo(2), ElementsAre(1400));
    EXPECT_THAT(SendTwo(1), ElementsAre(0, 0));
  }
  EXPECT_EQ(calls_->refused(), refused);
}

TEST_F(OffloadTest, WhatTwoDestinationsRefusedIsTriedWithNoOther) {
  calls_->RefuseRuns(EMSGSIZE, {1, 2});
  EXPECT_THAT(SendTwo(1), ElementsAre(0, 0));
  EXPECT_THAT(SendTwo(2), ElementsAre(0, 0));
  const int refused = calls_->refused();
  for (const uint8_t last : {1, 2, 3, 2, 1}) EXPECT_THAT(SendTwo(last), ElementsAre(0, 0));
  EXPECT_EQ(calls_->refused(), refused);
}

TEST_F(OffloadTest, WhatWasRefusedIsTriedAgainAfterAThousandCalls) {
  for (const int error : {EMSGSIZE, EIO}) {
    calls_->RefuseRuns(error);
    EXPECT_THAT(SendTwo(1), ElementsAre(0, 0));
    calls_->RefuseRuns(0);
    for (int i = 0; i < internal::RunLimit::kRefusedFor; ++i)
      ASSERT_THAT(SendTwo(1), ElementsAre(0, 0)) << i;
    EXPECT_THAT(SendTwo(1), ElementsAre(1400));
  }
}

TEST_F(OffloadTest, WhoConnectsElsewhereTriesRunsThere) {
  const auto send_two = [&] {
    std::vector<SendSlot> slots = Slots({1400, 1400});
    for (SendSlot& slot : slots) slot.destination = Endpoint();
    EXPECT_EQ(*sender_->Send(slots), 2u);
    return calls_->TakeSent();
  };
  calls_->RefuseRuns(EMSGSIZE);
  ASSERT_THAT(sender_->Connect(Here()), IsOk());
  EXPECT_THAT(send_two(), ElementsAre(0, 0));
  calls_->RefuseRuns(0);
  EXPECT_THAT(send_two(), ElementsAre(0, 0));
  ASSERT_THAT(sender_->Connect({IpAddress::Ipv4(127, 0, 0, 2), Here().port}), IsOk());
  EXPECT_THAT(send_two(), ElementsAre(1400));
}

TEST_F(OffloadTest, ARunThatIsWrongInItselfIsToldAndTeachesNothing) {
  std::vector<SendSlot> slots = Slots({100, 100});
  for (SendSlot& slot : slots) slot.options.interface_index = 99999;
  EXPECT_FALSE(sender_->Send(slots).ok());
  EXPECT_EQ(*sender_->Send(Slots({100, 100})), 2u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(100));
}

TEST_F(OffloadTest, AKernelThatDoesNotKnowRunsGetsNone) {
  calls_->Fail(Call::kGetSockOpt, ENOPROTOOPT);
  EXPECT_EQ(*sender_->Send(Slots({100, 100, 100})), 3u);
  EXPECT_THAT(calls_->TakeSent(), ElementsAre(0, 0, 0));
  EXPECT_EQ(Received(), payloads_);
}

TEST_F(OffloadTest, AFullSendBufferEndsABatchBetweenRuns) {
  ASSERT_THAT(receiver_->SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
  calls_->Fail(Call::kSendMMsg, EAGAIN, 1, 1);
  EXPECT_EQ(*sender_->Send(Slots(std::vector<size_t>(300, 10))), 256u);
  EXPECT_THAT(Received(), SizeIs(256));
}

// ---- Receiving ----

class CoalescedTest : public OffloadTest {
 protected:
  CoalescedTest() {
    EXPECT_THAT(socket_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    // From the first such call on the socket takes runs.
    EXPECT_EQ(*socket_.ReceiveBatch(batch_), 0u);
  }
  void SendRun(const std::vector<size_t>& sizes) {
    std::vector<SendSlot> slots = Slots(sizes);
    for (SendSlot& slot : slots) slot.destination = socket_.local_endpoint();
    EXPECT_EQ(*sender_->Send(slots), sizes.size());
  }
  std::vector<std::string> InBatch() const {
    std::vector<std::string> payloads;
    for (const DatagramView& datagram : batch_) {
      payloads.emplace_back(datagram.payload);
      EXPECT_EQ(datagram.info.source.port, sender_->LocalEndpoint().port);
      EXPECT_FALSE(datagram.info.truncated);
    }
    EXPECT_EQ(payloads.size(), batch_.size());
    return payloads;
  }

  UdpSocket socket_{*engine_};
  DatagramBatch batch_;
};

TEST_F(CoalescedTest, ARunIsReceivedByOneCallAndWalkedThroughInPlace) {
  SendRun({100, 100, 100, 40});
  const int calls = calls_->count(Call::kRecvMMsg);
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 4u);
  EXPECT_EQ(InBatch(), payloads_);
  EXPECT_EQ(calls_->count(Call::kRecvMMsg), calls + 1);
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 0u);
  EXPECT_THAT(InBatch(), IsEmpty());
}

TEST_F(CoalescedTest, SeveralRunsAndSingleDatagramsKeepTheirOrder) {
  SendRun({100, 100, 0, 200, 200, 200, 300, 0});
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 8u);
  EXPECT_EQ(InBatch(), payloads_);
}

TEST_F(CoalescedTest, ReadOneByOneARunIsCutRightly) {
  SendRun({100, 100, 100, 40});
  EXPECT_TRUE(socket_.HasPendingDatagrams());
  for (const std::string& payload : payloads_) {
    EXPECT_EQ(socket_.PendingDatagramSize(), payload.size());
    EXPECT_EQ(socket_.ReceiveDatagram()->payload, payload);
  }
  EXPECT_FALSE(socket_.HasPendingDatagrams());
}

TEST_F(CoalescedTest, ABufferThatIsTooSmallCutsItsOwnDatagramOnly) {
  SendRun({100, 100, 100});
  char buffer[10];
  DatagramInfo info;
  EXPECT_EQ(*socket_.ReadDatagram(absl::MakeSpan(buffer), &info), 10u);
  EXPECT_TRUE(info.truncated);
  EXPECT_EQ(*socket_.ReadDatagram({}, &info), 0u);
  EXPECT_EQ(socket_.ReceiveDatagram()->payload, payloads_[2]);
}

TEST_F(CoalescedTest, EveryWayOfReadingTakesUpWhereTheOtherLeftOff) {
  SendRun({100, 100, 100, 100, 100});
  SendRun({50, 50});
  char buffer[200];
  EXPECT_EQ(*socket_.ReadDatagram(absl::MakeSpan(buffer)), 100u);
  char more[2][200];
  ReceiveSlot slots[2] = {{.buffer = absl::MakeSpan(more[0])}, {.buffer = absl::MakeSpan(more[1])}};
  EXPECT_EQ(*socket_.ReceiveBatch(absl::MakeSpan(slots)), 2u);
  EXPECT_EQ(slots[1].payload(), std::string(100, 'c'));
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 4u);
  std::vector<std::string> rest;
  for (const DatagramView& datagram : batch_) rest.emplace_back(datagram.payload);
  EXPECT_THAT(rest, ElementsAre(std::string(100, 'd'), std::string(100, 'e'), std::string(50, 'a'),
                                std::string(50, 'b')));
}

TEST_F(CoalescedTest, WhatARunLeavesUnreadIsToldOfAgain) {
  std::vector<std::string> seen;
  socket_.OnReadyRead([&] { seen.push_back(socket_.ReceiveDatagram()->payload); });
  SendRun({100, 100, 100, 40});
  EXPECT_TRUE(engine_->loop().RunUntil([&] { return seen.size() == 4; }, absl::Seconds(20)));
  EXPECT_EQ(seen, payloads_);
}

TEST_F(CoalescedTest, MetadataIsOfEveryDatagramOfARun) {
  ASSERT_THAT(socket_.RequestMetadata(Metadata::kAll), IsOk());
  SendRun({100, 100});
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 2u);
  for (const DatagramView& datagram : batch_) {
    EXPECT_EQ(datagram.info.destination, IpAddress::LoopbackIpv4());
    EXPECT_EQ(datagram.info.drop_count, 0u);
    EXPECT_TRUE(datagram.info.kernel_time.has_value());
  }
}

// A run that finds no room counts once.
TEST_F(CoalescedTest, RunsThatFoundNoRoomAreCounted) {
  constexpr size_t kRuns = 200;
  constexpr size_t kRun = 10;
  ASSERT_THAT(socket_.SetOption(SocketOption::kReceiveBufferSize, 50000), IsOk());
  ASSERT_THAT(socket_.RequestMetadata(Metadata::kDropCount), IsOk());
  for (size_t i = 0; i < kRuns; ++i) SendRun(std::vector<size_t>(kRun, 1000));
  size_t received = 0;
  while (*socket_.ReceiveBatch(batch_) > 0) received += batch_.size();
  EXPECT_LT(received, kRuns * kRun);
  // What comes after them tells of them.
  SendRun(std::vector<size_t>(kRun, 1000));
  ASSERT_EQ(*socket_.ReceiveBatch(batch_), kRun);
  EXPECT_EQ(InBatch(), payloads_);
  const DatagramView last = *batch_.begin();
  ASSERT_TRUE(last.info.drop_count.has_value());
  EXPECT_EQ(received + *last.info.drop_count * kRun, kRuns * kRun);
}

TEST_F(CoalescedTest, AKernelThatHandsNothingOutTogetherServesABatchAsWell) {
  calls_->Fail(Call::kSetSockOpt, ENOPROTOOPT, 1, 1);  // After the option of broadcasts.
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  EXPECT_EQ(*socket.ReceiveBatch(batch_), 0u);
  std::vector<SendSlot> slots = Slots({100, 100, 100, 40});
  for (SendSlot& slot : slots) slot.destination = socket.local_endpoint();
  EXPECT_EQ(*sender_->Send(slots), 4u);
  EXPECT_EQ(*socket.ReceiveBatch(batch_), 4u);
  EXPECT_EQ(InBatch(), payloads_);
}

TEST_F(CoalescedTest, WhoReadsByTheHandleGetsARunAsOne) {
  const int handle = static_cast<int>(*socket_.native_handle());
  SendRun({100, 100, 100, 40});
  std::string buffer(1000, '\0');
  EXPECT_EQ(::recv(handle, buffer.data(), buffer.size(), MSG_DONTWAIT), 340);
  SendRun({100, 100, 100, 40});
  EXPECT_EQ(*socket_.ReceiveBatch(batch_), 4u);
  EXPECT_EQ(InBatch(), payloads_);
}

TEST_F(CoalescedTest, SlotsOfTooLittleRoomAreServedOneByOne) {
  SendRun({100, 100, 40});
  char small[3][200];
  std::vector<ReceiveSlot> slots;
  for (auto& buffer : small) slots.push_back({.buffer = absl::MakeSpan(buffer), .coalesce = true});
  EXPECT_EQ(*socket_.ReceiveBatch(absl::MakeSpan(slots)), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(slots[i].payload(), payloads_[i]);
    EXPECT_EQ(slots[i].segment_size, 0u);
  }
}

}  // namespace
}  // namespace pollux::linux_engine
