// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/scenarios.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/discovery/discovery.h"
#include "sim/choice/ratio.h"
#include "sim/kernel/platform_rules.h"
#include "tests/golden/chatter.h"
#include "tests/golden/worlds.h"
#include "udp/socket_option.h"
#include "udp/udp_socket.h"

namespace pollux::golden {
namespace {

using sim::Host;
using sim::Network;
using sim::Ratio;
using sim::Segment;

const IpAddress kGroup = IpAddress::Ipv4(239, 255, 43, 21);

// Three platforms in a ring, on a segment that does everything to packets.
void Ring(Network& net) {
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                {.latency = absl::Microseconds(1500),
                                 .loss = Ratio(1, 20),
                                 .duplicate = Ratio(1, 25),
                                 .duplicate_delay = absl::Microseconds(3100),
                                 .jitter = absl::Microseconds(700),
                                 .overtake = Ratio(1, 30),
                                 .corrupt = Ratio(1, 40)});
  std::vector<Host*> hosts;
  for (const Platform platform : {Platform::kLinux, Platform::kWindows, Platform::kMacOs}) {
    hosts.push_back(&net.AddHost(ToString(platform), {.platform = platform}));
    lan.Attach(*hosts.back());
  }
  std::vector<std::unique_ptr<Chatter>> chatters;
  for (size_t i = 0; i < hosts.size(); ++i) {
    chatters.push_back(std::make_unique<Chatter>(*hosts[i], absl::Microseconds(5003 + 997 * i)));
  }
  for (size_t i = 0; i < hosts.size(); ++i) {
    chatters[i]->Start(Endpoint(hosts[(i + 1) % hosts.size()]->address(), kPort));
  }
  net.RunFor(absl::Seconds(3));
}

// The shapes of jitter and the models of loss, a segment each, by IPv4 and IPv6.
void Links(Network& net) {
  const sim::LinkProfile profiles[] = {
      {.latency = absl::Milliseconds(20),
       .jitter = absl::Milliseconds(15),
       .jitter_shape = sim::JitterShape::kNormal},
      {.latency = absl::Milliseconds(20),
       .jitter = absl::Milliseconds(5),
       .jitter_shape = sim::JitterShape::kPareto},
      {.latency = absl::Milliseconds(1),
       .loss_model = sim::GilbertElliott{.into_bad = Ratio(1, 20),
                                         .out_of_bad = Ratio(1, 4),
                                         .loss_in_bad = Ratio(9, 10),
                                         .loss_in_good = Ratio(1, 100)}},
  };
  int number = 0;
  std::vector<std::unique_ptr<Chatter>> chatters;
  for (const sim::LinkProfile& profile : profiles) {
    ++number;
    Segment& lan = net.AddSegment(absl::StrCat("lan", number),
                                  {.ipv4 = absl::StrCat("10.0.", number, ".0/24"),
                                   .ipv6 = absl::StrCat("fd00:0:0:", number, "::/64"),
                                   .link = profile});
    Host& left = net.AddHost(absl::StrCat("left", number));
    Host& right = net.AddHost(absl::StrCat("right", number));
    lan.Attach(left);
    lan.Attach(right);
    chatters.push_back(std::make_unique<Chatter>(left, absl::Milliseconds(3)));
    chatters.back()->Start(Endpoint(right.addresses()[number % 2], kPort));
    chatters.push_back(std::make_unique<Chatter>(right, absl::Milliseconds(4)));
    chatters.back()->Start(Endpoint(left.addresses()[1 - number % 2], kPort));
  }
  net.RunFor(absl::Seconds(2));
}

// One host of each release, three sockets on each, all in one group; each host talks to all.
void Releases(Network& net) {
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  std::vector<Host*> hosts;
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  for (const sim::Release release : sim::kAllReleases) {
    Host& host = net.AddHost(sim::ToString(release),
                             {.rules = sim::RulesFor(release), .capabilities = {true, true}});
    lan.Attach(host);
    hosts.push_back(&host);
    for (int i = 0; i < 3; ++i) {
      sockets.push_back(std::make_unique<UdpSocket>(host.engine()));
      UdpSocket& socket = *sockets.back();
      socket.SetOption(SocketOption::kBroadcast, 1).IgnoreError();
      // Who cannot share gets a port of its own.
      const BindMode mode = BindMode::kShareAddress | BindMode::kReuseAddressHint;
      if (!socket.Bind(IpAddress::AnyIpv4(), kPort, mode).ok()) Check(socket.Bind(0));
      if (i < 2) socket.JoinMulticastGroup(kGroup).IgnoreError();
    }
  }
  for (int round = 0; round < 20; ++round) {
    for (size_t i = 0; i < sockets.size(); ++i) {
      const IpAddress targets[] = {kGroup, hosts[round % hosts.size()]->address(),
                                   IpAddress::Broadcast(), IpAddress::Ipv4(10, 0, 0, 255)};
      sockets[i]
          ->WriteDatagram(absl::StrCat(i, " in round ", round),
                          Endpoint(targets[(i + static_cast<size_t>(round)) % 4], kPort))
          .IgnoreError();
    }
    net.RunFor(absl::Milliseconds(10));
  }
}

// What goes wrong without luck: closed ports, strangers, full buffers, datagrams too large.
void Errors(Network& net) {
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  for (const sim::Release release : sim::kAllReleases) {
    Host& host = net.AddHost(sim::ToString(release), {.rules = sim::RulesFor(release)});
    lan.Attach(host);
  }
  Host& target = net.AddHost("target");
  lan.Attach(target);
  UdpSocket small(target.engine());
  Check(small.SetOption(SocketOption::kReceiveBufferSize, 2000));
  Check(small.Bind(kPort));
  for (const sim::Release release : sim::kAllReleases) {
    Host& host = *net.FindHost(sim::ToString(release));
    UdpSocket socket(host.engine());
    socket.SetOption(SocketOption::kReportUnreachable, 1).IgnoreError();
    for (const IpAddress& address : target.addresses()) {
      for (const uint16_t port : {kPort, uint16_t{9}}) {
        for (const size_t size : {1, 100, 1472, 1473, 9216, 9217, 65507}) {
          socket.WriteDatagram(std::string(size, 'x'), Endpoint(address, port)).IgnoreError();
          net.RunFor(absl::Milliseconds(200));
        }
      }
    }
    socket.WriteDatagram("anybody?", Endpoint(IpAddress::Ipv4(10, 0, 0, 99), kPort)).IgnoreError();
    net.RunFor(absl::Seconds(5));
    while (small.HasPendingDatagrams()) small.ReceiveDatagram().IgnoreError();
  }
}

// A program: twenty clients look for two services, on a bad network.
void Discovery(Network& net) {
  using examples::Client;
  using examples::Service;
  Segment& lan =
      net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(2), .loss = Ratio(1, 4)});
  const examples::Group group = {.endpoint = Endpoint(kGroup, 45454)};
  std::vector<std::unique_ptr<Service>> services;
  for (const char* name : {"clock", "echo"}) {
    Host& host = net.AddHost(name);
    lan.Attach(host);
    services.push_back(std::make_unique<Service>(
        host.engine(), Service::Options{.name = name, .group = group, .answer = [](auto question) {
                                          return absl::StrCat("about ", question);
                                        }}));
    Check(services.back()->Start());
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    Host& host = net.AddHost(absl::StrCat("client", i), {.platform = kAllPlatforms[i % 4]});
    lan.Attach(host);
    clients.push_back(std::make_unique<Client>(
        host.engine(), Client::Options{.group = group, .question = absl::StrCat("q", i)}));
    Check(clients.back()->Start([](const auto&) {}));
    net.RunFor(absl::Milliseconds(7));
  }
  net.RunFor(absl::Seconds(15));
}

