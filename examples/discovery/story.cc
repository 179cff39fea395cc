// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/story.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "examples/discovery/narrator.h"

namespace pollux::examples {
namespace {

// What a packet carries, in quotes.
std::string Contents(const sim::Packet& packet) {
  if (packet.icmp.has_value()) return absl::StrCat("the ICMP error ", sim::ToString(*packet.icmp));
  return absl::StrCat("\"", absl::CHexEscape(packet.payload.bytes()), "\"");
}

// "client-1" of the link "lan/service->client-1".
absl::string_view ReceiverOf(absl::string_view link) {
  const size_t arrow = link.find("->");
  return arrow == absl::string_view::npos ? link : link.substr(arrow + 2);
}

}  // namespace

void Story::OnEvent(const sim::TraceEvent& event) {
  // A host's own copy of what it sends to the group is no news.
  if (event.packet == nullptr) {
    return Tell(out_, event.time, event.host, absl::StrCat("! ", event.note));
  }
  if (event.interface == "lo") return;
  if (event.kind == sim::EventKind::kDelivered && event.origin == event.host) return;
  const std::string contents = Contents(*event.packet);
  switch (event.kind) {
    case sim::EventKind::kSent:
      ++sent_;
      return Tell(out_, event.time, event.host,
                  absl::StrCat("  sends ", contents, " to ",
                               event.packet->icmp ? event.packet->source.ToString()
                                                  : event.packet->destination.ToString()));
    case sim::EventKind::kLost:
      ++lost_;
      return Tell(out_, event.time, event.host,
                  absl::StrCat("  ", contents, " is lost on the way to ", ReceiverOf(event.draw)));
    case sim::EventKind::kDelivered:
      ++delivered_;
      return Tell(out_, event.time, event.host,
                  absl::StrCat("  gets ", contents, " from ", event.origin));
    case sim::EventKind::kDuplicated:
      return Tell(out_, event.time, event.host, absl::StrCat("  ", contents, " is duplicated"));
    case sim::EventKind::kCorrupted:
      return Tell(out_, event.time, event.host, absl::StrCat("  ", contents, " is corrupted"));
    case sim::EventKind::kOvertook:
      return Tell(out_, event.time, event.host, absl::StrCat("  ", contents, " overtakes"));
    case sim::EventKind::kLate:
    case sim::EventKind::kMarked:
    case sim::EventKind::kRuled:
    case sim::EventKind::kHeld:
    case sim::EventKind::kReleased:
    case sim::EventKind::kForwarded:
    case sim::EventKind::kTranslated:
    case sim::EventKind::kReported:
    case sim::EventKind::kPaced:
      return;
    case sim::EventKind::kFault:
    case sim::EventKind::kUnclaimed:
    case sim::EventKind::kDropped:
      return Tell(out_, event.time, event.host,
                  absl::StrCat("  ", contents, " finds nobody who waits for it"));
  }
}

}  // namespace pollux::examples
