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

const KnownDifference* Find(const KnownKernel& kernel, const Difference& difference) {
  for (const KnownDifference& known : kernel.differences) {
    if (known.fits(difference)) return &known;
  }
  return nullptr;
}

// Fills in in what the answers differ.
void Judge(const KnownKernel& kernel, const Program& program, Comparison& comparison) {
  const size_t calls = ComparableCalls(program, comparison.expected);
  for (size_t i = 0; i < calls; ++i) {
    if (comparison.expected[i] == comparison.actual[i]) continue;
    const KnownDifference* known =
        Find(kernel, {program, comparison.expected, comparison.actual, i});
    if (known == nullptr) {
      comparison.first_difference = i;
      return;
    }
    comparison.known.insert(known);
    if (known->ends) return;
  }
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

Comparison Differ::CompareWith(const Program& program, std::vector<Answer> expected,
                               Target& subject) {
  Comparison comparison;
  comparison.expected = std::move(expected);
  comparison.actual = CarryOut(subject, program);
  Judge(kernel_, program, comparison);
  return comparison;
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
  Comparison best = CompareWith(program, CarryOut(reference_, program), *subjects_[0]);
  const auto agree = [](const Comparison& c) { return !c.first_difference && c.known.empty(); };
  if (agree(best) || !DependsOnLuck(program)) return best;
  for (size_t seed = 1; seed < kLuckMax; ++seed) {
    if (seed >= subjects_.size() && !AddSubject().ok()) break;
    Comparison other = CompareWith(program, best.expected, *subjects_[seed]);
    if (agree(other)) return other;
    if (best.first_difference && !other.first_difference) best = std::move(other);
  }
  return best;
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
