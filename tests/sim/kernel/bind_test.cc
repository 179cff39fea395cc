// SPDX-License-Identifier: Apache-2.0
//
// Binding on Linux: sequences of three and more sockets, what an address must be, the order of the
// checks, users, and free ports. Comments name the rows of udp-semantics that a test is about.

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;
constexpr UserId kAnn = 1000;

Sock With(TestHost& host, const std::string& options, AddressFamily family) {
  Sock socket = host.Open(family);
  if (options.find('A') != std::string::npos) socket.Set(SocketOption::kReuseAddress, 1);
  if (options.find('P') != std::string::npos) socket.Set(SocketOption::kReusePort, 1);
  return socket;
}

// facts 1.1.3, row by row.
struct Sequence {
  std::vector<std::string> options;
  std::string ipv4;  // '.' for a bind that succeeds, 'X' for EADDRINUSE.
  std::string ipv6;
};

TEST(BindSequence, IsDecidedByTheFirstOverlap) {
  const Sequence sequences[] = {
      {{"A", "AP", "P"}, "...", "..X"},         {{"AP", "A", "P"}, "..X", "..X"},
      {{"AP", "P", "A"}, "..X", "..X"},         {{"P", "AP", "A"}, "..X", "..X"},
      {{"P", "P", "A"}, "..X", "..X"},          {{"A", "A", "P"}, "..X", "..X"},
      {{"AP", "AP", "A", "P"}, "...X", "...X"}, {{"AP", "AP", "P", "A"}, "...X", "...X"},
      {{"A", "AP", "P", "A"}, "...X", "..X."},  {{"A", "AP", "P", "AP"}, "....", "..X."},
  };
  for (const Sequence& sequence : sequences) {
    for (AddressFamily family : {AddressFamily::kIpv4, kDual}) {
      TwoHosts net;
      const bool ipv4 = family == AddressFamily::kIpv4;
      std::string result;
      std::string name;
      for (const std::string& options : sequence.options) {
        Sock socket = With(net.a, options, family);
        const std::string bound = socket.Bind(ipv4 ? "0.0.0.0:7000" : "[::]:7000");
        result += bound == "ok" ? '.' : 'X';
        name += options + " ";
      }
      EXPECT_EQ(result, ipv4 ? sequence.ipv4 : sequence.ipv6) << name << ToString(family);
    }
  }
}

// facts 1.1.3 "127.0.0.1 -, 10.77.0.1 P, then 0.0.0.0 P" and its reverse.
TEST(BindSequence, LooksAtSpecificHoldersNewestFirst) {
  TwoHosts net;
  net.a.Bound("127.0.0.1:7001");
  net.a.Bound("10.77.0.1:7001", "P");
  EXPECT_EQ(With(net.a, "P", AddressFamily::kIpv4).Bind("0.0.0.0:7001"), "ok");
  net.a.Bound("10.77.0.1:7002", "P");
  net.a.Bound("127.0.0.1:7002");
  EXPECT_EQ(With(net.a, "P", AddressFamily::kIpv4).Bind("0.0.0.0:7002"), "EADDRINUSE");
}

// facts 1.1.4 "option set/cleared after bind".
TEST(Bind, ReadsTheHoldersOptionsWhenItHappens) {
  TwoHosts net;
  Sock later = net.a.Bound("0.0.0.0:7000");
  later.Set(SocketOption::kReuseAddress, 1);
  EXPECT_EQ(With(net.a, "A", AddressFamily::kIpv4).Bind("0.0.0.0:7000"), "ok");
  Sock cleared = net.a.Bound("0.0.0.0:7001", "A");
  cleared.Set(SocketOption::kReuseAddress, 0);
  EXPECT_EQ(With(net.a, "A", AddressFamily::kIpv4).Bind("0.0.0.0:7001"), "EADDRINUSE");
}

