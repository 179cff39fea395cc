// SPDX-License-Identifier: Apache-2.0
//
// Bad configurations: each is refused with a message that names the offending value. And the
// limits, and the panic of a program that a platform would end.

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(Configuration, NamesOfHosts) {
  Network net;
  net.AddHost("alice");
  for (const char* good : {"bob", "Bob-2", "a.b_c", "7.b", "7th"}) {
    EXPECT_TRUE(net.ValidateHost(good).ok()) << good;
  }
  EXPECT_THAT(Message(net.ValidateHost("alice")), HasSubstr("a host \"alice\" already"));
  EXPECT_EQ(net.ValidateHost("ALICE").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Message(net.ValidateHost("")), HasSubstr("from 1 to 63 characters"));
  EXPECT_THAT(Message(net.ValidateHost(std::string(64, 'x'))), HasSubstr("xxx"));
  EXPECT_THAT(Message(net.ValidateHost("a b")), HasSubstr("\"a b\" is no name for a host"));
  EXPECT_THAT(Message(net.ValidateHost("a->b")), HasSubstr("\"a->b\""));
  EXPECT_THAT(Message(net.ValidateHost("10.0.0.1")), HasSubstr("it is an address"));
  EXPECT_THAT(Message(net.ValidateHost("7")),
              HasSubstr("\"7\" is no name for a host: programs read it as the address 0.0.0.7"));
  EXPECT_THAT(Message(net.ValidateHost("0x7f.1")), HasSubstr("the address 127.0.0.1"));
  EXPECT_THAT(Message(net.ValidateHost("LocalHost")), HasSubstr("it is every host's"));
}

TEST(ConfigurationDeathTest, TheTimeOfDayIsFinite) {
  EXPECT_DEATH(Network({.wall_start = absl::InfinitePast()}), "wall_start is no time of day");
}

TEST(Configuration, Segments) {
  Network net;
  net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  const auto message = [&](const char* name, const SegmentOptions& options) {
    return Message(net.ValidateSegment(name, options));
  };
  EXPECT_EQ(message("wan", {.ipv4 = "10.0.1.0/24"}), "");
  EXPECT_THAT(message("lan", {.ipv4 = "10.0.1.0/24"}), HasSubstr("a segment \"lan\" already"));
  EXPECT_THAT(message("w/n", {.ipv4 = "10.0.1.0/24"}), HasSubstr("\"w/n\" is no name"));
  EXPECT_THAT(message("wan", {}), HasSubstr("segment wan: it has no prefix"));
  EXPECT_THAT(message("wan", {.ipv4 = "10.0.1.0/33"}), HasSubstr("\"10.0.1.0/33\""));
  EXPECT_THAT(message("wan", {.ipv4 = "10.0.1.5/24"}), HasSubstr("\"10.0.1.5/24\""));
  EXPECT_THAT(message("wan", {.ipv4 = "fd01::/64"}), HasSubstr("fd01::/64 is no IPv4 prefix"));
  EXPECT_THAT(message("wan", {.ipv6 = "10.0.1.0/24"}), HasSubstr("is no IPv6 prefix"));
  EXPECT_THAT(message("wan", {.ipv4 = "10.0.0.128/25"}),
              HasSubstr("10.0.0.128/25 overlaps 10.0.0.0/24 of segment lan"));
  EXPECT_THAT(message("wan", {.ipv6 = "fd00::/48"}), HasSubstr("overlaps fd00::/64"));
  EXPECT_THAT(message("wan", {.ipv4 = "10.0.1.0/24", .link = {.latency = -absl::Milliseconds(2)}}),
              HasSubstr("segment wan: latency -2ms"));
  EXPECT_THAT(message("wan", {.ipv4 = "10.0.1.0/24", .link = {.mtu = 575}}),
              HasSubstr("mtu 575 is not from 576"));
  EXPECT_THAT(message("wan", {.ipv6 = "fd01::/64", .link = {.mtu = 1279}}),
              HasSubstr("mtu 1279 is not from 1280"));
}

TEST(Configuration, Attachments) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& old = net.AddHost("old", {.ipv6 = false});
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/29", .ipv6 = "fd00::/64"});
  Segment& six = net.AddSegment("six", "fd06::/64");
  EXPECT_THAT(lan.Attach(alice).addresses[0].address, IpAddress::Ipv4(10, 0, 0, 1));
  const auto message = [&](Host& host, const AttachOptions& options) {
    return Message(lan.ValidateAttach(host, options));
  };
  EXPECT_EQ(message(alice, {}), "");
  EXPECT_THAT(message(alice, {.name = "eth0"}),
              HasSubstr("attach alice to segment lan: it has an interface eth0 already"));
  EXPECT_THAT(message(alice, {.name = "lo"}), HasSubstr("interface lo already"));
  for (const char* name : {"my eth", "a->b", "eth0/1", "\x1b"}) {
    EXPECT_THAT(message(alice, {.name = name}), HasSubstr("is no name for an interface")) << name;
  }
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0.1"}}), HasSubstr("10.0.0.1 is taken"));
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0.3", "10.0.0.3"}}), HasSubstr("given twice"));
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0.9"}}),
              HasSubstr("address 10.0.0.9 is in none of the segment's prefixes"));
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0.7"}}), HasSubstr("10.0.0.7 is the first or"));
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0.0"}}), HasSubstr("10.0.0.0 is the first or"));
  EXPECT_THAT(message(alice, {.addresses = {"10.0.0"}}), HasSubstr("\"10.0.0\""));
  EXPECT_THAT(message(old, {.addresses = {"fd00::9"}}), HasSubstr("the host has no IPv6"));
  EXPECT_THAT(Message(six.ValidateAttach(old, {})), HasSubstr("IPv6 alone"));
  for (int i = 0; i < 5; ++i) lan.Attach(alice);
  EXPECT_THAT(message(alice, {}), HasSubstr("10.0.0.0/29 has no address left"));
}

