// SPDX-License-Identifier: Apache-2.0
//
// File: write_file.h

#ifndef POLLUX_SIM_TRACE_WRITE_FILE_H_
#define POLLUX_SIM_TRACE_WRITE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {

// Makes a file of these bytes, in place of what was there. Errors: kInvalidArgument for no path,
// kUnavailable for one that cannot be written, naming it. Thread-safe.
absl::Status WriteFile(const std::string& path, absl::string_view bytes);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_WRITE_FILE_H_
