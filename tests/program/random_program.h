// SPDX-License-Identifier: Apache-2.0
//
// File: random_program.h
//
// Random programs for properties of the language: every field of every verb, the odd values too.
// They need not make sense; //tests/differential has the generator of those that do.

#ifndef POLLUX_TESTS_PROGRAM_RANDOM_PROGRAM_H_
#define POLLUX_TESTS_PROGRAM_RANDOM_PROGRAM_H_

#include <cstdint>

#include "tools/program/program.h"

namespace pollux::program {

// The same seed gives the same program.
Program RandomProgram(uint64_t seed);

}  // namespace pollux::program

#endif  // POLLUX_TESTS_PROGRAM_RANDOM_PROGRAM_H_
