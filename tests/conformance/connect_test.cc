// SPDX-License-Identifier: Apache-2.0
//
// The virtual connection: ConnectToHost, Read, ReadLine, Write, and names.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConnectTest : public ConformanceTest {
 protected:
  // Reads up to `size` bytes as a stream would.
  static std::string ReadSome(UdpSocket& socket, size_t size) {
    std::string buffer(size, '\0');
    const absl::StatusOr<size_t> got = socket.Read(absl::MakeSpan(buffer));
    if (!got.ok()) return "(" + std::string(ToString(*SocketErrorOf(got.status()))) + ")";
    buffer.resize(*got);
    return buffer;
  }
  static std::string Line(UdpSocket& socket) {
    const absl::StatusOr<std::string> line = socket.ReadLine();
    if (!line.ok()) return "(" + std::string(ToString(*SocketErrorOf(line.status()))) + ")";
    return *line;
  }
};
POLLUX_CONFORMANCE_SUITE(ConnectTest);

// The contract page: "you can also establish a virtual connection to a UDP server using
// connectToHost() and then use read() and write()".
TEST_P(ConnectTest, WriteAndReadExchangeDatagramsWithThePeer) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost("10.77.0.2", bob.local_endpoint().port), IsOk());
  EXPECT_EQ(alice.state(), SocketState::kConnected);
  EXPECT_EQ(alice.peer_endpoint(), bob.local_endpoint());
  EXPECT_EQ(alice.local_endpoint().address, kA);
  ASSERT_THAT(alice.Write("hello"), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "hello");
  EXPECT_EQ(info.source, alice.local_endpoint());
  ASSERT_THAT(bob.WriteDatagram("world", info.source), IsOk());
  bed().Settle();
  EXPECT_EQ(ReadSome(alice, 100), "world");
}

TEST_P(ConnectTest, StatesChangeInTheContractsOrder) {
  UdpSocket alice(a());
  std::vector<SocketState> states;
  alice.OnStateChanged([&](SocketState state) { states.push_back(state); });
  ASSERT_THAT(alice.ConnectToHost(kB, 7), IsOk());
  bed().Settle();
  EXPECT_THAT(states, ElementsAre(SocketState::kHostLookup, SocketState::kConnecting,
                                  SocketState::kConnected));
  states.clear();
  ASSERT_THAT(alice.DisconnectFromHost(), IsOk());
  bed().Settle();
  EXPECT_THAT(states, ElementsAre(SocketState::kUnconnected));
}

TEST_P(ConnectTest, ABoundSocketKeepsItsPortAndIsBoundAgainAfterwards) {
  UdpSocket alice = Bound(a(), kA), bob = Bound(b(), kB), carol = Bound(b(), kB);
  const Endpoint before = alice.local_endpoint();
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  EXPECT_EQ(alice.local_endpoint(), before);
  ASSERT_THAT(alice.DisconnectFromHost(), IsOk());
  EXPECT_EQ(alice.state(), SocketState::kBound);
  EXPECT_EQ(alice.local_endpoint(), before);
  EXPECT_FALSE(alice.peer_endpoint().is_set());
  ASSERT_THAT(carol.WriteDatagram("anyone", before), IsOk());
  EXPECT_EQ(Read(alice), "anyone");
}

TEST_P(ConnectTest, AWildcardBindIsAWildcardAgainAfterwards) {
  for (const IpAddress& any : {IpAddress::Any(), IpAddress::AnyIpv4()}) {
    UdpSocket alice = Bound(a(), any), carol = Bound(b(), kB);
    const Endpoint before = alice.local_endpoint();
    ASSERT_THAT(alice.ConnectToHost(kB, 9), IsOk());
    EXPECT_EQ(alice.local_endpoint(), Endpoint(kA, before.port));
    ASSERT_THAT(alice.DisconnectFromHost(), IsOk());
    EXPECT_EQ(alice.local_endpoint(), before);
    ASSERT_THAT(carol.WriteDatagram("by wa", Endpoint(kAOther, before.port)), IsOk());
    EXPECT_EQ(Read(alice), "by wa");
  }
}

