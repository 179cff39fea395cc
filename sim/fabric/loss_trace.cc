// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/loss_trace.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pollux::sim {
namespace {

constexpr size_t kQuoted = 20;      // How much of a word a message quotes.
constexpr size_t kShortestRun = 8;  // That is printed by its length.
constexpr size_t kLineWidth = 80;

std::string Quote(absl::string_view word) {
  if (word.size() <= kQuoted) return absl::StrCat("\"", word, "\"");
  return absl::StrCat("\"", word.substr(0, kQuoted), "...\"");
}

// Reads one word, such as "0010" or "0*7", and adds what it says to `lost`. An empty message is
// none.
std::string ReadWord(absl::string_view word, std::vector<bool>& lost) {
  const auto too_many = [] { return absl::StrCat("more than ", kLossTraceMax, " packets"); };
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '0' && word[i] != '1') {
      return absl::StrCat(Quote(word.substr(i)), ": a packet is 0, which arrived, or 1, lost");
    }
    uint64_t count = 1;
    if (i + 1 < word.size() && word[i + 1] == '*') {
      size_t end = i + 2;
      while (end < word.size() && absl::ascii_isdigit(static_cast<unsigned char>(word[end]))) ++end;
      const absl::string_view number = word.substr(i + 2, end - i - 2);
      if (!absl::SimpleAtoi(number, &count) || count == 0 || end != word.size()) {
        return absl::StrCat(
            Quote(word.substr(i)),
            ": behind '*' comes how many packets there are, from 1 on, and a blank");
      }
    }
    if (count > kLossTraceMax - lost.size()) return too_many();
    lost.insert(lost.end(), count, word[i] == '1');
    if (i + 1 < word.size() && word[i + 1] == '*') break;
  }
  return "";
}

}  // namespace

absl::StatusOr<RecordedLosses> ParseLossTrace(absl::string_view text, absl::string_view name) {
  RecordedLosses losses;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    for (const absl::string_view word :
         absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty())) {
      const std::string wrong = ReadWord(word, losses.lost);
      if (wrong.empty()) continue;
      return absl::InvalidArgumentError(absl::StrCat(name, ":", number, ": ", wrong));
    }
  }
  if (losses.lost.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ":", number, ": there are no packets"));
  }
  return losses;
}

std::string FormatLossTrace(const RecordedLosses& losses) {
  std::string text;
  size_t line_begin = 0;
  const std::vector<bool>& lost = losses.lost;
  for (size_t i = 0; i < lost.size();) {
    const auto begin = lost.begin() + static_cast<std::ptrdiff_t>(i);
    const auto run = static_cast<size_t>(std::find(begin, lost.end(), !lost[i]) - begin);
    const char digit = lost[i] ? '1' : '0';
    std::string word(run, digit);
    if (run >= kShortestRun) word = absl::StrCat(std::string(1, digit), "*", run);
    if (text.size() - line_begin + word.size() > kLineWidth) {
      text.push_back('\n');
      line_begin = text.size();
    } else if (!text.empty()) {
      text.push_back(' ');
    }
    text += word;
    i += run;
  }
  text.push_back('\n');
  return text;
}

}  // namespace pollux::sim
