// SPDX-License-Identifier: Apache-2.0
//
// File: rich_run.h
//
// Runs to make files of: one in which everything happens that can, and one with many packets.

#ifndef POLLUX_TESTS_FORMATS_RICH_RUN_H_
#define POLLUX_TESTS_FORMATS_RICH_RUN_H_

#include "sim/network.h"

namespace pollux::sim {

// Losses, copies, damage, full buffers, ICMP errors, groups and broadcasts, IPv4 and IPv6, a crash,
// payloads with markup in them. `net` is empty.
void RunRich(Network& net);

// So many datagrams, between five hosts that lose and double some of them. `net` is empty.
void RunMany(Network& net, int datagrams);

}  // namespace pollux::sim

#endif  // POLLUX_TESTS_FORMATS_RICH_RUN_H_
