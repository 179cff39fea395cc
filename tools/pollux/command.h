// SPDX-License-Identifier: Apache-2.0
//
// File: command.h
//
// The commands of the tool `pollux`, as functions: what they print is a value.

#ifndef POLLUX_TOOLS_POLLUX_COMMAND_H_
#define POLLUX_TOOLS_POLLUX_COMMAND_H_

#include <string>
#include <vector>

namespace pollux::program {

// Exit codes.
inline constexpr int kAgree = 0;
inline constexpr int kCannotRun = 1;  // A target cannot build the network, or is not there.
inline constexpr int kBadUsage = 2;   // Of the command line, or in the program's file.
inline constexpr int kDiffer = 3;

struct CommandResult {
  int exit_code = kAgree;
  std::string out;  // For standard output.
  std::string err;  // For standard error.
};

// What the tool does with these arguments; the first is the command. Reads files, and where a
// program runs on "native", calls this machine's kernel.
CommandResult RunPollux(const std::vector<std::string>& arguments);

// `pollux run` and `pollux rules`, with what is behind the command.
CommandResult RunCommand(const std::vector<std::string>& arguments);
CommandResult RulesCommand(const std::vector<std::string>& arguments);

// A result that says what is wrong with the command line.
CommandResult BadUsage(const std::string& message);

// docs/rules.md.
std::string RulesPage();

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_POLLUX_COMMAND_H_
