// SPDX-License-Identifier: Apache-2.0
//
// Broadcast sender and receivers on simulated hosts.

#include "examples/broadcast_receiver/broadcast_receiver.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "examples/broadcast_sender/broadcast_sender.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/ratio.h"
#include "sim/network.h"
#include "udp/bind_mode.h"
#include "udp/ip_address.h"
#include "udp/socket_error.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class BroadcastTest : public ::testing::Test {
 protected:
  sim::Host& AddHost(absl::string_view name) {
    sim::Host& host = net_.AddHost(name);
    lan_.Attach(host);
    return host;
  }

  static BroadcastReceiver::Options Into(std::vector<std::string>& payloads) {
    return {.on_datagram = [&](const Datagram& d) { payloads.push_back(d.payload); }};
  }

  // Sends that many broadcasts from a host of its own, and waits until all have arrived.
  void Send(const IpAddress& destination, int count) {
    BroadcastSender sender(
        sender_.engine(),
        {.destination = Endpoint(destination, 45454), .text = "hello", .count = count});
    sender.Start([] {});
    net_.RunFor(absl::Seconds(count) + absl::Seconds(1));
  }

  sim::Network net_{{.seed = 5}};
  sim::Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  sim::Host& sender_ = AddHost("sender");
};

TEST_F(BroadcastTest, ReachesEveryHostOfTheNetworkAndNoOther) {
  std::vector<std::string> alice, bob, stranger;
  sim::Host& other = net_.AddHost("other");
  net_.AddSegment("elsewhere", "10.0.9.0/24").Attach(other);
  BroadcastReceiver on_alice(AddHost("alice").engine(), Into(alice));
  BroadcastReceiver on_bob(AddHost("bob").engine(), Into(bob));
  BroadcastReceiver on_other(other.engine(), Into(stranger));
  ASSERT_TRUE(on_alice.Start().ok() && on_bob.Start().ok() && on_other.Start().ok());
  Send(IpAddress::Broadcast(), 2);
  EXPECT_THAT(alice, ElementsAre("hello 1", "hello 2"));
  EXPECT_THAT(bob, ElementsAre("hello 1", "hello 2"));
  EXPECT_THAT(stranger, ElementsAre());
  Send(IpAddress::Ipv4(10, 0, 0, 255), 1);
  EXPECT_THAT(alice, SizeIs(3));
}

TEST_F(BroadcastTest, EveryReceiverOfAHostGetsItsCopy) {
  std::vector<std::string> one, two;
  sim::Host& alice = AddHost("alice");
  BroadcastReceiver first(alice.engine(), Into(one));
  BroadcastReceiver second(alice.engine(), Into(two));
  ASSERT_TRUE(first.Start().ok() && second.Start().ok());
  Send(IpAddress::Broadcast(), 1);
  EXPECT_THAT(one, ElementsAre("hello 1"));
  EXPECT_THAT(two, ElementsAre("hello 1"));
}

TEST_F(BroadcastTest, WhatTheNetworkLosesIsNotReceived) {
  lan_.SetProfile({.loss = sim::Ratio(1, 2)});
  std::vector<std::string> alice;
  BroadcastReceiver receiver(AddHost("alice").engine(), Into(alice));
  ASSERT_TRUE(receiver.Start().ok());
  Send(IpAddress::Broadcast(), 100);
  EXPECT_GT(alice.size(), 25u);
  EXPECT_LT(alice.size(), 75u);
}

TEST_F(BroadcastTest, APortThatIsTakenIsAnError) {
  sim::Host& alice = AddHost("alice");
  UdpSocket holder(alice.engine());
  ASSERT_TRUE(holder.Bind(45454, BindMode::kDontShareAddress).ok());
  std::vector<std::string> none;
  BroadcastReceiver receiver(alice.engine(), Into(none));
  EXPECT_EQ(SocketErrorOf(receiver.Start()), SocketError::kAddressInUse);
}

}  // namespace
}  // namespace pollux::examples
