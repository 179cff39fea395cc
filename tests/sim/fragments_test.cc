// SPDX-License-Identifier: Apache-2.0
//
// A datagram that is larger than the link takes: its fragments are packets of their own.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

constexpr size_t kLarge = 4000;  // Three fragments of a link of 1500.

class FragmentsTest : public ::testing::Test {
 protected:
  // Attaches both hosts to a segment with that link, and opens their sockets.
  void Build(const LinkProfile& link, Platform platform = Platform::kLinux) {
    Segment& lan =
        net_.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64", .link = link});
    alice_ = &net_.AddHost("alice");
    bob_ = &net_.AddHost("bob", {.platform = platform});
    lan.Attach(*alice_);
    lan.Attach(*bob_);
    from_.emplace(alice_->engine());
    to_.emplace(bob_->engine());
    ASSERT_TRUE(to_->Bind(7000).ok());
  }
  void Send(absl::string_view to, size_t size = kLarge) {
    ASSERT_TRUE(from_->WriteDatagram(std::string(size, 'x'), {*IpAddress::Parse(to), 7000}).ok());
  }
  size_t Received() {
    const auto datagram = to_->ReceiveDatagram();
    return datagram.ok() ? datagram->payload.size() : 0;
  }

  Network net_{{.seed = 7}};
  // Of the events since the last call of `Restart`.
  size_t Count(EventKind kind) const { return log_->Count(kind); }
  size_t Count(EventKind kind, absl::string_view host) const { return log_->Count(kind, host); }
  void Restart() { log_.emplace(net_.trace()); }
  // The first of its kind on that host.
  EventLog::Entry First(EventKind kind, absl::string_view host) const {
    for (const EventLog::Entry& entry : log_->entries()) {
      if (entry.event.kind == kind && entry.event.host == host) return entry;
    }
    ADD_FAILURE() << "no event " << ToString(kind) << " on " << host;
    return {};
  }

  std::optional<EventLog> log_{std::in_place, net_.trace()};
  Host* alice_ = nullptr;
  Host* bob_ = nullptr;
  std::optional<UdpSocket> from_;
  std::optional<UdpSocket> to_;
};

TEST_F(FragmentsTest, TravelApartAndArriveAsOne) {
  Build({.latency = absl::Milliseconds(1)});
  for (const char* address : {"10.0.0.2", "fd00::2"}) {
    Restart();
    Send(address);
    net_.RunFor(absl::Seconds(1));
    EXPECT_EQ(Received(), kLarge) << address;
    EXPECT_EQ(Count(EventKind::kSent), 3u) << address;
    EXPECT_EQ(Count(EventKind::kDelivered), 1u) << address;
  }
}

TEST_F(FragmentsTest, OneThatIsLostLosesTheDatagram) {
  Build({.loss_model = ListedLosses{{2}}});
  Send("10.0.0.2");
  Send("10.0.0.2");
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(Received(), kLarge);
  EXPECT_EQ(Received(), 0u);
  EXPECT_EQ(Count(EventKind::kLost), 1u);
  EXPECT_THAT(net_.Story().ToString(), HasSubstr("loss lan/alice->bob #2"));
}

// ipfrag_time, RFC 8200 4.5: and the sender is told, if the first fragment came.
TEST_F(FragmentsTest, DoNotWaitForEver) {
  Build({.loss_model = ListedLosses{{2, 4, 8}}});
  Send("10.0.0.2");
  net_.RunFor(absl::Seconds(29));
  EXPECT_EQ(Count(EventKind::kDropped), 0u);
  net_.RunFor(absl::Seconds(2));
  EXPECT_EQ(Count(EventKind::kDropped, "bob"), 2u);
  EXPECT_EQ(First(EventKind::kDropped, "bob").event.cause, DropCause::kReassemblyTimeout);
  EXPECT_EQ(First(EventKind::kSent, "bob").packet.icmp, IcmpError::kReassemblyTimeExceeded);
  // The first was lost: nobody is told.
  Restart();
  Send("10.0.0.2");
  net_.RunFor(absl::Seconds(31));
  EXPECT_EQ(Count(EventKind::kDropped, "bob"), 2u);
  EXPECT_EQ(Count(EventKind::kSent, "bob"), 0u);
  // IPv6 waits for a minute.
  Restart();
  Send("fd00::2");
  net_.RunFor(absl::Seconds(59));
  EXPECT_EQ(Count(EventKind::kDropped), 0u);
  net_.RunFor(absl::Seconds(2));
  EXPECT_EQ(Count(EventKind::kDropped, "bob"), 2u);
}

TEST_F(FragmentsTest, TheSenderLearnsThatTheyDidNotComeInTime) {
  Build({.loss_model = ListedLosses{{2}}});
  ASSERT_TRUE(from_->SetOption(SocketOption::kReportUnreachable, 1).ok());
  absl::Status told;
  from_->OnError([&](const absl::Status& status) { told = status; });
  Send("10.0.0.2");
  net_.RunFor(absl::Seconds(31));
  EXPECT_EQ(OsErrorOf(told), OsError::kHostUnreachable) << told;
}

TEST_F(FragmentsTest, OneThatComesTwiceDoesNoHarm) {
  Build({.duplicate = Ratio::Always(), .duplicate_delay = absl::Milliseconds(1)});
  Send("10.0.0.2");
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(Received(), kLarge);
  EXPECT_EQ(Received(), kLarge);
}

TEST_F(FragmentsTest, OneThatIsCorruptedIsFoundOutAboutAtTheEnd) {
  Build({});
  Segment& lan = net_.AddSegment("bad", "10.1.0.0/24", {.corrupt = Ratio(1, 1)});
  lan.Attach(*alice_);
  lan.Attach(*bob_);
  Send("10.1.0.2");
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(Received(), 0u);
  EXPECT_EQ(Count(EventKind::kDropped), 1u);
  EXPECT_EQ(First(EventKind::kDropped, "bob").event.cause, DropCause::kBadChecksum);
}

TEST_F(FragmentsTest, StayWholeOnLoopbackAndInTheOwnCopy) {
  Build({});
  UdpSocket own(alice_->engine());
  ASSERT_TRUE(own.Bind(7000).ok());
  Send("10.0.0.1");
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(Count(EventKind::kSent), 1u);
  Restart();
  ASSERT_TRUE(from_->SetOption(SocketOption::kBroadcast, 1).ok());
  Send("10.0.0.255");
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(Count(EventKind::kSent), 4u);
  EXPECT_EQ(Received(), kLarge);
}

TEST_F(FragmentsTest, SayInTheTraceWhichTheyAre) {
  TextTrace text(net_.trace());
  Build({});
  Send("10.0.0.2", 2000);
  net_.RunFor(absl::Seconds(1));
  EXPECT_THAT(text.text(), HasSubstr("2000 bytes, fragment 1480+528 of 2008"));
}

}  // namespace
}  // namespace pollux::sim
