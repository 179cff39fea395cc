// SPDX-License-Identifier: Apache-2.0
//
// File: trace.h
//
// `Trace` is where a simulation puts on record what happens. It condenses all of it to a
// fingerprint, keeps the latest events for those who have to explain a failure, and passes each on
// to sinks.
//
//   TextTrace story(net.trace());
//   net.RunFor(absl::Seconds(1));
//   std::cout << story.text();

#ifndef POLLUX_SIM_TRACE_TRACE_H_
#define POLLUX_SIM_TRACE_TRACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/packet.h"
#include "sim/trace/fingerprint.h"
#include "sim/trace/trace_event.h"

namespace pollux::sim {

class TraceSink;

// Loop thread only. The simulation writes to it and never asks it anything: a run is the same with
// and without sinks.
class Trace {
 public:
  Trace() = default;
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace();

  // Puts an event on record. Sets its sequence and, from its packet, its cause; the next event
  // about that packet is because of this one.
  void Record(TraceEvent& event);
  // Puts on record that what the latest event says of `packet` and one socket, without a note,
  // happened to that one, too.
  void RecordAgain(const Packet& packet, SocketId socket);

  // Puts on record that something was done to a host, one of its interfaces, or a segment. `name`
  // and `interface`, which may be empty, must live as long as the network.
  void RecordFault(absl::Duration time, absl::string_view name, absl::string_view interface,
                   absl::string_view note);

  // How many events there were.
  uint64_t count() const { return count_; }
  // Of all events until now, payloads included.
  uint64_t fingerprint() const { return fingerprint_.value(); }
  // The latest events, at most `kKept`, oldest first, each as a line with newline.
  std::string LatestEvents() const;

  static constexpr size_t kKept = 16;

 private:
  friend class TraceSink;
  struct Kept {
    TraceEvent event;
    Packet packet;  // Without its bytes, so that it keeps no memory from the next.
    std::string note;
  };
  struct Latest {
    uint64_t whole = 0;   // Which event that was recorded whole, from 1, this one repeats or is,
    SocketId socket = 0;  // but for the socket.
  };

  // Of the latest event, what its condensate is made of, but for its socket.
  struct Condensed {
    uint64_t time = 0;
    uint64_t what = 0;
    uint64_t rest = 0;
  };

  void Condense(const TraceEvent& event);
  void Tell(const TraceEvent& event);
  // Tells the sinks of what was recorded again.
  void TellAgain(const Packet& packet, SocketId socket);

  uint64_t count_ = 0;
  uint64_t whole_ = 0;  // How many of them were recorded whole.
  Fingerprint fingerprint_;
  Condensed condensed_;
  // Rings: event n is in place n % kKept, and so is whole event n.
  std::array<Latest, kKept> latest_;
  std::array<Kept, kKept> kept_;
  std::vector<TraceSink*> sinks_;
  bool telling_ = false;  // Sinks are being told.
};

// Sees every event from its construction to its destruction. May outlive the trace.
class TraceSink {
 public:
  explicit TraceSink(Trace& trace);
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink();

  // Must not call back into the simulation, but for `Post` of a loop, nor make or destroy sinks.
  // What would go on record from within, and sinks, are checked.
  virtual void OnEvent(const TraceEvent& event) = 0;

 private:
  friend class Trace;
  Trace* trace_;  // Null once that is gone.
};

// Which events a sink is meant for; every event by default.
using TraceFilter = absl::AnyInvocable<bool(const TraceEvent&)>;

// The story as text, a line for each event. Loop thread only.
class TextTrace final : public TraceSink {
 public:
  explicit TextTrace(Trace& trace) : TraceSink(trace) {}
  TextTrace(Trace& trace, TraceFilter filter) : TraceSink(trace), filter_(std::move(filter)) {}

  // Has each line from now on begin with the event's number, and end with that of its cause.
  void ShowCauses() { causes_ = true; }

  const std::string& text() const { return text_; }
  void Clear() { text_.clear(); }

 private:
  void OnEvent(const TraceEvent& event) override;

  TraceFilter filter_;
  bool causes_ = false;
  std::string text_;
};

// The events themselves, for tests and tools. Loop thread only.
class EventLog final : public TraceSink {
 public:
  // An event with a packet of its own. Names refer to the network, which must still live.
  struct Entry {
    TraceEvent event;  // Its `packet` and `note` are not set: they are the members beside it; nor
                       // is its `message`, of which the note tells.
    Packet packet;
    std::string note;
    bool has_packet = false;

    // The event with packet and note, which refer to this entry.
    TraceEvent Event() const;
  };

  explicit EventLog(Trace& trace) : TraceSink(trace) {}
  EventLog(Trace& trace, TraceFilter filter) : TraceSink(trace), filter_(std::move(filter)) {}

  const std::vector<Entry>& entries() const { return entries_; }
  // How many events of a kind there are.
  size_t Count(EventKind kind) const;
  // The same on one host.
  size_t Count(EventKind kind, absl::string_view host) const;

  // The event of that sequence; null when it is not in the log.
  const Entry* Find(uint64_t sequence) const;
  // The event of that sequence, what it happened because of, and so on back to the event that
  // nothing on record caused, or to the first that is not in the log.
  std::vector<const Entry*> Chain(uint64_t sequence) const;
  // The same as text, a numbered line for each.
  std::string Explain(uint64_t sequence) const;

 private:
  void OnEvent(const TraceEvent& event) override;

  TraceFilter filter_;
  std::vector<Entry> entries_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_TRACE_H_
