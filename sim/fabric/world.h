// SPDX-License-Identifier: Apache-2.0
//
// File: world.h
//
// What all parts of one simulated network share.

#ifndef POLLUX_SIM_FABRIC_WORLD_H_
#define POLLUX_SIM_FABRIC_WORLD_H_

#include "sim/choice/choices.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/rule.h"
#include "sim/kernel/packet.h"
#include "sim/timeline.h"
#include "sim/trace/trace.h"

namespace pollux::sim {

// References only; the network owns what they refer to, and it outlives all hosts and segments.
struct World {
  Timeline& timeline;
  Courier& courier;
  Choices& choices;
  Trace& trace;
  RuleBook* rules = nullptr;    // Null for none.
  BlockPool* blocks = nullptr;  // Where payloads are; null for the heap.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_WORLD_H_
