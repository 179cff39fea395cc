// SPDX-License-Identifier: Apache-2.0
//
// What datagrams cost in memory: none, once a simulation has met what it will meet.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/testing/allocations.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

// Reads all it gets, and passes it on where there is someone to pass it on to.
class Relay {
 public:
  explicit Relay(SocketEngine& engine) : socket_(engine) {
    socket_.OnReadyRead([this] {
      while (socket_.HasPendingDatagrams()) {
        const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer_));
        ++received;
        if (size.ok() && next.is_set()) Send({buffer_, *size}, next);
      }
    });
  }
  UdpSocket& socket() { return socket_; }
  void Send(absl::string_view payload, const Endpoint& to) {
    EXPECT_TRUE(socket_.WriteDatagram(payload, to).ok());
  }

  Endpoint next;
  uint64_t received = 0;

 private:
  UdpSocket socket_;
  char buffer_[2048];
};

class SimAllocationTest : public ::testing::Test {
 protected:
  // A group of so many members on bob, to which alice sends, allocates nothing.
  void ExpectGroupAllocatesNothing(int count);

  SimAllocationTest() {
    lan_.Attach(alice_);
    lan_.Attach(bob_);
  }

  // How often something is allocated in a second, when a few have gone by.
  uint64_t AllocationsInASecond() {
    net_.RunFor(absl::Seconds(3));
    const uint64_t before = testing::AllocationsSoFar();
    net_.RunFor(absl::Seconds(1));
    return testing::AllocationsSoFar() - before;
  }

  Network net_{{.seed = 1}};
  Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
};

TEST_F(SimAllocationTest, DatagramsThatArePassedOnAllocateNothing) {
  Relay there(alice_.engine());
  Relay back(bob_.engine());
  ASSERT_TRUE(there.socket().Bind(alice_.address(), 7755).ok());
  ASSERT_TRUE(back.socket().Bind(bob_.address(), 7755).ok());
  there.next = back.socket().local_endpoint();
  back.next = there.socket().local_endpoint();
  for (const size_t size : {0, 1, 64, 1200, 1472}) there.Send(std::string(size, 'x'), there.next);
  EXPECT_EQ(AllocationsInASecond(), 0u);
  EXPECT_GT(there.received, 9000u);
}

void SimAllocationTest::ExpectGroupAllocatesNothing(int count) {
  const IpAddress group = IpAddress::Ipv4(239, 1, 2, 3);
  std::vector<std::unique_ptr<Relay>> members;
  for (int i = 0; i < count; ++i) {
    members.push_back(std::make_unique<Relay>(bob_.engine()));
    UdpSocket& socket = members.back()->socket();
    ASSERT_TRUE(socket.Bind(IpAddress::AnyIpv4(), 7755, BindMode::kShareAddress).ok());
    ASSERT_TRUE(socket.JoinMulticastGroup(group).ok());
  }
  Relay sender(alice_.engine());
  ASSERT_TRUE(sender.socket().Bind(alice_.address(), 7755).ok());
  Timer timer(alice_.loop(), [&] {
    sender.Send("hello", {group, 7755});
    timer.Start(absl::Milliseconds(1));
  });
  timer.Start(absl::Milliseconds(1));
  EXPECT_EQ(AllocationsInASecond(), 0u);
  for (const auto& member : members) EXPECT_GT(member->received, 3900u);
}

TEST_F(SimAllocationTest, ADatagramToAFewAllocatesNothing) { ExpectGroupAllocatesNothing(3); }

TEST_F(SimAllocationTest, ADatagramToManyAllocatesNothing) { ExpectGroupAllocatesNothing(20); }

// Losses are on record in the story of the run, which is kept whole; copies, delays and waiting are
// not.
TEST_F(SimAllocationTest, DatagramsThatWaitForALineAndOvertakeEachOtherAllocateNothing) {
  lan_.SetProfile(
      {.latency = absl::Milliseconds(3), .jitter = absl::Milliseconds(2), .rate = 10'000'000});
  Relay there(alice_.engine());
  Relay back(bob_.engine());
  ASSERT_TRUE(there.socket().Bind(alice_.address(), 7755).ok());
  ASSERT_TRUE(back.socket().Bind(bob_.address(), 7755).ok());
  there.next = back.socket().local_endpoint();
  back.next = there.socket().local_endpoint();
  for (int i = 0; i < 20; ++i) there.Send("hello", there.next);
  EXPECT_EQ(AllocationsInASecond(), 0u);
  EXPECT_GT(there.received, 9000u);
}

}  // namespace
}  // namespace pollux::sim
