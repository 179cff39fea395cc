// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/narrator.h"

#include <string>

#include "absl/strings/str_format.h"

namespace pollux::examples {

void Tell(std::ostream& out, absl::Duration time, absl::string_view who, absl::string_view what) {
  // Flushed, so that who reads it through a pipe sees it when it happens.
  out << absl::StrFormat("%8.3fs  %-10s %s", absl::ToDoubleSeconds(time), who, what) << std::endl;
}

Narrator NarratorFor(std::ostream& out, EventLoop& loop, absl::string_view who) {
  return [&out, &loop, start = loop.Now(), name = std::string(who)](absl::string_view sentence) {
    Tell(out, loop.Now() - start, name, sentence);
  };
}

}  // namespace pollux::examples
