// SPDX-License-Identifier: Apache-2.0
//
// File: json.h
//
// JSON (RFC 8259) that can stand inside of an HTML element.

#ifndef POLLUX_SIM_TRACE_JSON_H_
#define POLLUX_SIM_TRACE_JSON_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::sim {

// The text as a string of JSON, in quotes. No text ends the element that it is in, or begins a
// comment: '<', '>' and '&' are escaped.
std::string JsonString(absl::string_view text);

// An array of strings.
std::string JsonStrings(const std::vector<std::string>& texts);

// An array of what is JSON already.
std::string JsonArray(const std::vector<std::string>& items);

// The text as text of an HTML element.
std::string HtmlText(absl::string_view text);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_JSON_H_
