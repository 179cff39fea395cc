// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/verify_determinism.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/choice/random.h"
#include "sim/trace/trace.h"

namespace pollux::sim {
namespace {

constexpr size_t kBefore = 5;  // Events that both runs had, and
constexpr size_t kAfter = 3;   // events of each, that are shown around the difference.

// All that can be seen of an event. What a payload says is no part of its text.
std::string Describe(const TraceEvent& event) {
  std::string text = event.ToNumberedString();
  if (event.packet == nullptr) return text;
  return absl::StrCat(
      text, absl::StrFormat(", payload %016x", StableHash(event.packet->payload.bytes())));
}

// The events of a run as lines.
class Lines final : public TraceSink {
 public:
  explicit Lines(Trace& trace) : TraceSink(trace) {}

  std::vector<std::string> lines;

 private:
  void OnEvent(const TraceEvent& event) override { lines.push_back(Describe(event)); }
};

struct Record {
  std::vector<std::string> events;
  std::string story;
  absl::Duration elapsed;
};

Record RunOnce(absl::FunctionRef<void(Network&)> scenario, const NetworkOptions& options) {
  Network net(options);
  Lines lines(net.trace());
  scenario(net);
  return {std::move(lines.lines), net.Story().ToString(), net.elapsed()};
}

// How a run goes on from event number `from`, counted from 0.
std::string GoesOn(const char* run, const std::vector<std::string>& events, size_t from) {
  std::string text;
  for (size_t i = from; i < std::min(from + kAfter, events.size()); ++i) {
    absl::StrAppend(&text, "  ", run, "  ", events[i], "\n");
  }
  if (text.empty()) return absl::StrCat("  ", run, "  has no more events\n");
  return text;
}

}  // namespace

absl::Status VerifyDeterminism(absl::FunctionRef<void(Network& net)> scenario,
                               const NetworkOptions& options) {
  const Record first = RunOnce(scenario, options);
  const Record second = RunOnce(scenario, options);
  const size_t shorter = std::min(first.events.size(), second.events.size());
  size_t same = 0;
  while (same < shorter && first.events[same] == second.events[same]) ++same;
  if (same < std::max(first.events.size(), second.events.size())) {
    std::string text =
        absl::StrCat("the two runs are not the same from event #", same + 1, " on:\n");
    for (size_t i = same - std::min(same, kBefore); i < same; ++i) {
      absl::StrAppend(&text, "  both    ", first.events[i], "\n");
    }
    absl::StrAppend(&text, GoesOn("first ", first.events, same),
                    GoesOn("second", second.events, same));
    return absl::FailedPreconditionError(text);
  }
  if (first.story != second.story) {
    return absl::FailedPreconditionError(
        absl::StrCat("the events of both runs are the same, but not their stories: the first is\n",
                     first.story, "and the second\n", second.story));
  }
  if (first.elapsed != second.elapsed) {
    return absl::FailedPreconditionError(
        absl::StrCat("the events of both runs are the same, but the first ended after ",
                     absl::FormatDuration(first.elapsed), " and the second after ",
                     absl::FormatDuration(second.elapsed)));
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
