// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/trace.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Packet Hello() {
  Packet packet;
  packet.id = 1;
  packet.source = Endpoint(IpAddress::Ipv4(10, 0, 0, 1), 5000);
  packet.destination = Endpoint(IpAddress::Ipv4(10, 0, 0, 2), 7755);
  packet.payload = Payload::Copy("hello");
  return packet;
}

TraceEvent EventOf(EventKind kind, const Packet& packet) {
  TraceEvent event;
  event.kind = kind;
  event.time = absl::Milliseconds(2);
  event.host = "bob";
  event.interface = "eth0";
  event.origin = "alice";
  event.packet = &packet;
  return event;
}

TEST(TraceEvent, ReadsLikeASentence) {
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kDelivered, packet);
  event.socket = 3;
  EXPECT_EQ(event.ToString(),
            "0.002000000 bob/eth0   delivered  alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes "
            "(socket 3)");
  event = EventOf(EventKind::kDropped, packet);
  event.cause = DropCause::kNoSocket;
  EXPECT_THAT(event.ToString(), HasSubstr("dropped    alice#1"));
  EXPECT_THAT(event.ToString(), HasSubstr(std::string(ToString(DropCause::kNoSocket))));
  event = EventOf(EventKind::kLost, packet);
  event.draw = "lan/alice->bob";
  event.ordinal = 4;
  EXPECT_THAT(event.ToString(), HasSubstr("(loss lan/alice->bob #4)"));
  event = EventOf(EventKind::kDuplicated, packet);
  event.draw = "lan/alice->bob";
  event.ordinal = 4;
  event.delay = absl::Milliseconds(7);
  EXPECT_THAT(event.ToString(), HasSubstr("(duplicate lan/alice->bob #4 after 7ms)"));
}

TEST(TraceEvent, TellsIcmpErrors) {
  Packet packet = Hello();
  packet.icmp = IcmpError::kPortUnreachable;
  EXPECT_THAT(EventOf(EventKind::kSent, packet).ToString(),
              HasSubstr("alice#1 ICMP port unreachable about 10.0.0.1:5000 > 10.0.0.2:7755"));
}

TEST(TraceEvent, KeepsEveryNanosecond) {
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kSent, packet);
  event.time = absl::Hours(3) + absl::Nanoseconds(1);
  EXPECT_THAT(event.ToString(), HasSubstr("10800.000000001 "));
}

TEST(Trace, FingerprintSeesEveryField) {
  const auto fingerprint = [](auto change) {
    Packet packet = Hello();
    TraceEvent event = EventOf(EventKind::kSent, packet);
    change(event, packet);
    Trace trace;
    trace.Record(event);
    return trace.fingerprint();
  };
  const uint64_t plain = fingerprint([](TraceEvent&, Packet&) {});
  EXPECT_EQ(plain, fingerprint([](TraceEvent&, Packet&) {}));
  EXPECT_NE(plain, fingerprint([](TraceEvent& e, Packet&) { e.time += absl::Nanoseconds(1); }));
  EXPECT_NE(plain, fingerprint([](TraceEvent& e, Packet&) { e.host = "carol"; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent& e, Packet&) { e.interface = "eth1"; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent& e, Packet&) { e.origin = "carol"; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent& e, Packet&) { e.kind = EventKind::kUnclaimed; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.id = 2; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.source.port = 1; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) {
              p.destination.address = IpAddress::Ipv4(10, 0, 0, 3);
            }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.hop_limit = 63; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.traffic_class = 2; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.dont_fragment = true; }));
  EXPECT_NE(plain, fingerprint([](TraceEvent&, Packet& p) { p.payload = Payload::Copy("hellp"); }));
  EXPECT_NE(plain,
            fingerprint([](TraceEvent&, Packet& p) { p.icmp = IcmpError::kNetUnreachable; }));
}

TEST(Trace, FingerprintStaysTheSame) {
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kSent, packet);
  Trace trace;
  trace.Record(event);
  EXPECT_EQ(trace.fingerprint(), 7642574342218634492u);
}

TEST(Trace, KeepsTheLatest) {
  Trace trace;
  EXPECT_EQ(trace.LatestEvents(), "");
  for (uint64_t id = 1; id <= 20; ++id) {
    Packet packet = Hello();
    packet.id = id;
    TraceEvent event = EventOf(EventKind::kSent, packet);
    trace.Record(event);
    EXPECT_EQ(event.sequence, id);
  }
  EXPECT_EQ(trace.count(), 20u);
  EXPECT_THAT(trace.LatestEvents(), Not(HasSubstr("alice#4 ")));
  EXPECT_THAT(trace.LatestEvents(), HasSubstr("alice#5 "));
  EXPECT_THAT(trace.LatestEvents(), HasSubstr("alice#20 "));
}

