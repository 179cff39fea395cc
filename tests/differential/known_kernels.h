// SPDX-License-Identifier: Apache-2.0
//
// File: known_kernels.h
//
// Kernels that are not the one that the simulated Linux plays, which is 6.18, and in what they are
// known to differ from it: all of it is here, and docs/kernels.md shows examples. What normalise.h
// allows may differ besides.

#ifndef POLLUX_TESTS_DIFFERENTIAL_KNOWN_KERNELS_H_
#define POLLUX_TESTS_DIFFERENTIAL_KNOWN_KERNELS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/differential/generator.h"
#include "tools/program/native_target.h"
#include "tools/program/program.h"
#include "tools/program/target.h"

namespace pollux::differential {

// One answer that differs. All answers before it are equal, or their differences are known.
struct Difference {
  const program::Program& program;
  const std::vector<program::Answer>& expected;  // The real kernel's.
  const std::vector<program::Answer>& actual;    // The simulated one's.
  size_t call;

  const program::Call& made() const { return program.calls[call]; }
  const program::Answer& real() const { return expected[call]; }
  const program::Answer& simulated() const { return actual[call]; }
};

// What kind of difference it is, for counting: "send: EINVAL, simulated EAFNOSUPPORT".
std::string KindOf(const Difference& difference);

struct KnownDifference {
  const char* name;    // In a few words.
  const char* reason;  // In a sentence.
  // Whether sockets are no longer in the same state, so that what follows cannot be compared.
  bool ends;
  std::function<bool(const Difference&)> fits;
};

struct KnownKernel {
  const char* name;     // What --against calls it.
  const char* release;  // What uname(2) says: the release begins so.
  program::NativeNetwork network;
  GeneratorOptions options;
  std::vector<KnownDifference> differences;  // The first that fits counts.
};

// Null if there is none of that name. The one of this machine, "native", has no known differences
// and any release.
const KnownKernel* FindKernel(absl::string_view name);

// Whether this process runs on that kernel. Errors: kFailedPrecondition, with how to get there.
absl::Status CheckRunsOn(const KnownKernel& kernel);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_KNOWN_KERNELS_H_
