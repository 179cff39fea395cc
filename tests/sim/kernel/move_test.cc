// SPDX-License-Identifier: Apache-2.0
//
// Sockets that change after their bind, on Linux: what a connect, a disconnect and an option do to
// their place among others. Random programs showed most of this of a running 6.18 kernel; what no
// program brings about is of its source.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/kernel/receive_queue.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

// How many of 40 datagrams from ports of B every socket gets.
std::vector<int> Spread(TwoHosts& net, const std::string& to, std::vector<Sock> sockets) {
  for (int i = 0; i < 40; ++i) {
    Sock sender = net.b.Bound(absl::StrCat("10.77.0.2:", 9000 + 37 * i));
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

// The lookup of connections enters a socket with its first peer. One that is connected again is
// found by its score alone, behind one that was connected once.
TEST(Moved, ASecondConnectLeavesTheLookupOfConnectionsBehind) {
  TwoHosts net;
  Sock once = net.a.Bound("10.77.0.1:7000", "A");
  Sock again = net.a.Bound("10.77.0.1:7000", "A");
  Sock newest = net.a.Bound("10.77.0.1:7000", "A");
  ASSERT_EQ(newest.Connect("10.77.0.2:9002"), "ok");
  ASSERT_EQ(once.Connect("10.77.0.2:9000"), "ok");
  ASSERT_EQ(again.Connect("10.77.0.2:9001"), "ok");
  ASSERT_EQ(again.Connect("10.77.0.2:9000"), "ok");
  Sock peer = net.b.Bound("10.77.0.2:9000");
  peer.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(once.Take(), "x");
  once.Close();
  peer.SendTo("10.77.0.1:7000", "y");
  EXPECT_EQ(again.Take(), "y");
}

// A member on the wildcard that connects gets an address, and with it leaves its group for good.
TEST(Moved, AConnectTakesAMemberOnTheWildcardOutOfItsGroup) {
  TwoHosts net;
  std::vector<Sock> members;
  for (int i = 0; i < 3; ++i) members.push_back(net.a.Bound("0.0.0.0:7000", "P"));
  ASSERT_EQ(members[0].Connect("10.77.0.2:8999"), "ok");
  const std::vector<int> counts = Spread(net, "10.77.0.1:7000", members);
  EXPECT_EQ(counts[0], 0);
  EXPECT_GT(counts[1], 0);
  EXPECT_GT(counts[2], 0);
  ASSERT_EQ(members[0].Disconnect(), "ok");
  EXPECT_EQ(Spread(net, "10.77.0.1:7000", members), (std::vector<int>{40, 0, 0}))
      << "back on the wildcard it stands first, alone";
}

// A group that had a connection is scored like single sockets: it no longer ends the search before
// a better one that stands behind it.
TEST(Moved, AGroupThatHadAConnectionEndsNoSearch) {
  for (bool connected : {false, true}) {
    TwoHosts net;
    Sock device = net.a.Open();
    device.Set(SocketOption::kReuseAddress, 1).Set(SocketOption::kBoundInterface, kV);
    ASSERT_EQ(device.Bind("10.77.0.1:7000"), "ok");
    std::vector<Sock> sockets = {device};
    for (int i = 0; i < 2; ++i) sockets.push_back(net.a.Bound("10.77.0.1:7000", "AP"));
    if (connected) {
      ASSERT_EQ(sockets[1].Connect("10.77.0.2:8999"), "ok");
      ASSERT_EQ(sockets[1].Disconnect(), "ok");
    }
    EXPECT_EQ(Spread(net, "10.77.0.1:7000", sockets)[0], connected ? 40 : 0);
  }
}

// IPv4 forgets a peer, IPv6 does not: a mapped former peer refuses every IPv6 datagram.
TEST(Moved, AMappedFormerPeerLeavesNoIpv6) {
  TwoHosts net;
  Sock socket = net.a.Bound("*:7000", "", kDual);
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  ASSERT_EQ(socket.Disconnect(), "ok");
  net.b.Open(kIpv6).SendTo("[fd77::1]:7000", "six");
  EXPECT_EQ(socket.Take(), "(none)");
  net.b.Open().SendTo("10.77.0.1:7000", "four");
  EXPECT_EQ(socket.Take(), "four");
  ASSERT_EQ(socket.Connect("[fd77::2]:9000"), "ok");
  net.b.Bound("[fd77::2]:9000", "", kIpv6).SendTo("[fd77::1]:7000", "six");
  EXPECT_EQ(socket.Take(), "six") << "a new peer is one";
}

// A dual-stack socket that was bound to an IPv6 address says that it is for IPv6 alone.
TEST(Moved, AnIpv6AddressMakesADualSocketIpv6Only) {
  TwoHosts net;
  Sock socket = net.a.Bound("[fd77::1]:7000", "", kDual);
  EXPECT_EQ(socket.Get(SocketOption::kIpv6Only), "1");
  EXPECT_EQ(socket.SendTo("10.77.0.2:9", "x"), "ENETUNREACH");
  EXPECT_EQ(net.a.Bound("*:7001", "", kDual).Get(SocketOption::kIpv6Only), "0");
}

// The route to the peer is kept, and with it the path's MTU; an interface forgets it, and a send to
// the peer brings it back.
TEST(Moved, AnInterfaceForgetsTheRouteAndASendFindsIt) {
  TwoHosts net;
  Sock socket = net.a.Open();
  ASSERT_EQ(socket.Connect("10.77.0.2:9"), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "1500");
  socket.Set(SocketOption::kBoundInterface, kV);
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "ENOTCONN");
  EXPECT_EQ(socket.SendTo("10.77.0.2:10", "aside"), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "ENOTCONN");
  EXPECT_EQ(socket.Send("x"), "ok");
  EXPECT_EQ(socket.Get(SocketOption::kPathMtu), "1500");
}

// What came by loopback was never split, whatever interface it counts for; what came by the wire
// costs as much as its fragments.
TEST(Charge, GoesByTheWayADatagramTook) {
  TwoHosts net;
  const std::string payload(8000, 'x');
  Sock server = net.a.Bound("10.77.0.1:7000");
  net.a.Open().SendTo("10.77.0.1:7000", payload);
  EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, 16640u);
  EXPECT_EQ(server.Take(), payload);
  EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, 0u);
  net.b.Open().SendTo("10.77.0.1:7000", payload);
  Packet packet;
  packet.destination = At("10.77.0.1:7000");
  packet.payload = Payload::Copy(payload);
  EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, TruesizeOf(packet, 1500));
  EXPECT_NE(TruesizeOf(packet, 1500), 16640u);
}

// Even a question for the size hands the whole queue to the reader, whose memory comes back late:
// what arrives in between is not part of it.
TEST(Charge, AskingForTheSizeHandsTheQueueOver) {
  for (bool asks : {false, true}) {
    TwoHosts net;
    Sock server = net.a.Bound("127.0.0.1:7000");
    Sock client = net.a.Open();
    client.SendTo("127.0.0.1:7000", "one");
    if (asks) {
      EXPECT_EQ(net.a.stack.PendingDatagramSize(server.id()), 3u);
    }
    client.SendTo("127.0.0.1:7000", "two");
    EXPECT_EQ(server.Take(), "one");
    // The reader's part is empty after the first, or there is still the second.
    EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, asks ? 832u : 1664u);
    EXPECT_EQ(server.Take(), "two");
    EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, 0u);
  }
}

}  // namespace
}  // namespace pollux::sim