// Sockets that share a port, connected and not, and names that are looked up.
void Sharing(Network& net) {
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Microseconds(10)});
  Host& server = net.AddHost("server");
  lan.Attach(server);
  std::vector<std::unique_ptr<UdpSocket>> workers;
  for (int i = 0; i < 5; ++i) {
    workers.push_back(std::make_unique<UdpSocket>(server.engine()));
    Check(workers.back()->SetOption(SocketOption::kReusePort, 1));
    Check(workers.back()->Bind(kPort));
  }
  std::vector<std::unique_ptr<UdpSocket>> askers;
  for (int i = 0; i < 30; ++i) {
    Host& host = net.AddHost(absl::StrCat("asker", i));
    lan.Attach(host);
    askers.push_back(std::make_unique<UdpSocket>(host.engine()));
    Check(askers.back()->ConnectToHost("server", kPort));
  }
  net.RunFor(absl::Milliseconds(10));
  for (int round = 0; round < 10; ++round) {
    for (const std::unique_ptr<UdpSocket>& asker : askers) {
      asker->Write(absl::StrCat("round ", round)).IgnoreError();
    }
    if (round % 3 == 2) workers.erase(workers.begin());
    net.RunFor(absl::Milliseconds(10));
  }
}

constexpr Scenario kScenarios[] = {
    {"ring", Ring},         {"links", Links},         {"releases", Releases},
    {"errors", Errors},     {"discovery", Discovery}, {"sharing", Sharing},
    {"lines", Lines},       {"routed", Routed},       {"behind_nats", BehindNats},
    {"switched", Switched}, {"faults", Faults},
};

}  // namespace

absl::Span<const Scenario> Scenarios() { return kScenarios; }

std::string FingerprintLine(const Scenario& scenario) {
  sim::Network net({.seed = 7});
  scenario.run(net);
  return absl::StrFormat("%-12s %7d events %016x\n", scenario.name, net.trace().count(),
                         net.Fingerprint());
}

std::string FingerprintLines() {
  std::string lines;
  for (const Scenario& scenario : Scenarios()) lines += FingerprintLine(scenario);
  return lines;
}

}  // namespace pollux::golden
