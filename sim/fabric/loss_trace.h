// SPDX-License-Identifier: Apache-2.0
//
// File: loss_trace.h
//
// Recorded losses as text: what became of a link's packets, one after the other, as a measurement
// would write it down.
//
//   # 20 packets, of which three were lost, two of them in a row.
//   0000 0110 0000
//   0*7 1
//
// 0 is a packet that arrived and 1 one that was lost; either can be followed by '*' and how many
// there are of them. Between them can be blanks and ends of lines; behind '#', to the end of the
// line, is what people say.

#ifndef POLLUX_SIM_FABRIC_LOSS_TRACE_H_
#define POLLUX_SIM_FABRIC_LOSS_TRACE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/fabric/loss_model.h"

namespace pollux::sim {

// How many packets a trace has at most.
inline constexpr size_t kLossTraceMax = 10'000'000;

// Reads the text form; `name` is the file's, for messages. Errors: kInvalidArgument, with name,
// line, and what is wrong with which words.
absl::StatusOr<RecordedLosses> ParseLossTrace(absl::string_view text, absl::string_view name);

// The text form.
std::string FormatLossTrace(const RecordedLosses& losses);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LOSS_TRACE_H_
