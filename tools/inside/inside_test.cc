// SPDX-License-Identifier: Apache-2.0
//
// The command `inside`: its command line, and, where the packages are installed, that a program
// runs in each kernel and comes back as from a shell.

#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/inside/job.h"

namespace pollux::inside {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ErrorOf(std::vector<const char*> arguments) {
  const absl::StatusOr<Job> job = ParseJob(arguments);
  return job.ok() ? "no error" : std::string(job.status().message());
}

TEST(ParseJob, TakesAKernelALimitAndAProgram) {
  const absl::StatusOr<Job> job = ParseJob({"gvisor", "--limit=90s", "ls", "--limit=1s", "-l"});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->kernel, Kernel::kGvisor);
  EXPECT_EQ(job->limit, absl::Seconds(90));
  EXPECT_THAT(job->program, ElementsAre("ls", "--limit=1s", "-l"));
}

TEST(ParseJob, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("uml or gvisor"));
  EXPECT_THAT(ErrorOf({"xen", "ls"}), HasSubstr("\"xen\""));
  EXPECT_THAT(ErrorOf({"uml"}), HasSubstr("which program"));
  EXPECT_THAT(ErrorOf({"uml", "--limit=1s"}), HasSubstr("which program"));
  EXPECT_THAT(ErrorOf({"uml", "--fast", "ls"}), HasSubstr("\"--fast\""));
  EXPECT_THAT(ErrorOf({"uml", "--limit=soon", "ls"}), HasSubstr("\"soon\""));
  EXPECT_THAT(ErrorOf({"uml", "--limit=0s", "ls"}), HasSubstr("no limit"));
}

TEST(FindProgram, LooksWhereAShellLooks) {
  EXPECT_THAT(*FindProgram("sh"), StartsWith("/"));
  EXPECT_EQ(*FindProgram("/bin/sh"), "/bin/sh");
  EXPECT_TRUE(absl::IsNotFound(FindProgram("no-such-program").status()));
  EXPECT_TRUE(absl::IsNotFound(FindProgram("/no/such/program").status()));
  EXPECT_TRUE(absl::IsPermissionDenied(FindProgram("/etc/passwd").status()));
  EXPECT_FALSE(FindProgram("/bin").ok());
}

struct Result {
  int code = -1;
  std::string output;  // Of both kinds.
};

Result RunInside(const std::string& arguments) {
  const std::string command =
      absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                   "/tools/inside/inside ", arguments, " 2>&1");
  Result result;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  return result;
}

TEST(Inside, ExplainsAWrongCommandLine) {
  const Result result = RunInside("xen ls");
  EXPECT_EQ(result.code, kNotHere);
  EXPECT_THAT(result.output, HasSubstr("usage: inside"));
}

TEST(Inside, HasTheCodesOfAShell) {
  EXPECT_EQ(RunInside("uml no-such-program").code, kNotFound);
  EXPECT_EQ(RunInside("uml /etc/passwd").code, kNotExecutable);
}

// Sanitizers take address space that User-Mode Linux does not have, and mind being traced.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

class InKernel : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a binary with a sanitizer cannot run inside";
    const Result result = RunInside(absl::StrCat(GetParam(), " true"));
    if (result.code == kNotHere) GTEST_SKIP() << result.output;
    EXPECT_EQ(result.code, 0) << result.output;
  }
};

TEST_P(InKernel, OutputAndCodeAreTheProgramsOwn) {
  const Result result = RunInside(
      absl::StrCat(GetParam(), " sh -c 'echo \"$0 $1\"; echo error >&2; exit 7' 'a b' c"));
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.output, HasSubstr("a b c\n"));
  EXPECT_THAT(result.output, HasSubstr("error\n"));
}

TEST_P(InKernel, ItIsAnotherKernel) {
  const Result result = RunInside(absl::StrCat(GetParam(), " uname -r"));
  const bool uml = std::string(GetParam()) == "uml";
  EXPECT_THAT(result.output, StartsWith(uml ? "6.1." : "4.4."));
}

TEST_P(InKernel, AProgramThatTakesTooLongIsEnded) {
  EXPECT_EQ(RunInside(absl::StrCat(GetParam(), " --limit=1s sleep 1000")).code, kTimedOut);
}

INSTANTIATE_TEST_SUITE_P(Kernels, InKernel, testing::Values("uml", "gvisor"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pollux::inside
