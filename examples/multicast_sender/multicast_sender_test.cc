// SPDX-License-Identifier: Apache-2.0

#include "examples/multicast_sender/multicast_sender.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/trace/trace.h"
#include "udp/ip_address.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;

const Endpoint kGroup(IpAddress::Ipv4(239, 255, 43, 21), 45454);

// A host on two networks, and what leaves it.
class MulticastSenderTest : public ::testing::Test {
 protected:
  // What was put on the wire, as "eth1 ttl 1".
  std::vector<std::string> OnTheWire() const {
    std::vector<std::string> lines;
    for (const sim::EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind != sim::EventKind::kSent || entry.event.interface == "lo") continue;
      lines.push_back(std::string(entry.event.interface) + " ttl " +
                      std::to_string(entry.packet.hop_limit));
    }
    return lines;
  }

  sim::Network net_;
  sim::EventLog log_{net_.trace()};
  sim::Host& host_ = net_.AddHost("host");
  NetworkInterface eth0_ = net_.AddSegment("lan", "10.0.0.0/24").Attach(host_);
  NetworkInterface eth1_ = net_.AddSegment("dmz", "10.0.1.0/24").Attach(host_);
};

TEST_F(MulticastSenderTest, LeavesByTheInterfaceAndWithTheTtlItWasTold) {
  MulticastSender sender(host_.engine(),
                         {.group = kGroup, .interface = eth1_, .ttl = 8, .count = 1});
  ASSERT_TRUE(sender.Start([] {}).ok());
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(OnTheWire(), ElementsAre("eth1 ttl 8"));
}

TEST_F(MulticastSenderTest, LeavesThePlatformItsChoice) {
  MulticastSender sender(host_.engine(), {.group = kGroup, .count = 2});
  ASSERT_TRUE(sender.Start([] {}).ok());
  net_.RunFor(absl::Seconds(2));
  EXPECT_THAT(OnTheWire(), ElementsAre("eth0 ttl 1", "eth0 ttl 1"));
}

// Linux keeps a datagram without hops at home only where somebody there waits for it.
TEST_F(MulticastSenderTest, TtlZeroStaysOnAHostWithAMember) {
  UdpSocket member(host_.engine());
  ASSERT_TRUE(member.Bind(IpAddress::AnyIpv4(), kGroup.port).ok());
  ASSERT_TRUE(member.JoinMulticastGroup(kGroup.address).ok());
  MulticastSender sender(host_.engine(), {.group = kGroup, .ttl = 0, .count = 1});
  ASSERT_TRUE(sender.Start([] {}).ok());
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(OnTheWire(), ElementsAre());
  EXPECT_TRUE(member.HasPendingDatagrams());
}

TEST_F(MulticastSenderTest, AnInterfaceThatDoesNotExistIsAnError) {
  NetworkInterface none;
  none.name = "eth7";
  none.index = 7;
  MulticastSender sender(host_.engine(), {.group = kGroup, .interface = none});
  EXPECT_FALSE(sender.Start([] {}).ok());
}

}  // namespace
}  // namespace pollux::examples
