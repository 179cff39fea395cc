// SPDX-License-Identifier: Apache-2.0
//
// No text makes the reader of stories crash; what it reads, it prints, and reads again as the same.
// tests/fuzz/fuzz_target.bzl has how libFuzzer runs it; corpus/ is where it begins.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/choice/fault_story.h"
#include "udp/internal/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using pollux::sim::FaultStory;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<FaultStory> story = FaultStory::Parse(text, "fuzz");
  if (!story.ok()) {
    POLLUX_CHECK(!story.status().message().empty(), "an error without a message");
    return 0;
  }
  const std::string printed = story->ToString();
  const absl::StatusOr<FaultStory> again = FaultStory::Parse(printed, "printed");
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(again->decisions == story->decisions, "a story is read in two ways");
  POLLUX_CHECK(again->ToString() == printed, "a story is printed in two ways");
  return 0;
}
