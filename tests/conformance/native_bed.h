// SPDX-License-Identifier: Apache-2.0
//
// File: native_bed.h
//
// The bed whose hosts are network namespaces of the running kernel, of this process alone.

#ifndef POLLUX_TESTS_CONFORMANCE_NATIVE_BED_H_
#define POLLUX_TESTS_CONFORMANCE_NATIVE_BED_H_

#include <memory>

#include "absl/status/statusor.h"
#include "tests/conformance/bed.h"

namespace pollux::conformance {

// Fails where the machine does not permit namespaces, or has no native engine.
absl::StatusOr<std::unique_ptr<Bed>> NewNativeBed();
// The same on the engine for any Unix.
absl::StatusOr<std::unique_ptr<Bed>> NewPollBed();

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_NATIVE_BED_H_
