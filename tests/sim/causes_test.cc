// SPDX-License-Identifier: Apache-2.0
//
// Every event says because of which earlier one it happened.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;

constexpr uint16_t kPort = 7755;

// Three hosts on a segment, and all that happens.
class Causes : public ::testing::Test {
 protected:
  Causes() {
    for (Host* host : {&alice, &bob, &carol}) lan.Attach(*host);
  }

  // "delivered bob < sent alice" for the event of each kind on a host, in the order of the record.
  std::vector<std::string> Chains(EventKind kind, absl::string_view host) const {
    std::vector<std::string> chains;
    for (const EventLog::Entry& entry : log.entries()) {
      if (entry.event.kind != kind || entry.event.host != host) continue;
      std::string text;
      for (const EventLog::Entry* link : log.Chain(entry.event.sequence)) {
        text += (text.empty() ? "" : " < ");
        text += std::string(ToString(link->event.kind)) + " " + std::string(link->event.host);
      }
      chains.push_back(text);
    }
    return chains;
  }

  Network net{{.seed = 7}};
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Host& carol = net.AddHost("carol");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(2)});
  EventLog log{net.trace()};
};

TEST_F(Causes, ADeliveryIsBecauseOfItsSendAndASendOfAProgram) {
  UdpSocket server(bob.engine());
  UdpSocket client(alice.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  ASSERT_TRUE(client.WriteDatagram("one", {bob.address(), kPort}).ok());
  ASSERT_TRUE(client.WriteDatagram("two", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kDelivered, "bob"),
              ElementsAre("delivered bob < sent alice", "delivered bob < sent alice"));
  EXPECT_EQ(log.entries()[2].event.because, 1u);
  EXPECT_EQ(log.entries()[3].event.because, 2u);
  EXPECT_EQ(log.Explain(4), log.Find(4)->Event().ToNumberedString() + "\n" +
                                log.Find(2)->Event().ToNumberedString() + "\n");
}

TEST_F(Causes, AnIcmpErrorIsBecauseOfTheDropThatItIsAbout) {
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.ConnectToHost(bob.address(), kPort).ok());
  ASSERT_TRUE(client.Write("hello").ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kDelivered, "alice"),
              ElementsAre("delivered alice < sent bob < dropped bob < sent alice"));
}

TEST_F(Causes, AnIcmpErrorOfWhichNoSocketIsToldIsOnRecordToo) {
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kDropped, "alice"),
              ElementsAre("dropped alice < sent bob < dropped bob < sent alice"));
  EXPECT_EQ(log.entries().back().event.cause, DropCause::kNotAsked);
}

TEST_F(Causes, TheFirstOfTwoCopiesKnowsNothingOfTheSecond) {
  lan.SetProfile({.duplicate = Ratio::Always(), .duplicate_delay = absl::Milliseconds(1)});
  UdpSocket server(bob.engine());
  UdpSocket client(alice.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(
      Chains(EventKind::kDelivered, "bob"),
      ElementsAre("delivered bob < sent alice", "delivered bob < duplicated alice < sent alice"));
}

TEST_F(Causes, WhatIsCorruptedIsDroppedBecauseOfThat) {
  lan.SetProfile(
      {.latency = absl::Milliseconds(2), .overtake = Ratio::Always(), .corrupt = Ratio::Always()});
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kDropped, "bob"),
              ElementsAre("dropped bob < overtook alice < corrupted alice < sent alice"));
}

// Hosts that share a flight, and sockets that share a datagram, know nothing of each other.
TEST_F(Causes, EveryReceiverOfABroadcastHasTheSendAsItsCause) {
  std::vector<std::unique_ptr<UdpSocket>> servers;
  for (Host* host : {&alice, &bob, &carol, &carol}) {
    servers.push_back(std::make_unique<UdpSocket>(host->engine()));
    ASSERT_TRUE(servers.back()->Bind(kPort, BindMode::kShareAddress).ok());
  }
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.SetOption(SocketOption::kBroadcast, 1).ok());
  ASSERT_TRUE(client.WriteDatagram("hello", {IpAddress::Broadcast(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kSent, "alice"), ElementsAre("sent alice", "sent alice"))
      << "its own copy, and the wire's";
  for (absl::string_view host : {"alice", "bob", "carol"}) {
    const std::vector<std::string> chains = Chains(EventKind::kDelivered, host);
    EXPECT_EQ(chains.size(), host == "carol" ? 2u : 1u);
    for (const std::string& chain : chains) {
      EXPECT_EQ(chain, "delivered " + std::string(host) + " < sent alice");
    }
  }
}

// One is lost on its way to each: nobody else's loss is a cause.
TEST_F(Causes, EveryLossOfABroadcastHasTheSendAsItsCause) {
  lan.SetProfile({.loss = Ratio::Always()});
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.SetOption(SocketOption::kBroadcast, 1).ok());
  ASSERT_TRUE(client.WriteDatagram("hello", {IpAddress::Broadcast(), kPort}).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(Chains(EventKind::kLost, "alice"),
              ElementsAre("lost alice < sent alice", "lost alice < sent alice"));
}

TEST_F(Causes, ATextTraceShowsThemOnRequest) {
  TextTrace text(net.trace());
  UdpSocket client(alice.engine());
  text.ShowCauses();
  lan.SetProfile({.loss = Ratio::Always()});
  ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
  const std::string first = "#1 0.000000000 alice/eth0 sent ";
  EXPECT_EQ(text.text().substr(0, first.size()), first);
  EXPECT_NE(text.text().find("#2 0.000000000 alice/eth0 lost "), std::string::npos);
  EXPECT_NE(text.text().find("(loss lan/alice->bob #1) because of #1\n"), std::string::npos);
}

}  // namespace
}  // namespace pollux::sim
