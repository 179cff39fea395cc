// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/worlds.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/choice/ratio.h"
#include "sim/fabric/loss_model.h"
#include "sim/fault_plan.h"
#include "tests/golden/chatter.h"
#include "udp/socket_option.h"
#include "udp/udp_socket.h"

namespace pollux::golden {

using sim::Host;
using sim::Network;
using sim::Ratio;
using sim::Segment;

namespace {

const IpAddress kGroup = IpAddress::Ipv4(239, 255, 43, 21);

using Chatters = std::vector<std::unique_ptr<Chatter>>;

Chatter& Add(Chatters& chatters, Host& host, int interval_ms) {
  chatters.push_back(std::make_unique<Chatter>(host, absl::Milliseconds(interval_ms)));
  return *chatters.back();
}

// What one packet's luck has to do with that of others.
const sim::LinkProfile kKnowing = {
    .latency = absl::Milliseconds(8),
    .loss_model = sim::FourStates{.gap_to_burst_loss = Ratio(1, 20),
                                  .burst_loss_to_gap = Ratio(1, 3),
                                  .burst_loss_to_burst = Ratio(1, 4),
                                  .burst_to_burst_loss = Ratio(1, 2),
                                  .gap_to_single_loss = Ratio(1, 50)},
    .jitter = absl::Milliseconds(3),
    .overtake = Ratio(1, 4),
    .corrupt = Ratio(1, 10),
    .overtake_gap = 3,
    .late = Ratio(1, 15),
    .late_by = absl::Milliseconds(30),
    .duplicate_correlation = Ratio(1, 2),
    .overtake_correlation = Ratio(1, 3),
    .corrupt_correlation = Ratio(1, 4),
    .jitter_correlation = Ratio(1, 5),
    .corrupt_bits = 3,
    .undetected = Ratio(1, 3),
};

}  // namespace

void Lines(Network& net) {
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  std::vector<Host*> hosts;
  for (const char* name : {"slow", "fair", "odd", "far", "paced", "skewed"}) {
    hosts.push_back(&net.AddHost(
        name, {.clock = {.drift_ppb = absl::string_view(name) == "skewed" ? 40'000'000 : 0}}));
    const bool paces = hosts.size() > 4;
    lan.Attach(*hosts.back(), {.fq = paces ? std::make_optional<sim::FqOptions>() : std::nullopt});
  }
  lan.SetUplink(*hosts[0], {.rate = 3'000'000, .overhead = 18, .queue = {.bytes = 9'000}});
  lan.SetUplink(*hosts[1], {.rate = 1'500'000, .queue = {.codel = sim::CoDel{.ecn = true}}});
  lan.SetDownlink(*hosts[2], {.latency = absl::Milliseconds(2),
                              .jitter = absl::Milliseconds(1),
                              .keep_order = true,
                              .rate = 7'000'003,
                              .queue = {.packets = 4}});
  lan.SetProfile(*hosts[3], *hosts[4], kKnowing);
  lan.SetProfile(*hosts[4], *hosts[5],
                 {.loss = Ratio(1, 5), .duplicate = Ratio(1, 5), .loss_correlation = Ratio(1, 2)});
  lan.SetProfile(*hosts[5], *hosts[3],
                 {.loss_model = sim::RecordedLosses{{false, true, true, false, false, true}}});
  Chatters chatters;
  for (size_t i = 0; i < hosts.size(); ++i) {
    Chatter& chatter = Add(chatters, *hosts[i], static_cast<int>(5 + i));
    Check(chatter.socket().SetOption(SocketOption::kTypeOfService, i % 2 == 1 ? 1 : 0));
    if (i >= 4) Check(chatter.socket().SetOption(SocketOption::kMaxPacingRate, 250'000));
    chatter.Start(Endpoint(hosts[(i + 1) % hosts.size()]->address(), kPort));
  }
  net.RunFor(absl::Seconds(2));
}

void Routed(Network& net) {
  const auto segment = [&net](int number, const sim::LinkProfile& link) -> Segment& {
    return net.AddSegment(absl::StrCat("net", number),
                          {.ipv4 = absl::StrCat("10.", number, ".0.0/24"),
                           .ipv6 = absl::StrCat("fd00:0:0:", number, "::/64"),
                           .link = link});
  };
  Segment& near = segment(1, {.latency = absl::Milliseconds(1)});
  Segment& middle =
      segment(2, {.latency = absl::Milliseconds(3), .loss = Ratio(1, 15), .mtu = 1300});
  Segment& far = segment(3, {.latency = absl::Milliseconds(2), .duplicate = Ratio(1, 20)});
  std::vector<Host*> hosts;
  for (const Platform platform : kAllPlatforms) {
    hosts.push_back(&net.AddHost(absl::StrCat("a-", ToString(platform)),
                                 {.platform = platform, .capabilities = {true, true}}));
    near.Attach(*hosts.back());
  }
  for (const char* name : {"b", "c"}) {
    hosts.push_back(&net.AddHost(name));
    far.Attach(*hosts.back());
  }
  sim::Router& r1 = net.AddRouter("r1", {near, middle});
  sim::Router& r2 = net.AddRouter("r2", {middle, far});
  Chatters chatters;
  for (size_t i = 0; i < hosts.size(); ++i) {
    Chatter& chatter = Add(chatters, *hosts[i], static_cast<int>(7 + i));
    chatter.socket().SetOption(SocketOption::kReportUnreachable, 1).IgnoreError();
    if (i % 3 == 1) chatter.socket().SetOption(SocketOption::kHopLimit, 2).IgnoreError();
    const Host& peer = i + 2 < hosts.size() ? *hosts[hosts.size() - 1 - i % 2] : *hosts[i % 4];
    chatter.Start(Endpoint(peer.addresses()[i / 2 % 2], kPort));
  }
  net.RunFor(absl::Milliseconds(500));
  r2.Prohibit("10.3.0.2/32");
  r1.SetIcmp(sim::RouterIcmp::kSwallows);
  net.RunFor(absl::Milliseconds(500));
  r1.SetIcmp(sim::RouterIcmp::kNormal);
  r2.Permit("10.3.0.2/32");
  r2.Swallow("fd00:0:0:3::/64");
  hosts.back()->Crash();
  chatters.pop_back();
  net.RunFor(absl::Seconds(1));
  r2.Crash();
  net.RunFor(absl::Milliseconds(500));
  // Fragments whose others were lost are given up.
  chatters.clear();
  net.RunFor(absl::Minutes(2));
}

void BehindNats(Network& net) {
  Segment& internet = net.AddSegment("internet", "203.0.113.0/24",
                                     {.latency = absl::Milliseconds(12), .loss = Ratio(1, 30)});
  Host& server = net.AddHost("server");
  internet.Attach(server);
  Chatters chatters;
  Add(chatters, server, 50).Start({server.address(), kPort});
  std::vector<sim::Nat*> nats;
  int number = 0;
  for (const sim::NatKind kind : {sim::NatKind::kFullCone, sim::NatKind::kAddressRestricted,
                                  sim::NatKind::kPortRestricted, sim::NatKind::kSymmetric}) {
    ++number;
    Segment& home =
        net.AddSegment(absl::StrCat("home", number), absl::StrCat("192.168.", number, ".0/24"),
                       {.latency = absl::Milliseconds(1)});
    sim::NatRules rules = sim::RulesOf(kind);
    rules.timeout = absl::Milliseconds(100 * number);
    rules.first_port = 5000;
    rules.last_port = static_cast<uint16_t>(5000 + number);
    nats.push_back(&net.AddNat(absl::StrCat("nat", number), home, internet, {.rules = rules}));
    for (int i = 0; i < 4; ++i) {
      Host& host = net.AddHost(absl::StrCat("inside", number, "-", i));
      home.Attach(host);
      // Others outside, by turns: some are NATs, which let in whom they know.
      const IpAddress peer =
          i % 2 == 0 || number == 1 ? server.address() : nats[0]->external_address();
      const uint16_t port = peer == server.address() ? kPort : uint16_t{5000};
      Add(chatters, host, 30 + 7 * i + number).Start({peer, port});
    }
  }
  net.RunFor(absl::Seconds(1));
  for (sim::Nat* nat : nats) nat->Reboot();
  net.RunFor(absl::Seconds(1));
}

void Switched(Network& net) {
  Segment& lan = net.AddSegment(
      "lan", {.ipv4 = "10.0.0.0/24",
              .ipv6 = "fd00::/64",
              .link = {.latency = absl::Milliseconds(1), .loss = Ratio(1, 10)},
              .snooping = sim::SnoopingOptions{.query_interval = absl::Seconds(10),
                                               .membership_interval = absl::Seconds(21)}});
  const IpAddress groups[] = {kGroup, *IpAddress::Parse("ff15::4321")};
  std::vector<Host*> hosts;
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  for (int i = 0; i < 8; ++i) {
    hosts.push_back(&net.AddHost(absl::StrCat("host", i), {.platform = kAllPlatforms[i % 4]}));
    lan.Attach(*hosts.back());
    sockets.push_back(std::make_unique<UdpSocket>(hosts.back()->engine()));
    Check(sockets.back()->Bind(
        groups[i % 2].is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6(), kPort));
  }
  for (int round = 0; round < 60; ++round) {
    const auto turn = static_cast<size_t>(round);
    UdpSocket& socket = *sockets[turn * 5 % 8];
    const IpAddress& group = groups[turn * 5 % 8 % 2];
    if (!socket.JoinMulticastGroup(group).ok()) socket.LeaveMulticastGroup(group).IgnoreError();
    for (size_t i = 0; i < sockets.size(); ++i) {
      sockets[i]
          ->WriteDatagram(absl::StrCat("round ", round), {groups[i % 2], kPort})
          .IgnoreError();
    }
    if (round == 20) lan.SetQuerier(false);
    if (round == 40) lan.SetQuerier(true);
    if (round % 13 == 12) lan.RestartSwitch();
    net.RunFor(absl::Milliseconds(1300));
  }
}

void Faults(Network& net) {
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24",
                                        .ipv6 = "fd00::/64",
                                        .link = {.latency = absl::Milliseconds(4)},
                                        .snooping = sim::SnoopingOptions()});
  std::vector<Host*> hosts;
  for (const char* name : {"alice", "bob", "carol", "dave"}) {
    hosts.push_back(&net.AddHost(name));
    lan.Attach(*hosts.back());
  }
  for (size_t i = 0; i < hosts.size(); ++i) {
    const Endpoint peer(hosts[(i + 1) % hosts.size()]->addresses()[i % 2], kPort);
    hosts[i]->OnBoot([&host = *hosts[i], peer, i](SocketEngine& /*engine*/) {
      auto program = std::make_shared<Chatter>(host, absl::Milliseconds(11 + 2 * i));
      program->Start(peer);
      return program;
    });
  }
  const auto plan = sim::FaultPlan::Parse(R"(
      at 200ms               crash alice
      at 450ms               restart alice
      from 300ms to 500ms    pause bob
      from 400ms to 600ms    freeze carol
      at 500ms               clock bob step -3s
      at 500ms               clock dave drift 2500000
      from 600ms to 900ms    down alice/eth0
      from 700ms to 800ms    unplug bob/eth0
      from 800ms to 1100ms   partition alice bob | carol dave
      from 900ms to 1300ms   link lan *->bob loss 1/3 duplicate 1/4 corrupt 1/5 delay 9ms jitter 7ms
      from 1s to 1200ms      crash dave
      at 1100ms              switch lan restart
      from 1100ms to 1400ms  switch lan querier off
      at 1500ms              quiesce
  )");
  Check(plan.status());
  Check(net.Apply(*plan));
  int crossed = 0;
  const sim::RuleGuard rule = net.AddRule("by turns", [&](const sim::Crossing& /*crossing*/) {
    switch (++crossed % 17) {
      case 3:
        return sim::Verdict::Hold();
      case 7:
        return sim::Verdict::DelayBy(absl::Milliseconds(13));
      case 11:
        return sim::Verdict::DuplicateAfter(absl::Milliseconds(2));
      case 13:
        return sim::Verdict::Corrupt();
      default:
        return sim::Verdict::Pass();
    }
  });
  for (int i = 0; i < 16; ++i) {
    net.RunFor(absl::Milliseconds(100));
    if (i % 3 == 0) net.ReleaseAll();
  }
  lan.AddAddress(*hosts[0], "10.0.0.80");
  lan.RemoveAddress(*hosts[0], "10.0.0.1");
  Check(net.Apply(net.DrawPlan({.begin = net.elapsed(),
                                .end = net.elapsed() + absl::Seconds(4),
                                .faults = 25,
                                .longest = absl::Milliseconds(600)})));
  net.RunFor(absl::Seconds(5));
}

}  // namespace pollux::golden
