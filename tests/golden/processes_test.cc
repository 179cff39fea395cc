// SPDX-License-Identifier: Apache-2.0
//
// The scenarios in several processes, whose memory lies elsewhere each time and whose hash tables
// have other seeds, and in one where nothing is at random: the fingerprints are still the file's.

#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <set>
#include <string>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/golden/expected.h"
#include "tests/golden/scenarios.h"

namespace pollux::golden {
namespace {

// What another process of this program prints: the lines, and one about itself.
std::string Output(bool random_places) {
  std::array<int, 2> ends = {};
  if (pipe(ends.data()) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    if (!random_places) personality(ADDR_NO_RANDOMIZE);
    setenv("POLLUX_GOLDEN_CHILD", "1", 1);
    execl("/proc/self/exe", "processes_test", static_cast<char*>(nullptr));
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
