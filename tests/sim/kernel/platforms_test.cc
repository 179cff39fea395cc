// SPDX-License-Identifier: Apache-2.0
//
// What the other platforms decide differently from Linux, side by side. What one of them has alone
// is in macos_test.cc, freebsd_test.cc, windows_test.cc and symbian_test.cc. Comments name the rows
// of udp-semantics. None of this was run on those systems.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr UserId kAnn = 1000;

const PlatformRules& kMac = RulesFor(Platform::kMacOs);
const PlatformRules& kFreeBsd = RulesFor(Platform::kFreeBsd);
const PlatformRules& kWindows = RulesFor(Platform::kWindows);

TEST(Rules, EachPlatformHasItsColumn) {
  for (Platform platform : kAllPlatforms) {
    EXPECT_EQ(RulesFor(platform).platform, platform);
    EXPECT_LT(RulesFor(platform).ephemeral_first, RulesFor(platform).ephemeral_last);
  }
  EXPECT_FALSE(RulesFor(Platform::kLinux).ipv6_only_default);
  EXPECT_TRUE(kWindows.ipv6_only_default);
}

// facts 2.1.4, 3.1, 4.1.3: what can be bound.
TEST(Bind, Addresses) {
  struct Case {
    const char* address;
    const char* mac;
    const char* freebsd;
    const char* windows;
  };
  for (const Case& c :
       {Case{"127.0.0.2:7000", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "ok"},
        {"127.0.0.1:7000", "ok", "ok", "ok"},
        {"255.255.255.255:7000", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "WSAEADDRNOTAVAIL"},
        {"10.77.0.255:7000", "ok", "ok", "WSAEADDRNOTAVAIL"},
        {"239.1.2.3:7000", "ok", "ok", "WSAEADDRNOTAVAIL"},
        {"10.99.0.1:7000", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "WSAEADDRNOTAVAIL"}}) {
    EXPECT_EQ(TwoHosts(kMac).a.Open().Bind(c.address), c.mac) << c.address;
    EXPECT_EQ(TwoHosts(kFreeBsd).a.Open().Bind(c.address), c.freebsd) << c.address;
    EXPECT_EQ(TwoHosts(kWindows).a.Open().Bind(c.address), c.windows) << c.address;
  }
}

// facts 2.1.4 "ports < 1024", 3.1 "privileged ports", 4.1.3 "privileged ports".
TEST(Bind, LowPorts) {
  const auto bind = [](const PlatformRules& rules, const char* local) {
    return TwoHosts(rules).a.Open(AddressFamily::kIpv4, kAnn).Bind(local);
  };
  EXPECT_EQ(bind(kMac, "0.0.0.0:80"), "ok");
  EXPECT_EQ(bind(kMac, "10.77.0.1:80"), "EACCES");
  EXPECT_EQ(bind(kFreeBsd, "0.0.0.0:80"), "EACCES");
  EXPECT_EQ(bind(kFreeBsd, "10.77.0.1:80"), "EACCES");
  EXPECT_EQ(bind(kWindows, "10.77.0.1:80"), "ok");
}

// facts 1.1.5, 2.1.4, 3.1, 4.1.3 "ephemeral", "exhausted".
TEST(EphemeralPort, RangesAndErrors) {
  struct Case {
    PlatformRules rules;
    const char* first;
    const char* error;
    const char* implicit_error;
  };
  for (Case& c : std::vector<Case>{{kMac, "0.0.0.0:49152", "EADDRNOTAVAIL", "EADDRNOTAVAIL"},
                                   {kFreeBsd, "0.0.0.0:10000", "EADDRNOTAVAIL", "EADDRNOTAVAIL"},
                                   {kWindows, "0.0.0.0:49152", "WSAEADDRINUSE", "WSAENOBUFS"}}) {
    c.rules.ephemeral_last = c.rules.ephemeral_first;
    TwoHosts net(c.rules);
    // macOS and Windows never share a port that they choose, whatever the options.
    EXPECT_EQ(net.a.Bound("0.0.0.0:0", "A").Local(), c.first);
    EXPECT_EQ(net.a.Open().Set(SocketOption::kReuseAddress, 1).Bind("0.0.0.0:0"), c.error);
    EXPECT_EQ(net.a.Open().SendTo("10.77.0.2:9", "x"), c.implicit_error);
  }
}

