// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/socket_table.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;

constexpr int kState = 0;
constexpr int kBytes = 1;
constexpr int kBuffer = 2;
constexpr int kQueued = 3;
constexpr int kDrops = 4;
constexpr int kLocal = 5;
constexpr int kPeer = 6;
constexpr int kOptions = 9;

class SocketTableTest : public ::testing::Test {
 protected:
  SocketTableTest() {
    lan.Attach(alice);
    lan.Attach(bob);
    socket = *alice.kernel().Socket(AddressFamily::kIpv4, 501);
  }
  ~SocketTableTest() override { alice.kernel().Close(socket); }

  std::vector<std::string> Row() { return SocketRows(alice.kernel()).at(0); }
  void Set(SocketOption option, int value) {
    EXPECT_TRUE(alice.kernel().SetOption(socket, option, value).ok());
  }

  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  SocketId socket = 0;
};

TEST_F(SocketTableTest, TheStateIsThatOfSs) {
  EXPECT_THAT(Row(), ElementsAre("CLOSED", "0", "212992", "0", "0", "-", "-", "1", "501", ""));
  ASSERT_TRUE(alice.kernel().Bind(socket, {IpAddress::AnyIpv4(), 5000}).ok());
  EXPECT_EQ(Row()[kState], "UNCONN");
  EXPECT_EQ(Row()[kLocal], "0.0.0.0:5000");
  ASSERT_TRUE(alice.kernel().Connect(socket, {bob.address(), 7755}).ok());
  EXPECT_EQ(Row()[kState], "ESTAB");
  EXPECT_EQ(Row()[kLocal], "10.0.0.1:5000");
  EXPECT_EQ(Row()[kPeer], "10.0.0.2:7755");
}

TEST_F(SocketTableTest, QueuesAreChargedAsThePlatformDoes) {
  Set(SocketOption::kReceiveBufferSize, 1152);
  ASSERT_TRUE(alice.kernel().Bind(socket, {IpAddress::AnyIpv4(), 5000}).ok());
  UdpSocket client(bob.engine());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.WriteDatagram("x", {alice.address(), 5000}).ok());
  }
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(Row()[kBuffer], "2304");
  const int queued = std::stoi(Row()[kQueued]);
  EXPECT_EQ(queued + std::stoi(Row()[kDrops]), 5);
  EXPECT_GT(std::stoi(Row()[kDrops]), 0);
  EXPECT_EQ(std::stoi(Row()[kBytes]), queued * 832);
}

TEST_F(SocketTableTest, WhatIsNotAsItWasIsSaidInWords) {
  Set(SocketOption::kReuseAddress, 1);
  Set(SocketOption::kReusePort, 1);
  Set(SocketOption::kBroadcast, 1);
  Set(SocketOption::kDontFragment, 1);
  Set(SocketOption::kReportUnreachable, 1);
  Set(SocketOption::kHopLimit, 9);
  Set(SocketOption::kTypeOfService, 16);
  Set(SocketOption::kMulticastHopLimit, 3);
  Set(SocketOption::kMulticastLoopback, 0);
  Set(SocketOption::kMulticastAll, 0);
  EXPECT_EQ(Row()[kOptions],
            "reuseaddr, reuseport, broadcast, df, recverr, ttl 9, tos 16, mcast-ttl 3, "
            "no-mcast-loop, no-mcast-all");
}

TEST_F(SocketTableTest, GroupsAndInterfacesHaveTheirNames) {
  const GroupMembership any{IpAddress::Ipv4(239, 1, 2, 3), 2, IpAddress()};
  const GroupMembership one{IpAddress::Ipv4(232, 1, 2, 3), 2, bob.address()};
  ASSERT_TRUE(alice.kernel().Join(socket, any).ok());
  ASSERT_TRUE(alice.kernel().Join(socket, one).ok());
  Set(SocketOption::kBoundInterface, 2);
  ASSERT_TRUE(alice.kernel().Bind(socket, {IpAddress::AnyIpv4(), 5000}).ok());
  EXPECT_EQ(Row()[kLocal], "0.0.0.0%eth0:5000");
  EXPECT_EQ(Row()[kOptions], "group 232.1.2.3%eth0 from 10.0.0.2, group 239.1.2.3%eth0");
}

TEST_F(SocketTableTest, ErrorsThatWaitAndWaysThatAreShutAreThere) {
  ASSERT_TRUE(alice.kernel().Connect(socket, {bob.address(), 7755}).ok());
  SendSlot slot;
  slot.payload = "hello";
  ASSERT_TRUE(alice.kernel().Send(socket, slot).ok());
  net.RunFor(absl::Seconds(1));
  ASSERT_TRUE(alice.kernel().Shutdown(socket, ShutdownHow::kRead).ok());
  EXPECT_EQ(Row()[kOptions], "shut-rd, error ECONNREFUSED");
}

// What a table shows changes with `changes()` only.
TEST_F(SocketTableTest, ChangesAreCounted) {
  UdpStack& kernel = alice.kernel();
  const uint64_t before = kernel.changes();
  EXPECT_EQ(kernel.changes(), before);
  (void)SocketTable(kernel);
  (void)kernel.GetOption(socket, SocketOption::kBroadcast);
  EXPECT_EQ(kernel.changes(), before) << "looking changes nothing";
  Set(SocketOption::kBroadcast, 1);
  EXPECT_GT(kernel.changes(), before);
}

}  // namespace
}  // namespace pollux::sim
