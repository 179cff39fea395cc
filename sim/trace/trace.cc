// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/trace.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

// An address as two numbers, so that its place in memory does not matter.
void Add(Fingerprint& fingerprint, const Endpoint& endpoint) {
  const IpAddress::Ipv6Bytes bytes = endpoint.address.ipv6_bytes();
  uint64_t high = 0;
  uint64_t low = 0;
  for (size_t i = 0; i < 8; ++i) high = high << 8 | bytes[i];
  for (size_t i = 8; i < 16; ++i) low = low << 8 | bytes[i];
  fingerprint.Add(high);
  fingerprint.Add(low);
  fingerprint.Add(uint64_t{endpoint.port} | uint64_t{endpoint.address.scope_id()} << 16 |
                  uint64_t{static_cast<uint8_t>(endpoint.address.family())} << 48);
}

void Add(Fingerprint& fingerprint, const Packet& packet) {
  fingerprint.Add(packet.id);
  Add(fingerprint, packet.source);
  Add(fingerprint, packet.destination);
  // An ICMP error by number and one, so that 0 is none.
  const uint64_t icmp = packet.icmp ? static_cast<uint64_t>(*packet.icmp) + 1 : 0;
  fingerprint.Add(uint64_t{packet.hop_limit} | uint64_t{packet.traffic_class} << 8 |
                  uint64_t{packet.dont_fragment} << 16 | icmp << 24 |
                  uint64_t{packet.icmp_mtu} << 32);
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
  fingerprint_.Add(absl::string_view(event.host));
  fingerprint_.Add(absl::string_view(event.interface));
  fingerprint_.Add(absl::string_view(event.origin));
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
      fingerprint_.Add(absl::string_view(event.draw));
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
