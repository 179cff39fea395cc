// SPDX-License-Identifier: Apache-2.0
//
// File: CFTimeZone.h
//
// What Abseil asks of CoreFoundation, to find out the machine's time zone. For building without
// Apple's SDK; nothing of it is here but names.

#ifndef POLLUX_TOOLS_TOOLCHAINS_MACOS_CFTIMEZONE_H_
#define POLLUX_TOOLS_TOOLCHAINS_MACOS_CFTIMEZONE_H_

#include <stdint.h>

extern "C" {

using Boolean = unsigned char;
using CFIndex = long;
using CFStringEncoding = uint32_t;
using CFTypeRef = const void*;
using CFStringRef = const struct __CFString*;
using CFTimeZoneRef = const struct __CFTimeZone*;

enum : CFStringEncoding { kCFStringEncodingUTF8 = 0x08000100 };

CFTimeZoneRef CFTimeZoneCopyDefault();
CFStringRef CFTimeZoneGetName(CFTimeZoneRef zone);
CFIndex CFStringGetLength(CFStringRef text);
CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
Boolean CFStringGetCString(CFStringRef text, char* buffer, CFIndex size, CFStringEncoding encoding);
void CFRelease(CFTypeRef object);

}  // extern "C"

#endif  // POLLUX_TOOLS_TOOLCHAINS_MACOS_CFTIMEZONE_H_
