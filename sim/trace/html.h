// SPDX-License-Identifier: Apache-2.0
//
// File: html.h
//
// `HtmlTrace` makes one web page of a run, for any browser, which asks no network for anything:
// hosts as lines, datagrams as arrows between them, faults in colour; for each event the bytes, its
// chain of causes, and the sockets of all hosts at that moment.
//
//   HtmlTrace page(net.trace(), net.scene());
//   net.RunFor(absl::Seconds(1));
//   absl::Status status = WriteFile("run.html", page.Page({.title = "My test"}));
//
// The page's style and program are viewer.css and viewer_*.js beside this file.

#ifndef POLLUX_SIM_TRACE_HTML_H_
#define POLLUX_SIM_TRACE_HTML_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/packet.h"
#include "sim/trace/scene.h"
#include "sim/trace/trace.h"

namespace pollux::sim {

struct HtmlOptions {
  std::string title = "Simulation";
  std::string story = {};  // What made the run: `net.Story().ToString()`. Empty: not shown.
};

// Loop thread only. Keeps every event and packet in memory; payloads are shared with the
// simulation. Looks at the sockets of all hosts at every event, and keeps what has changed.
class HtmlTrace final : public TraceSink {
 public:
  // `scene` must live as long as events come and this is asked for its page.
  HtmlTrace(Trace& trace, const Scene& scene);

  // The page, with all that happened until now. The same run gives the same bytes on every machine.
  std::string Page(const HtmlOptions& options = {}) const;

 private:
  struct Event {
    int64_t time = 0;  // Nanoseconds.
    EventKind kind = EventKind::kSent;
    size_t lane = 0;
    size_t interface = 0;  // By place in `texts_`, as the reason is.
    size_t reason = 0;
    size_t packet = kNone;
    size_t target = kNone;  // The lane that it was on its way to.
    uint64_t because = 0;
  };
  // A packet as it was for some events.
  struct Seen {
    size_t origin = 0;  // By lane.
    Packet packet;
    size_t about = kNone;  // Of an ICMP error: the packet that it is about.
  };
  // The table of a host's sockets from that event on.
  struct Snapshot {
    int64_t event = 0;  // By place; -1: from the beginning.
    size_t lane = 0;
    size_t table = 0;
  };
  // Which snapshot of a host is the latest.
  struct Watched {
    uint64_t changes = 0;
    size_t table = kNone;
  };

  static constexpr size_t kNone = ~size_t{0};

  void OnEvent(const TraceEvent& event) override;
  // The line of a host, or of whatever else has that name.
  size_t LaneOf(absl::string_view name);
  // The lane of "lan/alice->bob"'s receiver; kNone for none.
  size_t TargetOf(absl::string_view draw) const;
  size_t PacketOf(const TraceEvent& event, size_t origin);
  size_t TextOf(std::string text);
  // Takes snapshots of the hosts whose sockets have changed, as of the event of that place.
  void Look(int64_t event);

  std::string HostsAsJson() const;
  std::string PacketsAsJson() const;
  std::string EventsAsJson() const;
  std::string DataAsJson(const HtmlOptions& options) const;

  const Scene& scene_;
  uint64_t first_sequence_ = 0;  // Of the first event seen.
  std::vector<Event> events_;
  std::vector<Seen> packets_;
  std::vector<std::string> lanes_;  // By name; the scene's hosts as they came, and others.
  absl::flat_hash_map<std::string, size_t> lane_numbers_;
  std::vector<size_t> host_lanes_;  // By the scene's number.
  std::vector<std::string> texts_;
  absl::flat_hash_map<std::string, size_t> text_numbers_;
  std::vector<std::string> tables_;  // As JSON.
  absl::flat_hash_map<std::string, size_t> table_numbers_;
  std::vector<Watched> watched_;  // By the scene's number.
  std::vector<Snapshot> snapshots_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_HTML_H_
