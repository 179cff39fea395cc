// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/quote.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace pollux::sim {

std::string Quote(absl::string_view text) {
  constexpr size_t kShown = 200;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isprint(byte)) {
      quoted.push_back(c);
    } else {
      absl::StrAppendFormat(&quoted, "\\x%02x", byte);
    }
  }
  return quoted + (text.size() > kShown ? "...\"" : "\"");
}

std::string ListSome(absl::Span<const absl::string_view> names) {
  constexpr size_t kShown = 20;
  if (names.empty()) return "none";
  std::string list = absl::StrJoin(names.subspan(0, kShown), ", ");
  if (names.size() > kShown) absl::StrAppend(&list, " and ", names.size() - kShown, " more");
  return list;
}

}  // namespace pollux::sim