// facts 1.1.4 "re-bind", "bind after implicit bind".
TEST(Bind, HappensOnce) {
  TwoHosts net;
  Sock socket = net.a.Bound("0.0.0.0:7000");
  EXPECT_EQ(socket.Bind("0.0.0.0:7000"), "EINVAL");
  EXPECT_EQ(socket.Bind("10.77.0.1:7001"), "EINVAL");
  Sock sender = net.a.Open();
  sender.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(sender.Bind("0.0.0.0:7001"), "EINVAL");
  Sock connected = net.a.Open();
  EXPECT_EQ(connected.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(connected.Bind("0.0.0.0:7001"), "EINVAL");
}

// A bind that fails leaves the socket as it was, but for the interface of a scope, which it stays
// bound to (observed on Linux 6.18).
TEST(Bind, FailureChangesNothingButTheInterface) {
  TwoHosts net;
  net.a.Bound("10.77.0.1:7000");
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Bind("10.77.0.1:7000"), "EADDRINUSE");
  EXPECT_EQ(socket.Local(), "0.0.0.0:0");
  EXPECT_EQ(socket.Bind("0.0.0.0:7001"), "ok");
  Sock scoped = net.a.Open(kDual);
  net.a.Bound("[fe80::a1%2]:7002", "", kDual);
  EXPECT_EQ(scoped.Bind("[fe80::a1%2]:7002"), "EADDRINUSE");
  EXPECT_EQ(scoped.Get(SocketOption::kBoundInterface), "2");
}

// facts 1.1.4, the rows on addresses.
TEST(Bind, AddressesThatAreNotOursAreRefused) {
  TwoHosts net;
  for (const char* address : {"10.99.0.1:1", "0.0.0.1:1", "240.0.0.1:1", "10.77.0.0:1"}) {
    EXPECT_EQ(net.a.Open().Bind(address), "EADDRNOTAVAIL") << address;
  }
  for (const char* address : {"127.0.0.1:1", "127.1.2.3:1", "239.1.2.3:1", "10.77.0.255:1",
                              "255.255.255.255:1", "127.255.255.255:1"}) {
    EXPECT_EQ(net.a.Open().Bind(address), "ok") << address;
  }
  Sock free = net.a.Open();
  EXPECT_EQ(free.Set(SocketOption::kFreeBind, 1).Bind("10.99.0.1:1"), "ok");
}

// facts 1.1.4 "v6 link-local or ff01/ff02 group without scope_id", "wrong scope", "ff05:: and
// wider".
TEST(Bind, LinkLocalAddressesNeedTheirScope) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open(kDual).Bind("[fe80::a1]:7000"), "EINVAL");
  EXPECT_EQ(net.a.Open(kDual).Bind("[ff02::1234]:7000"), "EINVAL");
  EXPECT_EQ(net.a.Open(kDual).Bind("[ff01::1234]:7000"), "EINVAL");
  EXPECT_EQ(net.a.Open(kDual).Bind("[fe80::a1%3]:7000"), "EADDRNOTAVAIL");
  EXPECT_EQ(net.a.Open(kDual).Bind("[fe80::a1%9]:7000"), "ENODEV");
  EXPECT_EQ(net.a.Open(kDual).Bind("[ff05::1234]:7000"), "ok");
  Sock scoped = net.a.Open(kDual);
  EXPECT_EQ(scoped.Bind("[fe80::a1%2]:7000"), "ok");
  EXPECT_EQ(scoped.Local(), "[fe80::a1%2]:7000");
  EXPECT_EQ(scoped.Get(SocketOption::kBoundInterface), "2");
}

// facts 1.1.4 "V6ONLY socket, bind mapped", "IPV6_V6ONLY after bind", "on AF_INET socket",
// families.
TEST(Bind, FamiliesKeepToThemselves) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open(kIpv6).Bind("10.77.0.1:7000"), "EINVAL");
  EXPECT_EQ(net.a.Open().Bind("[::1]:7000"), "EAFNOSUPPORT");
  EXPECT_EQ(net.a.Open().Bind("*:7000"), "EAFNOSUPPORT");
  EXPECT_EQ(net.a.Open().TrySet(SocketOption::kIpv6Only, 1), "ENOPROTOOPT");
  EXPECT_EQ(net.a.Bound("[::]:7000", "", kDual).TrySet(SocketOption::kIpv6Only, 1), "EINVAL");
  EXPECT_EQ(net.a.Bound("*:7001", "", kDual).Local(), "*:7001");
  EXPECT_EQ(net.a.Bound("*:7002", "", kIpv6).Local(), "[::]:7002");
  EXPECT_EQ(net.a.Bound("10.77.0.1:7003", "", kDual).Local(), "10.77.0.1:7003");
}

