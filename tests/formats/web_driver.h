// SPDX-License-Identifier: Apache-2.0
//
// File: web_driver.h
//
// `WebDriver` drives a headless Chromium as a person would: by keys and pointer, through
// ChromeDriver's WebDriver protocol (W3C WebDriver) on loopback.

#ifndef POLLUX_TESTS_FORMATS_WEB_DRIVER_H_
#define POLLUX_TESTS_FORMATS_WEB_DRIVER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pollux {

// Thread-compatible. Failures that no test expects are CHECKed: what the driver said is in the
// message.
class WebDriver {
 public:
  // Keys that are no character, as WebDriver calls them.
  static constexpr const char* kArrowLeft = "\\uE012";
  static constexpr const char* kArrowUp = "\\uE013";
  static constexpr const char* kArrowRight = "\\uE014";
  static constexpr const char* kArrowDown = "\\uE015";
  static constexpr const char* kHome = "\\uE011";
  static constexpr const char* kEnd = "\\uE010";
  static constexpr const char* kEnter = "\\uE007";
  static constexpr const char* kEscape = "\\uE00C";

  // Starts ChromeDriver, and a browser with a window of that size.
  WebDriver(int width, int height);
  WebDriver(const WebDriver&) = delete;
  WebDriver& operator=(const WebDriver&) = delete;
  ~WebDriver();

  void Open(absl::string_view url);
  // What a script's body returns, as text.
  std::string Script(absl::string_view body);
  // Presses and releases a key: one of the above, or a character.
  void Press(absl::string_view key);
  // Presses the keys of plain characters, one after the other.
  void Type(absl::string_view text);
  void MoveTo(int x, int y);
  void Click(int x, int y);
  void Tap(int x, int y);
  // Turns the wheel over that place by so many pixels, down where positive, with the control key
  // held or not.
  void Wheel(int x, int y, int by, bool control);
  // Two fingers, one above that place and one below, go from one distance to another.
  void Pinch(int x, int y, int from, int to);
  // Sends a command of the DevTools protocol; `parameters` is JSON.
  void DevTools(absl::string_view command, absl::string_view parameters);
  void Screenshot(const std::string& path);
  // What the console has said since the last call, as JSON; "[]" for nothing.
  std::string Console();

 private:
  // Sends a request; returns the "value" of the answer, as JSON.
  std::string Ask(absl::string_view method, absl::string_view path, absl::string_view json);
  std::string Session(absl::string_view method, absl::string_view path, absl::string_view json);
  void Pointer(absl::string_view type, absl::string_view actions);

  int pid_ = -1;
  uint16_t port_ = 0;
  std::string session_;
};

}  // namespace pollux

#endif  // POLLUX_TESTS_FORMATS_WEB_DRIVER_H_