// udp-semantics 1.2.1 "connected + unconnected, from peer / from other" and "only a connected
// socket".
TEST_P(ConnectTest, OnlyThePeersDatagramsAreReceived) {
  UdpSocket alice(a()), bob = Bound(b(), kB), stranger = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  ASSERT_THAT(stranger.WriteDatagram("no", alice.local_endpoint()), IsOk());
  ASSERT_THAT(bob.WriteDatagram("yes", alice.local_endpoint()), IsOk());
  EXPECT_THAT(ReadAll(alice), ElementsAre("yes"));
}

// udp-semantics 1.2.1 "datagram queued before connect, other source: stays".
TEST_P(ConnectTest, WhatWasQueuedBeforeStays) {
  UdpSocket alice = Bound(a(), kA), bob = Bound(b(), kB), stranger = Bound(b(), kB);
  ASSERT_THAT(stranger.WriteDatagram("before", alice.local_endpoint()), IsOk());
  bed().Settle();
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  ASSERT_THAT(stranger.WriteDatagram("after", alice.local_endpoint()), IsOk());
  EXPECT_THAT(ReadAll(alice), ElementsAre("before"));
}

// udp-semantics 1.4 "sendto other address on connected: ok, peer unchanged" on Linux.
TEST_P(ConnectTest, WriteDatagramStillGoesWhereItIsSent) {
  UdpSocket alice(a()), bob = Bound(b(), kB), carol = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  ASSERT_THAT(alice.WriteDatagram("to carol", carol.local_endpoint()), IsOk());
  ASSERT_THAT(alice.Write("to bob"), IsOk());
  EXPECT_THAT(ReadAll(carol), ElementsAre("to carol"));
  EXPECT_THAT(ReadAll(bob), ElementsAre("to bob"));
}

TEST_P(ConnectTest, ReadStaysWithinADatagramAndLosesNothing) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  for (const char* text : {"0123456789", "", "next"}) {
    ASSERT_THAT(bob.WriteDatagram(text, alice.local_endpoint()), IsOk());
  }
  bed().Settle();
  EXPECT_EQ(ReadSome(alice, 4), "0123");
  EXPECT_EQ(ReadSome(alice, 4), "4567");
  EXPECT_EQ(ReadSome(alice, 0), "");
  EXPECT_EQ(ReadSome(alice, 4), "89");
  EXPECT_EQ(ReadSome(alice, 4), "");
  EXPECT_EQ(ReadSome(alice, 4), "next");
  EXPECT_EQ(ReadSome(alice, 4), "(Temporary)");
}

// qt-contract 1.8: QUdpSocket's readLine takes the first byte of each datagram.
TEST_P(ConnectTest, ReadLineSplitsADatagramAndNeverJoinsTwo) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  for (const char* text : {"one\ntwo\nth", "ree\n", "\n\nend"}) {
    ASSERT_THAT(bob.WriteDatagram(text, alice.local_endpoint()), IsOk());
  }
  bed().Settle();
  EXPECT_EQ(Line(alice), "one\n");
  EXPECT_EQ(ReadSome(alice, 2), "tw");
  EXPECT_EQ(Line(alice), "o\n");
  EXPECT_EQ(Line(alice), "th");
  EXPECT_EQ(Line(alice), "ree\n");
  EXPECT_EQ(Line(alice), "\n");
  EXPECT_EQ(Line(alice), "\n");
  EXPECT_EQ(Line(alice), "end");
  EXPECT_EQ(Line(alice), "(Temporary)");
}

TEST_P(ConnectTest, ReadyReadServesConnectedSocketsToo) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.ConnectToHost(kB, bob.local_endpoint().port), IsOk());
  std::vector<std::string> lines;
  alice.OnReadyRead([&] {
    for (absl::StatusOr<std::string> line = alice.ReadLine(); line.ok(); line = alice.ReadLine()) {
      lines.push_back(*line);
    }
  });
  ASSERT_THAT(bob.WriteDatagram("a\nb\n", alice.local_endpoint()), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return lines.size() == 2; }));
  ASSERT_THAT(bob.WriteDatagram("c", alice.local_endpoint()), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return lines.size() == 3; }));
  EXPECT_THAT(lines, ElementsAre("a\n", "b\n", "c"));
}

