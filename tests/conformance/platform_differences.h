// SPDX-License-Identifier: Apache-2.0
//
// File: platform_differences.h
//
// What the suite, which says what Linux does, expects and other platforms have otherwise: the rules
// of theirs that a simulated host plays.

#ifndef POLLUX_TESTS_CONFORMANCE_PLATFORM_DIFFERENCES_H_
#define POLLUX_TESTS_CONFORMANCE_PLATFORM_DIFFERENCES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "udp/platform.h"

namespace pollux::conformance {

// Why the test, as "Suite.Name", cannot be what it is on that platform; empty where it can. Not
// for Linux.
template <Platform platform>
std::string WhyNotOn(absl::string_view test);
template <>
std::string WhyNotOn<Platform::kMacOs>(absl::string_view test);
template <>
std::string WhyNotOn<Platform::kFreeBsd>(absl::string_view test);
template <>
std::string WhyNotOn<Platform::kWindows>(absl::string_view test);

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_PLATFORM_DIFFERENCES_H_
