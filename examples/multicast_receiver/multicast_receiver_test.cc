// SPDX-License-Identifier: Apache-2.0
//
// Multicast sender and receivers on simulated hosts.

#include "examples/multicast_receiver/multicast_receiver.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "examples/multicast_sender/multicast_sender.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/ratio.h"
#include "sim/network.h"
#include "udp/ip_address.h"
#include "udp/socket_error.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;

const Endpoint kGroup(IpAddress::Ipv4(239, 255, 43, 21), 45454);
const Endpoint kOtherGroup(IpAddress::Ipv4(239, 255, 43, 22), 45454);

class MulticastTest : public ::testing::Test {
 protected:
  sim::Host& AddHost(absl::string_view name) {
    sim::Host& host = net_.AddHost(name);
    lan_.Attach(host);
    return host;
  }

  static MulticastReceiver::Options Into(std::vector<std::string>& payloads,
                                         const Endpoint& group = kGroup) {
    return {.group = group,
            .on_datagram = [&](const Datagram& d) { payloads.push_back(d.payload); }};
  }

  void Send(const Endpoint& group, int count) {
    MulticastSender sender(sender_.engine(), {.group = group, .text = "hello", .count = count});
    ASSERT_TRUE(sender.Start([] {}).ok());
    net_.RunFor(absl::Seconds(count) + absl::Seconds(1));
  }

  sim::Network net_{{.seed = 5}};
  sim::Segment& lan_ = net_.AddSegment(
      "lan",
      {.ipv4 = "10.0.0.0/24", .ipv6 = "fd77::/64", .link = {.latency = absl::Milliseconds(1)}});
  sim::Host& sender_ = AddHost("sender");
};

TEST_F(MulticastTest, ReachesMembersAlone) {
  std::vector<std::string> alice, bob, other;
  MulticastReceiver on_alice(AddHost("alice").engine(), Into(alice));
  MulticastReceiver on_bob(AddHost("bob").engine(), Into(bob));
  MulticastReceiver on_carol(AddHost("carol").engine(), Into(other, kOtherGroup));
  ASSERT_TRUE(on_alice.Start().ok() && on_bob.Start().ok() && on_carol.Start().ok());
  Send(kGroup, 2);
  EXPECT_THAT(alice, ElementsAre("hello 1", "hello 2"));
  EXPECT_THAT(bob, ElementsAre("hello 1", "hello 2"));
  EXPECT_THAT(other, ElementsAre());
}

TEST_F(MulticastTest, ReachesMembersOfAnIpv6Group) {
  const Endpoint group(*IpAddress::Parse("ff15::4321"), 45454);
  std::vector<std::string> alice;
  MulticastReceiver receiver(AddHost("alice").engine(), Into(alice, group));
  ASSERT_TRUE(receiver.Start().ok());
  Send(group, 1);
  EXPECT_THAT(alice, ElementsAre("hello 1"));
}

TEST_F(MulticastTest, LeavesTheGroupWithTheReceiver) {
  std::vector<std::string> alice;
  sim::Host& host = AddHost("alice");
  {
    MulticastReceiver receiver(host.engine(), Into(alice));
    ASSERT_TRUE(receiver.Start().ok());
  }
  UdpSocket late(host.engine());
  ASSERT_TRUE(late.Bind(IpAddress::AnyIpv4(), kGroup.port).ok());
  Send(kGroup, 1);
  EXPECT_FALSE(late.HasPendingDatagrams());
}

TEST_F(MulticastTest, WhatTheNetworkLosesIsNotReceived) {
  lan_.SetProfile({.loss = sim::Ratio(1, 2)});
  std::vector<std::string> alice;
  MulticastReceiver receiver(AddHost("alice").engine(), Into(alice));
  ASSERT_TRUE(receiver.Start().ok());
  Send(kGroup, 100);
  EXPECT_GT(alice.size(), 25u);
  EXPECT_LT(alice.size(), 75u);
}

TEST_F(MulticastTest, AnAddressThatIsNoGroupIsAnError) {
  std::vector<std::string> none;
  const Endpoint no_group(IpAddress::Ipv4(10, 0, 0, 1), 45454);
  MulticastReceiver receiver(AddHost("alice").engine(), Into(none, no_group));
  const absl::Status status = receiver.Start();
  EXPECT_EQ(SocketErrorOf(status), SocketError::kOperation) << status;
}

}  // namespace
}  // namespace pollux::examples
