// SPDX-License-Identifier: Apache-2.0
//
// Reading a plan: a line is split into words, which are read one after the other.

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "sim/choice/plain_name.h"
#include "sim/choice/quote.h"
#include "sim/choice/ratio.h"
#include "sim/fault_plan.h"

namespace pollux::sim {
namespace {

using Entry = FaultPlan::Entry;
using Verb = FaultPlan::Verb;

constexpr Verb kSimple[] = {Verb::kCrash,  Verb::kRestart, Verb::kPause, Verb::kResume,
                            Verb::kFreeze, Verb::kThaw,    Verb::kDown,  Verb::kUp,
                            Verb::kUnplug, Verb::kPlug};

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

// Reads the words of one line.
class LineReader {
 public:
  explicit LineReader(absl::Span<const absl::string_view> words) : words_(words) {}

  absl::StatusOr<Entry> Read();

 private:
  absl::Status ReadTimes();
  absl::Status ReadWhat();
  absl::Status ReadSubject(Verb verb);
  absl::Status ReadClock();
  absl::Status ReadPartition();
  absl::Status ReadLink();
  absl::Status ReadSwitch();
  absl::Status ReadChange();

  bool done() const { return words_.empty(); }
  // The next word; empty at the end.
  absl::string_view Next() {
    if (done()) return "";
    const absl::string_view word = words_.front();
    words_.remove_prefix(1);
    return word;
  }
  absl::Status ReadDuration(absl::string_view what, absl::Duration& duration);
  absl::Status ReadName(absl::string_view what, std::string& name);
  absl::Status ReadRatio(absl::string_view what, std::optional<Ratio>& ratio);

