// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/trace.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "sim/choice/random.h"
#include "sim/trace/fold.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

// Different ones, so that what is in one place does not count as in another.
constexpr uint64_t kKeys[] = {MixBits(11), MixBits(12), MixBits(13), MixBits(14),
                              MixBits(15), MixBits(16), MixBits(17), MixBits(18),
                              MixBits(19), MixBits(20), MixBits(21), MixBits(22),
                              MixBits(23), MixBits(24), MixBits(25), MixBits(26)};

// The numbers of an event are folded in pairs, side by side, each pair with keys of its own, and
// added up: that is much less for the processor to wait for than one after the other.
template <size_t kPlace>
uint64_t Pair(uint64_t a, uint64_t b) {
  return Fold(a ^ kKeys[2 * kPlace], b ^ kKeys[2 * kPlace + 1]);
}

constexpr absl::string_view kCalledBack =
    "a trace sink has called back into the simulation from OnEvent; post what it wants to a loop";

uint64_t NumberOf(absl::Duration duration) {
  return static_cast<uint64_t>(absl::ToInt64Nanoseconds(duration));
}

uint64_t NumberOf(const uint8_t* bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | bytes[i];
  return number;
}

// An IPv6 address as two numbers, so that its place in memory does not matter.
struct Words {
  uint64_t high = 0;
  uint64_t low = 0;
};
Words WordsOf(const IpAddress& address) {
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  return {NumberOf(bytes.data()), NumberOf(bytes.data() + 8)};
}

// What the ends have beside the words of their addresses. Addresses in packets have no scope.
uint64_t PortsOf(const Packet& packet) {
  return uint64_t{packet.source.port} | uint64_t{packet.destination.port} << 16 |
         uint64_t{static_cast<uint8_t>(packet.source.address.family())} << 32 |
         uint64_t{static_cast<uint8_t>(packet.destination.address.family())} << 40;
}

uint64_t HeaderOf(const Packet& packet) {
  // An ICMP error by number and one, so that 0 is none.
  const uint64_t icmp = packet.icmp ? static_cast<uint64_t>(*packet.icmp) + 1 : 0;
  return uint64_t{packet.hop_limit} | uint64_t{packet.traffic_class} << 8 |
         uint64_t{packet.dont_fragment} << 16 | icmp << 24 | uint64_t{packet.icmp_mtu} << 32;
}

// What differs among the sockets that one packet is delivered to.
uint64_t ForSocket(uint64_t time, uint64_t what, SocketId socket) {
  return Pair<0>(time, what | socket << 16);
}

}  // namespace

Trace::~Trace() {
  for (TraceSink* sink : sinks_) sink->trace_ = nullptr;
}

void Trace::Tell(const TraceEvent& event) {
  telling_ = true;
  for (TraceSink* sink : sinks_) sink->OnEvent(event);
  telling_ = false;
}

void Trace::Record(TraceEvent& event) {
  POLLUX_CHECK(!telling_, kCalledBack);
  event.sequence = ++count_;
  Kept& kept = kept_[++whole_ % kKept];
  if (event.packet != nullptr) {
    event.because = event.packet->event;
    event.packet->event = count_;
    static_cast<PacketHeader&>(kept.packet) = *event.packet;
    kept.packet.payload = Payload::OfSize(event.packet->payload.size());
  }
  if (event.packet == nullptr || !event.note.empty() || !kept.note.empty()) {
    kept.note = std::string(event.note);
  }
  kept.event = event;
  kept.event.message = nullptr;
  latest_[count_ % kKept] = {whole_, event.socket};
  Condense(event);
  if (ABSL_PREDICT_FALSE(!sinks_.empty())) Tell(event);
}

void Trace::RecordAgain(const Packet& packet, SocketId socket) {
  latest_[++count_ % kKept] = {whole_, socket};
  fingerprint_.Add(condensed_.rest + ForSocket(condensed_.time, condensed_.what, socket));
  if (ABSL_PREDICT_FALSE(!sinks_.empty())) TellAgain(packet, socket);
}

void Trace::TellAgain(const Packet& packet, SocketId socket) {
  Kept& kept = kept_[whole_ % kKept];
  TraceEvent& event = kept.event;
  event.sequence = count_;
  event.socket = socket;
  event.packet = &packet;
  event.note = kept.note;
  Tell(event);
}

void Trace::RecordFault(absl::Duration time, absl::string_view name, absl::string_view interface,
                        absl::string_view note) {
  TraceEvent event;
  event.kind = EventKind::kFault;
  event.time = time;
  event.host = name;
  event.interface = interface;
  event.note = note;
  Record(event);
}

