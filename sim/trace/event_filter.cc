// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/event_filter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace pollux::sim {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr uint16_t kPortMax = 65535;

absl::Status Refuse(absl::string_view value, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" ", why));
}

// Whether `text` is like `pattern`, in which each '*' stands for any number of characters.
bool IsLike(absl::string_view text, absl::string_view pattern) {
  size_t at = 0;
  size_t wanted = 0;
  size_t star = absl::string_view::npos;
  size_t resume = 0;
  while (at < text.size()) {
    if (wanted < pattern.size() && pattern[wanted] == '*') {
      star = wanted++;
      resume = at;
    } else if (wanted < pattern.size() && pattern[wanted] == text[at]) {
      ++wanted;
      ++at;
    } else if (star != absl::string_view::npos) {
      wanted = star + 1;  // The latest star takes one more.
      at = ++resume;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '*') ++wanted;
  return wanted == pattern.size();
}

std::string CauseName(DropCause cause) {
  return absl::StrReplaceAll(ToString(cause), {{" ", "-"}});
}

// All names of an enumeration. Numbers that have none are "unknown".
template <typename Enum, typename Name>
std::vector<std::string> Names(Name name) {
  constexpr int kMoreThanThereAre = 64;
  std::vector<std::string> names;
  for (int i = 0; i < kMoreThanThereAre; ++i) {
    std::string text(name(static_cast<Enum>(i)));
    if (text != "unknown") names.push_back(std::move(text));
  }
  return names;
}

absl::Status CheckName(absl::string_view text, const std::vector<std::string>& names) {
  if (std::any_of(names.begin(), names.end(),
                  [&](const std::string& name) { return IsLike(name, text); })) {
    return absl::OkStatus();
  }
  return Refuse(text, absl::StrCat("is none of ", absl::StrJoin(names, ", ")));
}

bool ParseNumber(absl::string_view text, int64_t* number) {
  return absl::SimpleAtoi(text, number) && *number >= 0;
}

bool ParseTime(absl::string_view text, int64_t* nanoseconds) {
  absl::Duration time;
  if (!absl::ParseDuration(text, &time)) return false;
  // What is beyond the 64 bits is the end of them.
  *nanoseconds = absl::ToInt64Nanoseconds(time);
  return *nanoseconds >= 0;
}

// "5", "5..9", "5.." or "..9".
template <typename Number>
absl::Status ParseRange(absl::string_view text, absl::string_view what, Number number,
                        int64_t* first, int64_t* last) {
  const size_t dots = text.find("..");
  const absl::string_view from = text.substr(0, dots);
  const absl::string_view to = dots == text.npos ? from : text.substr(dots + 2);
  *first = 0;
  *last = kMax;
  const bool open = dots != text.npos;
  if ((!(open && from.empty()) && !number(from, first)) ||
      (!(open && to.empty()) && !number(to, last)) || (from.empty() && to.empty())) {
    return Refuse(text, absl::StrCat("is neither ", what, " nor a range from..to of them"));
  }
  if (*first > *last) return Refuse(text, "is a range that ends before it begins");
  return absl::OkStatus();
}

bool IsOf(const IpAddress& address, const IpAddress& wanted, int prefix_length) {
  if (prefix_length < 0) return address == wanted;
  return address.family() == wanted.family() && address.IsIn(wanted, prefix_length);
}

}  // namespace

absl::string_view EventFilter::NameOf(Key key) {
  switch (key) {
    case Key::kHost:
      return "host";
    case Key::kInterface:
      return "interface";
    case Key::kLink:
      return "link";
    case Key::kFrom:
      return "from";
    case Key::kPacket:
      return "packet";
    case Key::kKind:
      return "kind";
    case Key::kCause:
      return "cause";
    case Key::kAddress:
      return "address";
    case Key::kPort:
      return "port";
    case Key::kEvent:
      return "event";
    case Key::kTime:
      return "time";
  }
  return "unknown";
}

