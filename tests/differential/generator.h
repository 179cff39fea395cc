// SPDX-License-Identifier: Apache-2.0
//
// File: generator.h
//
// Random socket programs on the lab's two hosts, for comparing kernels. Each program uses a few
// features of all, picked anew, so that some programs do a lot of one thing (swarm testing, Groce
// et al. 2012); all sockets of a program meet on one to three ports.

#ifndef POLLUX_TESTS_DIFFERENTIAL_GENERATOR_H_
#define POLLUX_TESTS_DIFFERENTIAL_GENERATOR_H_

#include <cstdint>

#include "tools/program/program.h"

namespace pollux::differential {

struct GeneratorOptions {
  // Whether sockets can be those of other users than root.
  bool users = true;
  // Whether sockets can be on the second host. Where they cannot, it is only sent to.
  bool second_host = true;
  // Whether programs send to addresses of a wire that nobody has, if rarely: not to a kernel that
  // looks for them for seconds.
  bool strangers = true;
  // Whether programs keep to ports of their own, and not all to 5000 and the next two: for a kernel
  // that does not always give back the ports of closed sockets.
  bool own_ports = false;
  // Whether programs do without what stacks that are not Linux often lack or leave open: users,
  // sources, bound interfaces, shutdowns, odd addresses and values.
  bool common = false;
};

// The program number `number` of a seed: equal on every machine. 5 to about 60 calls; the last ones
// empty every socket and look at it.
program::Program Generate(uint64_t seed, uint64_t number, const GeneratorOptions& options);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_GENERATOR_H_
