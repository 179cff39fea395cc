// SPDX-License-Identifier: Apache-2.0
//
// README.md and docs/ are read against the tree: their programs are those that are built, and what
// they name exists.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "examples/common/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux {
namespace {

namespace fs = std::filesystem;

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where Bazel has laid out the files of this test.
fs::path Runfiles() { return fs::path(Environment("TEST_SRCDIR")) / Environment("TEST_WORKSPACE"); }

// The tree itself: the runfiles are links into it. Not in reach on a remote machine.
fs::path Root() { return fs::canonical(Runfiles() / "README.md").parent_path(); }

std::string Read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// The contents of the ``` blocks of a page in that language, "" for those that name none.
std::vector<std::string> Blocks(const std::string& page, absl::string_view language) {
  std::vector<std::string> blocks;
  bool within = false;
  bool wanted = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "```")) {
      within = !within;
      wanted = within && line.substr(3) == language;
      if (wanted) blocks.emplace_back();
    } else if (wanted) {
      absl::StrAppend(&blocks.back(), line, "\n");
    }
  }
  return blocks;
}

std::vector<fs::path> Pages() {
  std::vector<fs::path> pages = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"};
  for (const auto& entry : fs::directory_iterator(Runfiles() / "docs")) {
    if (entry.path().extension() == ".md") pages.push_back("docs" / entry.path().filename());
  }
  return pages;
}

std::vector<std::string> AllMatches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> matches;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    matches.push_back((*it)[1]);
  }
  return matches;
}

TEST(ReadmeTest, ItsProgramsAreTheOnesThatAreBuilt) {
  const std::vector<std::string> blocks = Blocks(Read(Runfiles() / "README.md"), "cpp");
  ASSERT_THAT(blocks, SizeIs(3));
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n\n";
  EXPECT_EQ(licence + blocks[0], Read(Runfiles() / "tests/readme/first_program.cc"));
  EXPECT_EQ(licence + blocks[1], Read(Runfiles() / "tests/readme/first_simulation.cc"));
  EXPECT_EQ(licence + blocks[2], Read(Runfiles() / "tests/readme/first_test.cc"));
  EXPECT_LE(std::count(blocks[0].begin(), blocks[0].end(), '\n'), 15);
}

// The story that README.md shows is the one that the first command prints.
TEST(ReadmeTest, ItsStoryIsTheOneThatIsTold) {
  examples::Program discovery("examples/discovery/discovery", {});
  ASSERT_EQ(discovery.Wait(), 0) << discovery.output();
  std::string story;
  for (const std::string& block : Blocks(Read(Runfiles() / "README.md"), "")) {
    if (absl::StrContains(block, "outcome:")) story = block;
  }
  ASSERT_FALSE(story.empty());
  for (const absl::string_view line : absl::StrSplit(story, '\n')) {
    EXPECT_THAT(discovery.output(), HasSubstr(std::string(absl::StripSuffix(line, "..."))));
  }
}

TEST(ReadmeTest, ThereIsADocumentForEachPromise) {
  for (const char* page :
       {"docs/qudpsocket.md", "docs/platforms.md", "docs/architecture.md", "docs/simulation.md"}) {
    EXPECT_THAT(Pages(), Contains(fs::path(page)));
  }
}

TEST(ReadmeTest, LinksLeadSomewhere) {
  if (Root() == fs::canonical(Runfiles())) GTEST_SKIP() << "the source tree is out of reach";
  for (const fs::path& page : Pages()) {
    for (std::string link : AllMatches(Read(Runfiles() / page), R"(\]\(([^)\s]+)\))")) {
      if (absl::StrContains(link, "://")) continue;
      link = link.substr(0, link.find('#'));
      if (link.empty()) continue;
      EXPECT_TRUE(fs::exists(Root() / page.parent_path() / link))
          << page << " links to " << link << ", which does not exist";
    }
  }
}

// A path in backquotes, such as `udp/endpoint.h` or `tests/lint`. What has a space, a placeholder
// or a wildcard in it is something else.
TEST(ReadmeTest, PathsThatAreNamedExist) {
  if (Root() == fs::canonical(Runfiles())) GTEST_SKIP() << "the source tree is out of reach";
  for (const fs::path& page : Pages()) {
    const std::string pattern =
        "`((?:udp|platform|sim|tests|examples|docs|tools|third_party|[.]ci)/[A-Za-z0-9_./-]*)`";
    for (const std::string& path : AllMatches(Read(Runfiles() / page), pattern)) {
      EXPECT_TRUE(fs::exists(Root() / path))
          << page << " names " << path << ", which does not exist";
    }
  }
}

// A test in backquotes, such as `BindTest.BothMustShareToShare`, is in some file of tests/ or
// examples/. (What begins with Q is Qt's.)
TEST(ReadmeTest, TestsThatAreNamedExist) {
  if (Root() == fs::canonical(Runfiles())) GTEST_SKIP() << "the source tree is out of reach";
  std::set<std::string> tests;
  for (const char* folder : {"tests", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(Root() / folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = Read(entry.path());
      const std::regex regex(R"(TEST(?:_[FP])?\((\w+),\s*(\w+)\))");
      for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
        tests.insert(absl::StrCat((*it)[1].str(), ".", (*it)[2].str()));
      }
    }
  }
  ASSERT_FALSE(tests.empty());
  for (const fs::path& page : Pages()) {
    for (const std::string& test :
         AllMatches(Read(Runfiles() / page), "`([A-PR-Z]\\w*\\.[A-Z]\\w*)`")) {
      EXPECT_EQ(tests.count(test), 1u) << page << " names " << test << ", which does not exist";
    }
  }
}

}  // namespace
}  // namespace pollux
