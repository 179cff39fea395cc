// SPDX-License-Identifier: Apache-2.0
//
// File: quote.h

#ifndef POLLUX_SIM_CHOICE_QUOTE_H_
#define POLLUX_SIM_CHOICE_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace pollux::sim {

// What somebody wrote, between quotation marks, for a message about it. Files that are no text at
// all are read as well: bytes that cannot be printed are written as "\x1b", and of what is long the
// first 200 bytes are shown.
std::string Quote(absl::string_view text);

// Names that could have been meant, for a message about one that is none of them: "alice, bob", the
// first twenty "and 80 more", or "none".
std::string ListSome(absl::Span<const absl::string_view> names);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_QUOTE_H_
