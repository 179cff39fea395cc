// SPDX-License-Identifier: Apache-2.0
//
// File: trace_event.h
//
// What can happen in a simulated network, to a packet above all, as events of one type. Each says
// because of which earlier event it happened.

#ifndef POLLUX_SIM_TRACE_TRACE_EVENT_H_
#define POLLUX_SIM_TRACE_TRACE_EVENT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/choice/name.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/udp_stack.h"
#include "sim/trace/group_message.h"

namespace pollux::sim {

// The numbers are part of every fingerprint: never renumber, only append.
enum class EventKind : uint8_t {
  kSent = 1,         // A host put a datagram, or an ICMP error, on an interface.
  kLost = 2,         // A link lost it; `draw` and `ordinal` say by which draw.
  kDuplicated = 3,   // A link delivers it once more, `delay` after the first; by `draw`, `ordinal`.
  kUnclaimed = 4,    // No host of the segment has the address.
  kDelivered = 5,    // A host queued it on a socket.
  kDropped = 6,      // A host threw it away, for the reason `cause`.
  kCorrupted = 7,    // A link changed bits of it; by `draw`, `ordinal`.
  kOvertook = 8,     // A link delivers it at once; by `draw`, `ordinal`.
  kFault = 9,        // Of no packet: something was done to a host or a segment; `note` says what.
  kLate = 10,        // A link delivers it later by `delay`; by `draw`, `ordinal`.
  kMarked = 11,      // A queue marked it as having met congestion, after a wait of `delay`.
  kRuled = 12,       // A rule decided about it on the link `draw`; `note` says what, and which.
  kHeld = 13,        // It stays under way, on the link `draw`, until it is released.
  kReleased = 14,    // It goes on.
  kForwarded = 15,   // A router passes it on by that interface.
  kTranslated = 16,  // A NAT gave it other ends; `note` has those that it had.
  kReported = 17,    // Of no packet: a host or a querier sent `message`, or what a switch learned
                     // of a host's groups, or did not; `note`.
  kPaced = 18,       // It leaves the queue of its host's interface, which had it wait for `delay`.
};

// "sent", "lost", "duplicated", "unclaimed", "delivered", "dropped", "corrupted", "overtook",
// "fault", "late", "marked", "ruled", "held", "released", "forwarded", "translated", "reported",
// "paced".
absl::string_view ToString(EventKind kind);
// "port unreachable", and so on.
absl::string_view ToString(IcmpError error);

// Names, the note, the packet and the message belong to the simulation: they live as long as the
// call that passes the event; the names as long as the network.
struct TraceEvent {
  TraceEvent() {}  // NOLINT(modernize-use-equals-default): as in `Packet`.

  EventKind kind = EventKind::kSent;
  absl::Duration time;    // Since the simulation began.
  uint64_t sequence = 0;  // Of the event in its run, from 1. `Trace` gives it.
  // The sequence of the event that it follows from: of the send of what is delivered, of the drop
  // that an ICMP error is about. 0: none; a program wanted it, or the test. `Trace` gives it to
  // what happens to packets.
  uint64_t because = 0;
  Name host;                              // Where it happened; for what links do, the sender.
  Name interface;                         // Of that host, by name; empty where it took none.
  Name origin;                            // The host that sent the packet.
  const Packet* packet = nullptr;         // Null for what happens to hosts and links themselves.
  const GroupMessage* message = nullptr;  // kReported, when it is sent.
  absl::string_view note;  // What there is to say beside the kind, in words; mostly about these.

  Name draw;             // What links do: whose luck, as "lan/alice->bob".
  uint64_t ordinal = 0;  // What links do: which packet of that link, from 1.
  // kDuplicated, kLate: by how much; kMarked, kPaced, kDropped by a queue: how long it waited.
  absl::Duration delay;
  SocketId socket = 0;                     // kDelivered; kDropped on one socket's account.
  DropCause cause = DropCause::kNoSocket;  // kDropped.

  // One line without newline, such as
  // "0.002000000 bob/eth0   delivered  alice#1 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes (socket 1)".
  std::string ToString() const;
  // The same with its sequence and that of its cause:
  // "#7 0.002000000 bob/eth0 ... (socket 1) because of #6".
  std::string ToNumberedString() const;
  // What the line has in brackets: "loss lan/alice->bob #2", "socket 1", "no socket"; or the note.
  std::string Reason() const;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_TRACE_EVENT_H_
