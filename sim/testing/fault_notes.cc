// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/fault_notes.h"

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

bool IsFault(EventKind kind) {
  switch (kind) {
    case EventKind::kLost:
    case EventKind::kDuplicated:
    case EventKind::kCorrupted:
    case EventKind::kOvertook:
    case EventKind::kLate:
    case EventKind::kFault:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string FaultNotes::ToString() const {
  if (count_ <= kKept) return text_;
  return absl::StrCat(text_, "and ", count_ - kKept, " more\n");
}

void FaultNotes::OnEvent(const TraceEvent& event) {
  if (!IsFault(event.kind) || ++count_ > kKept) return;
  absl::StrAppend(&text_, event.ToString(), "\n");
}

}  // namespace pollux::sim
