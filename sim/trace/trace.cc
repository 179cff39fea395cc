// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/trace.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/choice/random.h"
#include "sim/trace/fold.h"

namespace pollux::sim {
namespace {

// Different ones, so that what is in one place does not count as in another.
constexpr uint64_t kKeys[] = {MixBits(11), MixBits(12), MixBits(13), MixBits(14), MixBits(15),
                              MixBits(16), MixBits(17), MixBits(18), MixBits(19), MixBits(20)};

// An address as two numbers, so that its place in memory does not matter.
struct Words {
  uint64_t high = 0;
  uint64_t low = 0;
};
uint32_t NumberOf(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}
Words WordsOf(const IpAddress& address) {
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  return {uint64_t{NumberOf(bytes.data())} << 32 | NumberOf(bytes.data() + 4),
          uint64_t{NumberOf(bytes.data() + 8)} << 32 | NumberOf(bytes.data() + 12)};
}

uint64_t RestOf(const Endpoint& endpoint) {
  return uint64_t{endpoint.port} | uint64_t{endpoint.address.scope_id()} << 16 |
         uint64_t{static_cast<uint8_t>(endpoint.address.family())} << 48;
}

// Pairs of numbers are folded side by side, and then added as one.
void Add(Fingerprint& fingerprint, const Packet& packet) {
  const Words source = WordsOf(packet.source.address);
  const Words destination = WordsOf(packet.destination.address);
  // An ICMP error by number and one, so that 0 is none.
  const uint64_t icmp = packet.icmp ? static_cast<uint64_t>(*packet.icmp) + 1 : 0;
  const uint64_t header = uint64_t{packet.hop_limit} | uint64_t{packet.traffic_class} << 8 |
                          uint64_t{packet.dont_fragment} << 16 | icmp << 24 |
                          uint64_t{packet.icmp_mtu} << 32;
  const uint64_t from = Fold(source.high ^ kKeys[0], source.low ^ kKeys[1]);
  const uint64_t to = Fold(destination.high ^ kKeys[2], destination.low ^ kKeys[3]);
  const uint64_t rest =
      Fold(RestOf(packet.source) ^ kKeys[4], RestOf(packet.destination) ^ kKeys[5]);
  const uint64_t which = Fold(packet.id ^ kKeys[6], header ^ kKeys[7]);
  fingerprint.Add(Fold(from ^ kKeys[8], to));
  fingerprint.Add(Fold(rest ^ kKeys[9], which));
  if (!packet.is_fragment()) return;
  fingerprint.Add(uint64_t{packet.fragment_offset} | uint64_t{packet.fragment_size} << 16);
}

}  // namespace

Trace::~Trace() {
  for (TraceSink* sink : sinks_) sink->trace_ = nullptr;
}

void Trace::Record(TraceEvent& event) {
  event.sequence = ++count_;
  Kept& kept = kept_[count_ % kKept];
  if (event.packet != nullptr) {
    event.because = event.packet->event;
    event.packet->event = count_;
    kept.packet = *event.packet;
  }
  if (event.packet == nullptr || !event.note.empty() || !kept.note.empty()) {
    kept.note = std::string(event.note);
  }
  kept.event = event;
  kept.event.message = nullptr;
  Condense(event);
  for (TraceSink* sink : sinks_) sink->OnEvent(event);
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
    const Kept& kept = kept_[sequence % kKept];
    TraceEvent event = kept.event;
    if (event.packet != nullptr) event.packet = &kept.packet;
    event.note = kept.note;
    absl::StrAppend(&text, event.ToString(), "\n");
  }
  return text;
}

void Trace::Condense(const TraceEvent& event) {
  fingerprint_.Add(static_cast<uint64_t>(absl::ToInt64Nanoseconds(event.time)));
  fingerprint_.Add(static_cast<uint64_t>(event.kind) | static_cast<uint64_t>(event.cause) << 8);
  fingerprint_.Add(event.host.hash());
  fingerprint_.Add(event.interface.hash());
  fingerprint_.Add(event.origin.hash());
  if (event.packet != nullptr) {
    Add(fingerprint_, *event.packet);
    // Contents do not change on the way, but for damage that nobody finds out, and all fragments
    // share the whole: once is enough.
    const bool first = event.kind == EventKind::kSent && event.packet->fragment_offset == 0;
    const bool damaged = event.kind == EventKind::kCorrupted && !event.packet->corrupted;
    if (first || damaged) fingerprint_.Add(event.packet->payload.bytes());
    if (!event.note.empty()) fingerprint_.Add(event.note);
  } else {
    fingerprint_.Add(event.note);
  }
  switch (event.kind) {
    case EventKind::kLost:
    case EventKind::kDuplicated:
    case EventKind::kCorrupted:
    case EventKind::kOvertook:
    case EventKind::kLate:
    case EventKind::kMarked:
    case EventKind::kRuled:
    case EventKind::kHeld:
    case EventKind::kReleased:
      fingerprint_.Add(event.draw.hash());
      fingerprint_.Add(event.ordinal);
      fingerprint_.Add(static_cast<uint64_t>(absl::ToInt64Nanoseconds(event.delay)));
      break;
    case EventKind::kDelivered:
    case EventKind::kDropped:
      fingerprint_.Add(event.socket);
      break;
    case EventKind::kFault:
    case EventKind::kTranslated:
      fingerprint_.Add(event.note);
      break;
    case EventKind::kForwarded:
    case EventKind::kReported:
    case EventKind::kSent:
    case EventKind::kUnclaimed:
      break;
  }
}

TraceSink::TraceSink(Trace& trace) : trace_(&trace) { trace.sinks_.push_back(this); }

TraceSink::~TraceSink() {
  if (trace_ == nullptr) return;
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
