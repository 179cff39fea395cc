// SPDX-License-Identifier: Apache-2.0
//
// File: rules.h
//
// The rules of the house that a program can check by reading: who may include whom, which names are
// banned where, how long a file may be. They are tables in rules.cc; a rule that changes, or a new
// room, is a row there. What a rule forbids can be granted line by line (source_file.h).

#ifndef POLLUX_TESTS_LINT_RULES_H_
#define POLLUX_TESTS_LINT_RULES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/lint/source_file.h"

namespace pollux::lint {

// One broken rule. Prints as "PATH:LINE: [RULE] TEXT", which editors follow.
struct Finding {
  std::string path;
  size_t line = 0;
  std::string rule;
  std::string text;

  std::string ToString() const;
};

// Includes against the layers: examples, tests -> platform | sim -> udp -> Abseil, and the rooms of
// sim/ among themselves. Quoted names must be files of `files` or of a library that we use.
std::vector<Finding> CheckIncludes(const std::vector<SourceFile>& files);

// Names that a room must not use: wall clocks, randomness, the environment, macros that tell
// platforms apart.
std::vector<Finding> CheckNames(const SourceFile& file);

// How long a file may be, and that it begins with its licence.
std::vector<Finding> CheckShape(const SourceFile& file);

// That a BUILD file serves every version of Bazel, and shows its folder to the lint test.
std::vector<Finding> CheckBuildFile(const SourceFile& file);

// That nothing names a folder of somebody's machine.
std::vector<Finding> CheckMachinePaths(const SourceFile& file);

// That the tests which documents name, as "`Suite.Name`", are there. Qt's names are not ours.
std::vector<Finding> CheckNamedTests(const std::vector<SourceFile>& files);

// That the lines which mutations.txt breaks stand once in their files.
std::vector<Finding> CheckMutations(const std::vector<SourceFile>& files);

// All of the above.
std::vector<Finding> CheckAll(const std::vector<SourceFile>& files);

}  // namespace pollux::lint

#endif  // POLLUX_TESTS_LINT_RULES_H_
