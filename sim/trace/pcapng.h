// SPDX-License-Identifier: Apache-2.0
//
// File: pcapng.h
//
// `PcapngTrace` makes a capture file of a run, for Wireshark and its like: what a capture on every
// interface of every host would have seen, and what none can see, for each packet has comments that
// say what the simulation did to it and why.
//
//   PcapngTrace capture(net.trace(), net.scene());
//   net.RunFor(absl::Seconds(1));
//   absl::Status status = WriteFile("run.pcapng", capture.File());
//
// A packet that left a host is one outgoing packet of its interface; the links' doings, its loss
// above all, are comments on that. A packet that reached a host is one incoming packet there,
// whether a socket got it or it was dropped, which its comments tell. What happens to hosts and
// links themselves is told by the next packet. What is said about groups to a switch that reads
// IGMP and MLD is there as well, as packets of these.

#ifndef POLLUX_SIM_TRACE_PCAPNG_H_
#define POLLUX_SIM_TRACE_PCAPNG_H_

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

// Loop thread only. Keeps every packet in memory; payloads are shared with the simulation.
class PcapngTrace final : public TraceSink {
 public:
  // `scene` must live as long as this is asked for its file.
  PcapngTrace(Trace& trace, const Scene& scene) : TraceSink(trace), scene_(scene) {}

  // How many packets there are.
  size_t packets() const { return frames_.size(); }

  // The file (draft-ietf-opsawg-pcapng): little-endian, with the resolution of nanoseconds and raw
  // IP packets. A run that begins before 1970 or ends after 2261 has its times counted from its
  // first second, which interfaces then name (if_tsoffset). The same run gives the same bytes on
  // every machine.
  std::string File() const;

 private:
  // A packet as one interface saw it.
  struct Frame {
    size_t place = 0;
    absl::Duration time;
    bool outgoing = false;
    uint64_t because = 0;  // Of the event that made it.
    Packet packet;
    std::string image;     // Of a message about groups, which is no packet of UDP.
    size_t about = kNone;  // For an ICMP error: the frame that it is about.
    std::vector<std::string> comments;
  };
  // An interface, by names.
  struct Place {
    std::string host;
    std::string interface;  // Empty for a packet that found no way out of its host.
  };

  static constexpr size_t kNone = ~size_t{0};

  void OnEvent(const TraceEvent& event) override;
  // The frame that the event is about: a new one, or one that is there.
  size_t FrameFor(const TraceEvent& event);
  size_t FrameOf(uint64_t sequence) const;
  // What happens to no packet: the message about groups that is sent, or what the next frame tells.
  void Tell(const TraceEvent& event);
  size_t PlaceOf(absl::string_view host, absl::string_view interface);
  // What times of packets count from.
  absl::Time TimeBase() const;
  std::string FrameBlock(const Frame& frame, uint32_t interface_number, absl::Time base) const;

  const Scene& scene_;
  std::vector<Frame> frames_;
  std::vector<Place> places_;  // In the order in which they were first seen.
  absl::flat_hash_map<std::string, size_t> place_numbers_;  // By "host/interface".
  uint64_t first_sequence_ = 0;                             // Of the first event seen.
  std::vector<size_t> frame_of_;      // By sequence, from that on; kNone for what has no packet.
  std::vector<std::string> pending_;  // What the next frame has to tell.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_PCAPNG_H_
