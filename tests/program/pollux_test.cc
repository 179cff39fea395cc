// SPDX-License-Identifier: Apache-2.0
//
// The tool `pollux`: its command line, what it prints of the example programs, and that docs/ says
// what it prints.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/kernel/rule_fields.h"
#include "tools/pollux/command.h"
#include "tools/program/program.h"
#include "udp/platform.h"

namespace pollux::program {
namespace {

std::string Runfile(absl::string_view path) {
  return absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"), "/", path);
}

std::string Contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << path;
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

// A file of the test's own with that text.
std::string TempFile(absl::string_view name, absl::string_view text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

class Example : public testing::TestWithParam<const char*> {};

// After a change that is meant, the new text is what `pollux run` prints.
TEST_P(Example, PrintsItsGoldenText) {
  const std::string base = Runfile(absl::StrCat("tools/pollux/programs/", GetParam()));
  const CommandResult result = RunPollux({"run", absl::StrCat(base, ".pollux")});
  EXPECT_EQ(result.exit_code, kDiffer) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, Contents(absl::StrCat(base, ".expected")));
  for (const absl::string_view line : absl::StrSplit(result.out, '\n')) {
    EXPECT_LE(line.size(), 160u) << line;
  }
}

TEST_P(Example, ReadsAsItIsPrinted) {
  const std::string text =
      Contents(Runfile(absl::StrCat("tools/pollux/programs/", GetParam(), ".pollux")));
  const absl::StatusOr<Program> program = Program::Parse(text, GetParam());
  ASSERT_TRUE(program.ok()) << program.status();
  const absl::StatusOr<Program> again = Program::Parse(program->ToString(), "printed");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->ToString(), program->ToString());
}

INSTANTIATE_TEST_SUITE_P(Programs, Example,
                         testing::Values("port_steal", "dual_stack", "multicast_gates",
                                         "icmp_errors", "truncation"),
                         [](const auto& info) { return std::string(info.param); });

constexpr char kAgreeing[] = "host a\nsocket s a ipv4\nbind s 127.0.0.1:5000\nlocal s\n";

TEST(Run, SaysWhetherTheTargetsAgree) {
  const std::string file = TempFile("agree.pollux", kAgreeing);
  const CommandResult result = RunPollux({"run", file, "--on=sim:linux,sim:windows"});
  EXPECT_EQ(result.exit_code, kAgree) << result.err;
  EXPECT_EQ(result.out,
            "  line  call                   sim:linux       sim:windows\n"
            "  2     socket s a ipv4        ok              ok\n"
            "  3     bind s 127.0.0.1:5000  ok              ok\n"
            "  4     local s                127.0.0.1:5000  127.0.0.1:5000\n"
            "\n"
            "All 3 calls agree.\n");
}

// The prefix of Winsock's names is no difference, and a column is only as wide as it can be.
TEST(Run, MarksDifferences) {
  const std::string file = TempFile(
      "differ.pollux",
      absl::StrCat(kAgreeing, "socket t a ipv4\nbind t 127.0.0.1:5000\nset t ReusePort 1\n"));
  const CommandResult result = RunPollux({"run", file, "--width=60", "--on=sim:linux,sim:windows"});
  EXPECT_EQ(result.exit_code, kDiffer) << result.err;
  EXPECT_TRUE(absl::StrContains(result.out, "\n   6     bind t  ")) << result.out;
  EXPECT_TRUE(absl::StrContains(result.out, "\n         127.0.0.1:5000\n")) << result.out;
  EXPECT_TRUE(absl::StrContains(result.out, "\n!  7     set t ReusePort 1")) << result.out;
  EXPECT_TRUE(absl::EndsWith(result.out, "\n1 of 6 calls differ.\n")) << result.out;
  for (const absl::string_view line : absl::StrSplit(result.out, '\n')) {
    EXPECT_LE(line.size(), 60u) << line;
  }
}

struct Mistake {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(Pollux, NamesMistakes) {
  const std::string good = TempFile("good.pollux", kAgreeing);
  const std::string bad = TempFile("bad.pollux", "host a\nsoket s a ipv4\n");
  const std::string see = "; see: pollux help\n";
  const std::vector<Mistake> mistakes = {
      {{}, "pollux: a command is missing (run, rules or help)" + see},
      {{"runn"},
       "pollux: there is no command \"runn\"; the commands are run, rules and help" + see},
      {{"run"}, "pollux: run needs a file" + see},
      {{"run", "nowhere.pollux"}, "pollux: cannot read the file nowhere.pollux" + see},
      {{"run", testing::TempDir()}, "pollux: cannot read the file " + testing::TempDir() + see},
      {{"run", good, good},
       "pollux: run takes one file, and \"" + good + "\" is a second one" + see},
      {{"run", good, "--in=x"},
       "pollux: run has no option \"--in=x\"; it has --on= and --width=" + see},
      {{"run", good, "--width=1"}, "pollux: --width=1 is no number from 60 to 1000" + see},
      {{"run", good, "--on=sim:linux,sim:beos"},
       "pollux: there is no target \"sim:beos\"; the targets are sim:linux, sim:macos, "
       "sim:freebsd, sim:freebsd14, sim:windows, sim:windowsxp, sim:symbian, native" +
           see},
      {{"run", good, "--on=native,native"}, "pollux: --on= names a target twice" + see},
      {{"rules", "--platform=beos"},
       "pollux: there is no platform \"beos\"; the platforms are linux, macos, freebsd, "
       "freebsd14, windows, windowsxp, symbian" +
           see},
      {{"rules", "all"}, "pollux: rules has no \"all\"; it has --platform= and --markdown" + see},
  };
  for (const Mistake& mistake : mistakes) {
    const CommandResult result = RunPollux(mistake.arguments);
    EXPECT_EQ(result.exit_code, kBadUsage) << mistake.message;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, mistake.message);
  }
  const CommandResult result = RunPollux({"run", bad});
  EXPECT_EQ(result.exit_code, kBadUsage);
  EXPECT_TRUE(absl::StartsWith(result.err, absl::StrCat(bad, ":2: \"soket\" is neither")))
      << result.err;
}

TEST(Pollux, HelpsOutLoud) {
  for (const char* word : {"help", "--help", "-h"}) {
    const CommandResult result = RunPollux({word});
    EXPECT_EQ(result.exit_code, kAgree);
    EXPECT_TRUE(absl::StrContains(result.out, "pollux run FILE")) << result.out;
    EXPECT_EQ(result.err, "");
  }
}

TEST(Rules, EveryFieldHasARowOfItsOwn) {
  // That there are as many rows as fields is asserted when rule_fields.cc is compiled.
  std::set<absl::string_view> names;
  for (const sim::RuleField& field : sim::RuleFields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name << " is there twice";
    EXPECT_FALSE(field.meaning.empty()) << field.name;
    for (const sim::Release release : sim::kAllReleases) {
      const std::string value = field.value(sim::RulesFor(release));
      EXPECT_FALSE(value.empty() || value == "?") << field.name;
    }
  }
}

TEST(Rules, PrintsColumnsOfPlatforms) {
  const CommandResult all = RunPollux({"rules"});
  EXPECT_EQ(all.exit_code, kAgree);
  EXPECT_TRUE(absl::StartsWith(all.out, "rule ")) << all.out;
  EXPECT_TRUE(absl::StrContains(all.out, "Symbian")) << all.out;
  const CommandResult two = RunPollux({"rules", "--platform=windows,linux"});
  const std::string first_line = two.out.substr(0, two.out.find('\n'));
  EXPECT_LT(first_line.find("Windows"), first_line.find("Linux")) << first_line;
  EXPECT_FALSE(absl::StrContains(two.out, "Symbian"));
  EXPECT_TRUE(absl::StrContains(two.out, "WSAENOTCONN")) << two.out;
}

// bazel run //tools:pollux -- rules --markdown > docs/rules.md
TEST(Rules, PageInDocsIsTheTable) {
  EXPECT_EQ(Contents(Runfile("docs/rules.md")), RunPollux({"rules", "--markdown"}).out);
}

// The manual has a line for each verb, and its example is what is printed.
TEST(Manual, IsComplete) {
  const std::string manual = Contents(Runfile("docs/programs.md"));
  for (const Verb verb : kAllVerbs) {
    EXPECT_TRUE(absl::StrContains(manual, absl::StrCat("\n| `", ToString(verb), " ")))
        << ToString(verb);
  }
  const std::vector<std::string> blocks = absl::StrSplit(manual, "```\n");
  ASSERT_GE(blocks.size(), 4u);
  const std::string file = TempFile("manual.pollux", blocks[1]);
  const CommandResult result = RunPollux({"run", file});
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, blocks[3]) << "the second block of docs/programs.md";
}

}  // namespace
}  // namespace pollux::program
