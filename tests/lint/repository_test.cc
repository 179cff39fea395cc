// SPDX-License-Identifier: Apache-2.0
//
// Reads the whole repository against the rules in rules.h. Every package hands over its files as
// :sources, and BUILD.bazel of this folder lists the packages.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/lint/rules.h"
#include "tests/lint/source_file.h"

namespace pollux::lint {
namespace {

namespace fs = std::filesystem;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where Bazel has laid out the files of this test.
fs::path Runfiles() { return fs::path(Environment("TEST_SRCDIR")) / Environment("TEST_WORKSPACE"); }

bool IsText(const fs::path& path) {
  static const auto& kinds =
      *new std::set<std::string>{".bazel", ".bzl", ".cc", ".csv", ".h", ".md", ".py", ".sh"};
  static const auto& names = *new std::set<std::string>{
      ".bazelrc", ".clang-tidy", "WORKSPACE", "bazelw", "mutations.txt", "run", "tidy"};
  return kinds.count(path.extension().string()) != 0 || names.count(path.filename().string()) != 0;
}

std::vector<SourceFile> ReadSources() {
  std::vector<SourceFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(Runfiles())) {
    const std::string path = entry.path().lexically_relative(Runfiles()).generic_string();
    // What others wrote is theirs to keep in order.
    if (absl::StartsWith(path, "external/") || !entry.is_regular_file() || !IsText(entry.path())) {
      continue;
    }
    std::ifstream stream(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    files.emplace_back(path, text.str());
  }
  return files;
}

TEST(Repository, KeepsTheRules) {
  const std::vector<SourceFile> files = ReadSources();
  ASSERT_GT(files.size(), 20u) << "hardly anything to read in " << Runfiles();
  for (const Finding& finding : CheckAll(files)) ADD_FAILURE() << finding.ToString();
}

// The runfiles are links into the source tree. Where that is in reach, which is everywhere but on
// a remote machine, no folder with C++ in it may be missing from them.
TEST(Repository, IsReadAsAWhole) {
  const fs::path root = fs::canonical(Runfiles() / "WORKSPACE").parent_path();
  if (root == fs::canonical(Runfiles())) GTEST_SKIP() << "the source tree is out of reach";
  std::set<std::string> seen;
  for (const SourceFile& file : ReadSources()) seen.insert(file.path());
  std::set<std::string> unread;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string path = entry->path().lexically_relative(root).generic_string();
    if (absl::StartsWith(path, ".git") || absl::StartsWith(path, ".cache") ||
        absl::StartsWith(path, "bazel-")) {
      entry.disable_recursion_pending();
      continue;
    }
    const std::string kind = entry->path().extension().string();
    if ((kind != ".cc" && kind != ".h") || !entry->is_regular_file()) continue;
    if (seen.count(path) == 0) unread.insert(fs::path(path).parent_path().generic_string());
  }
  for (const std::string& folder : unread) {
    ADD_FAILURE() << folder << "/ has C++ that is not read: list the :sources of its package in "
                  << "tests/lint/BUILD.bazel";
  }
}

}  // namespace
}  // namespace pollux::lint
