// SPDX-License-Identifier: Apache-2.0
//
// Ports that several sockets hold: which sequences of binds pass, and who of them gets a datagram.

#include <array>
#include <set>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;

class ReuseTest : public ConformanceTest {
 protected:
  // A socket with the options that `options` names: "A" SO_REUSEADDR, "P" SO_REUSEPORT.
  UdpSocket With(absl::string_view options, SocketEngine& engine) {
    UdpSocket socket(engine);
    for (const char option : options) {
      EXPECT_THAT(socket.SetOption(
                      option == 'A' ? SocketOption::kReuseAddress : SocketOption::kReusePort, 1),
                  IsOk());
    }
    return socket;
  }
  // The same, bound on B; with port 0 on one that was free.
  UdpSocket Held(absl::string_view options, const IpAddress& address, uint16_t port) {
    UdpSocket socket = With(options, b());
    EXPECT_THAT(socket.Bind(address, port), IsOk());
    return socket;
  }
  void SendFrom(UdpSocket& sender, const char* payload, const Endpoint& to) {
    EXPECT_THAT(sender.WriteDatagram(payload, to), IsOk());
  }
  // How many of 40 datagrams, each from another port, every socket gets.
  std::vector<size_t> Spread(const Endpoint& to, std::vector<UdpSocket*> sockets) {
    std::vector<UdpSocket> senders;
    for (int i = 0; i < 40; ++i) {
      senders.emplace_back(a());
      SendFrom(senders.back(), "x", to);
    }
    std::vector<size_t> counts;
    for (UdpSocket* socket : sockets) counts.push_back(ReadAll(*socket).size());
    return counts;
  }
};
POLLUX_CONFORMANCE_SUITE(ReuseTest);

struct Sequence {
  std::vector<const char*> options;
  const char* ipv4;  // '.' for a bind that succeeds, 'X' for a port that is in use.
  const char* ipv6;
};

// udp-semantics 1.1.3, row by row, on the wildcard of IPv4 and of both protocols.
TEST_P(ReuseTest, TheFirstHolderThatMattersDecidesABind) {
  const Sequence sequences[] = {
      {{"A", "AP", "P"}, "...", "..X"},         {{"AP", "A", "P"}, "..X", "..X"},
      {{"AP", "P", "A"}, "..X", "..X"},         {{"P", "AP", "A"}, "..X", "..X"},
      {{"P", "P", "A"}, "..X", "..X"},          {{"A", "A", "P"}, "..X", "..X"},
      {{"AP", "AP", "A", "P"}, "...X", "...X"}, {{"AP", "AP", "P", "A"}, "...X", "...X"},
      {{"A", "AP", "P", "A"}, "...X", "..X."},  {{"A", "AP", "P", "AP"}, "....", "..X."},
  };
  for (const Sequence& sequence : sequences) {
    for (const IpAddress& any : {IpAddress::AnyIpv4(), IpAddress::Any()}) {
      std::vector<UdpSocket> sockets;
      std::string results;
      std::string name = any.ToString();
      uint16_t port = 0;
      for (const char* options : sequence.options) {
        sockets.push_back(With(options, a()));
        const absl::Status status = sockets.back().Bind(any, port);
        if (!status.ok()) {
          EXPECT_THAT(status, HasCause(SocketError::kAddressInUse));
        }
        results += status.ok() ? '.' : 'X';
        name += std::string(" ") + options;
        if (port == 0) port = sockets.back().local_endpoint().port;
      }
      EXPECT_EQ(results, any == IpAddress::AnyIpv4() ? sequence.ipv4 : sequence.ipv6) << name;
    }
  }
}

// udp-semantics 1.1.3, the last two rows: specific holders, newest first.
TEST_P(ReuseTest, TheNewestOfSpecificHoldersIsLookedAtFirst) {
  for (const bool sharing_first : {false, true}) {
    UdpSocket plain = With("", a()), sharing = With("P", a()), wildcard = With("P", a());
    UdpSocket& first = sharing_first ? sharing : plain;
    UdpSocket& second = sharing_first ? plain : sharing;
    ASSERT_THAT(first.Bind(sharing_first ? kA : IpAddress::LoopbackIpv4(), 0), IsOk());
    const uint16_t port = first.local_endpoint().port;
    ASSERT_THAT(second.Bind(sharing_first ? IpAddress::LoopbackIpv4() : kA, port), IsOk());
    EXPECT_EQ(wildcard.Bind(IpAddress::AnyIpv4(), port).ok(), !sharing_first);
  }
}

