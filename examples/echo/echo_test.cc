// SPDX-License-Identifier: Apache-2.0
//
// The echo server on a simulated host.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/echo/echo_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;

class EchoTest : public ::testing::Test {
 protected:
  sim::Host& AddHost(absl::string_view name, Platform platform = Platform::kLinux) {
    sim::Host& host = net_.AddHost(name, {.platform = platform});
    lan_.Attach(host);
    return host;
  }

  // What `client` gets back for these.
  std::vector<std::string> Ask(UdpSocket& client, const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) {
      EXPECT_TRUE(client.WriteDatagram(payload, {server_host_.address(), 7777}).ok());
    }
    net_.RunFor(absl::Seconds(1));
    std::vector<std::string> answers;
    while (client.HasPendingDatagrams()) answers.push_back(client.ReceiveDatagram()->payload);
    return answers;
  }

  sim::Network net_{{.seed = 3}};
  sim::Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  sim::Host& server_host_ = AddHost("server");
  const EchoServer::Options options_ = {.local = Endpoint(IpAddress::AnyIpv4(), 7777)};
};

TEST_F(EchoTest, EveryDatagramComesBackToItsSender) {
  EchoServer server(server_host_.engine(), options_);
  ASSERT_TRUE(server.Start().ok());
  UdpSocket alice(AddHost("alice").engine()), bob(AddHost("bob").engine());
  EXPECT_THAT(Ask(alice, {"one", "", "three"}), ElementsAre("one", "", "three"));
  EXPECT_THAT(Ask(bob, {"bob's"}), ElementsAre("bob's"));
  EXPECT_EQ(server.received(), 4u);
  EXPECT_EQ(server.answered(), 4u);
}

TEST_F(EchoTest, ABurstLargerThanABatchIsAnsweredInFull) {
  EchoServer server(server_host_.engine(), options_);
  ASSERT_TRUE(server.Start().ok());
  UdpSocket alice(AddHost("alice").engine());
  std::vector<std::string> payloads;
  for (int i = 0; i < 100; ++i) payloads.push_back(absl::StrCat("datagram ", i));
  EXPECT_EQ(Ask(alice, payloads), payloads);
}

TEST_F(EchoTest, ManyShareAPortOnlyIfAllSaySo) {
  EchoServer first(server_host_.engine(), {.local = options_.local, .one_of_many = true});
  EchoServer second(server_host_.engine(), {.local = options_.local, .one_of_many = true});
  EchoServer third(server_host_.engine(), options_);
  ASSERT_TRUE(first.Start().ok() && second.Start().ok());
  EXPECT_EQ(SocketErrorOf(third.Start()), SocketError::kAddressInUse);
  // Each sender is one server's; with so many, both have some.
  sim::Host& clients = AddHost("clients");
  for (int i = 0; i < 40; ++i) {
    UdpSocket client(clients.engine());
    EXPECT_THAT(Ask(client, {"a", "b"}), ElementsAre("a", "b"));
  }
  EXPECT_EQ(first.received() + second.received(), 80u);
  EXPECT_GT(first.received(), 0u);
  EXPECT_GT(second.received(), 0u);
}

TEST_F(EchoTest, WhereThePlatformSharesNoPortsItSaysSo) {
  EchoServer server(AddHost("windows", Platform::kWindows).engine(),
                    {.local = options_.local, .one_of_many = true});
  EXPECT_EQ(SocketErrorOf(server.Start()), SocketError::kUnsupportedOperation);
}

}  // namespace
}  // namespace pollux::examples
