// SPDX-License-Identifier: Apache-2.0
//
// File: in_flight.h
//
// What `Network::InFlight` lists.

#ifndef POLLUX_SIM_IN_FLIGHT_H_
#define POLLUX_SIM_IN_FLIGHT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {

// A packet between hosts, or that waits to be. A value type; thread-compatible.
struct InFlightPacket {
  uint64_t id = 0;  // For `Network::Hold`, `Release` and `Discard`; never used again.
  // The link it is on, "lan/alice->bob"; of one for many, the segment; of one that waits for its
  // transmit time, its sender's interface, "alice/eth0". Empty while its sender waits for an answer
  // to who has its address.
  std::string way;
  std::string origin;  // The host that it came from at first.
  // The hosts at whose interfaces it arrives, in that order; of one for many that waits, none yet.
  std::vector<std::string> to;
  bool held = false;
  // Whether it is not yet on its flight: it waits for its transmit time (`AttachOptions::fq`) or
  // for the line, or is being sent by it. It gets another number when it leaves, and, where the
  // line is shared, its luck only then.
  bool waits = false;
  // When it arrives, since the simulation began; nullopt while it is held or waits.
  std::optional<absl::Duration> arrives;
  Packet packet;

  // A line for people: "#3 lan/alice->bob 10.0.0.1:5000 > 10.0.0.2:7755, 5 bytes, held"; or
  // "..., waits", "..., held in the queue".
  std::string ToString() const;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_IN_FLIGHT_H_
