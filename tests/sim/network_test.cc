// SPDX-License-Identifier: Apache-2.0
//
// What a simulated network does with the datagrams of programs: whom they reach, when, and what is
// on record about it.

#include "sim/network.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr uint16_t kPort = 7755;

// A bound socket that keeps what it hears.
class Listener {
 public:
  explicit Listener(Host& host, uint16_t port = kPort) : socket(host.engine()) {
    EXPECT_TRUE(socket.Bind(port, BindMode::kShareAddress).ok());
    socket.OnReadyRead([this, &host] {
      while (socket.HasPendingDatagrams()) {
        heard.push_back(socket.ReceiveDatagram()->payload);
        when.push_back(host.loop().Now() - absl::UnixEpoch());
      }
    });
  }

  UdpSocket socket;
  std::vector<std::string> heard;
  std::vector<absl::Duration> when;  // Since the simulation began.
};

TEST(Network, ADatagramArrivesAfterTheLatencyToTheNanosecond) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Nanoseconds(2000001)});
  lan.Attach(alice);
  lan.Attach(bob);
  Listener server(bob);
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.WriteDatagram("hello", Endpoint(bob.address(), kPort)).ok());
  net.RunFor(absl::Nanoseconds(2000000));
  EXPECT_THAT(server.heard, IsEmpty());
  net.RunFor(absl::Nanoseconds(1));
  EXPECT_THAT(server.heard, ElementsAre("hello"));
  EXPECT_THAT(server.when, ElementsAre(absl::Nanoseconds(2000001)));
  EXPECT_EQ(net.elapsed(), absl::Nanoseconds(2000001));
}

TEST(Network, TheTextTraceTellsTheStory) {
  Network net({.seed = 7});
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                {.latency = absl::Milliseconds(2),
                                 .duplicate = Ratio::Always(),
                                 .duplicate_delay = absl::Microseconds(1)});
  lan.Attach(alice);
  lan.Attach(bob);
  Listener server(bob);
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.Bind(5000).ok());
  TextTrace story(net.trace());
  ASSERT_TRUE(client.WriteDatagram("hello", Endpoint(bob.address(), kPort)).ok());
  net.RunFor(absl::Seconds(1));
  lan.SetProfile({.loss = Ratio::Always()});
  ASSERT_TRUE(client.WriteDatagram("x", Endpoint(bob.address(), kPort)).ok());
  ASSERT_TRUE(client.WriteDatagram("", Endpoint(*IpAddress::Parse("10.0.0.9"), kPort)).ok());
  lan.SetProfile({});
  ASSERT_TRUE(client.WriteDatagram("bc", Endpoint(bob.address(), 9)).ok());
  net.RunFor(absl::ZeroDuration());
  EXPECT_EQ(story.text(),
            "0.000000000 alice/eth0 sent       alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes\n"
            "0.000000000 alice/eth0 duplicated alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes "
            "(duplicate lan/alice->bob #1 after 1us)\n"
            "0.002000000 bob/eth0   delivered  alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes "
            "(socket 1)\n"
            "0.002001000 bob/eth0   delivered  alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes "
            "(socket 1)\n"
            "1.000000000 alice/eth0 sent       alice#2 10.0.0.1:5000 > 10.0.0.2:7755, 1 byte\n"
            "1.000000000 alice/eth0 lost       alice#2 10.0.0.1:5000 > 10.0.0.2:7755, 1 byte "
            "(loss lan/alice->bob #2)\n"
            "1.000000000 alice/eth0 sent       alice#3 10.0.0.1:5000 > 10.0.0.9:7755, 0 bytes\n"
            "1.000000000 alice/eth0 unclaimed  alice#3 10.0.0.1:5000 > 10.0.0.9:7755, 0 bytes\n"
            "1.000000000 alice/eth0 sent       alice#4 10.0.0.1:5000 > 10.0.0.2:9, 2 bytes\n"
            "1.000000000 bob/eth0   dropped    alice#4 10.0.0.1:5000 > 10.0.0.2:9, 2 bytes "
            "(no socket)\n"
            "1.000000000 bob/eth0   sent       bob#1 ICMP port unreachable about "
            "10.0.0.1:5000 > 10.0.0.2:9\n"
            "1.000000000 alice/eth0 dropped    bob#1 ICMP port unreachable about "
            "10.0.0.1:5000 > 10.0.0.2:9 (not asked for, socket 1)\n");
}