TEST_P(ConnectTest, ReadAndWriteNeedAPeer) {
  UdpSocket alice = Bound(a(), kA);
  EXPECT_THAT(alice.Write("x"), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.ReadLine(), HasCause(SocketError::kOperation));
  EXPECT_EQ(ReadSome(alice, 1), "(Operation)");
  EXPECT_THAT(alice.DisconnectFromHost(), HasCause(SocketError::kOperation));
  EXPECT_EQ(alice.state(), SocketState::kBound);
}

TEST_P(ConnectTest, AConnectedSocketHasToBeDisconnectedFirst) {
  UdpSocket alice(a());
  ASSERT_THAT(alice.ConnectToHost(kB, 9), IsOk());
  EXPECT_THAT(alice.ConnectToHost(kB, 10), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.ConnectToHost("b", 10), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.Bind(), HasCause(SocketError::kOperation));
  EXPECT_EQ(alice.peer_endpoint(), Endpoint(kB, 9));
  ASSERT_THAT(alice.DisconnectFromHost(), IsOk());
  EXPECT_THAT(alice.ConnectToHost(kB, 10), IsOk());
}

TEST_P(ConnectTest, WithoutRouteTheStateStaysAsItWas) {
  UdpSocket bob(b()), bound = Bound(b(), kB);
  const Endpoint before = bound.local_endpoint();
  const IpAddress nowhere = IpAddress::Ipv4(192, 0, 2, 1);
  EXPECT_THAT(bob.ConnectToHost(nowhere, 7), HasCause(SocketError::kNetwork));
  EXPECT_EQ(bob.state(), SocketState::kUnconnected);
  EXPECT_FALSE(bob.local_endpoint().is_set());
  EXPECT_THAT(bound.ConnectToHost(nowhere, 7), HasCause(SocketError::kNetwork));
  EXPECT_EQ(bound.state(), SocketState::kBound);
  EXPECT_EQ(bound.local_endpoint(), before);
  EXPECT_FALSE(bound.peer_endpoint().is_set());
}

TEST_P(ConnectTest, APeerNeedsAnAddressAndAPort) {
  UdpSocket alice(a());
  EXPECT_THAT(alice.ConnectToHost(kB, 0), HasCause(SocketError::kNetwork));
  EXPECT_THAT(alice.ConnectToHost(IpAddress(), 7), HasCause(SocketError::kNetwork));
  EXPECT_THAT(alice.ConnectToHost("localhost", 0), HasCause(SocketError::kNetwork));
  EXPECT_EQ(alice.state(), SocketState::kUnconnected);
}

TEST_P(ConnectTest, NamesAreLookedUpWithoutBlocking) {
  UdpSocket alice(a()), server = Bound(a(), IpAddress::Any());
  std::vector<SocketState> states;
  alice.OnStateChanged([&](SocketState state) { states.push_back(state); });
  ASSERT_THAT(alice.ConnectToHost("localhost", server.local_endpoint().port), IsOk());
  EXPECT_EQ(alice.state(), SocketState::kHostLookup);
  ASSERT_TRUE(bed().RunUntil([&] { return alice.state() == SocketState::kConnected; }));
  EXPECT_TRUE(alice.peer_endpoint().address.is_loopback());
  ASSERT_THAT(alice.Write("found"), IsOk());
  EXPECT_EQ(Read(server), "found");
  bed().Settle();
  EXPECT_THAT(states, ElementsAre(SocketState::kHostLookup, SocketState::kConnecting,
                                  SocketState::kConnected));
}

