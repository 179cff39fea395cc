// SPDX-License-Identifier: Apache-2.0
//
// Datagrams: sending, receiving, their sizes, and the batch calls.

#include <array>

#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DatagramTest : public ConformanceTest {};
POLLUX_CONFORMANCE_SUITE(DatagramTest);

TEST_P(DatagramTest, GoesFromHostToHostAndBack) {
  UdpSocket alice = Bound(a(), kA), bob = Bound(b(), kB);
  ASSERT_THAT(alice.WriteDatagram("hello", bob.local_endpoint()), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "hello");
  EXPECT_EQ(info.source, alice.local_endpoint());
  EXPECT_FALSE(info.truncated);
  ASSERT_THAT(bob.WriteDatagram("back", info.source), IsOk());
  EXPECT_EQ(Read(alice, &info), "back");
  EXPECT_EQ(info.source, bob.local_endpoint());
}

TEST_P(DatagramTest, GoesByIpv6Too) {
  UdpSocket alice = Bound(a(), kA6), bob = Bound(b(), kB6);
  ASSERT_THAT(alice.WriteDatagram("six", bob.local_endpoint()), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "six");
  EXPECT_EQ(info.source, alice.local_endpoint());
}

// The contract page: "If you just want to send datagrams, you don't need to call bind()"; and the
// answers reach it.
TEST_P(DatagramTest, ASenderNeedsNoBindAndHearsAnswers) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  int signals = 0;
  alice.OnReadyRead([&] { ++signals; });
  ASSERT_THAT(alice.WriteDatagram("ask", bob.local_endpoint()), IsOk());
  EXPECT_EQ(alice.state(), SocketState::kBound);
  EXPECT_EQ(alice.local_endpoint().address, IpAddress::Any());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "ask");
  EXPECT_EQ(info.source, Endpoint(kA, alice.local_endpoint().port));
  ASSERT_THAT(bob.WriteDatagram("answer", info.source), IsOk());
  EXPECT_TRUE(bed().RunUntil([&] { return signals == 1; }));
  EXPECT_EQ(Read(alice), "answer");
}

// Many libraries show ::ffff:10.77.0.1 here; across this seam addresses are unmapped.
TEST_P(DatagramTest, ADualSocketSeesIpv4AsIpv4AndTalksBothFamilies) {
  UdpSocket alice4 = Bound(a(), kA), alice6 = Bound(a(), kA6), bob = Bound(b(), IpAddress::Any());
  const uint16_t port = bob.local_endpoint().port;
  ASSERT_THAT(alice4.WriteDatagram("four", Endpoint(kB, port)), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "four");
  EXPECT_EQ(info.source, alice4.local_endpoint());
  EXPECT_THAT(bob.WriteDatagram("4", info.source), IsOk());
  EXPECT_EQ(Read(alice4), "4");
  ASSERT_THAT(alice6.WriteDatagram("six", Endpoint(kB6, port)), IsOk());
  EXPECT_EQ(Read(bob, &info), "six");
  EXPECT_EQ(info.source, alice6.local_endpoint());
  EXPECT_THAT(bob.WriteDatagram("6", info.source), IsOk());
  EXPECT_EQ(Read(alice6), "6");
}

TEST_P(DatagramTest, ArriveInOrderOneByOne) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  for (const char* text : {"one", "two", "three"}) {
    ASSERT_THAT(alice.WriteDatagram(text, bob.local_endpoint()), IsOk());
  }
  EXPECT_THAT(ReadAll(bob), ElementsAre("one", "two", "three"));
}

// The contract page: "Returns the size of the first pending UDP datagram. If there is no datagram
// available, this function returns -1"; 0 is an empty datagram.
TEST_P(DatagramTest, PendingSizeTellsAnEmptyDatagramFromNone) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  EXPECT_FALSE(bob.HasPendingDatagrams());
  EXPECT_EQ(bob.PendingDatagramSize(), std::nullopt);
  ASSERT_THAT(alice.WriteDatagram("", bob.local_endpoint()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("seven b", bob.local_endpoint()), IsOk());
  ASSERT_TRUE(bed().RunUntil([&] { return bob.HasPendingDatagrams(); }));
  EXPECT_EQ(bob.PendingDatagramSize(), 0u);
  EXPECT_EQ(Read(bob), "");
  EXPECT_TRUE(bed().RunUntil([&] { return bob.PendingDatagramSize() == 7u; }));
  EXPECT_EQ(Read(bob), "seven b");
}

