// SPDX-License-Identifier: Apache-2.0
//
// Which socket gets a datagram that is for one, on Linux. Comments name the rows of udp-semantics
// 1.2.1, or say what was observed on a running 6.18 kernel.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv4 = AddressFamily::kIpv4;

// How many of 40 datagrams, each from a port of its own, every socket gets.
std::vector<int> Spread(TwoHosts& net, TestHost& from, const std::string& to,
                        std::vector<Sock> sockets) {
  for (int i = 0; i < 40; ++i) {
    Sock sender = from.Open(to[0] == '[' ? kDual : kIpv4);
    net.a.next_draw = net.b.next_draw = static_cast<uint32_t>(1000 + 37 * i);
    EXPECT_EQ(sender.SendTo(to, "x"), "ok");
    sender.Close();
  }
  std::vector<int> counts;
  for (Sock& socket : sockets) {
    int count = 0;
    while (socket.Take() == "x") ++count;
    counts.push_back(count);
  }
  return counts;
}

TEST(Unicast, ReachesTheOtherHost) {
  TwoHosts net;
  Sock server = net.a.Bound("10.77.0.1:7000");
  Sock client = net.b.Bound("10.77.0.2:7001");
  EXPECT_EQ(client.SendTo("10.77.0.1:7000", "hello"), "ok");
  const Taken taken = server.Receive();
  EXPECT_EQ(taken.text, "hello");
  EXPECT_EQ(taken.info.source.ToString(), "10.77.0.2:7001");
  EXPECT_EQ(server.SendTo("10.77.0.2:7001", "back"), "ok");
  EXPECT_EQ(client.Take(), "back");
  EXPECT_EQ(client.Take(), "(none)");
}

// facts "wildcard + specific, dst = specific".
TEST(Unicast, SpecificBeatsWildcardWhateverTheOrder) {
  for (bool specific_first : {true, false}) {
    TwoHosts net;
    Sock one = net.a.Bound(specific_first ? "10.77.0.1:7000" : "0.0.0.0:7000", "A");
    Sock two = net.a.Bound(specific_first ? "0.0.0.0:7000" : "10.77.0.1:7000", "A");
    net.b.Open().SendTo("10.77.0.1:7000", "specific");
    net.b.Open().SendTo("10.77.0.11:7000", "other");
    EXPECT_EQ((specific_first ? one : two).Take(), "specific");
    EXPECT_EQ((specific_first ? two : one).Take(), "other");
  }
}

// facts "3 x A same address".
TEST(Unicast, NewestOfEqualsGetsAll) {
  TwoHosts net;
  std::vector<Sock> sockets;
  for (int i = 0; i < 3; ++i) sockets.push_back(net.a.Bound("10.77.0.1:7000", "A"));
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7000", sockets), (std::vector<int>{0, 0, 40}));
  sockets[2].Close();
  sockets.pop_back();
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7000", sockets), (std::vector<int>{0, 40}));
}

// facts "4any + 6dual, v4 datagram", "mapS vs 4any", "mapS vs 4spec".
TEST(Unicast, PlainIpv4IsPreferredToDual) {
  for (bool dual_first : {true, false}) {
    TwoHosts net;
    Sock dual = net.a.Open(kDual);
    if (dual_first) dual.Set(SocketOption::kReuseAddress, 1).Bind("[::]:7000");
    Sock plain = net.a.Bound("0.0.0.0:7000", "A");
    if (!dual_first) dual.Set(SocketOption::kReuseAddress, 1).Bind("[::]:7000");
    net.b.Open().SendTo("10.77.0.1:7000", "four");
    net.b.Open(kDual).SendTo("[fd77::1]:7000", "six");
    EXPECT_EQ(plain.Take(), "four");
    EXPECT_EQ(dual.Take(), "six");
    EXPECT_EQ(dual.Take(), "(none)");
  }
  TwoHosts net;
  Sock mapped = net.a.Bound("10.77.0.1:7001", "A", kDual);
  Sock any = net.a.Bound("0.0.0.0:7001", "A");
  net.b.Open().SendTo("10.77.0.1:7001", "one");
  EXPECT_EQ(mapped.Take(), "one");
  Sock specific = net.a.Bound("10.77.0.1:7001", "A");
  net.b.Open().SendTo("10.77.0.1:7001", "two");
  EXPECT_EQ(specific.Take(), "two");
  EXPECT_EQ(any.Take(), "(none)");
}

