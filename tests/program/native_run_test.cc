// SPDX-License-Identifier: Apache-2.0
//
// `pollux run` on this machine's kernel: the example programs give what the simulated Linux gives.

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/pollux/command.h"
#include "tools/program/native_target.h"

namespace pollux::program {
namespace {

class NativeRun : public testing::TestWithParam<const char*> {};

TEST_P(NativeRun, AgreesWithTheSimulatedLinux) {
  const std::string name = GetParam();
  const std::string file =
      absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                   "/tools/pollux/programs/", name, ".pollux");
  const CommandResult result = RunPollux({"run", file, "--on=sim:linux,native"});
  if (result.exit_code == kCannotRun) GTEST_SKIP() << result.err;
  if (name == "port_steal" && !NativeUsersPermitted()) GTEST_SKIP() << "it has several users";
  EXPECT_EQ(result.exit_code, kAgree) << result.out << result.err;
}

INSTANTIATE_TEST_SUITE_P(Programs, NativeRun,
                         testing::Values("port_steal", "dual_stack", "multicast_gates",
                                         "icmp_errors", "truncation"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pollux::program
