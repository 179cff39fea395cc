// SPDX-License-Identifier: Apache-2.0

#include "examples/broadcast_sender/broadcast_sender.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/ip_address.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;

TEST(BroadcastSenderTest, SendsAtItsInterval) {
  sim::Network net;
  sim::Host& host = net.AddHost("host");
  net.AddSegment("lan", "10.0.0.0/24").Attach(host);
  std::vector<std::string> sent;
  std::vector<absl::Duration> times;
  const absl::Time start = net.Now();
  bool done = false;
  BroadcastSender sender(host.engine(),
                         {.destination = Endpoint(IpAddress::Broadcast(), 45454),
                          .count = 3,
                          .interval = absl::Seconds(2),
                          .on_sent = [&](absl::string_view payload, const absl::Status& status) {
                            EXPECT_TRUE(status.ok()) << status;
                            sent.emplace_back(payload);
                            times.push_back(net.Now() - start);
                          }});
  sender.Start([&] { done = true; });
  EXPECT_TRUE(net.RunUntil([&] { return done; }, absl::Minutes(1)));
  EXPECT_THAT(sent,
              ElementsAre("Broadcast message 1", "Broadcast message 2", "Broadcast message 3"));
  EXPECT_THAT(times, ElementsAre(absl::ZeroDuration(), absl::Seconds(2), absl::Seconds(4)));
}

TEST(BroadcastSenderTest, ReportsWhatCouldNotBeSent) {
  sim::Network net;
  sim::Host& host = net.AddHost("host");  // On no network.
  absl::Status failure;
  BroadcastSender sender(
      host.engine(),
      {.destination = Endpoint(IpAddress::Ipv4(10, 0, 0, 255), 45454),
       .count = 1,
       .on_sent = [&](absl::string_view, const absl::Status& status) { failure = status; }});
  sender.Start([] {});
  net.RunFor(absl::Seconds(1));
  EXPECT_FALSE(failure.ok());
}

TEST(BroadcastSenderTest, MayBeDestroyedWhenItIsDone) {
  sim::Network net;
  sim::Host& host = net.AddHost("host");
  net.AddSegment("lan", "10.0.0.0/24").Attach(host);
  auto sender = std::make_unique<BroadcastSender>(
      host.engine(),
      BroadcastSender::Options{.destination = Endpoint(IpAddress::Broadcast(), 45454), .count = 1});
  sender->Start([&] { sender.reset(); });
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(sender, nullptr);
}

TEST(BroadcastSenderTest, KnowsTheBroadcastAddressOfAnInterface) {
  sim::Network net;
  sim::Host& host = net.AddHost("host");
  const NetworkInterface interface = net.AddSegment("lan", "10.0.0.0/24").Attach(host);
  const absl::StatusOr<IpAddress> address = BroadcastAddressOf(interface);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(*address, IpAddress::Ipv4(10, 0, 0, 255));
  EXPECT_TRUE(absl::IsNotFound(BroadcastAddressOf(NetworkInterface()).status()));
}

}  // namespace
}  // namespace pollux::examples
