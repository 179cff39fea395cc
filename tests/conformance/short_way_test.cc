// SPDX-License-Identifier: Apache-2.0
//
// The seam's short ways of one datagram, `SendTo` and `ReceiveFrom`, come to the same as `Send` and
// `Receive`, and keep what fails.

#include <array>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "tests/conformance/bed.h"

namespace pollux::conformance {
namespace {

class ShortWayTest : public ConformanceTest {
 protected:
  static std::unique_ptr<EngineSocket> Open(SocketEngine& engine, AddressFamily family,
                                            const IpAddress& address) {
    absl::StatusOr<std::unique_ptr<EngineSocket>> socket = engine.NewUdpSocket(family);
    EXPECT_THAT(socket, IsOk());
    EXPECT_THAT((*socket)->Bind(Endpoint(address, 0)), IsOk());
    return *std::move(socket);
  }

  // What becomes of that datagram, by the long way.
  static absl::Status Send(EngineSocket& socket, absl::string_view payload, const Endpoint& to) {
    const SendSlot slot{.payload = payload, .destination = to};
    return socket.Send({&slot, 1}).status();
  }
};
POLLUX_CONFORMANCE_SUITE(ShortWayTest);

TEST_P(ShortWayTest, SendsAndRefusesWhatTheLongWayDoes) {
  const std::unique_ptr<EngineSocket> alice = Open(a(), AddressFamily::kIpv4, kA);
  const std::unique_ptr<EngineSocket> bob = Open(b(), AddressFamily::kIpv4, kB);
  const uint16_t port = bob->LocalEndpoint().port;
  const std::string too_large(kMaxIpv4Payload + 1, 'x');
  int refused = 0;
  for (const Endpoint& to : {Endpoint(kB, port), Endpoint(kB, 0), Endpoint(), Endpoint(kB6, port),
                             Endpoint(IpAddress::Any(), port)}) {
    for (const absl::string_view payload : {absl::string_view("x"), absl::string_view(too_large)}) {
      SCOPED_TRACE(absl::StrCat(payload.size(), " bytes to ", to.ToString()));
      const absl::Status expected = Send(*alice, payload, to);
      absl::Status error;
      EXPECT_EQ(alice->SendTo(payload, to, error), expected);
      EXPECT_EQ(error, expected) << "kept";
      if (!expected.ok()) ++refused;
    }
  }
  EXPECT_EQ(refused, 9);
  bed().Settle();
  std::array<char, 10> room;
  std::array<ReceiveSlot, 3> slots;
  for (ReceiveSlot& slot : slots) slot.buffer = absl::MakeSpan(room);
  EXPECT_EQ(*bob->Receive(absl::MakeSpan(slots)), 2u) << "one by each way";
}

TEST_P(ShortWayTest, OfAConnectedSocketGoesToThePeer) {
  const std::unique_ptr<EngineSocket> alice = Open(a(), AddressFamily::kIpv4, kA);
  const std::unique_ptr<EngineSocket> bob = Open(b(), AddressFamily::kIpv4, kB);
  ASSERT_THAT(alice->Connect(bob->LocalEndpoint()), IsOk());
  absl::Status error;
  ASSERT_THAT(alice->SendTo("hello", Endpoint(), error), IsOk());
  bed().Settle();
  std::array<char, 10> room;
  EXPECT_EQ(*bob->ReceiveFrom(absl::MakeSpan(room), nullptr, error), 5u);
  EXPECT_EQ(std::string(room.data(), 5), "hello");
  EXPECT_THAT(error, IsOk());
}

// On a socket of both families as well, with metadata and without, whole and cut.
TEST_P(ShortWayTest, ReceivesWhatTheLongWayDoes) {
  for (const AddressFamily family : {AddressFamily::kIpv4, AddressFamily::kDual}) {
    const bool dual = family == AddressFamily::kDual;
    const std::unique_ptr<EngineSocket> bob = Open(b(), family, dual ? IpAddress::Any() : kB);
    const std::unique_ptr<EngineSocket> alice = Open(a(), AddressFamily::kIpv4, kA);
    for (const Metadata metadata :
         {Metadata::kNone, Metadata::kHopLimit | Metadata::kDestination}) {
      ASSERT_THAT(bob->RequestMetadata(metadata), IsOk());
      for (const absl::string_view payload : {"", "four", "too long"}) {
        SCOPED_TRACE(absl::StrCat(payload, dual ? " to both families" : ""));
        absl::Status error;
        for (int i = 0; i < 2; ++i) {
          ASSERT_THAT(alice->SendTo(payload, {kB, bob->LocalEndpoint().port}, error), IsOk());
        }
        bed().Settle();
        std::array<char, 4> room;
        ReceiveSlot slot{.buffer = absl::MakeSpan(room)};
        ASSERT_EQ(*bob->Receive({&slot, 1}), 1u);
        DatagramInfo info;
        info.ecn = Ecn::kCongestion;  // Of an earlier datagram.
        EXPECT_EQ(*bob->ReceiveFrom(absl::MakeSpan(room), &info, error), slot.size);
        EXPECT_EQ(info.source, slot.info.source);
        EXPECT_EQ(info.truncated, slot.info.truncated);
        EXPECT_EQ(info.destination, slot.info.destination);
        EXPECT_EQ(info.hop_limit, slot.info.hop_limit);
        EXPECT_EQ(info.ecn, slot.info.ecn);
        EXPECT_THAT(error, IsOk());
      }
    }
  }
}

TEST_P(ShortWayTest, NothingPendingIsTemporaryAndKept) {
  const std::unique_ptr<EngineSocket> bob = Open(b(), AddressFamily::kIpv4, kB);
  absl::Status error;
  DatagramInfo info;
  info.truncated = true;
  const absl::StatusOr<size_t> none = bob->ReceiveFrom({}, &info, error);
  EXPECT_THAT(none, HasCause(SocketError::kTemporary));
  EXPECT_EQ(none.status(), error);
  EXPECT_TRUE(info.truncated) << "as it was";
}

}  // namespace
}  // namespace pollux::conformance