// udp-semantics 1.1.2 "overlap, same uid": a row of options against a row.
TEST_P(ReuseTest, TwoSocketsShareByAnOptionThatBothHave) {
  constexpr const char* kOptions[] = {"", "A", "P", "AP"};
  std::string cells;
  for (const char* first : kOptions) {
    for (const char* second : kOptions) {
      UdpSocket holder = With(first, a()), newcomer = With(second, a());
      ASSERT_THAT(holder.Bind(kA, 0), IsOk());
      const absl::Status status = newcomer.Bind(IpAddress::AnyIpv4(), holder.local_endpoint().port);
      cells += status.ok() ? '.' : 'X';
    }
    cells += ' ';
  }
  EXPECT_EQ(cells, "XXXX X.X. XX.. X... ");
}

// udp-semantics 1.1.4 "P set on first socket only after its bind": it shares, and founds a group.
TEST_P(ReuseTest, SharingThatIsAllowedAfterTheBindMakesAGroup) {
  UdpSocket first = Held("", kB, 0);
  const Endpoint at = first.local_endpoint();
  UdpSocket second = With("P", b());
  EXPECT_THAT(second.Bind(kB, at.port), HasCause(SocketError::kAddressInUse));
  ASSERT_THAT(first.SetOption(SocketOption::kReusePort, 1), IsOk());
  ASSERT_THAT(second.Bind(kB, at.port), IsOk());
  EXPECT_THAT(Spread(at, {&first, &second}), Each(Gt(0u)));
}

// udp-semantics 1.2.1 "AP, AP, then A" and "A, then AP, AP".
TEST_P(ReuseTest, AGroupAndASingleSocketByWhoIsNewer) {
  {
    UdpSocket first = Held("AP", kB, 0);
    const Endpoint at = first.local_endpoint();
    UdpSocket second = Held("AP", kB, at.port), newest = Held("A", kB, at.port);
    EXPECT_THAT(Spread(at, {&first, &second, &newest}), ElementsAre(0u, 0u, 40u));
  }
  UdpSocket oldest = Held("A", kB, 0);
  const Endpoint at = oldest.local_endpoint();
  UdpSocket second = Held("AP", kB, at.port), third = Held("AP", kB, at.port);
  EXPECT_THAT(Spread(at, {&oldest, &second, &third}), ElementsAre(0u, Gt(0u), Gt(0u)));
}

// udp-semantics 1.2.1 "P wildcards + one P specific, dst specific".
TEST_P(ReuseTest, AGroupIsOfOneAddress) {
  UdpSocket first = Held("P", IpAddress::AnyIpv4(), 0);
  const uint16_t port = first.local_endpoint().port;
  UdpSocket second = Held("P", IpAddress::AnyIpv4(), port), specific = Held("P", kB, port);
  EXPECT_THAT(Spread(Endpoint(kB, port), {&first, &second, &specific}), ElementsAre(0u, 0u, 40u));
  EXPECT_THAT(Spread(Endpoint(kBOther, port), {&first, &second, &specific}),
              ElementsAre(Gt(0u), Gt(0u), 0u));
}

// udp-semantics 1.2.1 "P v4 + P dual same port".
TEST_P(ReuseTest, AGroupIsOfOneProtocol) {
  UdpSocket four = Held("P", IpAddress::AnyIpv4(), 0);
  const uint16_t port = four.local_endpoint().port;
  UdpSocket dual = Held("P", IpAddress::Any(), port);
  EXPECT_THAT(Spread(Endpoint(kB, port), {&four, &dual}), ElementsAre(40u, 0u));
  EXPECT_THAT(Spread(Endpoint(kB6, port), {&four, &dual}), ElementsAre(0u, 40u));
}

// udp-semantics 1.2.1 "P group with one connected member".
TEST_P(ReuseTest, AConnectedMemberHearsItsPeerAndTheOthersShareTheRest) {
  UdpSocket peer = Bound(a(), kA);
  UdpSocket connected = Held("P", kB, 0);
  const Endpoint at = connected.local_endpoint();
  UdpSocket second = Held("P", kB, at.port), third = Held("P", kB, at.port);
  ASSERT_THAT(connected.ConnectToHost(kA, peer.local_endpoint().port), IsOk());
  for (int i = 0; i < 5; ++i) SendFrom(peer, "peer", at);
  EXPECT_EQ(ReadAll(connected).size(), 5u);
  EXPECT_THAT(Spread(at, {&connected, &second, &third}), ElementsAre(0u, Gt(0u), Gt(0u)));
}