// facts "connected + unconnected", "only a connected socket", "datagram queued before connect".
TEST(Unicast, AConnectedSocketHearsItsPeerOnly) {
  TwoHosts net;
  Sock peer = net.b.Bound("10.77.0.2:9000");
  Sock connected = net.a.Bound("10.77.0.1:7000", "A");
  Sock early = net.b.Open();
  early.SendTo("10.77.0.1:7000", "early");
  ASSERT_EQ(connected.Connect("10.77.0.2:9000"), "ok");
  EXPECT_EQ(connected.Take(), "early");
  Sock open = net.a.Bound("10.77.0.1:7000", "A");
  peer.SendTo("10.77.0.1:7000", "peer");
  early.SendTo("10.77.0.1:7000", "other");
  EXPECT_EQ(connected.Take(), "peer");
  EXPECT_EQ(open.Take(), "other");
  open.Close();
  ASSERT_EQ(early.Connect("10.77.0.1:7000"), "ok");
  early.Send("dropped");
  EXPECT_EQ(connected.Take(), "(none)");
  EXPECT_EQ(net.a.drops.back(), DropCause::kFiltered);
  EXPECT_EQ(early.Take(), "ECONNREFUSED");
}

// facts 1.2.1 "connected": what comes whole from outside goes to the head of the chain, if that
// is connected to the sender (early demultiplexing).
TEST(Unicast, WholeFromOutsideItGoesToTheFirstOfTheChain) {
  TwoHosts net;
  Sock peer = net.b.Bound("10.77.0.2:6000");
  Sock once = net.a.Bound("10.77.0.1:5000", "A");
  ASSERT_EQ(once.Connect("10.77.0.2:6000"), "ok");
  Sock twice = net.a.Bound("10.77.0.1:5000", "A");
  ASSERT_EQ(twice.Connect("10.77.0.2:6001"), "ok");
  ASSERT_EQ(twice.Connect("10.77.0.2:6000"), "ok");
  peer.SendTo("10.77.0.1:5000", "whole");
  EXPECT_EQ(once.Take(), "(none)");
  EXPECT_EQ(twice.Take(), "whole");
  // The lookup, which knows connections by their first peer, decides of fragments.
  const std::string split(3000, 'x');
  peer.SendTo("10.77.0.1:5000", split);
  EXPECT_EQ(once.Take(), split);
  EXPECT_EQ(twice.Take(), "(none)");
}

// And an IPv4 group datagram that one socket alone hears is like one for that socket.
TEST(ReusePort, SharesWhatOnlyOneMemberHearsOfAGroup) {
  TwoHosts net;
  net.a.next_draw = 7;
  Sock member = net.a.Bound("0.0.0.0:5000", "P");
  Sock deaf = net.a.Bound("0.0.0.0:5000", "P");
  deaf.Set(SocketOption::kMulticastAll, 0);
  ASSERT_EQ(member.Join("239.1.2.3", kV), "ok");
  // Each from another port, and so with another hash.
  int port = 6000;
  const auto send = [&](TestHost& host, const char* payload) {
    Sock sender = host.Bound(absl::StrCat("0.0.0.0:", ++port));
    sender.MulticastInterface(kV);
    sender.SendTo("239.1.2.3:5000", payload);
    sender.Close();
  };
  for (int i = 0; i < 40; ++i) send(net.b, "from outside");
  int heard = 0, overheard = 0;
  while (member.Take() != "(none)") ++heard;
  while (deaf.Take() != "(none)") ++overheard;
  EXPECT_EQ(heard + overheard, 40);
  EXPECT_GT(heard, 5);
  EXPECT_GT(overheard, 5);
  // The host's own copies go to who joined.
  for (int i = 0; i < 10; ++i) send(net.a, "own");
  EXPECT_EQ(deaf.Take(), "(none)");
  EXPECT_EQ(member.Take(), "own");
}

