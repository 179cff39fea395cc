// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/answers.h"

#include "absl/time/time.h"

namespace pollux::examples {

absl::AnyInvocable<std::string(absl::string_view question)> AnswersFor(absl::string_view name,
                                                                       EventLoop& loop) {
  return [name = std::string(name), &loop](absl::string_view question) -> std::string {
    if (question == "name") return name;
    if (question == "time") {
      return absl::FormatTime("%Y-%m-%d %H:%M:%E3S UTC", loop.WallNow(), absl::UTCTimeZone());
    }
    return "I know: name, time";
  };
}

}  // namespace pollux::examples
