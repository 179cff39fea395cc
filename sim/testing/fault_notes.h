// SPDX-License-Identifier: Apache-2.0
//
// File: fault_notes.h

#ifndef POLLUX_SIM_TESTING_FAULT_NOTES_H_
#define POLLUX_SIM_TESTING_FAULT_NOTES_H_

#include <cstdint>
#include <string>

#include "sim/trace/trace.h"

namespace pollux::sim {

// Notes when each fault of a run happened and to which packet, which a story does not say: "loss
// lan/alice->bob #2" has no time. Loop thread only.
class FaultNotes final : private TraceSink {
 public:
  explicit FaultNotes(Trace& trace) : TraceSink(trace) {}

  // A line for each of the first `kKept` faults, and how many more there were; empty for none.
  std::string ToString() const;

  static constexpr uint64_t kKept = 30;

 private:
  void OnEvent(const TraceEvent& event) override;

  std::string text_;
  uint64_t count_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_FAULT_NOTES_H_
