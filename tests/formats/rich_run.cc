// SPDX-License-Identifier: Apache-2.0

#include "tests/formats/rich_run.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "udp/internal/check.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

constexpr uint16_t kPort = 7755;

void Must(const absl::Status& status) { POLLUX_CHECK(status.ok(), status.message()); }

// Reads what comes, so that queues do not fill.
void Drain(UdpSocket& socket) {
  socket.OnReadyRead([&socket] {
    while (socket.HasPendingDatagrams()) Must(socket.ReceiveDatagram().status());
  });
}

}  // namespace

void RunRich(Network& net) {
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob", {.platform = Platform::kWindows});
  Host& carol = net.AddHost("carol");
  Segment& lan = net.AddSegment(
      "lan",
      {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64", .link = {.latency = absl::Milliseconds(2)}});
  for (Host* host : {&alice, &bob, &carol}) lan.Attach(*host);
  const Endpoint at_bob(bob.addresses()[0], kPort);
  const Endpoint at_bob_ipv6(bob.addresses()[1], kPort);
  const Endpoint group(IpAddress::Ipv4(239, 1, 2, 3), kPort);
  {
    UdpSocket server(bob.engine());
    UdpSocket member(carol.engine());
    UdpSocket client(alice.engine());
    Must(server.Bind(kPort));
    Must(member.Bind(IpAddress::AnyIpv4(), kPort));
    Must(member.JoinMulticastGroup(group.address));
    Must(client.Bind(5000));
    Drain(server);
    for (const Endpoint& to : {at_bob, at_bob_ipv6, group}) {
      Must(client.WriteDatagram("<b>hello</b></script>", to));
      net.RunFor(absl::Milliseconds(20));
    }
    Must(client.WriteDatagram("", at_bob));
    Must(client.WriteDatagram("to all", {IpAddress::Broadcast(), kPort}));
    Must(client.WriteDatagram("to nobody", {IpAddress::Ipv4(10, 0, 0, 99), kPort}));
    lan.SetProfile({.latency = absl::Milliseconds(3),
                    .loss = Ratio(1, 4),
                    .duplicate = Ratio(1, 4),
                    .duplicate_delay = absl::Microseconds(700),
                    .overtake = Ratio(1, 6),
                    .corrupt = Ratio(1, 4)});
    for (int i = 0; i < 24; ++i) {
      Must(client.WriteDatagram(absl::StrCat("question-", i), i % 3 == 0 ? at_bob_ipv6 : at_bob));
      net.RunFor(absl::Microseconds(500));
    }
    net.RunFor(absl::Milliseconds(300));
    lan.SetProfile({.latency = absl::Milliseconds(2)});
    // Nobody reads, and little fits.
    server.OnReadyRead(nullptr);
    Must(server.SetOption(SocketOption::kReceiveBufferSize, 2000));
    for (int i = 0; i < 4; ++i) Must(client.WriteDatagram(std::string(900, 'x'), at_bob));
    net.RunFor(absl::Milliseconds(50));
  }
  // A program sleeps, and its kernel does not.
  bob.Pause();
  net.RunFor(absl::Milliseconds(40));
  bob.Resume();
  // Now nobody listens, and who asks is told.
  UdpSocket late(alice.engine());
  Must(late.ConnectToHost(at_bob.address, kPort));
  Must(late.Write("anyone there?"));
  net.RunFor(absl::Milliseconds(10));
  UdpSocket late_ipv6(alice.engine());
  Must(late_ipv6.WriteDatagram("and by IPv6?", at_bob_ipv6));
  net.RunFor(absl::Seconds(1));
  carol.Crash();
  Must(late_ipv6.WriteDatagram("are you well?", {carol.address(), kPort}));
  net.RunFor(absl::Seconds(1));
  carol.Restart();
  Must(late_ipv6.WriteDatagram("and now?", {carol.address(), kPort}));
  net.RunFor(absl::Seconds(1));
}

void RunMany(Network& net, int datagrams) {
  constexpr int kHosts = 5;
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                {.latency = absl::Milliseconds(2),
                                 .loss = Ratio(1, 50),
                                 .duplicate = Ratio(1, 100),
                                 .duplicate_delay = absl::Milliseconds(1),
                                 .jitter = absl::Milliseconds(1)});
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  for (int i = 0; i < kHosts; ++i) {
    Host& host = net.AddHost(absl::StrCat("node-", i + 1));
    lan.Attach(host);
    sockets.push_back(std::make_unique<UdpSocket>(host.engine()));
    Must(sockets.back()->Bind(kPort));
    Drain(*sockets.back());
  }
  for (int i = 0; i < datagrams; ++i) {
    const int from = i % kHosts;
    const int to = (from + 1 + i / kHosts % (kHosts - 1)) % kHosts;
    const Host& receiver = *net.FindHost(absl::StrCat("node-", to + 1));
    Must(sockets[static_cast<size_t>(from)]->WriteDatagram(absl::StrCat("message ", i),
                                                           {receiver.address(), kPort}));
    net.RunFor(absl::Microseconds(100));
  }
  net.RunFor(absl::Seconds(1));
}

}  // namespace pollux::sim