TEST(Configuration, NetworksDoNotMix) {
  Network net, other;
  Host& alice = net.AddHost("alice");
  Host& far = other.AddHost("alice");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  Segment& wan = other.AddSegment("lan", "10.0.0.0/24");
  EXPECT_EQ(Message(lan.ValidateAttach(far, {})),
            "attach alice to segment lan: it is a host of another network");
  for (const auto& [a, b] : {std::pair(&alice, &far), std::pair(&far, &alice)}) {
    EXPECT_THAT(Message(net.ValidateLink("line", *a, *b, {.ipv4 = "10.1.0.0/30"})),
                HasSubstr("link line: alice is a host of another network"));
  }
  for (const auto& [inside, outside] : {std::pair(&lan, &wan), std::pair(&wan, &lan)}) {
    EXPECT_THAT(Message(net.ValidateNat("nat", *inside, *outside, {})),
                HasSubstr("NAT nat: segment lan is of another network"));
  }
}

// Each draw has a label of its own, or a story would say it of both.
TEST(Configuration, NothingOnASegmentIsCalledAsSomethingElseIs) {
  Network net;
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .snooping = SnoopingOptions()});
  Segment& plain = net.AddSegment("plain", "10.1.0.0/24");
  Host& a = net.AddHost("a");
  Host& second = net.AddHost("a.eth1");
  Host& first = net.AddHost("a.eth0");
  Host& box = net.AddHost("switch");
  lan.Attach(a);
  lan.Attach(first);  // The first interface of a host is called as the host is.
  lan.Attach(a);      // eth1, called a.eth1.
  EXPECT_THAT(Message(lan.ValidateAttach(second, {})),
              HasSubstr("attach a.eth1 to segment lan: there is something called a.eth1 on it"));
  EXPECT_THAT(Message(lan.ValidateAttach(box, {})), HasSubstr("something called switch on it"));
  plain.Attach(box);
  plain.Attach(second);
  plain.Attach(a, {.name = "wlan0"});
  EXPECT_THAT(Message(plain.ValidateAttach(a, {.name = "eth1"})), HasSubstr("interface eth1"));
  Host& b = net.AddHost("b");
  plain.Attach(net.AddHost("b.up"));
  plain.Attach(b);
  EXPECT_THAT(Message(plain.ValidateAttach(b, {.name = "up"})), HasSubstr("called b.up"));
}

TEST(Configuration, AddressesAndNamesAreGivenInOrder) {
  Network net;
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  lan.Attach(bob, {.addresses = {"10.0.0.2"}});
  const NetworkInterface first = lan.Attach(alice);
  EXPECT_EQ(first.name, "eth0");
  EXPECT_EQ(first.index, 2u);
  const NetworkInterface second =
      lan.Attach(alice, {.name = "wlan0", .addresses = {"fd00::77", "10.0.0.80", "10.0.0.81"}});
  EXPECT_EQ(second.name, "wlan0");
  const std::vector<IpAddress> addresses = alice.addresses();
  EXPECT_THAT(addresses, ElementsAre(*IpAddress::Parse("10.0.0.3"), *IpAddress::Parse("fd00::2"),
                                     *IpAddress::Parse("fd00::77"), *IpAddress::Parse("10.0.0.80"),
                                     *IpAddress::Parse("10.0.0.81")));
  EXPECT_EQ(bob.addresses()[1].ToString(), "fd00::1");
  EXPECT_EQ(lan.Attach(alice).name, "eth1");
}

TEST(Configuration, AProfileCanChange) {
  Network net;
  Host& alice = net.AddHost("alice");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  lan.SetProfile({.mtu = 900});
  EXPECT_EQ((*alice.engine().Interfaces())[1].mtu, 900u);
  EXPECT_THAT(Message(lan.ValidateProfile({.mtu = 5})), HasSubstr("segment lan: mtu 5"));
}

TEST(ConfigurationDeathTest, TheMessageNamesTheValue) {
  Network net;
  Host& alice = net.AddHost("alice");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  EXPECT_DEATH(net.AddHost("alice"), "there is a host \"alice\" already");
  EXPECT_DEATH(net.AddSegment("wan", "10.0.0.0"), "\"10.0.0.0\" is not a prefix");
  EXPECT_DEATH(lan.Attach(alice, {.addresses = {"10.1.0.1"}}), "10.1.0.1 is in none");
  EXPECT_DEATH(lan.SetProfile({.latency = -absl::Seconds(1)}), "latency -1s");
  EXPECT_DEATH(alice.address(), "host alice has no address");
  EXPECT_DEATH(Network({.resolve_delay = -absl::Seconds(1)}), "resolve_delay -1s");
}

