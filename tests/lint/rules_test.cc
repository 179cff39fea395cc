// SPDX-License-Identifier: Apache-2.0
//
// Each rule can fail: for every one of them, text that breaks it and text that only seems to.

#include "tests/lint/rules.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::string_view kLicence = "// SPDX-License-Identifier: Apache-2.0\n";

std::vector<std::string> Rules(const std::vector<Finding>& findings) {
  std::vector<std::string> rules;
  for (const Finding& finding : findings) rules.push_back(finding.rule);
  return rules;
}

// What the include rules say of one line in one file, when the files below exist.
std::vector<std::string> IncludeFrom(absl::string_view path, absl::string_view line) {
  std::vector<SourceFile> files;
  for (absl::string_view name :
       {"examples/ping/ping.h", "platform/linux/epoll_loop.h", "sim/choice/ratio.h",
        "sim/fabric/link.h", "sim/kernel/packet.h", "sim/kernel/udp_stack.h", "sim/network.h",
        "sim/testing/sim_test.h", "sim/timeline.h", "sim/trace/trace.h", "tests/net/lab.h",
        "platform/common/turn_loop.h", "udp/event_loop.h", "udp/internal/check.h",
        "udp/testing/matchers.h", "udp/udp_socket.h", "udp/table.inc"}) {
    files.emplace_back(std::string(name), "");
  }
  files.emplace_back(std::string(path), line);
  return Rules(CheckIncludes(files));
}

std::vector<std::string> NamesIn(absl::string_view path, absl::string_view text) {
  return Rules(CheckNames(SourceFile(std::string(path), text)));
}

std::vector<std::string> ShapeOf(absl::string_view path, absl::string_view text) {
  return Rules(CheckShape(SourceFile(std::string(path), text)));
}

std::vector<std::string> BuildRulesOf(absl::string_view text) {
  return Rules(CheckBuildFile(SourceFile("udp/BUILD.bazel", text)));
}

TEST(Layers, LeadDownwards) {
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"absl/time/time.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("udp/internal/a.cc", "#include \"udp/udp_socket.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("platform/linux/a.cc", "#include \"udp/udp_socket.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("sim/network.cc", "#include \"sim/kernel/udp_stack.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("examples/a.cc", "#include \"sim/network.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("tests/a.cc", "#include \"platform/linux/epoll_loop.h\""), IsEmpty());
}

TEST(Layers, NeverLeadUpwards) {
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"sim/network.h\""), ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"platform/linux/epoll_loop.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"gtest/gtest.h\""), ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/a.cc", "#include \"tests/net/lab.h\""), ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("platform/a.cc", "#include \"examples/ping/ping.h\""),
              ElementsAre("layer"));
}

TEST(Layers, KeepTheTwinsApart) {
  EXPECT_THAT(IncludeFrom("platform/linux/a.cc", "#include \"sim/network.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/a.cc", "#include \"platform/linux/epoll_loop.h\""),
              ElementsAre("layer"));
}

TEST(Layers, GiveEachRoomOfTheSimulatorItsOwn) {
  EXPECT_THAT(IncludeFrom("sim/kernel/a.cc", "#include \"udp/event_loop.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/kernel/a.cc", "#include \"sim/fabric/link.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/kernel/a.cc", "#include \"sim/network.h\""), ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/kernel/a.cc", "#include \"sim/kernel/packet.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("sim/fabric/a.cc", "#include \"sim/kernel/udp_stack.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/fabric/a.cc", "#include \"sim/kernel/packet.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("sim/choice/a.cc", "#include \"sim/kernel/packet.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/choice/a.cc", "#include \"udp/internal/check.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("sim/trace/a.cc", "#include \"sim/choice/ratio.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("sim/network.cc", "#include \"sim/testing/sim_test.h\""),
              ElementsAre("layer"));
}

