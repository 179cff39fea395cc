// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/trace_event.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pollux::sim {
namespace {

// "alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes"; of a fragment with
// ", fragment 1480+528 of 2008" behind, by its offset, its size and that of the datagram; or
// "bob#1 ICMP port unreachable about 10.0.0.1:5000 > 10.0.0.2:7755".
std::string Describe(absl::string_view origin, const Packet& packet) {
  const std::string ends =
      absl::StrCat(packet.source.ToString(), " > ", packet.destination.ToString());
  if (packet.icmp.has_value()) {
    return absl::StrCat(origin, "#", packet.id, " ICMP ", ToString(*packet.icmp), " about ", ends);
  }
  const size_t size = packet.payload.size();
  std::string text =
      absl::StrCat(origin, "#", packet.id, " ", ends, ", ", size, size == 1 ? " byte" : " bytes");
  if (packet.is_fragment()) {
    absl::StrAppend(&text, ", fragment ", packet.fragment_offset, "+", packet.fragment_size, " of ",
                    packet.datagram_size());
  }
  return text;
}

std::string Cause(const TraceEvent& event) {
  switch (event.kind) {
    case EventKind::kLost:
      return absl::StrCat(" (loss ", event.draw, " #", event.ordinal, ")");
    case EventKind::kDuplicated:
      return absl::StrCat(" (duplicate ", event.draw, " #", event.ordinal, " after ",
                          absl::FormatDuration(event.delay), ")");
    case EventKind::kCorrupted:
      return absl::StrCat(" (corrupt ", event.draw, " #", event.ordinal,
                          event.note.empty() ? "" : ": ", event.note, ")");
    case EventKind::kOvertook:
      return absl::StrCat(" (overtake ", event.draw, " #", event.ordinal, ")");
    case EventKind::kLate:
      return absl::StrCat(" (late ", event.draw, " #", event.ordinal, " by ",
                          absl::FormatDuration(event.delay), ")");
    case EventKind::kMarked:
    case EventKind::kPaced:
      return absl::StrCat(" (waited ", absl::FormatDuration(event.delay), ")");
    case EventKind::kRuled:
      return absl::StrCat(" (", event.note, " on ", event.draw, ")");
    case EventKind::kHeld:
    case EventKind::kReleased:
      return absl::StrCat(" (on ", event.draw, ")");
    case EventKind::kDelivered:
      return absl::StrCat(" (socket ", event.socket, ")");
    case EventKind::kDropped:
      if (event.cause == DropCause::kGroupNotReported) {
        return absl::StrCat(" (", ToString(event.cause), " on ", event.draw, ")");
      }
      if (event.socket == 0) return absl::StrCat(" (", ToString(event.cause), ")");
      return absl::StrCat(" (", ToString(event.cause), ", socket ", event.socket, ")");
    case EventKind::kTranslated:
      return absl::StrCat(" (was ", event.note, ")");
    case EventKind::kForwarded:
    case EventKind::kFault:
    case EventKind::kReported:
    case EventKind::kSent:
    case EventKind::kUnclaimed:
      return "";
  }
  return "";
}

}  // namespace

absl::string_view ToString(EventKind kind) {
  switch (kind) {
    case EventKind::kSent:
      return "sent";
    case EventKind::kLost:
      return "lost";
    case EventKind::kDuplicated:
      return "duplicated";
    case EventKind::kUnclaimed:
      return "unclaimed";
    case EventKind::kDelivered:
      return "delivered";
    case EventKind::kDropped:
      return "dropped";
    case EventKind::kCorrupted:
      return "corrupted";
    case EventKind::kOvertook:
      return "overtook";
    case EventKind::kForwarded:
      return "forwarded";
    case EventKind::kTranslated:
      return "translated";
    case EventKind::kFault:
      return "fault";
    case EventKind::kReported:
      return "reported";
    case EventKind::kLate:
      return "late";
    case EventKind::kMarked:
      return "marked";
    case EventKind::kRuled:
      return "ruled";
    case EventKind::kHeld:
      return "held";
    case EventKind::kReleased:
      return "released";
    case EventKind::kPaced:
      return "paced";
  }
  return "unknown";
}

absl::string_view ToString(IcmpError error) {
  switch (error) {
    case IcmpError::kNetUnreachable:
      return "network unreachable";
    case IcmpError::kHostUnreachable:
      return "host unreachable";
    case IcmpError::kProtocolUnreachable:
      return "protocol unreachable";
    case IcmpError::kPortUnreachable:
      return "port unreachable";
    case IcmpError::kFragmentationNeeded:
      return "fragmentation needed";
    case IcmpError::kAdminProhibited:
      return "administratively prohibited";
    case IcmpError::kTimeExceeded:
      return "time exceeded";
    case IcmpError::kReassemblyTimeExceeded:
      return "reassembly time exceeded";
  }
  return "unknown";
}

std::string TraceEvent::Reason() const {
  if (packet == nullptr) return std::string(note);
  const std::string text = Cause(*this);
  return text.empty() ? text : text.substr(2, text.size() - 3);
}

std::string TraceEvent::ToNumberedString() const {
  std::string line = absl::StrCat("#", sequence, " ", ToString());
  if (because != 0) absl::StrAppend(&line, " because of #", because);
  return line;
}

std::string TraceEvent::ToString() const {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(time);
  return absl::StrFormat(
      "%d.%09d %-10s %-10s %s%s", nanoseconds / 1000000000, nanoseconds % 1000000000,
      interface.empty() ? std::string(host) : absl::StrCat(host, "/", interface),
      sim::ToString(kind), packet == nullptr ? std::string(note) : Describe(origin, *packet),
      Cause(*this));
}

}  // namespace pollux::sim
