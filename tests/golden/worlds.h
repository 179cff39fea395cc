// SPDX-License-Identifier: Apache-2.0
//
// File: worlds.h
//
// Scenarios about what lies between hosts: lines and their queues, routers, NATs, switches, and
// what fails.

#ifndef POLLUX_TESTS_GOLDEN_WORLDS_H_
#define POLLUX_TESTS_GOLDEN_WORLDS_H_

#include "sim/network.h"

namespace pollux::golden {

// Lines with rates and queues, and all that links do with what one packet has to do with another;
// hosts that pace, one of them by a clock that is wrong.
void Lines(sim::Network& net);
// Three segments and two routers: paths that are narrow, prohibited, black holes, or too long, by
// IPv4 and IPv6; fragments of which some are lost.
void Routed(sim::Network& net);
// Four hosts behind NATs of the four kinds, with few ports and short timeouts, and one that
// reboots.
void BehindNats(sim::Network& net);
// A switch that reads IGMP and MLD, with and without a querier, and groups that hosts join and
// leave.
void Switched(sim::Network& net);
// Every fault there is, by a plan, by luck, by guards, and by rules.
void Faults(sim::Network& net);

}  // namespace pollux::golden

#endif  // POLLUX_TESTS_GOLDEN_WORLDS_H_
