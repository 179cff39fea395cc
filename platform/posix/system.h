// SPDX-License-Identifier: Apache-2.0
//
// File: system.h
//
// Which Unix this is built for, and what follows from that. What is named in one place here is not
// asked by #ifdef elsewhere in this folder, but for the names of the systems' own constants.

#ifndef POLLUX_PLATFORM_POSIX_SYSTEM_H_
#define POLLUX_PLATFORM_POSIX_SYSTEM_H_

#include "udp/platform.h"

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__)
#define POLLUX_HAS_KQUEUE 1
#else
#define POLLUX_HAS_KQUEUE 0
#endif

namespace pollux::posix {

// Whose numbers errno has. A system that is not among them has FreeBSD's, as descendants of BSD do.
#if defined(__APPLE__)
inline constexpr Platform kPlatform = Platform::kMacOs;
#elif defined(__linux__)
inline constexpr Platform kPlatform = Platform::kLinux;
#else
inline constexpr Platform kPlatform = Platform::kFreeBsd;
#endif

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_SYSTEM_H_