TEST(Network, LossKeepsToItsChance) {
  Network net({.seed = 3});
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.loss = Ratio(1, 4)});
  lan.Attach(alice);
  lan.Attach(bob);
  Listener server(bob);
  UdpSocket client(alice.engine());
  for (int i = 0; i < 4000; ++i) {
    ASSERT_TRUE(client.WriteDatagram("x", Endpoint(bob.address(), kPort)).ok());
    net.RunFor(absl::Milliseconds(1));
  }
  // The standard deviation is about 27.
  EXPECT_NEAR(static_cast<double>(server.heard.size()), 3000, 120);
}

TEST(Network, BroadcastsReachTheSegmentOnly) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Host& carol = net.AddHost("carol");
  Host& dave = net.AddHost("dave");
  Segment& left = net.AddSegment("left", "10.0.0.0/24");
  Segment& right = net.AddSegment("right", "10.0.1.0/24");
  left.Attach(alice);
  left.Attach(bob);
  right.Attach(bob);
  right.Attach(carol);
  left.Attach(dave);
  Listener a(alice), b(bob), c(carol), d(dave);
  UdpSocket sender(alice.engine());
  ASSERT_TRUE(sender.WriteDatagram("limited", Endpoint(IpAddress::Broadcast(), kPort)).ok());
  ASSERT_TRUE(
      sender.WriteDatagram("subnet", Endpoint(*IpAddress::Parse("10.0.0.255"), kPort)).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(b.heard, ElementsAre("limited", "subnet"));
  EXPECT_THAT(d.heard, ElementsAre("limited", "subnet"));
  EXPECT_THAT(c.heard, IsEmpty());
  EXPECT_THAT(a.heard, ElementsAre("limited", "subnet"));  // The sender's own copy.
}

TEST(Network, GroupsReachTheirMembersOnTheSegment) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Host& carol = net.AddHost("carol");
  Segment& left = net.AddSegment("left", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  Segment& right = net.AddSegment("right", {.ipv4 = "10.0.1.0/24", .ipv6 = "fd01::/64"});
  left.Attach(alice);
  right.Attach(alice);
  left.Attach(bob);
  left.Attach(carol);
  Listener b(bob), c(carol);
  for (const char* group : {"239.1.2.3", "ff15::7755"}) {
    const IpAddress address = *IpAddress::Parse(group);
    b.socket.Close();
    ASSERT_TRUE(
        b.socket.Bind(address.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6(), kPort).ok());
    ASSERT_TRUE(b.socket.JoinMulticastGroup(address).ok()) << b.socket.error();
    UdpSocket sender(alice.engine());
    ASSERT_TRUE(sender.WriteDatagram(group, Endpoint(address, kPort)).ok()) << sender.error();
    net.RunFor(absl::Seconds(1));
    // Nothing of it is on the segment that the sender did not choose.
    const std::vector<NetworkInterface> interfaces = *alice.engine().Interfaces();
    ASSERT_TRUE(sender.Bind().ok() || sender.state() == SocketState::kBound);
    ASSERT_TRUE(sender.SetMulticastInterface(interfaces[2]).ok());
    ASSERT_TRUE(sender.WriteDatagram("elsewhere", Endpoint(address, kPort)).ok());
    net.RunFor(absl::Seconds(1));
  }
  EXPECT_THAT(b.heard, ElementsAre("239.1.2.3", "ff15::7755"));
  EXPECT_THAT(c.heard, IsEmpty());
}

TEST(Network, AHostOnTwoSegmentsAnswersFromTheRightOne) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Host& carol = net.AddHost("carol");
  Segment& left = net.AddSegment("left", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  Segment& right = net.AddSegment("right", "10.0.1.0/24", {.latency = absl::Milliseconds(7)});
  left.Attach(alice);
  left.Attach(bob);
  right.Attach(bob);
  right.Attach(carol);
  Listener a(alice), c(carol);
  UdpSocket sender(bob.engine());
  ASSERT_TRUE(sender.WriteDatagram("left", Endpoint(alice.address(), kPort)).ok());
  ASSERT_TRUE(sender.WriteDatagram("right", Endpoint(carol.address(), kPort)).ok());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(a.when, ElementsAre(absl::Milliseconds(1)));
  EXPECT_THAT(c.when, ElementsAre(absl::Milliseconds(7)));
  // There are no routers: alice cannot reach carol.
  UdpSocket lost(alice.engine());
  const absl::Status status = lost.WriteDatagram("x", Endpoint(carol.address(), kPort));
  EXPECT_EQ(SocketErrorOf(status), SocketError::kNetwork);
  EXPECT_THAT(std::string(status.message()), HasSubstr("send 1 bytes to 10.0.1.2:7755"));
}

