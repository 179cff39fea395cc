// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/message.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pollux::examples {
namespace {

// Takes the first word and the blank behind it from `text`.
absl::string_view TakeWord(absl::string_view& text) {
  const size_t end = text.find(' ');
  const absl::string_view word = text.substr(0, end);
  text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
  return word;
}

}  // namespace

std::optional<Message> Message::Parse(absl::string_view payload) {
  absl::ConsumeSuffix(&payload, "\n");
  absl::ConsumeSuffix(&payload, "\r");
  if (absl::StrContains(payload, '\n')) return std::nullopt;
  const absl::string_view word = TakeWord(payload);
  Message message;
  if (word == "WHO") {
    if (!payload.empty()) return std::nullopt;
    return message;
  }
  if (word == "HERE") {
    message.kind = Kind::kHere;
  } else if (word == "ASK" || word == "ANSWER") {
    message.kind = word == "ASK" ? Kind::kAsk : Kind::kAnswer;
    if (!absl::SimpleAtoi(TakeWord(payload), &message.id)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (payload.empty()) return std::nullopt;
  message.text = std::string(payload);
  return message;
}

std::string Message::ToString() const {
  switch (kind) {
    case Kind::kWho:
      return "WHO";
    case Kind::kHere:
      return absl::StrCat("HERE ", text);
    case Kind::kAsk:
      return absl::StrCat("ASK ", id, " ", text);
    case Kind::kAnswer:
      return absl::StrCat("ANSWER ", id, " ", text);
  }
  return "";
}

}  // namespace pollux::examples