// facts 1.1.4 "ports 1..1023".
TEST(Bind, LowPortsAreRoots) {
  TwoHosts net;
  EXPECT_EQ(net.a.Open(AddressFamily::kIpv4, kAnn).Bind("0.0.0.0:1023"), "EACCES");
  EXPECT_EQ(net.a.Open(AddressFamily::kIpv4, kAnn).Bind("239.1.2.3:1"), "EACCES");
  EXPECT_EQ(net.a.Open(kDual, kAnn).Bind("[::]:1023"), "EACCES");
  EXPECT_EQ(net.a.Open(AddressFamily::kIpv4, kAnn).Bind("0.0.0.0:1024"), "ok");
  EXPECT_EQ(net.a.Open(AddressFamily::kIpv4, 0).Bind("0.0.0.0:1023"), "ok");
}

// facts 1.1.4 "order of checks, v4" and "order of checks, v6".
TEST(Bind, ChecksInTheKernelsOrder) {
  TwoHosts net;
  Sock ipv4 = net.a.Open(AddressFamily::kIpv4, kAnn);
  ASSERT_EQ(ipv4.Bind("0.0.0.0:7000"), "ok");
  EXPECT_EQ(ipv4.Bind("10.99.0.1:80"), "EADDRNOTAVAIL");
  EXPECT_EQ(ipv4.Bind("10.77.0.1:80"), "EACCES");
  EXPECT_EQ(ipv4.Bind("10.77.0.1:7000"), "EINVAL");
  Sock ipv6 = net.a.Open(kDual, kAnn);
  EXPECT_EQ(ipv6.Bind("[fd99::1]:80"), "EACCES");
  EXPECT_EQ(ipv6.Bind("[fd99::1]:7001"), "EADDRNOTAVAIL");
  ASSERT_EQ(ipv6.Bind("[fd77::1]:7001"), "ok");
  EXPECT_EQ(ipv6.Bind("[fd99::1]:7001"), "EINVAL");
}

// facts 1.1.4 "SO_BINDTODEVICE unprivileged".
TEST(Bind, OnlyRootChangesTheInterface) {
  TwoHosts net;
  Sock ann = net.a.Open(AddressFamily::kIpv4, kAnn);
  EXPECT_EQ(ann.TrySet(SocketOption::kBoundInterface, 9), "ENODEV");
  EXPECT_EQ(ann.TrySet(SocketOption::kBoundInterface, kV), "ok");
  EXPECT_EQ(ann.TrySet(SocketOption::kBoundInterface, kW), "EPERM");
  Sock root = net.a.Open();
  root.Set(SocketOption::kBoundInterface, kV).Set(SocketOption::kBoundInterface, 0);
}

// facts 1.1.4 "connected socket's local address".
TEST(Bind, AConnectedSocketHoldsOneAddress) {
  TwoHosts net;
  Sock connected = net.a.Bound("0.0.0.0:7000");
  ASSERT_EQ(connected.Connect("127.0.0.1:9"), "ok");
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:7000"), "EADDRINUSE");
  EXPECT_EQ(net.a.Open().Bind("127.0.0.1:7000"), "EADDRINUSE");
  EXPECT_EQ(net.a.Open().Bind("10.77.0.1:7000"), "ok");
}

// A host whose rules leave it four ports.
PlatformRules FourPorts() {
  PlatformRules rules = RulesFor(Platform::kLinux);
  rules.ephemeral_first = 40000;
  rules.ephemeral_last = 40003;
  return rules;
}

// facts 1.1.5 "exhausted: bind", "exhausted: implicit bind".
TEST(EphemeralPort, RunsOut) {
  const PlatformRules rules = FourPorts();
  TwoHosts net(rules);
  net.a.next_draw = 2;
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:40002");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:40003");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:40000");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:40001");
  EXPECT_EQ(net.a.Open().Bind("0.0.0.0:0"), "EADDRINUSE");
  EXPECT_EQ(net.a.Open().SendTo("10.77.0.2:9", "x"), "EAGAIN");
  EXPECT_EQ(net.a.Open().Connect("10.77.0.2:9"), "EAGAIN");
  EXPECT_EQ(net.a.Open(kDual).Bind("[::]:0"), "EADDRINUSE");
  EXPECT_EQ(net.a.Open(kIpv6).Bind("[::]:0"), "ok");
}

