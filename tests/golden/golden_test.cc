// SPDX-License-Identifier: Apache-2.0
//
// Runs are the same everywhere. What this build makes of the scenarios is what fingerprints.txt
// says; that it is the same for gcc and clang, with and without optimisation, with the debug mode
// of the standard library and hardened Abseil, is the same test in those configurations (.ci/run
// golden). Here each scenario also runs in several processes, whose memory lies elsewhere each time
// and whose hash tables have other seeds, and in one where nothing is at random.

#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/testing/verify_determinism.h"
#include "tests/golden/scenarios.h"
#include "udp/testing/matchers.h"

namespace pollux::golden {
namespace {

std::string Expected() {
  std::ifstream stream(absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                                    "/tests/golden/fingerprints.txt"));
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

class Golden : public ::testing::TestWithParam<Scenario> {};

TEST_P(Golden, FingerprintIsTheFiles) {
  const std::string line = FingerprintLine(GetParam());
  EXPECT_TRUE(absl::StrContains(absl::StrCat("\n", Expected()), absl::StrCat("\n", line)))
      << "this run is\n"
      << line << "and tests/golden/fingerprints.txt has\n"
      << Expected() << "scenarios.h says how to write it anew.";
}

TEST_P(Golden, TwiceIsTheSame) {
  EXPECT_THAT(sim::VerifyDeterminism([](sim::Network& net) { GetParam().run(net); }, {.seed = 7}),
              ::pollux::testing::IsOk());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Golden, ::testing::ValuesIn(Scenarios()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(GoldenFile, HasALineForEachScenario) {
  const std::vector<std::string> lines = absl::StrSplit(Expected(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), Scenarios().size());
}

// ---- Other processes ----

// What another process of this program prints: the lines, and one about itself.
std::string Output(bool random_places) {
  std::array<int, 2> ends = {};
  if (pipe(ends.data()) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    if (!random_places) personality(ADDR_NO_RANDOMIZE);
    setenv("POLLUX_GOLDEN_CHILD", "1", 1);
    execl("/proc/self/exe", "golden_test", static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << text;
  return text;
}

// Where Abseil's hashes begin: an address, and so another one wherever the program lies.
std::string HashOfNothing() { return absl::StrCat("hash ", absl::Hash<int>()(0), "\n"); }

TEST(GoldenProcesses, WhereMemoryLiesAndHowHashesBeginChangeNothing) {
  std::set<std::string> hashes;
  const auto expect_golden = [&](bool random_places) {
    const std::string output = Output(random_places);
    const size_t end = output.rfind("hash ");
    ASSERT_NE(end, output.npos) << output;
    EXPECT_EQ(output.substr(0, end), Expected());
    hashes.insert(output.substr(end));
  };
  constexpr int kProcesses = 4;
  for (int i = 0; i < kProcesses; ++i) expect_golden(true);
  const size_t different = hashes.size();
  expect_golden(false);
  // Else nothing was shown.
  EXPECT_GT(different, 1u) << "all processes lie at one place";
}

// Of the child.
int PrintAll() {
  const std::string text = absl::StrCat(FingerprintLines(), HashOfNothing());
  return write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                             : 1;
}

}  // namespace
}  // namespace pollux::golden

int main(int argc, char** argv) {
  if (std::getenv("POLLUX_GOLDEN_CHILD") != nullptr) return pollux::golden::PrintAll();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
