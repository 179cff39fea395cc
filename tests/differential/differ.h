// SPDX-License-Identifier: Apache-2.0
//
// File: differ.h
//
// `Differ` carries one program out on two kernels and compares what every call returned, but for
// what normalise.h allows.

#ifndef POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_
#define POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tools/program/program.h"
#include "tools/program/target.h"

namespace pollux::differential {

// What both said, an answer for each call.
struct Comparison {
  std::vector<program::Answer> expected;
  std::vector<program::Answer> actual;
  std::optional<size_t> first_difference;  // The call. Unset: they agree.
};

// Thread-compatible.
class Differ {
 public:
  // Makes a kernel with the luck of a seed.
  using Maker = std::function<std::unique_ptr<program::Target>(uint64_t seed)>;

  // `reference` is right by definition, and must outlive the differ.
  Differ(program::Target& reference, Maker make_subject)
      : reference_(reference), make_subject_(std::move(make_subject)) {}

  // Builds the network of all programs. To be called once, first. Errors: the targets'.
  absl::Status Build(const std::vector<program::HostSpec>& hosts);
  // With the luck that fits best: one without a difference, else the first seed's.
  Comparison Compare(const program::Program& program);

 private:
  absl::Status AddSubject();

  program::Target& reference_;
  Maker make_subject_;
  std::vector<program::HostSpec> hosts_;
  std::vector<std::unique_ptr<program::Target>> subjects_;  // By seed. Made when needed.
};

// The program in text form, each call with what it returned; where the two differ, with both.
std::string Show(const program::Program& program, const Comparison& comparison);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_DIFFER_H_