// facts 2.2 "unicast 2", "unicast 3"; 3.2; 4.2 "several REUSE on same address".
TEST(Unicast, WhoOfSeveral) {
  for (const PlatformRules* rules : {&kMac, &kFreeBsd, &kWindows}) {
    const bool windows = rules == &kWindows;
    TwoHosts net(*rules);
    const char* options = windows ? "A" : "P";
    Sock old_any = net.a.Bound("0.0.0.0:7000", options);
    Sock new_any = net.a.Bound("0.0.0.0:7000", options);
    net.b.Open().SendTo("10.77.0.1:7000", "x");
    EXPECT_EQ(old_any.Take(), "x");
    Sock old_one = net.a.Bound("10.77.0.1:7000", options);
    Sock new_one = net.a.Bound("10.77.0.1:7000", options);
    net.b.Open().SendTo("10.77.0.1:7000", "y");
    EXPECT_EQ((windows ? old_one : new_one).Take(), "y");
    EXPECT_EQ(new_any.Take(), "(none)");
  }
}

// facts 2.2, 3.2 "broadcast / multicast": newest created first, up to the first that does not
// share.
TEST(Broadcast, StopsAtTheFirstUnsharedOnBsd) {
  for (const PlatformRules* rules : {&kMac, &kFreeBsd}) {
    TwoHosts net(*rules);
    Sock first = net.a.Bound("0.0.0.0:7000", "P");
    Sock second = net.a.Bound("0.0.0.0:7000", "P");
    Sock third = net.a.Bound("0.0.0.0:7000", "P");
    second.Set(SocketOption::kReusePort, 0);
    Sock sender = net.b.Open().Set(SocketOption::kBroadcast, 1);
    EXPECT_EQ(sender.SendTo("10.77.0.255:7000", "x"), "ok");
    EXPECT_EQ(third.Take(), "x");
    EXPECT_EQ(second.Take(), "x");
    EXPECT_EQ(first.Take(), "(none)");
    EXPECT_EQ(sender.SendTo("10.77.0.255:7000", std::string(3000, 'x')), "EMSGSIZE");
  }
}

// facts 2.2 "match for those", 3.2 "v4 multicast", 4.2 "multicast membership", "bound to unicast".
TEST(Group, MembershipIsTheSocketsOwn) {
  struct Case {
    const PlatformRules* rules;
    bool all_hosts_unjoined;  // 224.0.0.1 without a membership.
    bool unicast_bound;
  };
  for (const Case& c :
       {Case{&kMac, true, false}, {&kFreeBsd, false, false}, {&kWindows, false, true}}) {
    TwoHosts net(*c.rules);
    Sock unjoined = net.a.Bound("0.0.0.0:7000", "A");
    Sock member = net.a.Bound("10.77.0.1:7000", "A");
    ASSERT_EQ(member.Join("239.1.2.3", kV), "ok");
    SendOptions by_v;
    by_v.interface_index = kV;
    net.b.Open().SendTo("239.1.2.3:7000", "x", by_v);
    EXPECT_EQ(unjoined.Take(), "(none)");
    EXPECT_EQ(member.Take(), c.unicast_bound ? "x" : "(none)");
    net.b.Open().SendTo("224.0.0.1:7000", "all", by_v);
    EXPECT_EQ(unjoined.Take(), c.all_hosts_unjoined ? "all" : "(none)");
  }
}

