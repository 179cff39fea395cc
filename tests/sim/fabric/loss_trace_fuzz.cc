// SPDX-License-Identifier: Apache-2.0
//
// No text makes the reader of loss traces crash; what it reads, it prints, and reads again as the
// same. tests/fuzz/fuzz_target.bzl has how libFuzzer runs it; loss_trace_corpus/ is where it
// begins.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/fabric/loss_trace.h"
#include "udp/internal/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace sim = pollux::sim;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<sim::RecordedLosses> losses = sim::ParseLossTrace(text, "fuzz");
  if (!losses.ok()) {
    POLLUX_CHECK(!losses.status().message().empty(), "an error without a message");
    return 0;
  }
  POLLUX_CHECK(sim::Validate(sim::LossModel(*losses)).ok(), "what was read is no loss model");
  const std::string printed = sim::FormatLossTrace(*losses);
  const absl::StatusOr<sim::RecordedLosses> again = sim::ParseLossTrace(printed, "printed");
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(again->lost == losses->lost, "a trace is printed as another");
  return 0;
}
