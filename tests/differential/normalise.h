// SPDX-License-Identifier: Apache-2.0
//
// File: normalise.h
//
// What may differ between two kernels that keep the same rules: all of it is here, and each has its
// reason. Everything else that differs is a divergence.
//
//   1. Ports that a kernel chose are compared by who sees the same one, not by number: the targets
//      show them as "port#1" (tools/program/answer.h). Real kernels choose at random. Now and then
//      two sockets on different addresses are given the same port so. `OnlyChosenPortsDiffer` tells
//      what may have been that; it is done again and has to agree then.
//   2. `TimeFor`: how often a host may answer with ICMP errors. Programs take microseconds on a
//      real kernel, whose limit is therefore turned off (tools/program/native_target.cc), and no
//      time at all on a simulated one, which is given time before each send. The limit itself has
//      its tests in tests/sim/kernel.
//   3. `kLuckMax`: which member of a reuse-port group gets a datagram is decided by a hash with a
//      secret key. A simulated kernel draws its key from the seed. So a program's answers are
//      compared with those of several seeds, and one has to give exactly the real kernel's.
//   4. `ComparableCalls`: faults of Linux (seen on 6.18) that come from the route that it keeps for
//      a peer, and that the simulated kernel does not imitate. A connect of a connected socket that
//      fails leaves some of its destination behind: an IPv4 socket's second send to its peer then
//      goes to the address that was refused, even to a broadcast address without kBroadcast. And
//      a connected IPv6 socket sends to its peer by the kept route though the destination names
//      the loopback interface. And where the host has joined or left a group since, a send to an
//      IPv6 address makes a socket forget the route to its IPv4 peer. Programs are compared up to
//      such a send, or the question for the path's MTU behind it.

#ifndef POLLUX_TESTS_DIFFERENTIAL_NORMALISE_H_
#define POLLUX_TESTS_DIFFERENTIAL_NORMALISE_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "tools/program/program.h"
#include "tools/program/target.h"

namespace pollux::differential {

// Whether two runs of a program gave the same answers but for which of the ports that the kernels
// chose are the same.
bool OnlyChosenPortsDiffer(const std::vector<program::Answer>& expected,
                           const std::vector<program::Answer>& actual);

// The call that has to precede `call` so that time does not count, if any.
std::optional<program::Call> TimeFor(const program::Call& call);

// How many calls of a program can be compared, given what the real kernel answered.
size_t ComparableCalls(const program::Program& program,
                       const std::vector<program::Answer>& expected);

// With how many seeds a program is tried before its answers count as different. A datagram to a
// group of two is one bit; programs with more bits of luck than this covers are rare.
inline constexpr size_t kLuckMax = 256;

// Whether luck of this kind can matter to a program: it has two sockets with kReusePort.
bool DependsOnLuck(const program::Program& program);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_NORMALISE_H_
