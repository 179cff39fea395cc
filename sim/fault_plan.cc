// SPDX-License-Identifier: Apache-2.0
//
// What a plan is, how it is printed, and what contradicts itself in it. Reading is in
// fault_plan_parse.cc.

#include "sim/fault_plan.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pollux::sim {
namespace {

using Entry = FaultPlan::Entry;
using Verb = FaultPlan::Verb;

// What ends what the verb begins; nullopt for none.
std::optional<Verb> EndOf(Verb verb) {
  switch (verb) {
    case Verb::kCrash:
      return Verb::kRestart;
    case Verb::kPause:
      return Verb::kResume;
    case Verb::kFreeze:
      return Verb::kThaw;
    case Verb::kDown:
      return Verb::kUp;
    case Verb::kUnplug:
      return Verb::kPlug;
    case Verb::kQuerierOff:
      return Verb::kQuerierOn;
    default:
      return std::nullopt;
  }
}

bool Overlaps(const Entry& a, const Entry& b) { return a.begin < *b.end && b.begin < *a.end; }

bool SameHost(const std::string& a, const std::string& b) { return a == b || a == "*" || b == "*"; }

// Why two entries cannot both be meant; empty if they can. `b` is the later line.
std::string Contradiction(const Entry& a, const Entry& b) {
  const bool one_thing = a.host == b.host && a.interface == b.interface && a.segment == b.segment;
  if (a.end && b.end) {
    const bool one_link = a.verb == Verb::kLink && b.verb == Verb::kLink &&
                          a.segment == b.segment && SameHost(a.host, b.host) &&
                          SameHost(a.to, b.to) && a.change.Meets(b.change);
    if (one_link && Overlaps(a, b)) return "both say what the same link is to do at one time";
    if (a.verb == b.verb && EndOf(a.verb) && one_thing && Overlaps(a, b)) {
      return "both say it of the same one at one time";
    }
    return "";
  }
  if (!one_thing || (!a.end && !b.end && a.begin != b.begin)) return "";
  // A moment in the middle of a span, or two moments at one time.
  const Entry& span = a.end ? a : b;
  const Entry& moment = a.end ? b : a;
  const std::optional<Verb> ended_by = EndOf(span.verb);
  if (span.end) {
    const bool inside = span.begin <= moment.begin && moment.begin < *span.end;
    if (inside && (moment.verb == ended_by || (ended_by && moment.verb == span.verb))) {
      return "one is in the middle of the other's span";
    }
    return "";
  }
  if (a.verb == b.verb && (EndOf(a.verb) || a.verb == Verb::kDrift)) {
    return "both say it of the same one at one time";
  }
  if (EndOf(a.verb) == b.verb || EndOf(b.verb) == a.verb) {
    // A crash and a restart at once, in this order, is a bounce.
    return a.verb == Verb::kCrash ? "" : "one undoes the other at the same time";
  }
  return "";
}

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

absl::Status FaultPlan::Validate() const {
  for (const Entry& entry : entries) {
    if (entry.end && *entry.end <= entry.begin) {
      return absl::InvalidArgumentError(absl::StrCat(Where(entry), ": \"", entry.ToString(),
                                                     "\": the span ends before it has begun"));
    }
  }
  for (size_t second = 0; second < entries.size(); ++second) {
    for (size_t first = 0; first < second; ++first) {
      const std::string why = Contradiction(entries[first], entries[second]);
      if (why.empty()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          Where(entries[second]), ": \"", entries[second].ToString(), "\" contradicts \"",
          entries[first].ToString(), "\" (", Where(entries[first]), "): ", why));
    }
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