// The contract page: "If maxSize is too small, the rest of the datagram will be lost."
TEST_P(DatagramTest, WhatDoesNotFitTheBufferIsLostAndToldSo) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.WriteDatagram("0123456789", bob.local_endpoint()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("next", bob.local_endpoint()), IsOk());
  bed().Settle();
  std::array<char, 4> buffer;
  DatagramInfo info;
  EXPECT_EQ(*bob.ReadDatagram(absl::MakeSpan(buffer), &info), 4u);
  EXPECT_EQ(absl::string_view(buffer.data(), 4), "0123");
  EXPECT_TRUE(info.truncated);
  EXPECT_EQ(info.source, Endpoint(kA, alice.local_endpoint().port));
  EXPECT_EQ(*bob.ReadDatagram(absl::MakeSpan(buffer), &info), 4u);
  EXPECT_EQ(absl::string_view(buffer.data(), 4), "next");
  EXPECT_FALSE(info.truncated);
}

// The contract page: "If maxSize is 0, the datagram will be discarded."
TEST_P(DatagramTest, AnEmptyBufferDiscardsTheDatagram) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.WriteDatagram("gone", bob.local_endpoint()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("kept", bob.local_endpoint()), IsOk());
  bed().Settle();
  DatagramInfo info;
  EXPECT_EQ(*bob.ReadDatagram({}, &info), 0u);
  EXPECT_TRUE(info.truncated);
  EXPECT_EQ(info.source.address, kA);
  EXPECT_THAT(ReadAll(bob), ElementsAre("kept"));
}

TEST_P(DatagramTest, OneByteThatIsCutIsToldToo) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(alice.WriteDatagram("12345", bob.local_endpoint()), IsOk());
  }
  bed().Settle();
  EXPECT_TRUE(bob.ReceiveDatagram(4)->info.truncated);
  EXPECT_FALSE(bob.ReceiveDatagram(5)->info.truncated);
}

TEST_P(DatagramTest, ReceiveDatagramCutsToTheGivenSize) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  ASSERT_THAT(alice.WriteDatagram("0123456789", bob.local_endpoint()), IsOk());
  bed().Settle();
  const absl::StatusOr<Datagram> datagram = bob.ReceiveDatagram(3);
  ASSERT_THAT(datagram, IsOk());
  EXPECT_EQ(datagram->payload, "012");
  EXPECT_TRUE(datagram->info.truncated);
}

TEST_P(DatagramTest, NothingPendingIsTemporaryAndChangesNothing) {
  UdpSocket bob = Bound(b(), kB);
  std::array<char, 4> buffer;
  EXPECT_THAT(bob.ReadDatagram(absl::MakeSpan(buffer)), HasCause(SocketError::kTemporary));
  EXPECT_THAT(bob.ReceiveDatagram(), HasCause(SocketError::kTemporary));
  std::array<ReceiveSlot, 2> slots;
  EXPECT_EQ(*bob.ReceiveBatch(absl::MakeSpan(slots)), 0u);
  EXPECT_EQ(bob.state(), SocketState::kBound);
}

TEST_P(DatagramTest, ReadingBeforeTheBindIsRefused) {
  UdpSocket socket(a());
  std::array<char, 4> buffer;
  EXPECT_FALSE(socket.HasPendingDatagrams());
  EXPECT_EQ(socket.PendingDatagramSize(), std::nullopt);
  EXPECT_THAT(socket.ReadDatagram(absl::MakeSpan(buffer)), HasCause(SocketError::kOperation));
  EXPECT_THAT(socket.ReceiveDatagram(), Says("bind it or connect it first"));
  EXPECT_EQ(socket.state(), SocketState::kUnconnected);
}

