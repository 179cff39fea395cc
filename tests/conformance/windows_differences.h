// SPDX-License-Identifier: Apache-2.0
//
// File: windows_differences.h
//
// What the suite expects and the Windows bed cannot give. The suite says what Linux does; the bed
// is one machine, and where tests run, its Windows is Wine.

#ifndef POLLUX_TESTS_CONFORMANCE_WINDOWS_DIFFERENCES_H_
#define POLLUX_TESTS_CONFORMANCE_WINDOWS_DIFFERENCES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pollux::conformance {

// Why the test, as "Suite.Name", cannot be what it is on the Windows bed; empty where it can.
std::string WhyNotOnWindows(absl::string_view test);

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_WINDOWS_DIFFERENCES_H_
