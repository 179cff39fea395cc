// SPDX-License-Identifier: Apache-2.0

#include "tools/pollux/columns.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pollux::program {
namespace {

constexpr absl::string_view kGap = "  ";
constexpr size_t kNarrowest = 12;

// Cuts what fits into `width` off the front of `text`: at a blank if there is one.
std::string TakeLine(absl::string_view& text, size_t width) {
  if (text.size() <= width) {
    const std::string all(text);
    text = "";
    return all;
  }
  size_t end = text.rfind(' ', width);
  if (end == text.npos || end == 0) end = width;
  const std::string line(text.substr(0, end));
  text = absl::StripLeadingAsciiWhitespace(text.substr(end));
  return line;
}

std::string RowText(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::vector<absl::string_view> rests(cells.begin(), cells.end());
  std::string text;
  bool more = true;
  while (more) {
    more = false;
    std::string line;
    for (size_t i = 0; i < rests.size(); ++i) {
      if (i > 0) absl::StrAppend(&line, kGap);
      std::string part = TakeLine(rests[i], widths[i]);
      part.resize(std::max(part.size(), widths[i]), ' ');
      line += part;
      more = more || !rests[i].empty();
    }
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace

std::vector<size_t> Columns::Widths() const {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows_) {
    if (row.size() < 2) continue;
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  size_t total = widths.empty() ? 0 : kGap.size() * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  while (total > width_) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string Columns::ToString() const {
  const std::vector<size_t> widths = Widths();
  std::string text;
  for (const std::vector<std::string>& row : rows_) {
    if (row.size() == 1) {
      absl::StrAppend(&text, row.front(), "\n");
    } else {
      text += RowText(row, widths);
    }
  }
  return text;
}

}  // namespace pollux::program
