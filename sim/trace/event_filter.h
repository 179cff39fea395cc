// SPDX-License-Identifier: Apache-2.0
//
// File: event_filter.h
//
// `EventFilter` is a condition on events that people can write:
//
//   TextTrace story(net.trace(), *EventFilter::Parse("host=bob kind=dropped,lost time=1s..2s"));
//
// An event has to meet every term, which are separated by spaces. A term is met by any of its
// values, which are separated by commas; with "!=" by none of them.
//
//   host=bob            where it happened; a '*' stands for anything: host=client-*
//   interface=eth0      the interface there; link=lan/alice->bob whose luck decided
//   from=alice          the host that sent the packet; packet=alice#3 or packet=3 the packet
//   kind=dropped        what happened, as in the text trace; cause=no-socket why it was dropped,
//                       with '-' for each space
//   address=10.0.0.2    either end of the datagram; also a prefix, address=10.0.0.0/24
//   port=7755           either end's port; also from..to
//   event=5..           the event's number: one, or from..to, where either may be missing
//   time=1.5s..2s       when, since the simulation began; likewise

#ifndef POLLUX_SIM_TRACE_EVENT_FILTER_H_
#define POLLUX_SIM_TRACE_EVENT_FILTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/trace/trace_event.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// A value type; thread-compatible. It is a `TraceFilter`.
class EventFilter {
 public:
  EventFilter() = default;  // Every event.

  // Errors: kInvalidArgument, naming the term and what could be there in its place.
  static absl::StatusOr<EventFilter> Parse(absl::string_view text);

  bool operator()(const TraceEvent& event) const;

  // As it would be written; `Parse` reads the same from it.
  std::string ToString() const;

 private:
  enum class Key : uint8_t {
    kHost,
    kInterface,
    kLink,
    kFrom,
    kPacket,
    kKind,
    kCause,
    kAddress,
    kPort,
    kEvent,
    kTime,
  };
  // One value of a term. Which members count depends on the key.
  struct Value {
    std::string text;        // As it was written; of names, a pattern.
    int64_t first = 0;       // Of numbers and times (in nanoseconds), the range with both ends.
    int64_t last = 0;        //
    IpAddress address;       // With the prefix:
    int prefix_length = -1;  // -1: exactly that address.
  };
  struct Term {
    Key key = Key::kHost;
    bool negated = false;
    std::vector<Value> values;
  };

  static absl::StatusOr<Key> ParseKey(absl::string_view name);
  static absl::StatusOr<Term> ParseTerm(absl::string_view text);
  static absl::StatusOr<Value> ParseValue(Key key, absl::string_view text);
  static absl::string_view NameOf(Key key);
  static bool Meets(const TraceEvent& event, Key key, const Value& value);

  std::vector<Term> terms_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_EVENT_FILTER_H_