// facts 1.1.5 "with A (or P) set", "same port on different specific addresses".
TEST(EphemeralPort, CanBeInUseByOthers) {
  const PlatformRules rules = FourPorts();
  TwoHosts net(rules);
  EXPECT_EQ(net.a.Bound("0.0.0.0:0", "A").Local(), "0.0.0.0:40000");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0", "A").Local(), "0.0.0.0:40000");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0").Local(), "0.0.0.0:40001");
  EXPECT_EQ(net.a.Bound("10.77.0.1:0").Local(), "10.77.0.1:40002");
  EXPECT_EQ(net.a.Bound("10.78.0.1:0").Local(), "10.78.0.1:40002");
  TwoHosts sharing(rules);
  EXPECT_EQ(sharing.a.Bound("0.0.0.0:0", "P").Local(), "0.0.0.0:40000");
  EXPECT_EQ(sharing.a.Bound("0.0.0.0:0", "P").Local(), "0.0.0.0:40000");
}

// Unlike an explicit bind, which the newest of AP and A lets pass, the search sees every holder.
TEST(EphemeralPort, LooksAtEveryHolder) {
  const PlatformRules rules = FourPorts();
  TwoHosts net(rules);
  net.a.Bound("0.0.0.0:40000", "A");
  net.a.Bound("0.0.0.0:40000", "AP");
  EXPECT_EQ(net.a.Bound("0.0.0.0:0", "P").Local(), "0.0.0.0:40001");
  EXPECT_EQ(net.a.Bound("0.0.0.0:40000", "P").Local(), "0.0.0.0:40000");
}

// facts 1.1.5 "implicit bind by sendto", "failed send/connect".
TEST(EphemeralPort, ComesWithTheFirstSend) {
  TwoHosts net;
  Sock socket = net.a.Open();
  net.a.next_draw = 5;
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", "x"), "ok");
  EXPECT_EQ(socket.Local(), "0.0.0.0:32773");
  Sock dual = net.a.Open(kDual);
  EXPECT_EQ(dual.SendTo("[2001:db8::1]:9", "x"), "ENETUNREACH");
  EXPECT_EQ(dual.Local(), "*:32774");
}

// facts 1.1.4 "v6 specific address bind while bound to a device not owning it": of addresses whose
// meaning ends at their interface; "v4 does not check the device".
TEST(Bind, ABoundInterfaceMustOwnANarrowIpv6Address) {
  TwoHosts net;
  const auto on_w = [&](AddressFamily family, const char* local) {
    return net.a.Open(family).Set(SocketOption::kBoundInterface, kW).Bind(local);
  };
  EXPECT_EQ(on_w(kIpv6, "[::1]:7000"), "EADDRNOTAVAIL");
  EXPECT_EQ(on_w(kIpv6, "[fd77::1]:7000"), "ok");
  EXPECT_EQ(on_w(AddressFamily::kIpv4, "127.0.0.1:7000"), "ok");
  EXPECT_EQ(on_w(AddressFamily::kIpv4, "10.77.0.1:7000"), "ok");
}

// facts 1.1.2 "overlap, different user": who shares by SO_REUSEADDR may, by SO_REUSEPORT not; root
// is no exception.
TEST(Bind, UsersShareByTheAddressOptionAlone) {
  for (const auto& [first, second] : {std::pair(kAnn, UserId{1001}), {0, kAnn}, {kAnn, 0}}) {
    TwoHosts net;
    const auto bind = [&](UserId user, SocketOption option, const char* local) {
      return net.a.Open(AddressFamily::kIpv4, user).Set(option, 1).Bind(local);
    };
    EXPECT_EQ(bind(first, SocketOption::kReuseAddress, "0.0.0.0:7000"), "ok");
    EXPECT_EQ(bind(second, SocketOption::kReuseAddress, "0.0.0.0:7000"), "ok");
    EXPECT_EQ(bind(first, SocketOption::kReusePort, "0.0.0.0:7001"), "ok");
    EXPECT_EQ(bind(second, SocketOption::kReusePort, "0.0.0.0:7001"), "EADDRINUSE");
    EXPECT_EQ(bind(first, SocketOption::kReusePort, "0.0.0.0:7001"), "ok");
  }
}

}  // namespace
}  // namespace pollux::sim