// udp-semantics 1.4 "max payload": 65507 in IPv4, 65527 in IPv6.
TEST_P(DatagramTest, TheLargestPayloadsPassAndOneByteMoreIsTooLarge) {
  UdpSocket alice4 = Bound(a(), IpAddress::LoopbackIpv4());
  UdpSocket alice6 = Bound(a(), IpAddress::LoopbackIpv6());
  const std::string large(kMaxIpv6Payload + 1, 'x');
  const auto cut = [&](size_t size) { return absl::string_view(large).substr(0, size); };
  EXPECT_THAT(alice4.WriteDatagram(cut(kMaxIpv4Payload), alice4.local_endpoint()), IsOk());
  EXPECT_EQ(Read(alice4).size(), kMaxIpv4Payload);
  EXPECT_THAT(alice4.WriteDatagram(cut(kMaxIpv4Payload + 1), alice4.local_endpoint()),
              HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(alice6.WriteDatagram(cut(kMaxIpv6Payload), alice6.local_endpoint()), IsOk());
  EXPECT_EQ(Read(alice6).size(), kMaxIpv6Payload);
  const absl::Status status = alice6.WriteDatagram(large, alice6.local_endpoint());
  EXPECT_THAT(status, HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(status, Says("65528"));
  EXPECT_EQ(alice6.state(), SocketState::kBound);
  // Through a dual socket IPv4 keeps its own limit.
  UdpSocket dual = Bound(a(), IpAddress::Any());
  EXPECT_THAT(dual.WriteDatagram(cut(kMaxIpv4Payload + 1), alice4.local_endpoint()),
              HasCause(SocketError::kDatagramTooLarge));
}

TEST_P(DatagramTest, LargerThanTheMtuArrivesWhole) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  const std::string payload(20000, 'f');
  ASSERT_THAT(alice.WriteDatagram(payload, bob.local_endpoint()), IsOk());
  EXPECT_EQ(Read(bob), payload);
}

TEST_P(DatagramTest, BadDestinationsAreNamedAndNothingIsSent) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  for (const Endpoint& bad :
       {Endpoint(), Endpoint(kB, 0), Endpoint(IpAddress(), 7), Endpoint(IpAddress::Any(), 7)}) {
    const absl::Status status = alice.WriteDatagram("x", bad);
    EXPECT_THAT(status, HasCause(SocketError::kNetwork));
    EXPECT_THAT(status, Says(bad.ToString()));
    EXPECT_EQ(alice.state(), SocketState::kUnconnected);
  }
}

// udp-semantics 1.4 "no route": B has no default route.
TEST_P(DatagramTest, AnUnreachableNetworkFailsTheSendAndLeavesTheStateAsItWas) {
  UdpSocket bob(b());
  const Endpoint nowhere(IpAddress::Ipv4(192, 0, 2, 1), 7);
  const absl::Status status = bob.WriteDatagram("x", nowhere);
  EXPECT_THAT(status, HasCause(SocketError::kNetwork));
  EXPECT_THAT(status, Says("192.0.2.1:7"));
  EXPECT_EQ(bob.state(), SocketState::kUnconnected);
}

TEST_P(DatagramTest, AnotherFamilysDestinationIsRefusedAndGoesNowhere) {
  UdpSocket four = Bound(a(), IpAddress::AnyIpv4());
  UdpSocket six = Bound(a(), IpAddress::AnyIpv6());
  const UdpSocket bob = Bound(b(), IpAddress::Any());
  const uint16_t port = bob.local_endpoint().port;
  EXPECT_THAT(four.WriteDatagram("x", Endpoint(kB6, port)), ::testing::Not(IsOk()));
  EXPECT_THAT(six.WriteDatagram("x", Endpoint(kB, port)), HasCause(SocketError::kNetwork));
}

// udp-semantics 1.4 "sendto port 0": refused by the socket itself, so the same everywhere.
TEST_P(DatagramTest, BytesWrittenComesOnceForEachDatagramFromTheLoop) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  std::vector<size_t> written;
  alice.OnBytesWritten([&](size_t size) { written.push_back(size); });
  ASSERT_THAT(alice.WriteDatagram("12345", bob.local_endpoint()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("", bob.local_endpoint()), IsOk());
  EXPECT_FALSE(alice.WriteDatagram("x", Endpoint()).ok());
  EXPECT_THAT(written, IsEmpty());
  bed().Settle();
  EXPECT_THAT(written, ElementsAre(5u, 0u));
}

TEST_P(DatagramTest, ABatchIsSentAndReceivedInOrder) {
  UdpSocket alice(a()), bob = Bound(b(), kB), carol = Bound(b(), kB);
  std::vector<SendSlot> out;
  std::vector<std::string> payloads;
  for (int i = 0; i < 40; ++i) payloads.push_back(std::string(static_cast<size_t>(i), 'p'));
  for (int i = 0; i < 40; ++i) {
    out.push_back({.payload = payloads[static_cast<size_t>(i)],
                   .destination = i % 4 == 3 ? carol.local_endpoint() : bob.local_endpoint()});
  }
  EXPECT_EQ(*alice.SendBatch(out), out.size());
  bed().Settle();
  std::vector<std::array<char, 64>> buffers(64);
  std::vector<ReceiveSlot> in(64);
  for (size_t i = 0; i < in.size(); ++i) in[i].buffer = absl::MakeSpan(buffers[i]);
  ASSERT_EQ(*bob.ReceiveBatch(absl::MakeSpan(in)), 30u);
  EXPECT_EQ(in[0].payload(), payloads[0]);
  EXPECT_EQ(in[29].payload(), payloads[38]);
  EXPECT_EQ(in[29].info.source, Endpoint(kA, alice.local_endpoint().port));
  EXPECT_EQ(*carol.ReceiveBatch(absl::MakeSpan(in).first(3)), 3u);
  EXPECT_EQ(*carol.ReceiveBatch(absl::MakeSpan(in)), 7u);
  EXPECT_EQ(in[6].payload(), payloads[39]);
}