TEST(Layers, LeadFromEverySystemToOne) {
  EXPECT_THAT(IncludeFrom("platform/common/a.cc", "#include \"platform/linux/epoll_loop.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("platform/posix/a.cc", "#include \"platform/linux/epoll_loop.h\""),
              ElementsAre("layer"));
  EXPECT_THAT(IncludeFrom("platform/posix/a.cc", "#include \"platform/common/turn_loop.h\""),
              IsEmpty());
}

TEST(Layers, KeepTestLibrariesOutOfPrograms) {
  for (absl::string_view path : {"udp/a.cc", "platform/a.cc", "sim/a.cc", "sim/kernel/a.cc"}) {
    EXPECT_THAT(IncludeFrom(path, "#include \"udp/testing/matchers.h\""), ElementsAre("layer"));
  }
  EXPECT_THAT(IncludeFrom("sim/testing/a.h", "#include \"udp/testing/matchers.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("udp/testing/a.h", "#include \"gmock/gmock.h\""), IsEmpty());
}

TEST(Layers, HideInternalsFromExamples) {
  EXPECT_THAT(IncludeFrom("examples/a.cc", "#include \"udp/internal/check.h\""),
              ElementsAre("layer"));
}

TEST(Layers, KnowEveryRoom) {
  EXPECT_THAT(IncludeFrom("attic/a.cc", "#include \"udp/udp_socket.h\""), ElementsAre("layer"));
}

TEST(Includes, AreFilesThatTheLintTestSees) {
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"udp/unseen.h\""), ElementsAre("include"));
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"udp_socket.h\""),
              ElementsAre("include", "layer"));
  EXPECT_THAT(IncludeFrom("udp/a.cc", "#include \"udp/table.inc\""), ElementsAre("include"));
}

TEST(Includes, NameNoOperatingSystemAboveThePlatforms) {
  for (absl::string_view name : {"sys/socket.h", "unistd.h", "winsock2.h", "poll.h", "stdint.h"}) {
    const std::string line = absl::StrCat("#  include <", name, ">");
    EXPECT_THAT(IncludeFrom("udp/a.h", line), ElementsAre("include"));
    EXPECT_THAT(IncludeFrom("sim/kernel/a.h", line), ElementsAre("include"));
    EXPECT_THAT(IncludeFrom("platform/a.h", line), IsEmpty());
    EXPECT_THAT(IncludeFrom("tests/a.h", line), IsEmpty());
  }
  EXPECT_THAT(IncludeFrom("udp/a.h", "#include <cstdint>"), IsEmpty());
  EXPECT_THAT(IncludeFrom("udp/a.h", "#include <chrono>"), ElementsAre("include"));
}

TEST(Includes, InCommentsAreNone) {
  EXPECT_THAT(IncludeFrom("udp/a.cc", "// #include \"sim/network.h\""), IsEmpty());
  EXPECT_THAT(IncludeFrom("udp/a.cc", "/*\n#include \"sim/network.h\"\n*/"), IsEmpty());
}

TEST(Names, EachBanCanFail) {
  EXPECT_THAT(NamesIn("udp/a.h", "std::string_view s;"), ElementsAre("string_view"));
  EXPECT_THAT(NamesIn("udp/a.cc", "auto t = absl::Now();"), ElementsAre("clock"));
  EXPECT_THAT(NamesIn("sim/a.cc", "std::chrono::steady_clock::now();"), ElementsAre("clock"));
  EXPECT_THAT(NamesIn("tests/a.cc", "absl::SleepFor(d);"), ElementsAre("sleep"));
  EXPECT_THAT(NamesIn("udp/a.cc", "sleep(1);"), ElementsAre("sleep"));
  EXPECT_THAT(NamesIn("sim/a.cc", "int i = rand();"), ElementsAre("random"));
  EXPECT_THAT(NamesIn("sim/a.cc", "absl::BitGen gen;"), ElementsAre("random"));
  EXPECT_THAT(NamesIn("sim/a.cc", "std::random_device d;"), ElementsAre("random"));
  EXPECT_THAT(NamesIn("udp/a.cc", "getenv(\"X\")"), ElementsAre("environment"));
  EXPECT_THAT(NamesIn("sim/a.cc", "std::thread t;"), ElementsAre("thread"));
  EXPECT_THAT(NamesIn("sim/a.cc", "const double x = 1;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "float x;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "std::unordered_map<int, int> m;"), ElementsAre("unordered"));
  EXPECT_THAT(NamesIn("udp/a.cc", "sockaddr_in a; if (errno == 0) {}"),
              ElementsAre("posix", "posix"));
}

