// SPDX-License-Identifier: Apache-2.0
//
// File: bind_mode.h
//
// Who else may bind the same address and port. The modes are the contract's; what they become on a
// kernel is one table, keyed by the platform of the engine, so that a simulated Windows host maps
// them as Windows does while the test runs elsewhere.
//
//   socket.Bind(7755, BindMode::kShareAddress | BindMode::kReuseAddressHint);

#ifndef POLLUX_UDP_BIND_MODE_H_
#define POLLUX_UDP_BIND_MODE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "udp/platform.h"

namespace pollux {

// Flags; combine with `|`.
enum class BindMode : uint8_t {
  // What a program means that does not say: kDontShareAddress | kReuseAddressHint on Unix and
  // macOS, kShareAddress on Windows.
  kDefaultForPlatform = 0,
  // Other services may bind the same address and port, if they ask to share it too; so may any
  // program of the machine (SECURITY.md). Unix: SO_REUSEADDR, and on macOS and FreeBSD SO_REUSEPORT
  // with it. Windows: ignored, since there the second binder decides (`kReuseAddressHint`). It does
  // not spread load: one of them gets every datagram. `SocketOption::kReusePort` spreads on Linux.
  kShareAddress = 1,
  // No other service may bind it while this one holds it, not even with kReuseAddressHint. On Unix
  // this is how every bind is, so the flag is ignored; on Windows it is SO_EXCLUSIVEADDRUSE.
  kDontShareAddress = 2,
  // Bind even if another socket already holds it. Windows: SO_REUSEADDR. Unix: ignored.
  // Symbian: succeeds always, or never, by the process's NetworkControl capability.
  kReuseAddressHint = 4,
};

constexpr BindMode operator|(BindMode a, BindMode b) {
  return static_cast<BindMode>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool Contains(BindMode mode, BindMode flag) {
  return (static_cast<uint8_t>(mode) & static_cast<uint8_t>(flag)) != 0;
}

// "DefaultForPlatform", or flags joined by "|".
std::string ToString(BindMode mode);

// The kernel options that a bind mode turns on; the others stay as they are. (Nothing is left over
// from an earlier bind that failed: each attempt of `UdpSocket` begins with a new engine socket.)
struct BindOptions {
  bool reuse_address = false;      // SocketOption::kReuseAddress
  bool reuse_port = false;         // SocketOption::kReusePort
  bool exclusive_address = false;  // SocketOption::kExclusiveAddress

  friend bool operator==(const BindOptions& a, const BindOptions& b) {
    return a.reuse_address == b.reuse_address && a.reuse_port == b.reuse_port &&
           a.exclusive_address == b.exclusive_address;
  }
};

// What `mode` becomes on `platform`. Errors: kInvalidArgument for kShareAddress together with
// kDontShareAddress, and for unknown flags. Where kDontShareAddress meets kReuseAddressHint on
// Windows, exclusive wins: the contract guarantees it "on success".
absl::StatusOr<BindOptions> BindOptionsFor(Platform platform, BindMode mode);

}  // namespace pollux

#endif  // POLLUX_UDP_BIND_MODE_H_