TEST_P(DatagramTest, ABatchStopsAtTheDatagramThatCannotBeSent) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  const std::string large(kMaxIpv4Payload + 1, 'x');
  const SendSlot good{.payload = "good", .destination = bob.local_endpoint()};
  const SendSlot nowhere{.payload = "bad", .destination = Endpoint()};
  const SendSlot oversize{.payload = large, .destination = bob.local_endpoint()};
  EXPECT_EQ(*alice.SendBatch({good, nowhere, good}), 1u);
  EXPECT_EQ(*alice.SendBatch({good, good, oversize, good}), 2u);
  EXPECT_THAT(alice.SendBatch({oversize, good}), HasCause(SocketError::kDatagramTooLarge));
  EXPECT_THAT(alice.SendBatch({nowhere, good}), HasCause(SocketError::kNetwork));
  EXPECT_EQ(*alice.SendBatch({}), 0u);
  EXPECT_THAT(ReadAll(bob), ElementsAre("good", "good", "good"));
}

TEST_P(DatagramTest, ABatchReceivesTruncatedAndDiscardedDatagramsToo) {
  UdpSocket alice(a()), bob = Bound(b(), kB);
  for (const char* text : {"first", "second", "third"}) {
    ASSERT_THAT(alice.WriteDatagram(text, bob.local_endpoint()), IsOk());
  }
  bed().Settle();
  std::array<char, 3> small;
  std::array<char, 9> large;
  std::array<ReceiveSlot, 3> slots;
  slots[1].buffer = absl::MakeSpan(small);
  slots[2].buffer = absl::MakeSpan(large);
  ASSERT_EQ(*bob.ReceiveBatch(absl::MakeSpan(slots)), 3u);
  EXPECT_EQ(slots[0].size, 0u);
  EXPECT_TRUE(slots[0].info.truncated);
  EXPECT_EQ(slots[1].payload(), "sec");
  EXPECT_TRUE(slots[1].info.truncated);
  EXPECT_EQ(slots[2].payload(), "third");
  EXPECT_FALSE(slots[2].info.truncated);
}

// udp-semantics 1.4 "overflow": newest dropped silently, and the rest stays whole.
TEST_P(DatagramTest, AFullReceiveBufferDropsTheNewest) {
  UdpSocket alice(a()), bob(b());
  ASSERT_THAT(bob.SetOption(SocketOption::kReceiveBufferSize, 8192), IsOk());
  ASSERT_THAT(bob.RequestMetadata(Metadata::kDropCount), IsOk());
  ASSERT_THAT(bob.Bind(kB, 0), IsOk());
  const std::string payload(1000, 'x');
  for (int i = 0; i < 64; ++i) {
    ASSERT_THAT(alice.WriteDatagram(std::to_string(i) + payload, bob.local_endpoint()), IsOk());
  }
  const std::vector<std::string> kept = ReadAll(bob);
  ASSERT_THAT(kept, ::testing::Not(IsEmpty()));
  EXPECT_LT(kept.size(), 64u);
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], std::to_string(i) + payload);
  ASSERT_THAT(alice.WriteDatagram("after", bob.local_endpoint()), IsOk());
  DatagramInfo info;
  EXPECT_EQ(Read(bob, &info), "after");
  EXPECT_EQ(info.drop_count, 64 - kept.size());
}

// udp-semantics 1.4 "observed kept counts", on loopback: what a datagram costs of the buffer, and
// that an empty queue takes any.
TEST_P(DatagramTest, AReceiveBufferKeepsWhatTheKernelsMemoryAllows) {
  struct Case {
    int buffer;
    std::array<size_t, 3> kept;  // Of datagrams of 100, 1000 and 8000 bytes.
  };
  constexpr std::array<size_t, 3> kSizes = {100, 1000, 8000};
  UdpSocket sender = Bound(a(), IpAddress::LoopbackIpv4());
  for (const Case& c : {Case{2304, {2, 1, 1}}, {8192, {9, 3, 1}}, {131072, {157, 56, 7}}}) {
    for (size_t i = 0; i < kSizes.size(); ++i) {
      UdpSocket receiver = Bound(a(), IpAddress::LoopbackIpv4());
      ASSERT_THAT(receiver.SetOption(SocketOption::kReceiveBufferSize, c.buffer / 2), IsOk());
      const std::string payload(kSizes[i], 'x');
      for (int n = 0; n < 200; ++n) {
        ASSERT_THAT(sender.WriteDatagram(payload, receiver.local_endpoint()), IsOk());
      }
      EXPECT_EQ(ReadAll(receiver).size(), c.kept[i]) << c.buffer << " " << kSizes[i];
    }
  }
}