std::string Trace::LatestEvents() const {
  std::string text;
  const uint64_t first = count_ > kKept ? count_ - kKept + 1 : 1;
  for (uint64_t sequence = first; sequence <= count_; ++sequence) {
    const Latest& latest = latest_[sequence % kKept];
    const Kept& kept = kept_[latest.whole % kKept];
    TraceEvent event = kept.event;
    event.sequence = sequence;
    event.socket = latest.socket;
    if (event.packet != nullptr) event.packet = &kept.packet;
    event.note = kept.note;
    absl::StrAppend(&text, event.ToString(), "\n");
  }
  return text;
}

void Trace::Condense(const TraceEvent& event) {
  uint64_t rest = Pair<1>(event.host.hash(), event.interface.hash());
  if (event.packet != nullptr) {
    const Packet& packet = *event.packet;
    const IpAddress& from = packet.source.address;
    const IpAddress& to = packet.destination.address;
    rest += Pair<2>(event.origin.hash(), packet.id) + Pair<4>(PortsOf(packet), HeaderOf(packet));
    if (to.is_ipv6()) {
      const Words source = WordsOf(from);
      const Words destination = WordsOf(to);
      rest += Pair<3>(source.low, destination.low) + Pair<5>(source.high, destination.high);
    } else {
      rest += Pair<3>(from.ipv4_number(), to.ipv4_number());
    }
    if (packet.is_fragment()) rest += Pair<6>(packet.fragment_offset, packet.fragment_size);
    // Contents do not change on the way, but for damage that nobody finds out, and all fragments
    // share the whole: once is enough.
    const bool first = event.kind == EventKind::kSent && packet.fragment_offset == 0;
    const bool damaged = event.kind == EventKind::kCorrupted && !packet.corrupted;
    if (first || damaged) fingerprint_.Add(packet.payload.bytes());
  }
  if (!event.draw.empty()) rest += Pair<7>(event.draw.hash(), event.ordinal);
  condensed_.time = NumberOf(event.time);
  condensed_.what = static_cast<uint64_t>(event.kind) | static_cast<uint64_t>(event.cause) << 8;
  condensed_.rest = rest;
  fingerprint_.Add(rest + ForSocket(condensed_.time, condensed_.what, event.socket));
  if (event.delay != absl::ZeroDuration()) fingerprint_.Add(NumberOf(event.delay));
  if (!event.note.empty()) fingerprint_.Add(event.note);
}

TraceSink::TraceSink(Trace& trace) : trace_(&trace) {
  POLLUX_CHECK(!trace.telling_, "a trace sink was made while sinks are told of an event");
  trace.sinks_.push_back(this);
}

TraceSink::~TraceSink() {
  if (trace_ == nullptr) return;
  POLLUX_CHECK(!trace_->telling_, "a trace sink was destroyed while sinks are told of an event");
  std::vector<TraceSink*>& sinks = trace_->sinks_;
  sinks.erase(std::find(sinks.begin(), sinks.end(), this));
}

void TextTrace::OnEvent(const TraceEvent& event) {
  if (filter_ && !filter_(event)) return;
  absl::StrAppend(&text_, causes_ ? event.ToNumberedString() : event.ToString(), "\n");
}

void EventLog::OnEvent(const TraceEvent& event) {
  if (filter_ && !filter_(event)) return;
  Entry& entry = entries_.emplace_back();
  entry.event = event;
  entry.event.packet = nullptr;
  entry.event.message = nullptr;
  entry.event.note = absl::string_view();
  entry.note = std::string(event.note);
  entry.has_packet = event.packet != nullptr;
  if (entry.has_packet) entry.packet = *event.packet;
}

TraceEvent EventLog::Entry::Event() const {
  TraceEvent whole = event;
  whole.packet = has_packet ? &packet : nullptr;
  whole.note = note;
  return whole;
}

const EventLog::Entry* EventLog::Find(uint64_t sequence) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), sequence,
      [](const Entry& entry, uint64_t wanted) { return entry.event.sequence < wanted; });
  return found == entries_.end() || found->event.sequence != sequence ? nullptr : &*found;
}

std::vector<const EventLog::Entry*> EventLog::Chain(uint64_t sequence) const {
  std::vector<const Entry*> chain;
  // A cause is always earlier than what it causes, so this ends.
  for (const Entry* entry = Find(sequence); entry != nullptr; entry = Find(entry->event.because)) {
    chain.push_back(entry);
  }
  return chain;
}

std::string EventLog::Explain(uint64_t sequence) const {
  std::string text;
  for (const Entry* entry : Chain(sequence)) {
    absl::StrAppend(&text, entry->Event().ToNumberedString(), "\n");
  }
  return text;
}

size_t EventLog::Count(EventKind kind) const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.event.kind == kind; });
}

size_t EventLog::Count(EventKind kind, absl::string_view host) const {
  return std::count_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.event.kind == kind && entry.event.host == host;
  });
}

}  // namespace pollux::sim
