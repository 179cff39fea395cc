// SPDX-License-Identifier: Apache-2.0
//
// Batches on a real way between two hosts: a wire's MTU, an interface that goes down, a dual-stack
// socket that speaks both families by turns.

#include <string>
#include <vector>

#include "tests/platform/engine_test.h"
#include "tools/lab/lab.h"
#include "tools/lab/netlink.h"
#include "udp/datagram_batch.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

constexpr int kVa = 11;
const IpAddress kB4 = IpAddress::Ipv4(10, 77, 0, 2);
const IpAddress kA6 = *IpAddress::Parse("fd77::1");
const IpAddress kB6 = *IpAddress::Parse("fd77::2");

class PathTest : public ::testing::TestWithParam<AddressFamily> {
 protected:
  void SetUp() override {
    if (!lab_.ok()) GTEST_SKIP() << lab_.status();
    a_ = *EpollEngine::Create(std::make_shared<SystemCalls>());
    b_ = *lab_->NewEngine(lab::Host::kB);
    sender_ = std::make_unique<UdpSocket>(*a_);
    receiver_ = std::make_unique<UdpSocket>(*b_);
    const AddressFamily family = GetParam();
    const IpAddress any = family == AddressFamily::kIpv4   ? IpAddress::AnyIpv4()
                          : family == AddressFamily::kIpv6 ? IpAddress::AnyIpv6()
                                                           : IpAddress::Any();
    ASSERT_THAT(receiver_->SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
    for (UdpSocket* socket : {sender_.get(), receiver_.get()}) {
      ASSERT_THAT(socket->Bind(any, 0), IsOk());
    }
  }
  // B, in the `turn`th datagram of a batch.
  Endpoint There(size_t turn) const {
    const bool six =
        GetParam() == AddressFamily::kIpv6 || (GetParam() == AddressFamily::kDual && turn % 2 == 1);
    return {six ? kB6 : kB4, receiver_->local_endpoint().port};
  }
  std::vector<SendSlot> Slots(const std::vector<std::string>& payloads, size_t turns_each) const {
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads) {
      slots.push_back({.payload = payload, .destination = There(slots.size() / turns_each)});
    }
    return slots;
  }
  std::vector<std::string> Await(size_t count) {
    std::vector<std::string> payloads;
    DatagramBatch batch;
    receiver_->OnReadyRead([&] {
      if (*receiver_->ReceiveBatch(batch) == 0) return;
      for (const DatagramView& datagram : batch) payloads.emplace_back(datagram.payload);
    });
    b_->loop().RunUntil([&] { return payloads.size() >= count; }, absl::Seconds(20));
    return payloads;
  }

  const absl::StatusOr<lab::Lab> lab_ = lab::EnterLab();
  std::unique_ptr<SocketEngine> a_, b_;
  std::unique_ptr<UdpSocket> sender_, receiver_;
};

INSTANTIATE_TEST_SUITE_P(Families, PathTest,
                         ::testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6,
                                           AddressFamily::kDual),
                         [](const auto& test) { return std::string(ToString(test.param)); });

std::vector<std::string> Payloads(size_t count, size_t size) {
  std::vector<std::string> payloads;
  for (size_t i = 0; i < count; ++i) payloads.emplace_back(size, static_cast<char>('a' + i % 26));
  return payloads;
}

TEST_P(PathTest, ABatchLargerThanTheWireTakesArrivesWhole) {
  for (const size_t size : {size_t{1400}, size_t{1473}, size_t{3000}, size_t{1200}}) {
    const std::vector<std::string> payloads = Payloads(100, size);
    ASSERT_EQ(*sender_->SendBatch(Slots(payloads, 1000)), payloads.size()) << size;
    EXPECT_EQ(Await(payloads.size()), payloads) << size;
  }
}

TEST_P(PathTest, BothFamiliesByTurnsKeepTheirOrder) {
  for (const size_t each : {size_t{1}, size_t{2}, size_t{7}}) {
    const std::vector<std::string> payloads = Payloads(200, 800);
    ASSERT_EQ(*sender_->SendBatch(Slots(payloads, each)), payloads.size());
    EXPECT_EQ(Await(payloads.size()), payloads) << each;
  }
}

TEST_P(PathTest, ABatchWhileTheInterfaceIsDownIsToldAndLaterOnesArrive) {
  const std::vector<std::string> payloads = Payloads(50, 700);
  ASSERT_EQ(*sender_->SendBatch(Slots(payloads, 1000)), payloads.size());
  EXPECT_EQ(Await(payloads.size()), payloads);
  std::unique_ptr<lab::Netlink> netlink = *lab::Netlink::Open();
  ASSERT_THAT(netlink->SetUp(kVa, false), IsOk());
  EXPECT_THAT(sender_->SendBatch(Slots(payloads, 1000)), HasCause(SocketError::kNetwork));
  ASSERT_THAT(netlink->SetUp(kVa, true), IsOk());
  ASSERT_THAT(netlink->WaitUntilOperational(kVa, absl::Seconds(20)), IsOk());
  // The kernel takes it away with the interface.
  ASSERT_THAT(netlink->AddAddress(kVa, kA6, 64), IsOk());
  ASSERT_EQ(*sender_->SendBatch(Slots(payloads, 1000)), payloads.size());
  EXPECT_EQ(Await(payloads.size()), payloads);
}

}  // namespace
}  // namespace pollux::linux_engine