// udp-semantics 1.4 "SO_SNDBUF: small value does not cause EMSGSIZE": on loopback, where nothing is
// split. Fragments are another matter: they have to fit.
TEST_P(DatagramTest, ASmallSendBufferLimitsNoDatagram) {
  UdpSocket alice = Bound(a(), IpAddress::LoopbackIpv4());
  UdpSocket bob = Bound(a(), IpAddress::LoopbackIpv4());
  ASSERT_THAT(alice.SetOption(SocketOption::kSendBufferSize, 1), IsOk());
  const std::string payload(60000, 'x');
  ASSERT_THAT(alice.WriteDatagram(payload, bob.local_endpoint()), IsOk());
  EXPECT_EQ(Read(bob), payload);
}

// udp-semantics 1.4 "bound or connected-local 127.0.0.1, send/connect off host: EINVAL (connect
// failure keeps old peer)".
TEST_P(DatagramTest, ALoopbackSourceLeavesTheHostNowhere) {
  UdpSocket alice = Bound(a(), IpAddress::LoopbackIpv4());
  EXPECT_THAT(alice.WriteDatagram("x", Endpoint(kB, 9)), HasCause(SocketError::kOperation));
  EXPECT_THAT(alice.ConnectToHost(kB, 9), HasCause(SocketError::kOperation));
  EXPECT_EQ(alice.state(), SocketState::kBound);
  EXPECT_THAT(alice.ConnectToHost(IpAddress::LoopbackIpv4(), 9), IsOk());
}

// udp-semantics 1.4 "sendto / connect 0.0.0.0, ::: means loopback".
TEST_P(DatagramTest, TheZeroAddressIsLoopback) {
  UdpSocket four = Bound(a(), IpAddress::AnyIpv4()), six = Bound(a(), IpAddress::AnyIpv6());
  UdpSocket sender4 = Bound(a(), IpAddress::AnyIpv4()), sender6 = Bound(a(), IpAddress::AnyIpv6());
  const Endpoint to4(IpAddress::AnyIpv4(), four.local_endpoint().port);
  const Endpoint to6(IpAddress::AnyIpv6(), six.local_endpoint().port);
  DatagramInfo info;
  ASSERT_THAT(sender4.WriteDatagram("zero", to4), IsOk());
  EXPECT_EQ(Read(four, &info), "zero");
  EXPECT_EQ(info.source.address, IpAddress::LoopbackIpv4());
  ASSERT_THAT(sender6.WriteDatagram("zero", to6), IsOk());
  EXPECT_EQ(Read(six, &info), "zero");
  EXPECT_EQ(info.source.address, IpAddress::LoopbackIpv6());
  ASSERT_THAT(sender4.ConnectToHost(to4.address, to4.port), IsOk());
  ASSERT_THAT(sender4.Write("peer"), IsOk());
  EXPECT_EQ(Read(four), "peer");
}

// Observed: the memory of what was read comes back in quarters of the buffer, so a full one stays
// full for some reads.
TEST_P(DatagramTest, AFullReceiveBufferStaysFullForAWhile) {
  UdpSocket sender = Bound(a(), IpAddress::LoopbackIpv4());
  UdpSocket receiver = Bound(a(), IpAddress::LoopbackIpv4());
  ASSERT_THAT(receiver.SetOption(SocketOption::kReceiveBufferSize, 4096), IsOk());
  for (int i = 0; i < 30; ++i) {
    ASSERT_THAT(sender.WriteDatagram(std::string(50, 'o'), receiver.local_endpoint()), IsOk());
  }
  std::vector<std::string> taken;
  for (int i = 0; i < 12; ++i) {
    bed().Settle();
    const absl::StatusOr<Datagram> datagram = receiver.ReceiveDatagram();
    ASSERT_THAT(datagram, IsOk());
    taken.push_back(datagram->payload.size() == 50 ? "old" : datagram->payload);
    ASSERT_THAT(sender.WriteDatagram("new" + std::to_string(i), receiver.local_endpoint()), IsOk());
  }
  EXPECT_THAT(taken, ElementsAre("old", "old", "old", "old", "old", "old", "old", "old", "old",
                                 "new2", "new3", "new4"));
}

}  // namespace
}  // namespace pollux::conformance
