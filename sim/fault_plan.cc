// SPDX-License-Identifier: Apache-2.0
//
// What a plan is, and how it is printed. Reading is in fault_plan_parse.cc, and what contradicts
// itself in fault_plan_validate.cc.

#include "sim/fault_plan.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pollux::sim {
namespace {

using Entry = FaultPlan::Entry;
using Verb = FaultPlan::Verb;

}  // namespace

absl::string_view ToString(Verb verb) {
  switch (verb) {
    case Verb::kCrash:
      return "crash";
    case Verb::kRestart:
      return "restart";
    case Verb::kPause:
      return "pause";
    case Verb::kResume:
      return "resume";
    case Verb::kFreeze:
      return "freeze";
    case Verb::kThaw:
      return "thaw";
    case Verb::kDown:
      return "down";
    case Verb::kUp:
      return "up";
    case Verb::kUnplug:
      return "unplug";
    case Verb::kPlug:
      return "plug";
    case Verb::kStep:
    case Verb::kDrift:
      return "clock";
    case Verb::kPartition:
      return "partition";
    case Verb::kLink:
      return "link";
    case Verb::kQuiesce:
      return "quiesce";
    case Verb::kSwitchRestart:
    case Verb::kQuerierOff:
    case Verb::kQuerierOn:
      return "switch";
  }
  return "unknown";
}

std::string Entry::ToString() const {
  std::string text =
      end ? absl::StrCat("from ", absl::FormatDuration(begin), " to ", absl::FormatDuration(*end))
          : absl::StrCat("at ", absl::FormatDuration(begin));
  absl::StrAppend(&text, " ", sim::ToString(verb));
  switch (verb) {
    case Verb::kQuiesce:
      break;
    case Verb::kStep:
      absl::StrAppend(&text, " ", host, " step ", absl::FormatDuration(step));
      break;
    case Verb::kDrift:
      absl::StrAppend(&text, " ", host, " drift ", drift_ppb);
      break;
    case Verb::kPartition:
      absl::StrAppend(&text, " ",
                      absl::StrJoin(sides, " | ", [](std::string* out, const auto& side) {
                        absl::StrAppend(out, absl::StrJoin(side, " "));
                      }));
      break;
    case Verb::kLink:
      absl::StrAppend(&text, " ", segment, " ", host, "->", to, " ", change.ToString());
      break;
    case Verb::kSwitchRestart:
      absl::StrAppend(&text, " ", segment, " restart");
      break;
    case Verb::kQuerierOff:
      absl::StrAppend(&text, " ", segment, " querier off");
      break;
    case Verb::kQuerierOn:
      absl::StrAppend(&text, " ", segment, " querier on");
      break;
    default:
      absl::StrAppend(&text, " ", host, interface.empty() ? "" : "/", interface);
  }
  return text;
}

bool operator==(const Entry& a, const Entry& b) {
  const auto parts = [](const Entry& entry) {
    return std::tie(entry.begin, entry.end, entry.verb, entry.host, entry.interface, entry.step,
                    entry.drift_ppb, entry.sides, entry.segment, entry.to, entry.change);
  };
  return parts(a) == parts(b);
}

std::string FaultPlan::ToString() const {
  std::string text;
  for (const Entry& entry : entries) absl::StrAppend(&text, entry.ToString(), "\n");
  return text;
}

std::string FaultPlan::Where(const Entry& entry) const {
  return entry.line > 0 ? absl::StrCat(name, ":", entry.line) : name;
}

absl::Duration FaultPlan::End() const {
  absl::Duration last = absl::ZeroDuration();
  for (const Entry& entry : entries) last = std::max(last, entry.end.value_or(entry.begin));
  return last;
}

}  // namespace pollux::sim