TEST_P(ConnectTest, ANameThatDoesNotResolveIsToldAndTheSocketIsAsBefore) {
  UdpSocket alice = Bound(a(), kA);
  const Endpoint before = alice.local_endpoint();
  std::vector<absl::Status> errors;
  alice.OnError([&](const absl::Status& status) { errors.push_back(status); });
  ASSERT_THAT(alice.ConnectToHost("no such host", 7), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return errors.size() == 1; }, absl::Seconds(30)));
  EXPECT_THAT(errors[0], HasCause(SocketError::kHostNotFound));
  EXPECT_THAT(errors[0], Says("no such host"));
  EXPECT_EQ(alice.state(), SocketState::kBound);
  EXPECT_EQ(alice.local_endpoint(), before);
  EXPECT_THAT(alice.error(), HasCause(SocketError::kHostNotFound));
}

// qt-contract 1.3: these crash QUdpSocket.
TEST_P(ConnectTest, CallsDuringALookupAndAfterADisconnectAreSafe) {
  UdpSocket alice(a());
  std::array<char, 4> buffer;
  ASSERT_THAT(alice.ConnectToHost("localhost", 7), IsOk());
  EXPECT_FALSE(alice.HasPendingDatagrams());
  EXPECT_THAT(alice.ReadDatagram(absl::MakeSpan(buffer)), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.JoinMulticastGroup(kGroup), HasCause(SocketError::kOperation));
  EXPECT_FALSE(alice.WriteDatagram("x", Endpoint(kB, 7)).ok());
  EXPECT_THAT(alice.DisconnectFromHost(), IsOk());
  EXPECT_EQ(alice.state(), SocketState::kUnconnected);
  EXPECT_FALSE(alice.HasPendingDatagrams());
  EXPECT_THAT(alice.ReadDatagram(absl::MakeSpan(buffer)), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.JoinMulticastGroup(kGroup), HasCause(SocketError::kOperation));
}

TEST_P(ConnectTest, ALookupThatWasGivenUpNeverConnects) {
  UdpSocket alice(a()), server = Bound(a(), IpAddress::Any());
  int errors = 0;
  alice.OnError([&](const absl::Status&) { ++errors; });
  ASSERT_THAT(alice.ConnectToHost("no such host", 7), IsOk());
  alice.Close();
  ASSERT_THAT(alice.ConnectToHost("localhost", server.local_endpoint().port), IsOk());
  ASSERT_TRUE(
      bed().RunUntil([&] { return alice.state() == SocketState::kConnected; }, absl::Seconds(30)));
  bed().Settle();
  EXPECT_EQ(alice.state(), SocketState::kConnected);
  EXPECT_EQ(errors, 0);
}

TEST_P(ConnectTest, ASocketMayBeDestroyedDuringItsLookup) {
  {
    UdpSocket alice(a());
    ASSERT_THAT(alice.ConnectToHost("localhost", 7), IsOk());
  }
  bool resolved = false;
  a().Resolve("localhost", [&](const absl::StatusOr<std::vector<IpAddress>>& addresses) {
    EXPECT_THAT(addresses, IsOk());
    EXPECT_THAT(*addresses, ::testing::Not(IsEmpty()));
    resolved = true;
  });
  EXPECT_FALSE(resolved);
  EXPECT_TRUE(bed().RunUntil([&] { return resolved; }));
}

TEST_P(ConnectTest, AnAddressResolvesToItself) {
  std::vector<IpAddress> found;
  a().Resolve("10.77.0.2", [&](const absl::StatusOr<std::vector<IpAddress>>& addresses) {
    ASSERT_THAT(addresses, IsOk());
    found = *addresses;
  });
  EXPECT_THAT(found, IsEmpty());
  EXPECT_TRUE(bed().RunUntil([&] { return !found.empty(); }));
  EXPECT_THAT(found, ElementsAre(kB));
}