// facts 2.3, 3.3, 4.3: the first rows.
TEST(Send, Refusals) {
  struct Case {
    const PlatformRules* rules;
    const char* unconnected;
    const char* port_zero;
    const char* to_zero;
    const char* aside;  // sendto elsewhere on a connected socket.
  };
  for (const Case& c : {Case{&kMac, "EDESTADDRREQ", "EADDRNOTAVAIL", "ok", "EISCONN"},
                        {&kFreeBsd, "EDESTADDRREQ", "EADDRNOTAVAIL", "ok", "EISCONN"},
                        {&kWindows, "WSAENOTCONN", "WSAEADDRNOTAVAIL", "WSAEADDRNOTAVAIL", "ok"}}) {
    TwoHosts net(*c.rules);
    Sock socket = net.a.Open();
    EXPECT_EQ(socket.Send("x"), c.unconnected);
    EXPECT_EQ(socket.Local(), "0.0.0.0:0");  // Not bound by a call that fails.
    EXPECT_EQ(socket.SendTo("10.77.0.2:0", "x"), c.port_zero);
    EXPECT_EQ(socket.SendTo("0.0.0.0:9", "x"), c.to_zero);
    ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
    EXPECT_EQ(socket.SendTo("10.77.0.2:10", "x"), c.aside);
  }
}

// What a socket may ask of the queues of network cards is Linux's. Whoever asks to poll busily more
// than before has to be root; a rate is an unsigned number there, -1 the largest.
TEST(QueueOptions, AreLinuxsAndBusyPollingIsRootsToRaise) {
  for (const PlatformRules* rules : {&kMac, &kFreeBsd, &kWindows}) {
    TwoHosts net(*rules);
    Sock socket = net.a.Open();
    const bool windows = rules == &kWindows;
    for (const SocketOption option :
         {SocketOption::kMaxPacingRate, SocketOption::kBusyPoll, SocketOption::kPreferBusyPoll}) {
      EXPECT_EQ(socket.TrySet(option, 1), windows ? "WSAENOPROTOOPT" : "ENOPROTOOPT");
    }
  }
  TwoHosts net;
  Sock root = net.a.Open(AddressFamily::kIpv4, 0), user = net.a.Open(AddressFamily::kIpv6, 1000);
  EXPECT_EQ(root.Get(SocketOption::kBusyPoll), "0");
  EXPECT_EQ(root.TrySet(SocketOption::kBusyPoll, 50), "ok");
  EXPECT_EQ(root.Get(SocketOption::kBusyPoll), "50");
  EXPECT_EQ(root.TrySet(SocketOption::kPreferBusyPoll, 1), "ok");
  EXPECT_EQ(root.Get(SocketOption::kPreferBusyPoll), "1");
  EXPECT_EQ(user.TrySet(SocketOption::kBusyPoll, 1), "EPERM");
  EXPECT_EQ(user.TrySet(SocketOption::kBusyPoll, -1), "EINVAL");
  EXPECT_EQ(user.TrySet(SocketOption::kBusyPoll, 0), "ok");
  EXPECT_EQ(user.TrySet(SocketOption::kPreferBusyPoll, 1), "EPERM");
  EXPECT_EQ(user.Get(SocketOption::kPreferBusyPoll), "0");
  EXPECT_EQ(user.Get(SocketOption::kMaxPacingRate), "-1");
  EXPECT_EQ(user.TrySet(SocketOption::kMaxPacingRate, 125000), "ok");
  EXPECT_EQ(user.Get(SocketOption::kMaxPacingRate), "125000");
}

// facts 2.3, 3.3 "pending error": data first; a send reports and clears.
TEST(PendingError, BsdReportsDataFirst) {
  TwoHosts net(kMac);
  Sock client = net.a.Bound("10.77.0.1:7000");
  ASSERT_EQ(client.Connect("10.77.0.2:9"), "ok");
  Sock server = net.b.Bound("10.77.0.2:9");
  server.SendTo("10.77.0.1:7000", "data");
  server.Close();
  client.Send("x");
  EXPECT_EQ(client.Take(), "data");
  EXPECT_EQ(client.Take(), "ECONNREFUSED");
  client.Send("x");
  EXPECT_EQ(client.Send("x"), "ECONNREFUSED");
}

}  // namespace
}  // namespace pollux::sim