// Observed: of sockets connected to one peer the newest gets its datagrams.
TEST(Unicast, NewestOfEqualConnections) {
  TwoHosts net;
  Sock peer = net.b.Bound("10.77.0.2:9000");
  std::vector<Sock> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(net.a.Bound("10.77.0.1:7000", "A"));
    ASSERT_EQ(sockets.back().Connect("10.77.0.2:9000"), "ok");
  }
  peer.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(sockets[2].Take(), "x");
}

// facts "device-bound wildcard vs unbound wildcard", "... vs unbound specific".
TEST(Unicast, BoundInterfaceCountsAndFilters) {
  TwoHosts net;
  Sock bound = net.a.Open();
  bound.Set(SocketOption::kReuseAddress, 1).Set(SocketOption::kBoundInterface, kV);
  ASSERT_EQ(bound.Bind("0.0.0.0:7000"), "ok");
  Sock open = net.a.Bound("0.0.0.0:7000", "A");
  net.b.Open().SendTo("10.77.0.1:7000", "by v");
  net.b.Open().SendTo("10.78.0.1:7000", "by w");
  EXPECT_EQ(bound.Take(), "by v");
  EXPECT_EQ(open.Take(), "by w");
  Sock specific = net.a.Bound("10.77.0.1:7000", "A");
  net.b.Open().SendTo("10.77.0.1:7000", "specific");
  EXPECT_EQ(specific.Take(), "specific");
}

// facts "AP, AP, then A", "A, then AP, AP"; and on IPv6, where members stand last, observed.
TEST(ReusePort, GroupsAndSingleSocketsByPlaceInTheChain) {
  struct Case {
    std::vector<std::string> options;
    bool shares_ipv4[3];  // Who gets datagrams at all.
    bool shares_ipv6[3];
  };
  const Case cases[] = {
      {{"AP", "AP", "A"}, {false, false, true}, {false, false, true}},
      {{"A", "AP", "AP"}, {false, true, true}, {true, false, false}},
      {{"AP", "A", "AP"}, {true, false, true}, {false, true, false}},
  };
  for (const Case& c : cases) {
    for (bool ipv4 : {true, false}) {
      TwoHosts net;
      std::vector<Sock> sockets;
      for (const std::string& options : c.options) {
        sockets.push_back(
            net.a.Bound(ipv4 ? "0.0.0.0:7000" : "[::]:7000", options, ipv4 ? kIpv4 : kDual));
      }
      const std::vector<int> counts =
          Spread(net, net.b, ipv4 ? "10.77.0.1:7000" : "[fd77::1]:7000", sockets);
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(counts[i] > 0, ipv4 ? c.shares_ipv4[i] : c.shares_ipv6[i])
            << c.options[0] << c.options[1] << c.options[2] << " ipv4 " << ipv4 << " " << i;
      }
    }
  }
}

TEST(ReusePort, TheSamePairOfEndsGoesToTheSameMember) {
  TwoHosts net;
  std::vector<Sock> sockets;
  for (int i = 0; i < 4; ++i) sockets.push_back(net.a.Bound("0.0.0.0:7000", "P"));
  Sock sender = net.b.Bound("10.77.0.2:9000");
  for (int i = 0; i < 10; ++i) sender.SendTo("10.77.0.1:7000", "x");
  int receivers = 0;
  for (Sock& socket : sockets) {
    int count = 0;
    while (socket.Take() == "x") ++count;
    EXPECT_TRUE(count == 0 || count == 10) << count;
    if (count == 10) ++receivers;
  }
  EXPECT_EQ(receivers, 1);
}

