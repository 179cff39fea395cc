// SPDX-License-Identifier: Apache-2.0

#include "tools/pollux/command.h"

#include "absl/strings/str_cat.h"

namespace pollux::program {
namespace {

constexpr char kHelp[] = R"(pollux tells what UDP sockets do, on which platform.

  pollux run FILE [--on=TARGET,...] [--width=COLUMNS]
      Carries the socket program in FILE out on each target, and prints for each
      call what it returned there, side by side. Calls whose answers differ are
      marked with "!". Targets: sim:linux, sim:macos, sim:freebsd, sim:windows,
      sim:symbian, and native, the kernel of this machine. Without --on: the four
      simulated platforms of today.
      Ends with 0 if all targets agree, 3 if they differ, 2 if the command line
      or the file is wrong, and 1 if a target cannot run the program.

  pollux rules [--platform=PLATFORM,...] [--markdown]
      Prints the rules by which the simulated platforms differ, side by side.
      --markdown prints the page docs/rules.md.

  pollux help
      Prints this.

docs/programs.md is the manual of socket programs.
)";

}  // namespace

CommandResult BadUsage(const std::string& message) {
  return {kBadUsage, "", absl::StrCat("pollux: ", message, "; see: pollux help\n")};
}

CommandResult RunPollux(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return BadUsage("a command is missing (run, rules or help)");
  const std::string& command = arguments.front();
  if (command == "help" || command == "--help" || command == "-h") return {kAgree, kHelp, ""};
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (command == "run") return RunCommand(rest);
  if (command == "rules") return RulesCommand(rest);
  return BadUsage(
      absl::StrCat("there is no command \"", command, "\"; the commands are run, rules and help"));
}

}  // namespace pollux::program
