// SPDX-License-Identifier: Apache-2.0

#include "udp/platform.h"

namespace pollux {

absl::string_view ToString(Platform platform) {
  switch (platform) {
    case Platform::kLinux:
      return "linux";
    case Platform::kMacOs:
      return "macos";
    case Platform::kFreeBsd:
      return "freebsd";
    case Platform::kWindows:
      return "windows";
    case Platform::kSymbian:
      return "symbian";
  }
  return "unknown";
}

}  // namespace pollux
