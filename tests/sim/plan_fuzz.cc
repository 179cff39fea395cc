// SPDX-License-Identifier: Apache-2.0
//
// No text makes the reader of plans crash; what it reads, it prints, and reads again as the same;
// and a network either refuses it or carries it out. tests/fuzz/fuzz_target.bzl has how libFuzzer
// runs it; plan_corpus/ is where it begins.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fault_plan.h"
#include "sim/network.h"
#include "udp/internal/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using pollux::sim::FaultPlan;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<FaultPlan> plan = FaultPlan::Parse(text, "fuzz");
  if (!plan.ok()) {
    POLLUX_CHECK(!plan.status().message().empty(), "an error without a message");
    return 0;
  }
  const std::string printed = plan->ToString();
  const absl::StatusOr<FaultPlan> again = FaultPlan::Parse(printed, "printed");
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(again->entries == plan->entries, "a plan is read in two ways");
  POLLUX_CHECK(again->ToString() == printed, "a plan is printed in two ways");

  pollux::sim::Network net({.seed = 7});
  pollux::sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  for (const char* name : {"alice", "bob", "carol", "server"}) lan.Attach(net.AddHost(name));
  if (!net.Apply(*plan).ok()) return 0;
  net.RunFor(plan->End() + absl::Seconds(1));
  return 0;
}