// A host can play a release, or rules of its own.
TEST(Configuration, AHostPlaysTheRulesItIsGiven) {
  Network net;
  Host& old = net.AddHost("old", {.rules = RulesFor(Release::kWindowsXp)});
  EXPECT_EQ(old.platform(), Platform::kWindows);
  EXPECT_EQ(old.engine().platform(), Platform::kWindows);
  PlatformRules narrow = RulesFor(Platform::kFreeBsd);
  narrow.ephemeral_first = narrow.ephemeral_last = 40000;
  Host& host = net.AddHost("host", {.platform = Platform::kFreeBsd, .rules = narrow});
  UdpSocket holder(old.engine()), thief(old.engine()), only(host.engine());
  ASSERT_TRUE(holder.Bind(5000).ok());
  // The older table lets an address be stolen from a holder that did not share it.
  EXPECT_TRUE(thief.Bind(5000, BindMode::kReuseAddressHint).ok());
  ASSERT_TRUE(only.Bind(0).ok());
  EXPECT_EQ(only.local_endpoint().port, 40000);
}

TEST(ConfigurationDeathTest, RulesAndPlatformAgree) {
  Network net;
  EXPECT_DEATH(
      net.AddHost("old", {.platform = Platform::kMacOs, .rules = RulesFor(Release::kWindowsXp)}),
      "host old is to play macos by the rules of windows");
}

TEST(ConfigurationDeathTest, RoutersAndNatsAreHostsWhoseOptionsCanBeWrong) {
  Network net;
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  Segment& wan = net.AddSegment("wan", "10.1.0.0/24");
  const HostOptions fast = {.clock = {.drift_ppb = 1'000'000'000}};
  EXPECT_DEATH(net.AddHost("box", fast), "host box: drift_ppb 1000000000");
  EXPECT_DEATH(net.AddRouter("box", {lan}, {.host = fast}), "host box: drift_ppb 1000000000");
  EXPECT_DEATH(net.AddNat("box", lan, wan, {.router = {.host = fast}}), "host box: drift_ppb");
  PlatformRules rules = RulesFor(Platform::kLinux);
  rules.ephemeral_first = 50000;
  rules.ephemeral_last = 40000;
  EXPECT_DEATH(net.AddHost("box", {.rules = rules}),
               "host box: its rules' ephemeral ports from 50000 to 40000 are none");
}

TEST(ConfigurationDeathTest, ARunWithoutEndIsFound) {
  Network net({.events_max = 1000});
  Host& alice = net.AddHost("alice");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  UdpSocket socket(alice.engine());
  ASSERT_TRUE(socket.Bind(7755).ok());
  socket.OnReadyRead([&] {
    // A loop: whatever arrives is sent on to itself.
    const Datagram datagram = *socket.ReceiveDatagram();
    (void)socket.WriteDatagram(datagram.payload, Endpoint(alice.address(), 7755));
  });
  ASSERT_TRUE(socket.WriteDatagram("again", Endpoint(alice.address(), 7755)).ok());
  EXPECT_DEATH(net.RunFor(absl::Hours(1)),
               ::testing::AllOf(HasSubstr("exceeded its limit of 1000 events"),
                                HasSubstr("delivered  alice#500")));
}

// ---- Symbian's capabilities ----

TEST(Panic, EndsTheProcess) {
  Network net;
  Host& nokia = net.AddHost(
      "nokia", {.platform = Platform::kSymbian, .capabilities = {.network_services = false}});
  EXPECT_DEATH(nokia.engine().NewUdpSocket(AddressFamily::kIpv4).IgnoreError(), "NetworkServices");
}

TEST(Panic, CanBeObserved) {
  Network net;
  Host& nokia = net.AddHost(
      "nokia", {.platform = Platform::kSymbian, .capabilities = {.network_services = false}});
  std::vector<std::string> reasons;
  nokia.OnPanic([&](absl::string_view reason) { reasons.emplace_back(reason); });
  UdpSocket socket(nokia.engine());
  const absl::Status status = socket.Bind(7755);
  EXPECT_EQ(SocketErrorOf(status), SocketError::kSocketAccess) << status;
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
  ASSERT_FALSE(reasons.empty());
  EXPECT_THAT(reasons[0], HasSubstr("NetworkServices"));
}

TEST(Panic, DoesNotHappenToThoseWhoMay) {
  Network net;
  Host& nokia = net.AddHost("nokia", {.platform = Platform::kSymbian});
  Host& linux_host = net.AddHost("linux", {.capabilities = {.network_services = false}});
  for (Host* host : {&nokia, &linux_host}) {
    UdpSocket socket(host->engine());
    EXPECT_TRUE(socket.Bind(7755).ok());
  }
}

}  // namespace
}  // namespace pollux::sim