// facts "P wildcards + one P specific", "P group with one connected member", "P v4 + P dual".
TEST(ReusePort, GroupsAreOfOneAddress) {
  TwoHosts net;
  std::vector<Sock> sockets;
  for (int i = 0; i < 2; ++i) sockets.push_back(net.a.Bound("0.0.0.0:7000", "P"));
  Sock specific = net.a.Bound("10.77.0.1:7000", "P");
  sockets.push_back(specific);
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7000", sockets), (std::vector<int>{0, 0, 40}));

  Sock peer = net.b.Bound("10.77.0.2:9000");
  Sock connected = net.a.Bound("0.0.0.0:7001", "P");
  std::vector<Sock> rest = {net.a.Bound("0.0.0.0:7001", "P"), net.a.Bound("0.0.0.0:7001", "P"),
                            connected};
  ASSERT_EQ(connected.Connect("10.77.0.2:9000"), "ok");
  peer.SendTo("10.77.0.1:7001", "peer");
  EXPECT_EQ(connected.Take(), "peer");
  const std::vector<int> counts = Spread(net, net.b, "10.77.0.1:7001", rest);
  EXPECT_GT(counts[0], 0);
  EXPECT_GT(counts[1], 0);
  EXPECT_EQ(counts[2], 0);

  std::vector<Sock> mixed = {net.a.Bound("0.0.0.0:7002", "P"),
                             net.a.Bound("[::]:7002", "P", kDual)};
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7002", mixed), (std::vector<int>{40, 0}));
  EXPECT_EQ(Spread(net, net.b, "[fd77::1]:7002", mixed), (std::vector<int>{0, 40}));
}

// facts 1.1.4 "P set on first socket only after its bind".
TEST(ReusePort, OptionSetAfterTheBindFoundsAGroup) {
  TwoHosts net;
  Sock first = net.a.Bound("0.0.0.0:7000");
  first.Set(SocketOption::kReusePort, 1);
  std::vector<Sock> sockets = {first, net.a.Bound("0.0.0.0:7000", "P")};
  const std::vector<int> counts = Spread(net, net.b, "10.77.0.1:7000", sockets);
  EXPECT_GT(counts[0], 0);
  EXPECT_GT(counts[1], 0);
}

// Observed: who clears the option still gets what the others' group gives it, but its own find ends
// at itself. An interface set after the bind takes a member out of its group, and the group still
// ends the search before it.
TEST(ReusePort, MembersThatChange) {
  TwoHosts net;
  std::vector<Sock> newest = {net.a.Bound("0.0.0.0:7000", "P"), net.a.Bound("0.0.0.0:7000", "P")};
  newest[1].Set(SocketOption::kReusePort, 0);
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7000", newest), (std::vector<int>{0, 40}));
  std::vector<Sock> oldest = {net.a.Bound("0.0.0.0:7001", "P"), net.a.Bound("0.0.0.0:7001", "P")};
  oldest[0].Set(SocketOption::kReusePort, 0);
  const std::vector<int> counts = Spread(net, net.b, "10.77.0.1:7001", oldest);
  EXPECT_GT(counts[0], 0);
  EXPECT_GT(counts[1], 0);
  std::vector<Sock> bound = {net.a.Bound("0.0.0.0:7002", "P"), net.a.Bound("0.0.0.0:7002", "P")};
  bound[0].Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(Spread(net, net.b, "10.77.0.1:7002", bound), (std::vector<int>{0, 40}));
}

