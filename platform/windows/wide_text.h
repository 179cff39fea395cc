// SPDX-License-Identifier: Apache-2.0
//
// File: wide_text.h
//
// Text between UTF-8, which is ours, and UTF-16, which is Windows'.

#ifndef POLLUX_PLATFORM_WINDOWS_WIDE_TEXT_H_
#define POLLUX_PLATFORM_WINDOWS_WIDE_TEXT_H_

#include <string>

#include "platform/windows/winsock.h"

namespace pollux::windows_engine {

// What is no text becomes U+FFFD.
inline std::string ToUtf8(const wchar_t* text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  if (size <= 1) return std::string();
  std::string result(static_cast<size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, -1, result.data(), size, nullptr, nullptr);
  result.pop_back();  // The zero at the end.
  return result;
}

inline std::wstring ToUtf16(const std::string& text) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, nullptr, 0);
  if (size <= 1) return std::wstring();
  std::wstring result(static_cast<size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, result.data(), size);
  result.pop_back();
  return result;
}

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_WIDE_TEXT_H_
