// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/sweep_options.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>  // lint: allow(include) a story can be a file
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace pollux::sim {
namespace {

const char* Variable(const char* name) {
  return std::getenv(name);  // lint: allow(environment) it says which runs, and is in none of them
}

absl::StatusOr<uint64_t> NumberOf(const char* name, uint64_t otherwise) {
  const char* text = Variable(name);
  if (text == nullptr) return otherwise;
  uint64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return absl::InvalidArgumentError(absl::StrCat(name, "=", text, " is no number from 0 on"));
}

absl::StatusOr<FaultStory> StoryOf(const std::string& value) {
  if (absl::StartsWith(value, "seed")) {
    return FaultStory::Parse(absl::StrReplaceAll(value, {{";", "\n"}}), "POLLUX_SIM_STORY");
  }
  std::ifstream file(value, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(absl::StrCat("POLLUX_SIM_STORY=", value,
                                            ": the file cannot be read; a story in its place "
                                            "begins with \"seed\""));
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return FaultStory::Parse(text, value);
}

}  // namespace

absl::StatusOr<SweepOptions> SweepOptionsFromEnvironment() {
  SweepOptions options;
  if (const char* value = Variable("POLLUX_SIM_STORY")) {
    absl::StatusOr<FaultStory> story = StoryOf(value);
    if (!story.ok()) return story.status();
    options.story = *std::move(story);
    return options;
  }
  const absl::StatusOr<uint64_t> runs = NumberOf("POLLUX_SIM_RUNS", options.runs);
  if (!runs.ok()) return runs.status();
  if (*runs == 0) return absl::InvalidArgumentError("POLLUX_SIM_RUNS=0 would test nothing");
  const absl::StatusOr<uint64_t> first = NumberOf("POLLUX_SIM_SEED", options.first_seed);
  if (!first.ok()) return first.status();
  const absl::StatusOr<uint64_t> repetition = NumberOf("TEST_RUN_NUMBER", 1);
  if (!repetition.ok()) return repetition.status();
  options.runs = *runs;
  options.first_seed = *first + (std::max<uint64_t>(*repetition, 1) - 1) * *runs;
  return options;
}

}  // namespace pollux::sim
