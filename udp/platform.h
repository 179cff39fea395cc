// SPDX-License-Identifier: Apache-2.0
//
// File: platform.h
//
// The operating systems whose rules a socket may live under. A native engine reports the one it was
// built for; a simulated host reports the one it plays.

#ifndef POLLUX_UDP_PLATFORM_H_
#define POLLUX_UDP_PLATFORM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pollux {

enum class Platform : uint8_t { kLinux, kMacOs, kFreeBsd, kWindows, kSymbian };

inline constexpr Platform kAllPlatforms[] = {Platform::kLinux, Platform::kMacOs, Platform::kFreeBsd,
                                             Platform::kWindows, Platform::kSymbian};

// "linux", "macos", "freebsd", "windows" or "symbian".
absl::string_view ToString(Platform platform);

}  // namespace pollux

#endif  // POLLUX_UDP_PLATFORM_H_
