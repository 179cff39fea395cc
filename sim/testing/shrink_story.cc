// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/shrink_story.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pollux::sim {

FaultStory ShrinkStory(FaultStory story, absl::FunctionRef<bool(const FaultStory&)> fails,
                       int runs_max) {
  size_t piece = story.decisions.size();
  while (piece > 0) {
    bool smaller = false;
    // From the end: what comes late can be left out most often.
    for (size_t end = story.decisions.size(); end > 0;) {
      const size_t begin = end > piece ? end - piece : 0;
      FaultStory rest = story;
      rest.decisions.erase(rest.decisions.begin() + static_cast<std::ptrdiff_t>(begin),
                           rest.decisions.begin() + static_cast<std::ptrdiff_t>(end));
      if (--runs_max < 0) return story;
      end = begin;
      if (!fails(rest)) continue;
      story = std::move(rest);
      smaller = true;
    }
    // Single ones again and again, for as long as one of them goes.
    if (piece > 1 || !smaller) piece = std::min(piece / 2, story.decisions.size());
  }
  return story;
}

}  // namespace pollux::sim