  absl::Span<const absl::string_view> words_;
  Entry entry_;
};

absl::StatusOr<Entry> LineReader::Read() {
  if (absl::Status s = ReadTimes(); !s.ok()) return s;
  if (absl::Status s = ReadWhat(); !s.ok()) return s;
  if (!done()) return Refuse(absl::StrCat(Quote(words_.front()), " is one word too many"));
  return std::move(entry_);
}

absl::Status LineReader::ReadDuration(absl::string_view what, absl::Duration& duration) {
  const absl::string_view word = Next();
  if (absl::ParseDuration(word, &duration) && absl::AbsDuration(duration) <= FaultPlan::kTimeMax) {
    return absl::OkStatus();
  }
  return Refuse(absl::StrCat(Quote(word), " is no ", what, ": write it as 2s, 1.5s, or 20ms"));
}

absl::Status LineReader::ReadName(absl::string_view what, std::string& name) {
  const absl::string_view word = Next();
  if (word.empty()) return Refuse(absl::StrCat("there is no ", what, " where one has to be"));
  if (!IsPlainName(word)) return Refuse(absl::StrCat(Quote(word), " is no name for a ", what));
  name = std::string(word);
  return absl::OkStatus();
}

absl::Status LineReader::ReadRatio(absl::string_view what, std::optional<Ratio>& ratio) {
  if (ratio) return Refuse(absl::StrCat(what, " is given twice"));
  const absl::StatusOr<Ratio> parsed = Ratio::Parse(Next());
  if (!parsed.ok()) return Refuse(absl::StrCat(what, ": ", parsed.status().message()));
  ratio = *parsed;
  return absl::OkStatus();
}

absl::Status LineReader::ReadTimes() {
  const absl::string_view word = Next();
  if (word == "at") return ReadDuration("time", entry_.begin);
  if (word != "from") {
    return Refuse(absl::StrCat("it begins with ", Quote(word),
                               ": a line is \"at TIME ...\" or \"from TIME to TIME ...\""));
  }
  if (absl::Status s = ReadDuration("time", entry_.begin); !s.ok()) return s;
  if (const absl::string_view to = Next(); to != "to") {
    return Refuse(absl::StrCat(Quote(to), " is where \"to\" has to be"));
  }
  entry_.end.emplace();
  return ReadDuration("time", *entry_.end);
}

absl::Status LineReader::ReadWhat() {
  const absl::string_view word = Next();
  for (const Verb verb : kSimple) {
    if (word == ToString(verb)) return ReadSubject(verb);
  }
  if (word == "partition") return ReadPartition();
  if (word == "link") return ReadLink();
  if (word == "clock") return ReadClock();
  if (word == "switch") return ReadSwitch();
  if (word == "quiesce") {
    entry_.verb = Verb::kQuiesce;
    return absl::OkStatus();
  }
  return Refuse(absl::StrCat(Quote(word),
                             " is nothing that can happen: there are crash, restart, pause, "
                             "resume, freeze, thaw, down, up, unplug, plug, clock, partition, "
                             "link, switch, quiesce"));
}

absl::Status LineReader::ReadSubject(Verb verb) {
  entry_.verb = verb;
  const bool of_interface =
      verb == Verb::kDown || verb == Verb::kUp || verb == Verb::kUnplug || verb == Verb::kPlug;
  if (!of_interface) return ReadName("host", entry_.host);
  const absl::string_view word = Next();
  const size_t slash = word.find('/');
  if (slash == absl::string_view::npos || !IsPlainName(word.substr(0, slash)) ||
      !IsPlainName(word.substr(slash + 1))) {
    return Refuse(absl::StrCat(Quote(word), " is no interface: write it as HOST/eth0"));
  }
  entry_.host = std::string(word.substr(0, slash));
  entry_.interface = std::string(word.substr(slash + 1));
  return absl::OkStatus();
}

absl::Status LineReader::ReadClock() {
  if (absl::Status s = ReadName("host", entry_.host); !s.ok()) return s;
  const absl::string_view how = Next();
  if (how == "step") {
    entry_.verb = Verb::kStep;
    return ReadDuration("duration", entry_.step);
  }
  if (how != "drift") {
    return Refuse(absl::StrCat(Quote(how),
                               " is nothing that clocks do: there are \"step DURATION\" and "
                               "\"drift NUMBER\""));
  }
  entry_.verb = Verb::kDrift;
  const absl::string_view number = Next();
  if (!absl::SimpleAtoi(number, &entry_.drift_ppb)) {
    return Refuse(absl::StrCat(Quote(number), " is no number of parts per billion"));
  }
  return absl::OkStatus();
}

absl::Status LineReader::ReadPartition() {
  entry_.verb = Verb::kPartition;
  entry_.sides.emplace_back();
  while (!done()) {
    if (words_.front() == "|") {
      Next();
      entry_.sides.emplace_back();
      continue;
    }
    std::string name;
    if (absl::Status s = ReadName("host", name); !s.ok()) return s;
    entry_.sides.back().push_back(std::move(name));
  }
  return absl::OkStatus();
}

absl::Status LineReader::ReadLink() {
  entry_.verb = Verb::kLink;
  if (absl::Status s = ReadName("segment", entry_.segment); !s.ok()) return s;
  const absl::string_view way = Next();
  const size_t arrow = way.find("->");
  const auto is_end = [](absl::string_view word) { return word == "*" || IsPlainName(word); };
  if (arrow == absl::string_view::npos || !is_end(way.substr(0, arrow)) ||
      !is_end(way.substr(arrow + 2))) {
    return Refuse(absl::StrCat(Quote(way), " is no direction: write it as alice->bob, or *->bob"));
  }
  entry_.host = std::string(way.substr(0, arrow));
  entry_.to = std::string(way.substr(arrow + 2));
  while (!done()) {
    if (absl::Status s = ReadChange(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status LineReader::ReadSwitch() {
  if (absl::Status s = ReadName("segment", entry_.segment); !s.ok()) return s;
  const absl::string_view what = Next();
  const absl::string_view state = what == "querier" ? Next() : "";
  if (what == "restart") {
    entry_.verb = Verb::kSwitchRestart;
  } else if (state == "off" || state == "on") {
    entry_.verb = state == "off" ? Verb::kQuerierOff : Verb::kQuerierOn;
  } else if (what == "querier") {
    return Refuse(absl::StrCat(Quote(state), " is no state of a querier: it is on or off"));
  } else {
    return Refuse(absl::StrCat(Quote(what),
                               " is nothing that switches do: there are restart, querier on, "
                               "querier off"));
  }
  return absl::OkStatus();
}

absl::Status LineReader::ReadChange() {
  LinkChange& change = entry_.change;
  const absl::string_view word = Next();
  if (word == "loss") return ReadRatio(word, change.loss);
  if (word == "duplicate") return ReadRatio(word, change.duplicate);
  if (word == "corrupt") return ReadRatio(word, change.corrupt);
  if (word != "delay" && word != "jitter") {
    return Refuse(absl::StrCat(Quote(word),
                               " is nothing that links do: there are loss, duplicate, corrupt, "
                               "delay, jitter"));
  }
  std::optional<absl::Duration>& duration = word == "delay" ? change.delay : change.jitter;
  if (duration) return Refuse(absl::StrCat(word, " is given twice"));
  return ReadDuration("duration", duration.emplace());
}

}  // namespace

absl::StatusOr<FaultPlan> FaultPlan::Parse(absl::string_view text, absl::string_view name) {
  FaultPlan plan;
  plan.name = std::string(name);
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    absl::StatusOr<Entry> entry = LineReader(words).Read();
    absl::Status status = entry.ok() ? sim::Validate(*entry) : entry.status();
    if (status.ok() && plan.entries.size() == kEntriesMax) {
      status = Refuse(absl::StrCat("a plan has at most ", kEntriesMax, " lines"));
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ":", number, ": ", Quote(line), ": ", status.message()));
    }
    entry->line = number;
    plan.entries.push_back(*std::move(entry));
  }
  if (absl::Status s = plan.Validate(); !s.ok()) return s;
  return plan;
}

}  // namespace pollux::sim