// RFC 4007, 11.2: "<address>%<zone_id>".
TEST_P(ConnectTest, AnInterfacesNameIsTheScopeOfAnAddress) {
  const NetworkInterface va = Interface(a(), "va"), wa = Interface(a(), "wa");
  const auto resolve = [this](const std::string& text) {
    std::string answer;
    a().Resolve(text, [&](const absl::StatusOr<std::vector<IpAddress>>& addresses) {
      answer = "(error)";
      ASSERT_THAT(addresses, IsOk());
      ASSERT_THAT(*addresses, SizeIs(1));
      answer = addresses->front().ToString();
    });
    EXPECT_EQ(answer, "") << "never inside the call";
    EXPECT_TRUE(bed().RunUntil([&] { return !answer.empty(); }));
    return answer;
  };
  EXPECT_EQ(resolve("fe80::1%va"), absl::StrCat("fe80::1%", va.index));
  EXPECT_EQ(resolve("fe80::1%wa"), absl::StrCat("fe80::1%", wa.index));
  EXPECT_EQ(resolve("ff02::1%va"), absl::StrCat("ff02::1%", va.index));
  EXPECT_EQ(resolve("ff01::1%va"), absl::StrCat("ff01::1%", va.index));
  EXPECT_EQ(resolve(absl::StrCat("fe80::1%", wa.index)), absl::StrCat("fe80::1%", wa.index));
  EXPECT_EQ(resolve("fe80::1%4711"), "fe80::1%4711") << "a number is taken as it is";

  UdpSocket alice(a());
  ASSERT_THAT(alice.ConnectToHost("ff02::4321%va", 7), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return alice.state() == SocketState::kConnected; }));
  EXPECT_EQ(alice.peer_endpoint(),
            Endpoint(IpAddress::Parse("ff02::4321")->WithScope(va.index), 7));
  EXPECT_EQ(alice.local_endpoint().address.scope_id(), va.index);
}

TEST_P(ConnectTest, AScopeThatCannotBeIsToldAndNotLookedUp) {
  UdpSocket alice(a());
  std::vector<absl::Status> errors;
  alice.OnError([&](const absl::Status& status) { errors.push_back(status); });
  const auto connect = [&](const std::string& text) {
    errors.clear();
    EXPECT_THAT(alice.ConnectToHost(text, 7), IsOk());
    EXPECT_TRUE(bed().RunUntil([&] { return errors.size() == 1; }));
    EXPECT_EQ(alice.state(), SocketState::kUnconnected);
    return errors.empty() ? absl::OkStatus() : errors[0];
  };
  for (const char* text : {"fe80::1%nosuch", "ff02::1%nosuch", "fe80::1%", "fe80::1%0"}) {
    const absl::Status status = connect(text);
    EXPECT_THAT(status, HasCause(SocketError::kHostNotFound));
    EXPECT_THAT(status, Says(text));
    EXPECT_THAT(status, Says("wa")) << "it says which interfaces there are";
  }
  const absl::Status everywhere = connect("fd77::2%va");
  EXPECT_THAT(everywhere, HasCause(SocketError::kHostNotFound));
  EXPECT_THAT(everywhere, Says("fd77::2%va"));
  EXPECT_THAT(everywhere, Says("only link-local"));
}

// What inet_aton reads beside four decimal parts, and most resolvers with it, is refused, as by
// `IpAddress::Parse`: "010.0.0.1" is one address for some and another one for others.
TEST_P(ConnectTest, AShortOrOctalAddressIsToldAndNotLookedUp) {
  const struct {
    const char* text;
    const char* read;
  } cases[] = {{"127.1", "127.0.0.1"},
               {"0x7f000001", "127.0.0.1"},
               {"2130706433", "127.0.0.1"},
               {"010.77.0.2", "8.77.0.2"},
               {"1", "0.0.0.1"}};
  for (const auto& [text, read] : cases) {
    UdpSocket alice(a());
    absl::Status error;
    alice.OnError([&](const absl::Status& status) { error = status; });
    EXPECT_THAT(alice.ConnectToHost(text, 7), IsOk()) << text;
    ASSERT_TRUE(bed().RunUntil([&] { return !error.ok(); })) << text;
    EXPECT_EQ(alice.state(), SocketState::kUnconnected) << text;
    EXPECT_THAT(error, HasCause(SocketError::kHostNotFound)) << text;
    EXPECT_THAT(error, Says(absl::StrCat("resolve \"", text, "\"")));
    EXPECT_THAT(error, Says(absl::StrCat("what inet_aton reads in this is ", read)));
  }
}

}  // namespace
}  // namespace pollux::conformance
