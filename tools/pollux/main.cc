// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "tools/pollux/command.h"

int main(int argc, char** argv) {
  // "bazel run" begins programs in a folder of its own; FILE is meant from the user's.
  if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
    std::error_code ignored;  // Then FILE is looked for here.
    std::filesystem::current_path(folder, ignored);
  }
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const pollux::program::CommandResult result = pollux::program::RunPollux(arguments);
  std::fputs(result.out.c_str(), stdout);
  std::fputs(result.err.c_str(), stderr);
  return result.exit_code;
}
