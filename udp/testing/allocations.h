// SPDX-License-Identifier: Apache-2.0
//
// File: allocations.h
//
// Counts what a program allocates, for tests and benchmarks that say how much a datagram costs.
// Whoever links this has operator new and delete replaced.

#ifndef POLLUX_UDP_TESTING_ALLOCATIONS_H_
#define POLLUX_UDP_TESTING_ALLOCATIONS_H_

#include <cstdint>

namespace pollux::testing {

// How often operator new was called so far, by all threads.
uint64_t AllocationsSoFar();

}  // namespace pollux::testing

#endif  // POLLUX_UDP_TESTING_ALLOCATIONS_H_