TEST(Network, LoopbackIsInstantaneousButAsynchronous) {
  Network net;
  Host& alice = net.AddHost("alice");
  Listener a(alice);
  ASSERT_TRUE(a.socket.WriteDatagram("self", Endpoint(IpAddress::LoopbackIpv4(), kPort)).ok());
  EXPECT_FALSE(a.socket.HasPendingDatagrams());
  net.RunFor(absl::ZeroDuration());
  EXPECT_THAT(a.heard, ElementsAre("self"));
  EXPECT_EQ(net.elapsed(), absl::ZeroDuration());
}

TEST(Network, LinkLocalAddressesWork) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "fd00::/64");
  Segment& other = net.AddSegment("other", "fd01::/64");
  other.Attach(alice);
  lan.Attach(alice);
  const NetworkInterface eth0 = lan.Attach(bob);
  ASSERT_EQ(eth0.addresses.size(), 2u);
  const IpAddress link_local = eth0.addresses[1].address;
  EXPECT_TRUE(link_local.is_link_local());
  Listener b(bob);
  UdpSocket sender(alice.engine());
  // On alice the segment is behind her third interface.
  ASSERT_TRUE(sender.WriteDatagram("hi", Endpoint(link_local.WithScope(3), kPort)).ok())
      << sender.error();
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(b.heard, ElementsAre("hi"));
}

TEST(Network, NamesResolveAfterAWhile) {
  Network net({.resolve_delay = absl::Milliseconds(5)});
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("Bob");
  Segment& far = net.AddSegment("far", "10.1.0.0/24");
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  far.Attach(bob);
  lan.Attach(alice);
  lan.Attach(bob);
  std::vector<std::string> answers;
  const auto ask = [&](absl::string_view name) {
    alice.engine().Resolve(name, [&](absl::StatusOr<std::vector<IpAddress>> addresses) {
      std::string answer = absl::FormatDuration(net.elapsed());
      if (!addresses.ok()) {
        EXPECT_EQ(SocketErrorOf(addresses.status()), SocketError::kHostNotFound);
        answer += " " + std::string(addresses.status().message());
      } else {
        for (const IpAddress& address : *addresses) answer += " " + address.ToString();
      }
      answers.push_back(answer);
    });
  };
  for (const char* name : {"bob", "localhost", "carol", "10.9.9.9", "fe80::9%eth0"}) ask(name);
  EXPECT_THAT(answers, IsEmpty());
  net.RunFor(absl::Seconds(1));
  EXPECT_THAT(answers,
              ElementsAre("0 10.9.9.9", "0 fe80::9%2", "5ms 10.0.0.2 fd00::2 10.1.0.1",
                          "5ms 127.0.0.1 ::1", "5ms resolve \"carol\": no host has this name"));
}

TEST(Network, ALookupThatIsUnderWayGoesWithItsNetwork) {
  bool called = false;
  {
    Network net;
    net.AddHost("alice").engine().Resolve("alice", [&](auto) { called = true; });
  }
  EXPECT_FALSE(called);
}

TEST(Network, ConnectsByName) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  lan.Attach(bob);
  Listener server(bob);
  UdpSocket client(alice.engine());
  ASSERT_TRUE(client.ConnectToHost("bob", kPort).ok());
  ASSERT_TRUE(
      net.RunUntil([&] { return client.state() == SocketState::kConnected; }, absl::Seconds(1)));
  ASSERT_TRUE(client.Write("hello").ok());
  EXPECT_TRUE(net.RunUntil([&] { return !server.heard.empty(); }, absl::Seconds(1)));
}

TEST(Network, AHostWithoutIpv6HasNone) {
  Network net;
  Host& alice = net.AddHost("alice", {.ipv6 = false});
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  const NetworkInterface eth0 = lan.Attach(alice);
  EXPECT_EQ(eth0.addresses.size(), 1u);
  EXPECT_EQ((*alice.engine().Interfaces())[0].addresses.size(), 1u);
  EXPECT_EQ(alice.engine().NewUdpSocket(AddressFamily::kDual).status().code(),
            OsStatus(Platform::kLinux, OsError::kAddressFamilyNotSupported, "").code());
  UdpSocket socket(alice.engine());
  ASSERT_TRUE(socket.Bind().ok());
  EXPECT_EQ(socket.local_endpoint().address, IpAddress::AnyIpv4());
}