// udp-semantics 1.2.1 step 5 "closing a member": those that are left hear everything.
TEST_P(ReuseTest, WhoLeavesAGroupIsMissedByNobody) {
  UdpSocket first = Held("P", kB, 0);
  const Endpoint at = first.local_endpoint();
  UdpSocket second = Held("P", kB, at.port), third = Held("P", kB, at.port);
  first.Close();
  const std::vector<size_t> counts = Spread(at, {&second, &third});
  EXPECT_THAT(counts, Each(Gt(0u)));
  EXPECT_EQ(counts[0] + counts[1], 40u);
  third.Close();
  EXPECT_THAT(Spread(at, {&second}), ElementsAre(40u));
}

// udp-semantics 1.2.1: of sockets with the same peer the newest; observed.
TEST_P(ReuseTest, OfEqualConnectionsTheNewest) {
  UdpSocket peer = Bound(a(), kA);
  const uint16_t peer_port = peer.local_endpoint().port;
  UdpSocket first = Held("A", kB, 0);
  const Endpoint at = first.local_endpoint();
  UdpSocket second = Held("A", kB, at.port);
  ASSERT_THAT(first.ConnectToHost(kA, peer_port), IsOk());
  ASSERT_THAT(second.ConnectToHost(kA, peer_port), IsOk());
  SendFrom(peer, "x", at);
  EXPECT_THAT(ReadAll(second), ElementsAre("x"));
  EXPECT_THAT(ReadAll(first), IsEmpty());
}

// udp-semantics 1.2.1 "device-bound wildcard vs unbound specific", and 1.1.2 "same device, or one
// without device: as without devices".
TEST_P(ReuseTest, ABoundDeviceCountsLessThanTheAddress) {
  UdpSocket device = With("A", b()), unshared = With("", b());
  const int vb = static_cast<int>(Interface(b(), "vb").index);
  ASSERT_THAT(device.SetOption(SocketOption::kBoundInterface, vb), IsOk());
  ASSERT_THAT(device.Bind(IpAddress::AnyIpv4(), 0), IsOk());
  const uint16_t port = device.local_endpoint().port;
  EXPECT_THAT(unshared.Bind(kB, port), HasCause(SocketError::kAddressInUse));
  UdpSocket specific = Held("A", kB, port);
  UdpSocket sender(a());
  SendFrom(sender, "specific", Endpoint(kB, port));
  SendFrom(sender, "not here", Endpoint(kBOther, port));
  EXPECT_THAT(ReadAll(specific), ElementsAre("specific"));
  EXPECT_THAT(ReadAll(device), IsEmpty());
}

// udp-semantics 1.2.1 "own send to own address, device-bound receivers only".
TEST_P(ReuseTest, OwnDatagramsArriveOnTheInterfaceOfTheAddress) {
  std::vector<UdpSocket> receivers;
  uint16_t port = 0;
  for (const char* device : {"lo", "va", "wa"}) {
    receivers.emplace_back(a());
    const int index = static_cast<int>(Interface(a(), device).index);
    ASSERT_THAT(receivers.back().SetOption(SocketOption::kBoundInterface, index), IsOk());
    ASSERT_THAT(receivers.back().Bind(IpAddress::Any(), port), IsOk());
    port = receivers.back().local_endpoint().port;
  }
  UdpSocket sender(a());
  const std::pair<IpAddress, size_t> cases[] = {{IpAddress::LoopbackIpv4(), 0},
                                                {kA, 1},
                                                {kAOther, 2},
                                                {IpAddress::LoopbackIpv6(), 0},
                                                {kA6, 1}};
  for (const auto& [address, receiver] : cases) {
    SCOPED_TRACE(address.ToString());
    SendFrom(sender, "own", Endpoint(address, port));
    bed().Settle();
    for (size_t i = 0; i < receivers.size(); ++i) {
      EXPECT_EQ(ReadAll(receivers[i]).size(), i == receiver ? 1u : 0u) << i;
    }
  }
}

}  // namespace
}  // namespace pollux::conformance
