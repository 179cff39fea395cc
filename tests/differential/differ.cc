// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/differ.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/differential/normalise.h"

namespace pollux::differential {
namespace {

using program::Answer;
using program::Call;
using program::HostSpec;
using program::Program;
using program::Target;

std::vector<Answer> CarryOut(Target& target, const Program& program) {
  std::vector<Answer> answers;
  answers.reserve(program.calls.size());
  for (const Call& call : program.calls) {
    if (const std::optional<Call> time = TimeFor(call)) target.Do(*time);
    answers.push_back(target.Do(call));
  }
  target.Reset();
  return answers;
}

std::optional<size_t> FirstDifference(const Program& program, const Comparison& comparison) {
  const size_t calls = ComparableCalls(program, comparison.expected);
  for (size_t i = 0; i < calls; ++i) {
    if (comparison.expected[i] != comparison.actual[i]) return i;
  }
  return std::nullopt;
}

}  // namespace

absl::Status Differ::Build(const std::vector<HostSpec>& hosts) {
  hosts_ = hosts;
  if (absl::Status status = reference_.Build(hosts); !status.ok()) return status;
  return AddSubject();
}

absl::Status Differ::AddSubject() {
  std::unique_ptr<Target> subject = make_subject_(subjects_.size() + 1);
  if (absl::Status status = subject->Build(hosts_); !status.ok()) return status;
  subjects_.push_back(std::move(subject));
  return absl::OkStatus();
}

Comparison Differ::Compare(const Program& program) {
  Comparison comparison = CompareOnce(program);
  if (comparison.first_difference &&
      OnlyChosenPortsDiffer(comparison.expected, comparison.actual)) {
    comparison = CompareOnce(program);
  }
  return comparison;
}

Comparison Differ::CompareOnce(const Program& program) {
  Comparison first;
  first.expected = CarryOut(reference_, program);
  first.actual = CarryOut(*subjects_[0], program);
  first.first_difference = FirstDifference(program, first);
  if (!first.first_difference || !DependsOnLuck(program)) return first;
  for (size_t seed = 1; seed < kLuckMax; ++seed) {
    if (seed >= subjects_.size() && !AddSubject().ok()) break;
    Comparison other;
    other.expected = first.expected;
    other.actual = CarryOut(*subjects_[seed], program);
    if (!FirstDifference(program, other)) return other;
  }
  return first;
}

std::string Show(const Program& program, const Comparison& comparison) {
  std::map<std::string, const HostSpec*> hosts;
  std::vector<std::string> lines;
  size_t width = 0;
  for (const Call& call : program.calls) {
    if (call.verb == program::Verb::kSocket) {
      hosts[call.socket] = program::FindHost(program.hosts, call.host);
    }
    const auto host = hosts.find(call.socket);
    lines.push_back(call.ToString(host == hosts.end() ? nullptr : host->second));
    width = std::max(width, lines.back().size());
  }
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Answer& expected = comparison.expected[i];
    const Answer& actual = comparison.actual[i];
    absl::StrAppendFormat(&text, "  %-*s  # %s", static_cast<int>(width), lines[i], expected);
    if (expected != actual) absl::StrAppend(&text, "   <<< but ", actual);
    text += '\n';
  }
  return text;
}

}  // namespace pollux::differential
