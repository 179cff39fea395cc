// SPDX-License-Identifier: Apache-2.0
//
// File: shrink.h
//
// Makes a program that shows something as small as it gets: first by leaving calls out, in large
// pieces and then in small ones (delta debugging, Zeller and Hildebrandt 2002), then by making the
// arguments of those that are left plainer.

#ifndef POLLUX_TESTS_DIFFERENTIAL_SHRINK_H_
#define POLLUX_TESTS_DIFFERENTIAL_SHRINK_H_

#include "absl/functional/function_ref.h"
#include "tools/program/program.h"

namespace pollux::differential {

// The smallest program found for which `shows` still holds; it must hold for `program`. Programs
// stay well-formed: a socket that is left out takes its calls along.
program::Program Shrink(program::Program program,
                        absl::FunctionRef<bool(const program::Program&)> shows);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_SHRINK_H_