// facts "own send to own address, device-bound receivers only"; pktinfo facts 1.4, last row.
TEST(OwnAddress, ArrivesOnTheInterfaceThatOwnsIt) {
  for (auto [address, index] : {std::pair<std::string, uint32_t>{"10.77.0.1", kV},
                                {"10.78.0.1", kW},
                                {"127.0.0.1", kLo},
                                {"127.9.9.9", kLo},
                                {"[fd78::1]", kW},
                                {"[::1]", kLo},
                                {"[fe80::a1%2]", kV}}) {
    TwoHosts net;
    const AddressFamily family = address[0] == '[' ? kDual : kIpv4;
    std::vector<Sock> receivers;
    for (uint32_t i : {kLo, kV, kW}) {
      Sock socket = net.a.Open(family);
      socket.Set(SocketOption::kBoundInterface, static_cast<int>(i));
      ASSERT_EQ(socket.Bind(family == kDual ? "[::]:7000" : "0.0.0.0:7000"), "ok");
      net.a.stack.RequestMetadata(socket.id(), Metadata::kAll);
      receivers.push_back(socket);
    }
    EXPECT_EQ(net.a.Open(family).SendTo(address + ":7000", "own"), "ok");
    for (uint32_t i : {kLo, kV, kW}) {
      const Taken taken = receivers[i - 1].Receive();
      EXPECT_EQ(taken.text, i == index ? "own" : "(none)") << address << " on " << i;
      if (i == index) {
        EXPECT_EQ(taken.info.interface_index, index);
      }
    }
    EXPECT_EQ(net.a.sent[0].interface_index, kLo);
    EXPECT_EQ(net.b.delivered.size(), 0u);
  }
}

// facts "datagram for 10.78.0.1 arriving on va".
TEST(WeakHost, TakesItsAddressesOnAnyInterface) {
  TwoHosts net;
  Sock server = net.a.Bound("10.78.0.1:7000");
  Sock client = net.b.Open();
  SendOptions by_v;
  by_v.interface_index = kV;
  EXPECT_EQ(client.SendTo("10.78.0.1:7000", "x", by_v), "ok");
  EXPECT_EQ(net.b.sent.back().interface_index, kV);
  EXPECT_EQ(server.Take(), "x");
}

TEST(WeakHost, TakesNobodyElsesAddress) {
  TwoHosts net;
  Packet packet;
  packet.source = At("10.77.0.2:1");
  packet.destination = At("10.77.0.3:7000");
  net.a.stack.Deliver(kV, packet, net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs);
  packet.destination = At("127.0.0.1:7000");
  net.a.stack.Deliver(kV, packet, net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs);
  packet.source = At("10.77.0.1:1");
  packet.destination = At("10.77.0.1:7000");
  net.a.stack.Deliver(kV, packet, net.now);
  EXPECT_EQ(net.a.drops.back(), DropCause::kNotForUs);
  EXPECT_EQ(net.a.sent.size(), 0u);
}

// Observed: a socket bound to an interface does not see the host's addresses on others; it routes.
TEST(BoundInterface, SendsToOwnAddressesElsewhereByTheWire) {
  TwoHosts net;
  Sock socket = net.a.Open();
  socket.Set(SocketOption::kBoundInterface, kV);
  ASSERT_EQ(socket.Connect("10.78.0.1:1"), "ok");
  EXPECT_EQ(socket.Local().substr(0, 10), "10.77.0.1:");
  Sock ipv6 = net.a.Open(kDual);
  ipv6.Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(ipv6.Connect("[fd78::1]:1"), "ENETUNREACH");
  EXPECT_EQ(ipv6.Connect("[::1]:1"), "ENETUNREACH");
  EXPECT_EQ(ipv6.Connect("[fd77::1]:1"), "ok");
}

// facts 1.2.1 step 5: "closing a member moves the last one into its slot, so mappings change".
TEST(ReusePort, TheLastMemberTakesTheSlotOfOneThatCloses) {
  const auto spread = [](bool close_first) {
    TwoHosts net;
    std::vector<Sock> members;
    for (int i = 0; i < 4; ++i) members.push_back(net.a.Bound("0.0.0.0:7000", "P"));
    if (close_first) {
      members[0].Close();
      return Spread(net, net.b, "10.77.0.1:7000", {members[3], members[1], members[2]});
    }
    members[3].Close();
    return Spread(net, net.b, "10.77.0.1:7000", {members[0], members[1], members[2]});
  };
  EXPECT_EQ(spread(true), spread(false));
  EXPECT_GT(spread(true)[0], 0);
}

}  // namespace
}  // namespace pollux::sim
