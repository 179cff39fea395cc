// SPDX-License-Identifier: Apache-2.0
//
// File: columns.h
//
// Text in columns, for terminals: as wide as they need to be, and where that is too wide, with
// their longest cells on several lines.

#ifndef POLLUX_TOOLS_POLLUX_COLUMNS_H_
#define POLLUX_TOOLS_POLLUX_COLUMNS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::program {

inline constexpr size_t kMinWidth = 60;
inline constexpr size_t kUsualWidth = 160;
inline constexpr size_t kMaxWidth = 1000;

// Thread-compatible.
class Columns {
 public:
  explicit Columns(size_t width) : width_(width) {}

  // All rows have as many cells as the first.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // A line of its own, such as a heading.
  void AddLine(absl::string_view text) { rows_.push_back({std::string(text)}); }

  // All lines, each with its end, and without blanks before that.
  std::string ToString() const;

 private:
  std::vector<size_t> Widths() const;

  const size_t width_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_POLLUX_COLUMNS_H_
