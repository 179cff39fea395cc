// SPDX-License-Identifier: Apache-2.0
//
// What cannot be meant in a plan: entries that make no sense by themselves, which only programs can
// write, and entries that contradict each other.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/fault_plan.h"
#include "sim/host_clock.h"

namespace pollux::sim {
namespace {

using Entry = FaultPlan::Entry;
using Verb = FaultPlan::Verb;

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

// ---- One entry ----

// Whether what the verb says happens at one time, lasts, or can be said in both ways.
enum class Lasting { kMoment, kSpan, kBoth };

Lasting LastingOf(Verb verb) {
  switch (verb) {
    case Verb::kPartition:
    case Verb::kLink:
      return Lasting::kSpan;
    case Verb::kCrash:
    case Verb::kPause:
    case Verb::kFreeze:
    case Verb::kDown:
    case Verb::kUnplug:
    case Verb::kQuerierOff:
      return Lasting::kBoth;
    default:
      return Lasting::kMoment;
  }
}

// What stands behind "switch SEGMENT", or the verb.
absl::string_view WordsOf(Verb verb) {
  if (verb == Verb::kSwitchRestart) return "restart";
  if (verb == Verb::kQuerierOn) return "querier on";
  return ToString(verb);
}

absl::Status ValidateTimes(const Entry& entry) {
  const auto validate = [](absl::Duration time) {
    if (time < absl::ZeroDuration()) {
      return Refuse(absl::StrCat("time ", absl::FormatDuration(time), " is before the beginning"));
    }
    if (time <= FaultPlan::kTimeMax) return absl::OkStatus();
    return Refuse(absl::StrCat("time ", absl::FormatDuration(time), " is in more than a century"));
  };
  if (absl::Status s = validate(entry.begin); !s.ok()) return s;
  const Lasting lasting = LastingOf(entry.verb);
  const absl::string_view verb = ToString(entry.verb);
  if (!entry.end) {
    if (lasting != Lasting::kSpan) return absl::OkStatus();
    return Refuse(absl::StrCat("a ", verb, " lasts: write \"from TIME to TIME ", verb, " ...\""));
  }
  if (lasting == Lasting::kMoment) {
    return Refuse(absl::StrCat("\"", WordsOf(entry.verb),
                               "\" happens at one time: write \"at TIME ", verb, " ...\""));
  }
  if (absl::Status s = validate(*entry.end); !s.ok()) return s;
  if (*entry.end > entry.begin) return absl::OkStatus();
  return Refuse("the span ends before it has begun");
}

absl::Status ValidateSides(const std::vector<std::vector<std::string>>& sides) {
  std::vector<absl::string_view> all;
  bool empty = sides.size() < 2;
  for (const std::vector<std::string>& side : sides) {
    empty = empty || side.empty();
    for (const std::string& host : side) {
      for (const absl::string_view other : all) {
        // Hosts are found by their names in any case.
        if (!absl::EqualsIgnoreCase(other, host)) continue;
        return Refuse(absl::StrCat("host ", host, " is in the partition twice"));
      }
      all.push_back(host);
    }
  }
  if (!empty) return absl::OkStatus();
  return Refuse("a partition has hosts on at least two sides: write \"partition a b | c\"");
}

absl::Status ValidateStep(absl::Duration step) {
  if (absl::AbsDuration(step) <= FaultPlan::kTimeMax) return absl::OkStatus();
  return Refuse(absl::StrCat("step ", absl::FormatDuration(step), " is of more than a century"));
}

absl::Status ValidateWhat(const Entry& entry) {
  switch (entry.verb) {
    case Verb::kPartition:
      return ValidateSides(entry.sides);
    case Verb::kLink:
      if (entry.host != "*" && absl::EqualsIgnoreCase(entry.host, entry.to)) {
        return Refuse(
            absl::StrCat("\"", entry.host, "->", entry.to, "\" goes from a host to itself"));
      }
      return Validate(entry.change);
    case Verb::kStep:
      return ValidateStep(entry.step);
    case Verb::kDrift:
      return Validate(ClockOptions{.drift_ppb = entry.drift_ppb});
    case Verb::kDown:
    case Verb::kUp:
    case Verb::kUnplug:
    case Verb::kPlug:
      if (!entry.interface.empty()) return absl::OkStatus();
      return Refuse("there is no interface: write it as HOST/eth0");
    default:
      return absl::OkStatus();
  }
}

// ---- Two of them ----

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

bool SameHost(const std::string& a, const std::string& b) { return absl::EqualsIgnoreCase(a, b); }

bool MeetsHost(const std::string& a, const std::string& b) {
  return SameHost(a, b) || a == "*" || b == "*";
}

// Why two spans cannot both be meant; empty if they can.
std::string SpansContradict(const Entry& a, const Entry& b, bool one_thing) {
  const bool one_link = a.verb == Verb::kLink && b.verb == Verb::kLink && a.segment == b.segment &&
                        MeetsHost(a.host, b.host) && MeetsHost(a.to, b.to) &&
                        a.change.Meets(b.change);
  if (one_link && Overlaps(a, b)) return "both say what the same link is to do at one time";
  if (a.verb == b.verb && EndOf(a.verb) && one_thing && Overlaps(a, b)) {
    return "both say it of the same one at one time";
  }
  return "";
}

// Why two entries cannot both be meant; empty if they can. `b` is the later line.
std::string Contradiction(const Entry& a, const Entry& b) {
  const bool a_ends_all = a.verb == Verb::kQuiesce && b.begin >= a.begin;
  if (a_ends_all || (b.verb == Verb::kQuiesce && a.begin > b.begin)) {
    return "\"quiesce\" ends the plan, so that the other never happens";
  }
  const bool one_thing =
      SameHost(a.host, b.host) && a.interface == b.interface && a.segment == b.segment;
  if (a.end && b.end) return SpansContradict(a, b, one_thing);
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

// ---- All of them ----

// What has the host of an entry down when that happens; null for nothing of the plan. Of what
// happens at one time, the earlier line comes first.
const Entry* DownBy(const std::vector<Entry>& entries, size_t which) {
  const Entry& entry = entries[which];
  const auto when = [&](absl::Duration time, size_t line) { return std::pair(time, line); };
  const auto now = when(entry.begin, which);
  std::optional<std::pair<absl::Duration, size_t>> latest;  // Crash or restart by a moment.
  const Entry* down = nullptr;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& other = entries[i];
    if (!SameHost(other.host, entry.host) || !(when(other.begin, i) < now)) continue;
    if (other.end) {
      if (other.verb == Verb::kCrash && now < when(*other.end, i)) return &other;
    } else if (other.verb == Verb::kCrash || other.verb == Verb::kRestart) {
      if (latest > when(other.begin, i)) continue;
      latest = when(other.begin, i);
      down = other.verb == Verb::kCrash ? &other : nullptr;
    }
  }
  return down;
}

}  // namespace

absl::Status Validate(const Entry& entry) {
  if (absl::Status s = ValidateTimes(entry); !s.ok()) return s;
  return ValidateWhat(entry);
}

absl::Status FaultPlan::Validate() const {
  if (entries.size() > kEntriesMax) {
    return Refuse(absl::StrCat(Where(entries[kEntriesMax]), ": a plan has at most ", kEntriesMax,
                               " lines, and this one ", entries.size()));
  }
  for (const Entry& entry : entries) {
    const absl::Status status = sim::Validate(entry);
    if (status.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(Where(entry), ": \"", entry.ToString(), "\": ", status.message()));
  }
  const auto refuse = [&](const Entry& entry, const Entry& other, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(Where(entry), ": \"", entry.ToString(),
                                                   "\" contradicts \"", other.ToString(), "\" (",
                                                   Where(other), "): ", why));
  };
  for (size_t second = 0; second < entries.size(); ++second) {
    for (size_t first = 0; first < second; ++first) {
      const std::string why = Contradiction(entries[first], entries[second]);
      if (!why.empty()) return refuse(entries[second], entries[first], why);
    }
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.end || (entry.verb != Verb::kPause && entry.verb != Verb::kFreeze)) continue;
    if (const Entry* crash = DownBy(entries, i)) {
      return refuse(
          entry, *crash,
          absl::StrCat("the host is down then, with nothing to ", sim::ToString(entry.verb)));
    }
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
