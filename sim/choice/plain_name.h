// SPDX-License-Identifier: Apache-2.0
//
// File: plain_name.h

#ifndef POLLUX_SIM_CHOICE_PLAIN_NAME_H_
#define POLLUX_SIM_CHOICE_PLAIN_NAME_H_

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {

// How many characters the name of something in a simulation has at most.
inline constexpr size_t kPlainNameMax = 63;

// Whether it is of the characters that names in a simulation have: letters, digits, '-', '_' and
// '.'. So labels of draws, and lines of plans and stories, can be taken apart again.
inline bool IsPlainName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_PLAIN_NAME_H_
