// SPDX-License-Identifier: Apache-2.0
//
// File: waiting_room.h
//
// Where packets are that have been sent and are not yet on their flight, as lists show them: lines
// implement it, and the courier knows all of them.

#ifndef POLLUX_SIM_FABRIC_WAITING_ROOM_H_
#define POLLUX_SIM_FABRIC_WAITING_ROOM_H_

#include <cstdint>
#include <vector>

#include "sim/choice/name.h"
#include "sim/fabric/station.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {

// One of them. Refers to it: valid until anything is done.
struct WaitingPacket {
  uint64_t id = 0;  // Of the courier's numbers.
  const Packet* packet = nullptr;
  Name origin;                  // The name of the host that sent it at first.
  Name way;                     // The link that it is for; of one for many, the segment.
  const Station* to = nullptr;  // Null for many.
  bool held = false;
};

// Loop thread only.
class WaitingRoom {
 public:
  virtual ~WaitingRoom() = default;

  // Adds all that are here.
  virtual void List(std::vector<WaitingPacket>& all) const = 0;

  // Of one that is here, by number. `Hold` has the others pass it; `Release` has one that is held
  // go on, behind those that wait; `Discard` throws one away.
  virtual void Hold(uint64_t id) = 0;
  virtual void Release(uint64_t id) = 0;
  virtual void Discard(uint64_t id) = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_WAITING_ROOM_H_