TEST(Names, ArePlacedByRoom) {
  EXPECT_THAT(NamesIn("platform/a.cc", "absl::Now(); getenv(\"X\"); errno;"), IsEmpty());
  EXPECT_THAT(NamesIn("udp/a.cc", "double seconds = 1;"), IsEmpty());
  EXPECT_THAT(NamesIn("tests/a.cc", "std::thread t; rand();"), IsEmpty());
}

TEST(Names, AreWholeNames) {
  EXPECT_THAT(NamesIn("sim/a.cc", "doubled floating operand(1) my_rand(2) absl::Nowhere"),
              IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "error.errno; choices->rand();"), IsEmpty());
}

TEST(Names, InCommentsAndTextAreNone) {
  EXPECT_THAT(NamesIn("sim/a.cc", "int x;  // no double here"), IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "/* rand() */ int x; /* double\n float */"), IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "Print(\"double \\\" float\"); char c = '\\'';"), IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "Print(R\"x(double \" )\" float)x\"); int i;"), IsEmpty());
}

TEST(Names, AreSeenBehindCommentsAndText) {
  EXPECT_THAT(NamesIn("sim/a.cc", "/* a */ double x;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "Print(\"// text\"); double x;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "Print(R\"(\")\"); double x;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "int i = 1'000; double x;"), ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "char c = '\"'; double x;"), ElementsAre("float"));
}

TEST(Names, OfPlatformsDoNotSteerThePreprocessor) {
  EXPECT_THAT(NamesIn("udp/a.cc", "#ifdef __linux__"), ElementsAre("platform"));
  EXPECT_THAT(NamesIn("sim/a.cc", "#if defined(_WIN32)"), ElementsAre("platform"));
  EXPECT_THAT(NamesIn("examples/a.cc", "  # if __APPLE__"), ElementsAre("platform"));
  EXPECT_THAT(NamesIn("platform/a.cc", "#ifdef __linux__"), IsEmpty());
  EXPECT_THAT(NamesIn("udp/a.h", "#ifndef POLLUX_UDP_A_H_"), IsEmpty());
}

TEST(Exceptions, NeedAReason) {
  EXPECT_THAT(NamesIn("sim/a.cc", "double x;  // lint: allow(float) printed only"), IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "// lint: allow(float) printed only\ndouble x;"), IsEmpty());
  EXPECT_THAT(NamesIn("sim/a.cc", "double x;  // lint: allow(float)"), ElementsAre("float"));
}

TEST(Exceptions, ReachNoFurther) {
  EXPECT_THAT(NamesIn("sim/a.cc", "double x;  // lint: allow(random) wrong rule"),
              ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "// lint: allow(float) one line\ndouble x;\ndouble y;"),
              ElementsAre("float"));
  EXPECT_THAT(NamesIn("sim/a.cc", "double x;  // lint: allow(float) this line\ndouble y;"),
              ElementsAre("float"));
}

TEST(Shape, BeginsWithTheLicence) {
  EXPECT_THAT(ShapeOf("udp/a.h", absl::StrCat(kLicence, "int x;\n")), IsEmpty());
  EXPECT_THAT(ShapeOf("udp/a.h", "int x;\n"), ElementsAre("licence"));
  EXPECT_THAT(ShapeOf("udp/a.h", ""), ElementsAre("licence"));
  EXPECT_THAT(ShapeOf("udp/BUILD.bazel", "# SPDX-License-Identifier: Apache-2.0\n"), IsEmpty());
  EXPECT_THAT(ShapeOf("udp/BUILD.bazel", "\n"), ElementsAre("licence"));
  EXPECT_THAT(ShapeOf("a.bzl", "\"\"\"Text.\"\"\"\n"), ElementsAre("licence"));
  EXPECT_THAT(ShapeOf("bazelw", "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n"), IsEmpty());
  EXPECT_THAT(ShapeOf("bazelw", "#!/bin/bash\n"), ElementsAre("licence"));
  EXPECT_THAT(ShapeOf("vectors.csv", "a,b\n"), IsEmpty());
}

std::string Lines(size_t count) {
  std::string text(kLicence);
  for (size_t i = 1; i < count; ++i) text += "\n";
  return text;
}

