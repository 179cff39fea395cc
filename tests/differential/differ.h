// SPDX-License-Identifier: Apache-2.0
//
// File: differ.h
//
// `Differ` carries one program out on two kernels and compares what every call returned, but for
// what normalise.h allows and what known_kernels.h knows of.

#ifndef POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_
#define POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/differential/known_kernels.h"
#include "tools/program/program.h"
#include "tools/program/target.h"

namespace pollux::differential {

// What both said, an answer for each call.
struct Comparison {
  std::vector<program::Answer> expected;
  std::vector<program::Answer> actual;
  std::optional<size_t> first_difference;  // The call. Unset: they agree, but for what is known.
  // Of the calls before it, or of all.
  std::set<const KnownDifference*> known;
};

// Thread-compatible.
class Differ {
 public:
  // Makes a kernel with the luck of a seed.
  using Maker = std::function<std::unique_ptr<program::Target>(uint64_t seed)>;

  // `reference` is right by definition, and must outlive the differ. It is `kernel`.
  Differ(program::Target& reference, Maker make_subject,
         const KnownKernel& kernel = *FindKernel("native"))
      : reference_(reference), make_subject_(std::move(make_subject)), kernel_(kernel) {}

  // Builds the network of all programs. To be called once, first. Errors: the targets'.
  absl::Status Build(const std::vector<program::HostSpec>& hosts);
  // With the luck that fits best: one without a difference, else one with known ones alone, else
  // the first seed's.
  Comparison Compare(const program::Program& program);

 private:
  absl::Status AddSubject();
  Comparison CompareOnce(const program::Program& program);
  Comparison CompareWith(const program::Program& program, std::vector<program::Answer> expected,
                         program::Target& subject);

  program::Target& reference_;
  Maker make_subject_;
  const KnownKernel& kernel_;
  std::vector<program::HostSpec> hosts_;
  std::vector<std::unique_ptr<program::Target>> subjects_;  // By seed. Made when needed.
};

// The program in text form, each call with what it returned; where the two differ, with both.
std::string Show(const program::Program& program, const Comparison& comparison);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_
