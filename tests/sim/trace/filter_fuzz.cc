// SPDX-License-Identifier: Apache-2.0
//
// No text makes the reader of filters crash; what it reads, it prints, and reads again as the same.
// tests/fuzz/fuzz_target.bzl has how libFuzzer runs it; filter_corpus/ is where it begins.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/trace/event_filter.h"
#include "udp/internal/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using pollux::sim::EventFilter;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<EventFilter> filter = EventFilter::Parse(text);
  if (!filter.ok()) {
    POLLUX_CHECK(!filter.status().message().empty(), "an error without a message");
    return 0;
  }
  pollux::sim::Packet packet;
  pollux::sim::TraceEvent event;
  event.host = "bob";
  event.packet = &packet;
  const bool taken = (*filter)(event);
  const std::string printed = filter->ToString();
  const absl::StatusOr<EventFilter> again = EventFilter::Parse(printed);
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(again->ToString() == printed, "a filter is printed in two ways");
  POLLUX_CHECK((*again)(event) == taken, "a filter is read in two ways");
  return 0;
}