TEST(Shape, IsOneSitting) {
  EXPECT_THAT(ShapeOf("udp/a.h", Lines(300)), IsEmpty());
  EXPECT_THAT(ShapeOf("udp/a.h", Lines(301)), ElementsAre("length"));
  EXPECT_THAT(ShapeOf("udp/a.cc", Lines(500)), IsEmpty());
  EXPECT_THAT(ShapeOf("udp/a.cc", Lines(501)), ElementsAre("length"));
  EXPECT_THAT(ShapeOf("tests/a_test.cc", Lines(800)), IsEmpty());
  EXPECT_THAT(ShapeOf("tests/a_test.cc", Lines(801)), ElementsAre("length"));
}

TEST(BuildFiles, ServeEveryBazel) {
  constexpr absl::string_view kSources = "filegroup(\n    name = \"sources\",\n)\n";
  EXPECT_THAT(BuildRulesOf(kSources), IsEmpty());
  EXPECT_THAT(BuildRulesOf(""), ElementsAre("bazel"));
  EXPECT_THAT(BuildRulesOf(absl::StrCat(kSources, "cc_library(\n)\n")), ElementsAre("bazel"));
  EXPECT_THAT(BuildRulesOf(absl::StrCat(kSources, "sh_test(\n)\n")), ElementsAre("bazel"));
  EXPECT_THAT(
      BuildRulesOf(absl::StrCat("load(\"@rules_shell//shell:sh_binary.bzl\", \"sh_binary\")\n",
                                kSources, "sh_binary(\n)\n")),
      IsEmpty());
  EXPECT_THAT(BuildRulesOf(absl::StrCat("load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n",
                                        kSources, "cc_library(\n)\n")),
              IsEmpty());
}

TEST(MachinePaths, AreFoundAnywhere) {
  const std::string home = absl::StrCat("/ho", "me/somebody/x");
  EXPECT_THAT(Rules(CheckMachinePaths(SourceFile("README.md", absl::StrCat("see ", home)))),
              ElementsAre("machine"));
  EXPECT_THAT(Rules(CheckMachinePaths(SourceFile("a.cc", absl::StrCat("// ", home)))),
              ElementsAre("machine"));
  EXPECT_THAT(CheckMachinePaths(SourceFile("a.cc", absl::StrCat("// docs", home))), IsEmpty());
}

TEST(NamedTests, AreThere) {
  const SourceFile tests("tests/a_test.cc", "TEST(Sock, Binds) {\nTEST_F(SockTest, Closes) {\n");
  const auto rules = [&](absl::string_view text) {
    return Rules(CheckNamedTests({tests, SourceFile("docs/a.md", text)}));
  };
  EXPECT_THAT(rules("see `Sock.Binds` and `SockTest.Closes`"), IsEmpty());
  EXPECT_THAT(rules("see `Sock.Closes`, or `Sock.Binds`"), ElementsAre("test"));
  EXPECT_THAT(rules("see Sock.Closes, `file.cc`, `Sock.binds`, `a.Binds`, `QSock.Closes`"),
              IsEmpty());
}

TEST(Mutations, FitTheirFiles) {
  const SourceFile code("sim/a.cc", "if (a) return 1;\nif (b) return 2;\nif (b) return 3;\n");
  const auto rules = [&](absl::string_view text) {
    return Rules(CheckMutations({code, SourceFile("tests/mutations.txt", text)}));
  };
  EXPECT_THAT(rules("file: sim/a.cc\nfrom: if (a) return\nto:   if (!a) return\n"), IsEmpty());
  EXPECT_THAT(rules("file: sim/a.cc\nfrom: if (b)\n"), ElementsAre("mutation"));
  EXPECT_THAT(rules("file: sim/a.cc\nfrom: if (c)\n"), ElementsAre("mutation"));
  EXPECT_THAT(rules("file: sim/b.cc\nfrom: if (a)\n"), ElementsAre("mutation"));
}

TEST(Findings, PrintForEditors) {
  const std::vector<Finding> findings =
      CheckAll({SourceFile("sim/a.cc", absl::StrCat(kLicence, "\ndouble x;\n"))});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].ToString(), HasSubstr("sim/a.cc:3: [float] double: "));
}

}  // namespace
}  // namespace pollux::lint
