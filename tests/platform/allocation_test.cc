// SPDX-License-Identifier: Apache-2.0
//
// What a datagram costs in allocations: none, on any path, would-block included.

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/datagram_batch.h"
#include "udp/testing/allocations.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

class AllocationTest : public EngineTest, public ::testing::WithParamInterface<AddressFamily> {
 protected:
  static constexpr int kRounds = 100;
  static constexpr int kWarmUps = 2;
  static constexpr size_t kBatch = 32;

  AllocationTest() {
    for (size_t i = 0; i < kBatch; ++i) {
      out_.push_back({.payload = payload_, .destination = self_, .options = {}});
      in_.push_back({.buffer = absl::MakeSpan(buffers_[i]), .size = 0, .info = {}});
    }
  }

  // The allocations of one call of `action` once everything is warm.
  template <typename Action>
  uint64_t Count(Action action) {
    for (int i = 0; i < kWarmUps; ++i) action();
    const uint64_t before = testing::AllocationsSoFar();
    for (int i = 0; i < kRounds; ++i) action();
    return testing::AllocationsSoFar() - before;
  }

  std::unique_ptr<EngineSocket> socket_ = NewBound(GetParam());
  const Endpoint self_ = LoopbackOf(*socket_, GetParam());
  const std::string payload_ = std::string(100, 'x');
  std::vector<std::string> buffers_ = std::vector<std::string>(kBatch, std::string(200, '\0'));
  std::vector<SendSlot> out_;
  std::vector<ReceiveSlot> in_;
};

INSTANTIATE_TEST_SUITE_P(Families, AllocationTest,
                         ::testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6,
                                           AddressFamily::kDual),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(AllocationTest, OneDatagramCostsNone) {
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(absl::MakeSpan(out_).first(1)), 1u);
              ASSERT_TRUE(socket_->PendingDatagramSize().has_value());
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_).first(1)), 1u);
            }),
            0u);
}

TEST_P(AllocationTest, ABatchCostsNone) {
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(out_), kBatch);
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_)), kBatch);
            }),
            0u);
}

TEST_P(AllocationTest, OptionsAndMetadataCostNone) {
  ASSERT_THAT(socket_->RequestMetadata(Metadata::kAll), IsOk());
  for (SendSlot& slot : out_) slot.options = {.hop_limit = 9, .ecn = Ecn::kCapable0};
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(absl::MakeSpan(out_).first(1)), 1u);
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_).first(1)), 1u);
              ASSERT_EQ(*socket_->Send(out_), kBatch);
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_)), kBatch);
            }),
            0u);
}

TEST_P(AllocationTest, ABatchOfRunsCostsNone) {
  UdpSocket receiver(*engine_);
  ASSERT_THAT(receiver.Bind(self_.address, 0), IsOk());
  for (SendSlot& slot : out_) slot.destination.port = receiver.local_endpoint().port;
  DatagramBatch batch;
  ASSERT_EQ(*receiver.ReceiveBatch(batch), 0u);  // From now on it takes runs.
  uint64_t bytes = 0;
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(out_), kBatch);
              ASSERT_EQ(*receiver.ReceiveBatch(batch), kBatch);
              for (const DatagramView& datagram : batch) bytes += datagram.payload.size();
            }),
            0u);
  EXPECT_EQ(bytes, (kRounds + kWarmUps) * kBatch * payload_.size());
}

TEST_P(AllocationTest, ReadingUntilEmptyInTheCallbackCostsNone) {
  UdpSocket receiver(*engine_);
  ASSERT_THAT(receiver.Bind(self_.address, 0), IsOk());
  for (SendSlot& slot : out_) slot.destination.port = receiver.local_endpoint().port;
  size_t read = 0;
  receiver.OnReadyRead([&] {
    while (receiver.ReadDatagram(absl::MakeSpan(buffers_[0])).ok()) ++read;
  });
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(out_), kBatch);
              RunTurn();
            }),
            0u);
  EXPECT_EQ(read, (kRounds + kWarmUps) * kBatch);
}

TEST_P(AllocationTest, FindingNothingCostsNone) {
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_).first(1)), 0u);
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_)), 0u);
              ASSERT_FALSE(socket_->PendingDatagramSize().has_value());
              ASSERT_FALSE(socket_->TakeAsyncError().has_value());
            }),
            0u);
}

TEST_P(AllocationTest, AFullSendBufferCostsNone) {
  calls_->Fail(Call::kSendTo, EAGAIN, 1000);
  calls_->Fail(Call::kSendMMsg, EAGAIN, 1000);
  EXPECT_EQ(Count([&] {
              ASSERT_EQ(*socket_->Send(absl::MakeSpan(out_).first(1)), 0u);
              ASSERT_EQ(*socket_->Send(out_), 0u);
            }),
            0u);
}

TEST_P(AllocationTest, ATurnOfTheLoopCostsNone) {
  int ready = 0;
  Listen(*socket_, [&] {
    ++ready;
    ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_).first(1)), 1u);
    socket_->RequestReady();
  });
  int fired = 0;
  Timer timer(loop(), [&] { ++fired; });
  EXPECT_EQ(Count([&] {
              timer.Start(absl::ZeroDuration());
              ASSERT_EQ(*socket_->Send(absl::MakeSpan(out_).first(1)), 1u);
              loop().Post([] {});
              RunTurn();
              ASSERT_EQ(*socket_->Receive(absl::MakeSpan(in_).first(1)), 0u);
            }),
            0u);
  EXPECT_EQ(ready, kRounds + kWarmUps);
  EXPECT_EQ(fired, kRounds + kWarmUps);
}

}  // namespace
}  // namespace pollux::linux_engine
