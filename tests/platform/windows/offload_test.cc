// SPDX-License-Identifier: Apache-2.0
//
// Many datagrams as one: runs that Windows cuts (UDP_SEND_MSG_SIZE), runs that it hands out
// together (UDP_RECV_MAX_COALESCED_SIZE), and that nothing is lost, doubled or cut wrongly where it
// does neither, as Wine does not. What Windows does with them is played by offloading_winsock.h.

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/common/run_limit.h"
#include "platform/windows/windows_engine.h"
#include "tests/platform/windows/offloading_winsock.h"
#include "udp/datagram_batch.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::windows_engine {
namespace {

using ::pollux::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

class OffloadTest : public ::testing::Test {
 protected:
  OffloadTest() {
    EXPECT_THAT(socket_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    EXPECT_THAT(peer_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  }

  // Sends datagrams of those sizes, each of a letter of its own.
  absl::StatusOr<size_t> Send(const std::vector<size_t>& sizes,
                              const IpAddress& to = IpAddress::LoopbackIpv4()) {
    payloads_.clear();
    for (const size_t size : sizes) {
      payloads_.emplace_back(size, static_cast<char>('a' + payloads_.size() % 26));
    }
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads_) {
      slots.push_back({.payload = payload, .destination = {to, socket_.local_endpoint().port}});
    }
    return peer_.SendBatch(slots);
  }
  // Waits until a datagram is there, and leaves it there.
  void Await() {
    // With the handle taken, looking takes nothing.
    ASSERT_TRUE(socket_.native_handle().has_value());
    EXPECT_TRUE(
        engine_->loop().RunUntil([&] { return socket_.HasPendingDatagrams(); }, absl::Seconds(20)));
  }
  // What arrives, one by one.
  std::vector<std::string> Received(size_t count) {
    std::vector<std::string> received;
    while (received.size() < count &&
           engine_->loop().RunUntil([&] { return socket_.HasPendingDatagrams(); },
                                    absl::Seconds(20))) {
      received.push_back(socket_.ReceiveDatagram()->payload);
    }
    EXPECT_FALSE(socket_.HasPendingDatagrams());
    return received;
  }

  const std::shared_ptr<OffloadingWinsock> calls_ = std::make_shared<OffloadingWinsock>();
  const std::unique_ptr<WindowsEngine> engine_ = *WindowsEngine::Create(calls_);
  UdpSocket socket_{*engine_};
  UdpSocket peer_{*engine_};
  std::vector<std::string> payloads_;
};

TEST_F(OffloadTest, EqualDatagramsToOnePeerLeaveAsOneRunAndTheLastMayBeShorter) {
  EXPECT_EQ(*Send({1000, 1000, 1000, 10}), 4u);
  EXPECT_THAT(calls_->runs, ElementsAre(4u));
  EXPECT_EQ(calls_->sends, 0);
  EXPECT_THAT(Received(4), ElementsAreArray(payloads_));
}

TEST_F(OffloadTest, AShorterALargerOrAnEmptyDatagramEndsARun) {
  EXPECT_EQ(*Send({100, 100, 50, 50, 80, 0, 80, 80}), 8u);
  EXPECT_THAT(calls_->runs, ElementsAre(3u, 2u)) << "50 and 80, 0: one by one";
  EXPECT_THAT(Received(8), ElementsAreArray(payloads_));
}

TEST_F(OffloadTest, ARunHasAtMost64DatagramsAndFitsOnePacket) {
  EXPECT_EQ(*Send(std::vector<size_t>(70, 10)), 70u);
  EXPECT_THAT(calls_->runs, ElementsAre(64u, 6u));
  EXPECT_THAT(Received(70), ElementsAreArray(payloads_));
  calls_->runs.clear();
  EXPECT_EQ(*Send(std::vector<size_t>(5, 20000)), 5u);
  EXPECT_THAT(calls_->runs, ElementsAre(3u, 2u));
  EXPECT_THAT(Received(5), ElementsAreArray(payloads_));
}

TEST_F(OffloadTest, ASystemThatDoesNotKnowRunsGetsNone) {
  calls_->knows = false;
  EXPECT_EQ(*Send({100, 100, 100}), 3u);
  EXPECT_THAT(calls_->runs, IsEmpty());
  EXPECT_EQ(calls_->sends, 3);
  EXPECT_THAT(Received(3), ElementsAreArray(payloads_));
}

TEST_F(OffloadTest, ARefusedRunIsSentOneByOneAndNothingIsLostOrDoubled) {
  calls_->refusal = -WSAEOPNOTSUPP;
  EXPECT_EQ(*Send({100, 100, 100}), 3u);
  EXPECT_EQ(calls_->refusals, 1);
  EXPECT_THAT(Received(3), ElementsAreArray(payloads_));
  EXPECT_EQ(*Send({100, 100, 100}), 3u);
  EXPECT_EQ(calls_->refusals, 1) << "it is not asked again";
  EXPECT_THAT(Received(3), ElementsAreArray(payloads_));
}

TEST_F(OffloadTest, WhatWasRefusedBySizeIsNotTriedAgainAndWhatIsSmallerIs) {
  calls_->refusal = -WSAEMSGSIZE;
  calls_->refused_from = 1000;
  EXPECT_EQ(*Send({1400, 1400}), 2u);
  EXPECT_EQ(*Send({1400, 1400}), 2u);
  EXPECT_EQ(calls_->refusals, 1);
  EXPECT_EQ(*Send({900, 900}), 2u);
  EXPECT_THAT(calls_->runs, ElementsAre(2u));
  EXPECT_EQ(Received(6).size(), 6u);
}

TEST_F(OffloadTest, WhatOneDestinationRefusedIsNoReasonForAnotherNorForEver) {
  calls_->refusal = -WSAEMSGSIZE;
  EXPECT_EQ(*Send({1400, 1400}), 2u);
  calls_->refusal = 0;
  EXPECT_EQ(*Send({1400, 1400}, IpAddress::Ipv4(127, 0, 0, 2)), 2u);
  EXPECT_THAT(calls_->runs, ElementsAre(2u));
  EXPECT_EQ(*Send({1400, 1400}), 2u);
  EXPECT_THAT(calls_->runs, ElementsAre(2u)) << "which did refuse it";
  // Two calls of the thousand have been.
  for (int i = 2; i < internal::RunLimit::kRefusedFor; ++i) ASSERT_EQ(*Send({1400, 1400}), 2u);
  EXPECT_THAT(calls_->runs, ElementsAre(2u));
  EXPECT_EQ(*Send({1400, 1400}), 2u);
  EXPECT_THAT(calls_->runs, ElementsAre(2u, 2u));
}

TEST_F(OffloadTest, ARunIsReceivedByOneCallAndWalkedThroughInPlace) {
  DatagramBatch batch;
  EXPECT_EQ(*socket_.ReceiveBatch(batch), 0u) << "from now on runs come together";
  EXPECT_EQ(*Send({500, 500, 500, 20}), 4u);
  std::vector<std::string> received;
  ASSERT_TRUE(engine_->loop().RunUntil(
      [&] {
        EXPECT_THAT(socket_.ReceiveBatch(batch), IsOk());
        for (const DatagramView& datagram : batch) received.emplace_back(datagram.payload);
        return received.size() == 4;
      },
      absl::Seconds(20)));
  EXPECT_THAT(received, ElementsAreArray(payloads_));
  EXPECT_EQ(calls_->receives, 1);
}

TEST_F(OffloadTest, ReadOneByOneARunIsCutRightly) {
  DatagramBatch batch;
  EXPECT_EQ(*socket_.ReceiveBatch(batch), 0u);
  EXPECT_EQ(*Send({300, 300, 300, 7}), 4u);
  EXPECT_THAT(Received(4), ElementsAreArray(payloads_));
  EXPECT_EQ(calls_->receives, 1);
}

TEST_F(OffloadTest, ASystemThatHandsNothingOutTogetherServesABatchAsWell) {
  calls_->knows = false;
  DatagramBatch batch;
  EXPECT_EQ(*Send({30, 30, 30}), 3u);
  Await();
  std::vector<std::string> received;
  EXPECT_THAT(socket_.ReceiveBatch(batch), IsOk());
  for (const DatagramView& datagram : batch) received.emplace_back(datagram.payload);
  EXPECT_THAT(received, ElementsAreArray(payloads_));
}

// Whatever the system makes of both options: Wine refuses them.
TEST(SystemsOwnWinsock, ABatchArrivesWholeAndOnce) {
  const std::unique_ptr<WindowsEngine> engine = *WindowsEngine::Create(std::make_shared<Winsock>());
  UdpSocket socket(*engine), peer(*engine);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  DatagramBatch batch;
  EXPECT_EQ(*socket.ReceiveBatch(batch), 0u);
  std::vector<std::string> payloads;
  std::vector<SendSlot> slots;
  for (char c = 'a'; c <= 'j'; ++c) payloads.emplace_back(200, c);
  for (const std::string& payload : payloads) {
    slots.push_back({.payload = payload, .destination = socket.local_endpoint()});
  }
  EXPECT_EQ(*peer.SendBatch(slots), 10u);
  std::vector<std::string> received;
  ASSERT_TRUE(engine->loop().RunUntil(
      [&] {
        EXPECT_THAT(socket.ReceiveBatch(batch), IsOk());
        for (const DatagramView& datagram : batch) received.emplace_back(datagram.payload);
        return received.size() >= payloads.size();
      },
      absl::Seconds(20)));
  EXPECT_THAT(received, ElementsAreArray(payloads));
}

}  // namespace
}  // namespace pollux::windows_engine