TEST(Trace, AnotherSocketsEventIsAsIfItWereRecordedWhole) {
  const Packet packet = Hello();
  Trace whole;
  Trace again;
  TextTrace whole_text(whole);
  TextTrace again_text(again);
  // More than are kept, and one of another kind among them.
  for (SocketId socket = 1; socket <= 40; ++socket) {
    const bool other = socket == 30;
    TraceEvent event = EventOf(other ? EventKind::kDropped : EventKind::kDelivered, packet);
    event.socket = socket;
    packet.event = 7;
    whole.Record(event);
    packet.event = 7;
    if (socket == 1 || other || socket == 31) {
      again.Record(event);
    } else {
      again.RecordAgain(packet, socket);
    }
    EXPECT_EQ(again.fingerprint(), whole.fingerprint()) << socket;
    EXPECT_EQ(again.LatestEvents(), whole.LatestEvents());
  }
  EXPECT_EQ(again.count(), whole.count());
  EXPECT_EQ(again_text.text(), whole_text.text());
}

TEST(TraceDeathTest, ASinkMustNotPutAnythingOnRecord) {
  class Meddler final : public TraceSink {
   public:
    explicit Meddler(Trace& trace) : TraceSink(trace), trace_(trace) {}
    void OnEvent(const TraceEvent&) override {
      trace_.RecordFault(absl::ZeroDuration(), "bob", "", "crash");
    }

   private:
    Trace& trace_;
  };
  Trace trace;
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kDelivered, packet);
  const Meddler meddler(trace);
  EXPECT_DEATH(trace.Record(event), "called back into the simulation");
}

TEST(TraceDeathTest, ASinkMustNotMakeOrEndSinks) {
  class Maker final : public TraceSink {
   public:
    explicit Maker(Trace& trace) : TraceSink(trace), trace_(trace) {}
    void OnEvent(const TraceEvent&) override { made_ = std::make_unique<TextTrace>(trace_); }

   private:
    Trace& trace_;
    std::unique_ptr<TraceSink> made_;
  };
  class Ender final : public TraceSink {
   public:
    explicit Ender(Trace& trace) : TraceSink(trace), other_(std::make_unique<TextTrace>(trace)) {}
    void OnEvent(const TraceEvent&) override { other_.reset(); }

   private:
    std::unique_ptr<TraceSink> other_;
  };
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kDelivered, packet);
  Trace first;
  const Maker maker(first);
  EXPECT_DEATH(first.Record(event), "a trace sink was made");
  Trace second;
  const Ender ender(second);
  EXPECT_DEATH(second.Record(event), "a trace sink was destroyed");
}

TEST(TextTrace, HearsFromConstructionToDestruction) {
  auto trace = std::make_unique<Trace>();
  const Packet packet = Hello();
  TraceEvent event = EventOf(EventKind::kSent, packet);
  trace->Record(event);
  TextTrace all(*trace);
  TextTrace none(*trace, [](const TraceEvent& e) { return e.host == "carol"; });
  { TextTrace gone(*trace); }
  trace->Record(event);
  EXPECT_EQ(all.text(), event.ToString() + "\n");
  EXPECT_EQ(none.text(), "");
  trace.reset();
  EXPECT_EQ(all.text(), event.ToString() + "\n");
}

TEST(EventLog, CountsByKindAndHost) {
  Trace trace;
  EventLog log(trace);
  {
    const Packet packet = Hello();
    TraceEvent event = EventOf(EventKind::kSent, packet);
    trace.Record(event);
    trace.Record(event);
    event.host = "alice";
    trace.Record(event);
  }
  EXPECT_EQ(log.Count(EventKind::kSent), 3u);
  EXPECT_EQ(log.Count(EventKind::kSent, "alice"), 1u);
  EXPECT_EQ(log.Count(EventKind::kLost), 0u);
  EXPECT_EQ(log.entries()[2].packet.payload.bytes(), "hello");
}

// What happens to a host or a link has no packet; its note is kept for as long as the log.
TEST(EventLog, KeepsNotesAndFollowsCausesAsFarAsItHasThem) {
  Trace trace;
  EventLog log(trace, [](const TraceEvent& event) { return event.sequence != 2; });
  {
    const std::string note = "the cable is out";
    TraceEvent event;
    event.host = "bob";
    event.note = note;
    trace.Record(event);
    event.because = 1;
    trace.Record(event);
    trace.Record(event);
    event.because = 2;
    trace.Record(event);
  }
  ASSERT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.Find(2), nullptr);
  EXPECT_THAT(log.Explain(3), HasSubstr("#1 0.000000000 bob        sent       the cable is out"));
  EXPECT_EQ(log.Chain(3).size(), 2u);
  EXPECT_EQ(log.Chain(4).size(), 1u) << "what it is because of is not in the log";
  EXPECT_TRUE(log.Chain(9).empty());
  EXPECT_THAT(trace.LatestEvents(), HasSubstr("the cable is out"));
}

TEST(Trace, FingerprintSeesNotes) {
  const auto fingerprint = [](absl::string_view note) {
    TraceEvent event;
    event.note = note;
    Trace trace;
    trace.Record(event);
    return trace.fingerprint();
  };
  EXPECT_NE(fingerprint("the cable is out"), fingerprint("the cable is in"));
}

}  // namespace
}  // namespace pollux::sim