absl::StatusOr<EventFilter::Key> EventFilter::ParseKey(absl::string_view name) {
  const std::vector<std::string> names = Names<Key>(NameOf);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Key>(found - names.begin());
  return Refuse(name,
                absl::StrCat("is nothing to filter by: there are ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<EventFilter::Value> EventFilter::ParseValue(Key key, absl::string_view text) {
  Value value;
  value.text = std::string(text);
  if (text.empty()) return Refuse(text, "is no value");
  absl::Status status;
  switch (key) {
    case Key::kHost:
    case Key::kInterface:
    case Key::kLink:
    case Key::kFrom:
    case Key::kPacket:
      break;
    case Key::kKind:
      status =
          CheckName(text, Names<EventKind>([](EventKind kind) { return sim::ToString(kind); }));
      break;
    case Key::kCause:
      status = CheckName(text, Names<DropCause>(CauseName));
      break;
    case Key::kAddress: {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(text, absl::MaxSplits('/', 1));
      const absl::StatusOr<IpAddress> address = IpAddress::Parse(parts.first);
      if (!address.ok()) return address.status();
      value.address = *address;
      if (parts.first.size() == text.size()) break;
      const int bits = address->is_ipv4() ? 32 : 128;
      if (!absl::SimpleAtoi(parts.second, &value.prefix_length) || value.prefix_length < 0 ||
          value.prefix_length > bits) {
        return Refuse(text, absl::StrCat("needs a prefix length from 0 to ", bits));
      }
      break;
    }
    case Key::kPort:
      status = ParseRange(text, "a port", ParseNumber, &value.first, &value.last);
      if (status.ok() && value.first > kPortMax) status = Refuse(text, "is more than 65535");
      break;
    case Key::kEvent:
      status = ParseRange(text, "a number", ParseNumber, &value.first, &value.last);
      break;
    case Key::kTime:
      status = ParseRange(text, "a time like 1.5s", ParseTime, &value.first, &value.last);
      break;
  }
  if (!status.ok()) return status;
  return value;
}

absl::StatusOr<EventFilter::Term> EventFilter::ParseTerm(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == text.npos) {
    return absl::InvalidArgumentError("it needs a name and a value, as in kind=lost");
  }
  Term term;
  absl::string_view name = text.substr(0, equals);
  term.negated = !name.empty() && name.back() == '!';
  if (term.negated) name.remove_suffix(1);
  const absl::StatusOr<Key> key = ParseKey(name);
  if (!key.ok()) return key.status();
  term.key = *key;
  for (absl::string_view part : absl::StrSplit(text.substr(equals + 1), ',')) {
    absl::StatusOr<Value> value = ParseValue(*key, part);
    if (!value.ok()) return value.status();
    term.values.push_back(*std::move(value));
  }
  return term;
}

absl::StatusOr<EventFilter> EventFilter::Parse(absl::string_view text) {
  EventFilter filter;
  for (absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \t\n"), absl::SkipEmpty())) {
    absl::StatusOr<Term> term = ParseTerm(word);
    if (!term.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("filter term \"", word, "\": ", term.status().message()));
    }
    filter.terms_.push_back(*std::move(term));
  }
  return filter;
}

bool EventFilter::Meets(const TraceEvent& event, Key key, const Value& value) {
  const Packet* const packet = event.packet;
  const auto in_range = [&](int64_t number) {
    return value.first <= number && number <= value.last;
  };
  switch (key) {
    case Key::kHost:
      return IsLike(event.host, value.text);
    case Key::kInterface:
      return IsLike(event.interface, value.text);
    case Key::kLink:
      return IsLike(event.draw, value.text);
    case Key::kFrom:
      return IsLike(event.origin, value.text);
    case Key::kPacket:
      return packet != nullptr && (IsLike(absl::StrCat(packet->id), value.text) ||
                                   IsLike(absl::StrCat(event.origin, "#", packet->id), value.text));
    case Key::kKind:
      return IsLike(sim::ToString(event.kind), value.text);
    case Key::kCause:
      return event.kind == EventKind::kDropped && IsLike(CauseName(event.cause), value.text);
    case Key::kAddress:
      return packet != nullptr &&
             (IsOf(packet->source.address, value.address, value.prefix_length) ||
              IsOf(packet->destination.address, value.address, value.prefix_length));
    case Key::kPort:
      return packet != nullptr &&
             (in_range(packet->source.port) || in_range(packet->destination.port));
    case Key::kEvent:
      return in_range(static_cast<int64_t>(event.sequence));
    case Key::kTime:
      return in_range(absl::ToInt64Nanoseconds(event.time));
  }
  return false;
}

bool EventFilter::operator()(const TraceEvent& event) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const bool met = std::any_of(term.values.begin(), term.values.end(),
                                 [&](const Value& value) { return Meets(event, term.key, value); });
    return met != term.negated;
  });
}

std::string EventFilter::ToString() const {
  return absl::StrJoin(terms_, " ", [](std::string* out, const Term& term) {
    absl::StrAppend(out, NameOf(term.key), term.negated ? "!=" : "=");
    absl::StrAppend(out, absl::StrJoin(term.values, ",", [](std::string* text, const Value& value) {
                      absl::StrAppend(text, value.text);
                    }));
  });
}

}  // namespace pollux::sim