TEST(Network, TheSocketTableNamesEverySocket) {
  Network net;
  Host& alice = net.AddHost("alice", {.user = 501});
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  Listener a(alice);
  UdpSocket peer(alice.engine());
  ASSERT_TRUE(peer.Bind(alice.address(), 9000).ok());
  ASSERT_TRUE(peer.JoinMulticastGroup(*IpAddress::Parse("239.1.2.3")).ok());
  UdpSocket connected(alice.engine());
  ASSERT_TRUE(connected.Bind(9001).ok());
  ASSERT_TRUE(connected.ConnectToHost(alice.address(), kPort).ok());
  ASSERT_TRUE(connected.Write("queued").ok());
  a.socket.OnReadyRead(nullptr);
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(
      alice.SocketTable(),
      "State   Recv-Q  Rcvbuf  Queued  Drops  Local Address:Port  Peer Address:Port  Socket  User  "
      "Options\n"
      "UNCONN     832  212992       1      0  *:7755              -                  1       501   "
      "reuseaddr, broadcast\n"
      "UNCONN       0  212992       0      0  10.0.0.1:9000       -                  2       501   "
      "broadcast, group 239.1.2.3%eth0\n"
      "ESTAB        0  212992       0      0  10.0.0.1:9001       10.0.0.1:7755      3       501   "
      "broadcast\n");
}

TEST(Network, AsynchronousErrorsReachOnErrorAndFailNoCall) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  lan.Attach(alice);
  lan.Attach(bob);
  UdpSocket client(alice.engine());
  std::vector<std::string> errors;
  client.OnError([&](const absl::Status& status) { errors.emplace_back(status.message()); });
  ASSERT_TRUE(client.ConnectToHost(bob.address(), 9).ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client.Write("anyone?").ok());
    net.RunFor(absl::Milliseconds(10));
  }
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_THAT(errors[0], HasSubstr("10.0.0.2:9"));
  EXPECT_THAT(errors[0], HasSubstr("ECONNREFUSED"));
}

TEST(Network, APlatformAnswersInItsOwnNumbers) {
  Network net;
  Host& alice = net.AddHost("alice", {.platform = Platform::kWindows});
  EXPECT_EQ(alice.engine().name(), "sim:windows");
  EXPECT_EQ(alice.engine().platform(), Platform::kWindows);
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  UdpSocket first(alice.engine());
  UdpSocket second(alice.engine());
  ASSERT_TRUE(first.Bind(IpAddress::AnyIpv4(), kPort, BindMode::kDontShareAddress).ok());
  const absl::Status status = second.Bind(IpAddress::AnyIpv4(), kPort);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("bind 0.0.0.0:7755: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("WSAE"));
}

// Two hosts, of which one sends ten numbered datagrams, a millisecond apart.
std::string HeardOfTen(const LinkProfile& link, std::string* events = nullptr) {
  Network net({.seed = 3});
  TextTrace trace(net.trace());
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", link);
  lan.Attach(alice);
  lan.Attach(bob);
  UdpSocket receiver(bob.engine());
  EXPECT_TRUE(receiver.Bind(kPort).ok());
  std::string heard;
  receiver.OnReadyRead([&] {
    while (receiver.HasPendingDatagrams()) heard += receiver.ReceiveDatagram()->payload;
  });
  UdpSocket sender(alice.engine());
  for (char digit = '0'; digit <= '9'; ++digit) {
    EXPECT_TRUE(sender.WriteDatagram(std::string(1, digit), Endpoint(bob.address(), kPort)).ok());
    net.RunFor(absl::Milliseconds(1));
  }
  net.RunFor(absl::Seconds(1));
  if (events != nullptr) *events = trace.text();
  return heard;
}

TEST(Link, AModelTakesThePlaceOfTheCoin) {
  EXPECT_EQ(HeardOfTen({.loss_model = EveryNth{3}}), "0134679");
  EXPECT_EQ(HeardOfTen({.loss_model = ListedLosses{{1, 10}}}), "12345678");
}

TEST(Link, JitterMakesDatagramsOvertakeEachOther) {
  const std::string heard =
      HeardOfTen({.latency = absl::Milliseconds(10), .jitter = absl::Milliseconds(5)});
  EXPECT_NE(heard, "0123456789");
  std::string sorted = heard;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, "0123456789");
}

TEST(Link, WhatOvertakesIsThereAtOnce) {
  std::string events;
  const std::string heard =
      HeardOfTen({.latency = absl::Milliseconds(20), .overtake = Ratio(1, 3)}, &events);
  EXPECT_EQ(heard.size(), 10u);
  EXPECT_NE(heard, "0123456789");
  EXPECT_NE(events.find("overtook"), std::string::npos);
  EXPECT_NE(events.find("(overtake lan/alice->bob #"), std::string::npos);
}

TEST(Link, WhatIsCorruptedIsDroppedByItsChecksum) {
  std::string events;
  EXPECT_EQ(HeardOfTen({.corrupt = Ratio::Always()}, &events), "");
  EXPECT_NE(events.find("(corrupt lan/alice->bob #10: bit "), std::string::npos);
  EXPECT_NE(events.find("(bad checksum)"), std::string::npos);
}

}  // namespace
}  // namespace pollux::sim
