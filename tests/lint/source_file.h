// SPDX-License-Identifier: Apache-2.0
//
// File: source_file.h
//
// `SourceFile` is one file of the repository as the house rules (rules.h) see it: its lines, the
// same lines with only code left in them, what they include, and where a person has granted an
// exception. It is read line by line, not parsed: the rules ask for words and includes, never for
// meaning.

#ifndef POLLUX_TESTS_LINT_SOURCE_FILE_H_
#define POLLUX_TESTS_LINT_SOURCE_FILE_H_

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::lint {

// Thread-compatible. An exception is granted by a comment on the same line or on the line before,
// and must give its reason:
//
//   double ratio = 0.5;  // lint: allow(double) printed for people, decides nothing
class SourceFile {
 public:
  struct Include {
    size_t line = 0;   // Counted from 1, as everywhere here.
    std::string name;  // What stands between the quotes or brackets.
    bool angled = false;
  };

  // `path` is relative to the root of the repository and has forward slashes.
  SourceFile(std::string path, absl::string_view text);

  const std::string& path() const { return path_; }
  bool IsHeader() const;
  bool IsCpp() const;
  bool IsBuildFile() const;
  // In the folder `prefix` or below; `prefix` ends in a slash, or is a file's full path.
  bool IsIn(absl::string_view prefix) const;

  // Lines as written, and with comments and the contents of string and character literals blanked
  // (in C++ files only). Both have one entry per line.
  const std::vector<std::string>& lines() const { return lines_; }
  const std::vector<std::string>& code() const { return code_; }
  const std::vector<Include>& includes() const { return includes_; }

  bool Allows(absl::string_view rule, size_t line) const;

 private:
  void ReadExceptions();
  void ReadIncludes();

  std::string path_;
  std::vector<std::string> lines_;
  std::vector<std::string> code_;
  std::vector<Include> includes_;
  std::set<std::pair<std::string, size_t>> allowed_;  // Rule, line.
};

}  // namespace pollux::lint

#endif  // POLLUX_TESTS_LINT_SOURCE_FILE_H_
