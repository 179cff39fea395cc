// SPDX-License-Identifier: Apache-2.0

#include "tools/program/words.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"

namespace pollux::program {
namespace {

constexpr absl::string_view kBlanks = " \t\r\f\v";

}  // namespace

std::string Quote(absl::string_view word) {
  constexpr size_t kLongest = 40;
  const bool cut = word.size() > kLongest;
  return absl::StrCat("\"", absl::CHexEscape(word.substr(0, kLongest)), cut ? "...\"" : "\"");
}

Line::Line(absl::string_view text) {
  while (!failed()) {
    text = text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty() || text[0] == '#') return;
    if (text[0] == '"') {
      text = SplitQuoted(text);
      continue;
    }
    const size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words_.push_back({std::string(text.substr(0, end)), false});
    text = text.substr(end);
  }
}

absl::string_view Line::SplitQuoted(absl::string_view text) {
  size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) {
    Fail("the payload ", Quote(text), " has no end; close it with '\"'");
    return "";
  }
  Word word{"", true};
  std::string why;
  if (!absl::CUnescape(text.substr(1, end - 1), &word.text, &why)) {
    Fail("the payload ", Quote(text.substr(1, end - 1)), " has an unknown escape (", why,
         "); those of C are known: \\n, \\x41, \\\\ and the like");
    return "";
  }
  words_.push_back(std::move(word));
  text.remove_prefix(end + 1);
  if (!text.empty() && kBlanks.find(text[0]) == kBlanks.npos) {
    Fail("a blank is missing between the closing '\"' and ", Quote(text));
    return "";
  }
  return text;
}

bool Line::NextIs(absl::string_view word) const {
  return !AtEnd() && !words_[next_].quoted && words_[next_].text == word;
}

std::string Line::Take(absl::string_view what) {
  if (failed()) return "";
  if (next_ == words_.size()) {
    Fail("the line ends where ", what, " should be; write: ", usage_);
    return "";
  }
  const Word& word = words_[next_++];
  if (word.quoted) {
    Fail("the payload ", Quote(word.text), " stands where ", what, " should be; write: ", usage_);
    return "";
  }
  return word.text;
}

bool Line::TakeIf(absl::string_view word) {
  if (!NextIs(word)) return false;
  ++next_;
  return true;
}

void Line::Expect(absl::string_view word) {
  if (TakeIf(word) || failed()) return;
  if (next_ == words_.size()) {
    Fail("the line ends where \"", word, "\" should be; write: ", usage_);
  } else {
    Fail(Quote(words_[next_].text), " stands where \"", word, "\" should be; write: ", usage_);
  }
}

std::string Line::TakeQuoted() {
  if (!NextIsQuoted()) {
    Fail("a payload in quotes is missing; write: ", usage_);
    return "";
  }
  return words_[next_++].text;
}

int64_t Line::TakeNumber(absl::string_view what, int64_t min, int64_t max) {
  const std::string word = Take(what);
  if (failed()) return min;
  int64_t number = 0;
  const size_t digits = word[0] == '-' ? 1 : 0;
  const bool plain =
      word.size() > digits && word.find_first_not_of("0123456789", digits) == word.npos;
  if (!plain || !absl::SimpleAtoi(word, &number) || number < min || number > max) {
    Fail(Quote(word), " is not ", what, ": a number from ", min, " to ", max);
    return min;
  }
  return number;
}

void Line::End() {
  if (AtEnd()) return;
  Fail(Quote(words_[next_].text), " is one word too many; write: ", usage_);
}

}  // namespace pollux::program
