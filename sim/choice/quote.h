// SPDX-License-Identifier: Apache-2.0
//
// File: quote.h

#ifndef POLLUX_SIM_CHOICE_QUOTE_H_
#define POLLUX_SIM_CHOICE_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pollux::sim {

// What somebody wrote, between quotation marks, for a message about it. Files that are no text at
// all are read as well: bytes that cannot be printed are written as "\x1b", and of what is long the
// first 200 bytes are shown.
std::string Quote(absl::string_view text);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_QUOTE_H_
