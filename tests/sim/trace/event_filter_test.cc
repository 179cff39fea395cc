// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/event_filter.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trace/trace.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

// A drop on bob of a datagram of alice.
class EventFilterTest : public ::testing::Test {
 protected:
  EventFilterTest() {
    packet_.id = 3;
    packet_.source = Endpoint(IpAddress::Ipv4(10, 0, 0, 1), 5000);
    packet_.destination = Endpoint(IpAddress::Ipv4(10, 0, 0, 2), 7755);
    event_.kind = EventKind::kDropped;
    event_.cause = DropCause::kReceiveBufferFull;
    event_.time = absl::Milliseconds(1500);
    event_.sequence = 12;
    event_.host = "bob";
    event_.interface = "eth0";
    event_.origin = "alice";
    event_.packet = &packet_;
  }

  bool Takes(absl::string_view text) const {
    const absl::StatusOr<EventFilter> filter = EventFilter::Parse(text);
    EXPECT_TRUE(filter.ok()) << filter.status();
    return filter.ok() && (*filter)(event_);
  }

  Packet packet_;
  TraceEvent event_;
};

TEST_F(EventFilterTest, EveryNameLooksAtItsOwnField) {
  const std::pair<const char*, const char*> cases[] = {
      {"host=bob", "host=alice"},
      {"interface=eth0", "interface=eth1"},
      {"from=alice", "from=bob"},
      {"packet=alice#3", "packet=bob#3"},
      {"packet=3", "packet=30"},
      {"kind=dropped", "kind=lost"},
      {"cause=receive-buffer-full", "cause=no-socket"},
      {"address=10.0.0.2", "address=10.0.0.3"},
      {"address=10.0.0.1", "address=::1"},
      {"address=10.0.0.0/24", "address=10.0.1.0/24"},
      {"address=0.0.0.0/0", "address=::/0"},
      {"port=7755", "port=7756"},
      {"port=5000", "port=1..4999"},
      {"port=7000..", "port=7756.."},
      {"event=12", "event=13"},
      {"event=..12", "event=..11"},
      {"time=1.5s", "time=1.6s"},
      {"time=1s..2s", "time=1501ms..2s"},
  };
  for (const auto& [met, missed] : cases) {
    EXPECT_TRUE(Takes(met)) << met;
    EXPECT_FALSE(Takes(missed)) << missed;
  }
}

TEST_F(EventFilterTest, AllTermsAndAnyOfTheirValues) {
  EXPECT_TRUE(Takes(""));
  EXPECT_TRUE(Takes("kind=lost,dropped"));
  EXPECT_TRUE(Takes("  kind=lost,dropped\thost=bob\n"));
  EXPECT_FALSE(Takes("kind=dropped host=carol"));
  EXPECT_TRUE(Takes("host!=alice,carol"));
  EXPECT_FALSE(Takes("host!=alice,bob"));
}

TEST_F(EventFilterTest, AStarStandsForAnything) {
  EXPECT_TRUE(Takes("host=b*"));
  EXPECT_TRUE(Takes("host=*o*"));
  EXPECT_TRUE(Takes("host=*"));
  EXPECT_TRUE(Takes("host=b*b"));
  EXPECT_FALSE(Takes("host=b*c"));
  EXPECT_FALSE(Takes("host=*bobo"));
  EXPECT_TRUE(Takes("kind=d*"));
  EXPECT_TRUE(Takes("packet=alice#*"));
}

TEST_F(EventFilterTest, WhatIsAboutNoPacketHasNoAddress) {
  event_.packet = nullptr;
  EXPECT_FALSE(Takes("address=0.0.0.0/0"));
  EXPECT_FALSE(Takes("port=0..65535"));
  EXPECT_FALSE(Takes("packet=*"));
  EXPECT_TRUE(Takes("host=bob"));
}

TEST_F(EventFilterTest, ATextTraceTakesIt) {
  Trace trace;
  TextTrace text(trace, *EventFilter::Parse("host=bob event=2"));
  trace.Record(event_);
  trace.Record(event_);
  EXPECT_EQ(text.text(), event_.ToString() + "\n");
}

TEST_F(EventFilterTest, SaysWhatIsWrongAndWhatCouldBeThere) {
  const std::pair<const char*, const char*> cases[] = {
      {"bob", "filter term \"bob\": it needs a name and a value, as in kind=lost"},
      {"hst=bob", "\"hst\" is nothing to filter by: there are host, interface,"},
      {"=bob", "\"\" is nothing to filter by"},
      {"host=", "\"\" is no value"},
      {"host=a,,b", "\"\" is no value"},
      {"host=bob kind=vanished", "filter term \"kind=vanished\": \"vanished\" is none of sent, "},
      {"cause=spite", "\"spite\" is none of no-socket, not-for-this-host, "},
      {"address=10.0.0", "10.0.0"},
      {"address=10.0.0.0/33", "needs a prefix length from 0 to 32"},
      {"address=::/-1", "needs a prefix length from 0 to 128"},
      {"port=http", "\"http\" is neither a port nor a range from..to of them"},
      {"port=65536", "is more than 65535"},
      {"port=-1", "is neither a port"},
      {"port=..", "is neither a port"},
      {"event=9..2", "\"9..2\" is a range that ends before it begins"},
      {"time=5", "\"5\" is neither a time like 1.5s nor a range"},
  };
  for (const auto& [text, message] : cases) {
    const absl::StatusOr<EventFilter> filter = EventFilter::Parse(text);
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(filter.status().message()), HasSubstr(message));
  }
}

TEST_F(EventFilterTest, PrintsWhatItReads) {
  const std::string text = "host!=a*,bob time=1s..2s port=7755";
  EXPECT_EQ(EventFilter::Parse("  host!=a*,bob  time=1s..2s port=7755 ")->ToString(), text);
}

}  // namespace
}  // namespace pollux::sim
