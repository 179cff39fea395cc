// SPDX-License-Identifier: Apache-2.0
//
// File: native_engine.h
//
// The engine of the machine that the program runs on: real sockets, real time. The header is the
// same on every platform; the build chooses what is behind it.
//
//   absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
//   if (!engine.ok()) return engine.status();
//   UdpSocket socket(**engine);
//   ...
//   (*engine)->loop().Run();
//
// An engine and all that comes from it belong to one thread. A program makes one for each thread
// that has sockets; they share nothing. On Linux a socket, and the interface table, is of the
// network namespace that the calling thread is in.

#ifndef POLLUX_PLATFORM_NATIVE_ENGINE_H_
#define POLLUX_PLATFORM_NATIVE_ENGINE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "udp/socket_engine.h"

namespace pollux {

// What a program can choose about its engine.
struct NativeEngineOptions {
  // How long the loop looks out for datagrams by itself before it has the kernel put the thread to
  // sleep. Where each answer counts, and a processor can be spared, this saves the time that waking
  // up takes. For loops of a few sockets; no effect in a loop that a foreign one hosts.
  absl::Duration spin = absl::ZeroDuration();
};

// Makes a native engine. Thread-safe. Errors: kSocketResource, out of descriptors or memory.
absl::StatusOr<std::unique_ptr<SocketEngine>> NewNativeEngine(
    const NativeEngineOptions& options = {});

}  // namespace pollux

#endif  // POLLUX_PLATFORM_NATIVE_ENGINE_H_
