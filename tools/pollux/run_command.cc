// SPDX-License-Identifier: Apache-2.0
//
// pollux run FILE --on=TARGET,...: one program, many platforms, the answers side by side.

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/kernel/platform_rules.h"
#include "tools/pollux/columns.h"
#include "tools/pollux/command.h"
#include "tools/program/native_target.h"
#include "tools/program/program.h"
#include "tools/program/sim_target.h"
#include "tools/program/target.h"

namespace pollux::program {
namespace {

struct RunArguments {
  std::string file;
  std::vector<std::string> targets = {"sim:linux", "sim:macos", "sim:freebsd", "sim:windows"};
  size_t width = kUsualWidth;
};

std::string AllTargets() {
  std::string names;
  for (const sim::Release release : sim::kAllReleases) {
    absl::StrAppend(&names, SimTargetName(release), ", ");
  }
  return absl::StrCat(names, "native");
}

absl::StatusOr<RunArguments> ReadArguments(const std::vector<std::string>& words) {
  RunArguments arguments;
  for (absl::string_view word : words) {
    if (absl::ConsumePrefix(&word, "--on=")) {
      arguments.targets = absl::StrSplit(word, ',');
    } else if (absl::ConsumePrefix(&word, "--width=")) {
      if (!absl::SimpleAtoi(word, &arguments.width) || arguments.width < kMinWidth ||
          arguments.width > kMaxWidth) {
        return absl::InvalidArgumentError(
            absl::StrCat("--width=", word, " is no number from ", kMinWidth, " to ", kMaxWidth));
      }
    } else if (!word.empty() && word[0] == '-') {
      return absl::InvalidArgumentError(
          absl::StrCat("run has no option \"", word, "\"; it has --on= and --width="));
    } else if (!arguments.file.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("run takes one file, and \"", word, "\" is a second one"));
    } else {
      arguments.file = std::string(word);
    }
  }
  if (arguments.file.empty()) return absl::InvalidArgumentError("run needs a file");
  const std::set<std::string> distinct(arguments.targets.begin(), arguments.targets.end());
  if (distinct.size() < arguments.targets.size()) {
    return absl::InvalidArgumentError("--on= names a target twice");
  }
  return arguments;
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  // A folder opens, too, but cannot be read.
  stream.peek();
  if (!stream.is_open() || stream.bad()) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Errors: kInvalidArgument for an unknown name, else those of the target.
absl::StatusOr<std::unique_ptr<Target>> NewTarget(absl::string_view name) {
  for (const sim::Release release : sim::kAllReleases) {
    if (SimTargetName(release) == name) return NewSimTarget(release);
  }
  if (name == "native") return NewNativeTarget();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no target \"", name, "\"; the targets are ", AllTargets()));
}

// One cause has one name on all platforms but for Winsock's prefix: that is no difference.
absl::string_view Comparable(absl::string_view answer) { return absl::StripPrefix(answer, "WSA"); }

struct Column {
  std::string target;
  std::vector<Answer> answers;
};

CommandResult CannotRun(absl::string_view target, const absl::Status& status) {
  return {kCannotRun, "", absl::StrCat("pollux: target ", target, ": ", status.message(), "\n")};
}

CommandResult Print(const Program& program, const std::vector<Column>& columns, size_t width) {
  Columns table(width);
  std::vector<std::string> heading = {"", "line", "call"};
  for (const Column& column : columns) heading.push_back(column.target);
  table.AddRow(heading);
  std::vector<std::pair<std::string, const HostSpec*>> hosts;
  size_t different = 0;
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    if (call.verb == Verb::kSocket) {
      hosts.emplace_back(call.socket, FindHost(program.hosts, call.host));
    }
    const auto host = std::find_if(hosts.begin(), hosts.end(),
                                   [&](const auto& entry) { return entry.first == call.socket; });
    bool same = true;
    std::vector<std::string> cells = {"", absl::StrCat(call.line),
                                      call.ToString(host == hosts.end() ? nullptr : host->second)};
    for (const Column& column : columns) {
      cells.push_back(column.answers[i]);
      same = same && Comparable(column.answers[i]) == Comparable(columns.front().answers[i]);
    }
    if (!same) cells.front() = "!";
    different += same ? 0 : 1;
    table.AddRow(std::move(cells));
  }
  CommandResult result;
  result.exit_code = different == 0 ? kAgree : kDiffer;
  const size_t calls = program.calls.size();
  result.out =
      absl::StrCat(table.ToString(), "\n",
                   different == 0 ? absl::StrCat("All ", calls, " calls agree.\n")
                                  : absl::StrCat(different, " of ", calls, " calls differ.\n"));
  return result;
}

}  // namespace

CommandResult RunCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<RunArguments> arguments = ReadArguments(words);
  if (!arguments.ok()) return BadUsage(std::string(arguments.status().message()));
  const std::optional<std::string> text = ReadFile(arguments->file);
  if (!text) return BadUsage(absl::StrCat("cannot read the file ", arguments->file));
  const absl::StatusOr<Program> program = Program::Parse(*text, arguments->file);
  if (!program.ok()) {
    return {kBadUsage, "", absl::StrCat(program.status().message(), "\n")};
  }
  std::vector<Column> columns;
  for (const std::string& name : arguments->targets) {
    const absl::StatusOr<std::unique_ptr<Target>> target = NewTarget(name);
    if (target.status().code() == absl::StatusCode::kInvalidArgument) {
      return BadUsage(std::string(target.status().message()));
    }
    if (!target.ok()) return CannotRun(name, target.status());
    absl::StatusOr<std::vector<Answer>> answers = Run(**target, *program);
    if (!answers.ok()) return CannotRun(name, answers.status());
    columns.push_back({name, *std::move(answers)});
  }
  return Print(*program, columns, arguments->width);
}

}  // namespace pollux::program
