// SPDX-License-Identifier: Apache-2.0
//
// No text makes the parser crash; what it reads, it prints, and reads again as the same.
// tests/fuzz/fuzz_target.bzl has how libFuzzer runs it; corpus/ is where it begins.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "tools/program/program.h"
#include "udp/internal/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<pollux::program::Program> program =
      pollux::program::Program::Parse(text, "fuzz");
  if (!program.ok()) {
    POLLUX_CHECK(!program.status().message().empty(), "an error without a message");
    return 0;
  }
  const std::string printed = program->ToString();
  const absl::StatusOr<pollux::program::Program> again =
      pollux::program::Program::Parse(printed, "printed");
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(again->ToString() == printed, "a program is printed in two ways");
  return 0;
}
