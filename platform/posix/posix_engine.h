// SPDX-License-Identifier: Apache-2.0
//
// File: posix_engine.h
//
// `PosixEngine` is the engine of every Unix but Linux, which has a faster one: on a kqueue where
// there is one, else on poll(2). It runs on Linux too, where it is tested.

#ifndef POLLUX_PLATFORM_POSIX_POSIX_ENGINE_H_
#define POLLUX_PLATFORM_POSIX_POSIX_ENGINE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "platform/common/resolver.h"
#include "platform/posix/readiness_loop.h"
#include "platform/posix/system.h"
#include "platform/posix/system_calls.h"
#include "udp/socket_engine.h"

namespace pollux::posix {

// Threads as `SocketEngine` says.
class PosixEngine final : public SocketEngine {
 public:
  // On the best loop of the system, or on poll(2) in any case. Errors: kSocketResource, out of
  // descriptors or memory.
  static absl::StatusOr<std::unique_ptr<PosixEngine>> Create(std::shared_ptr<SystemCalls> calls);
  static absl::StatusOr<std::unique_ptr<PosixEngine>> CreateOnPoll(
      std::shared_ptr<SystemCalls> calls);

  absl::string_view name() const override { return name_; }
  Platform platform() const override { return kPlatform; }
  EventLoop& loop() override { return *loop_; }
  absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) override;
  absl::StatusOr<std::vector<NetworkInterface>> Interfaces() override;
  void Resolve(absl::string_view name, ResolveCallback callback) override;

 private:
  PosixEngine(std::shared_ptr<SystemCalls> calls, std::unique_ptr<ReadinessLoop> loop,
              absl::string_view name);

  const std::shared_ptr<SystemCalls> calls_;
  const absl::string_view name_;
  // Tasks that are destroyed with the loop, and callbacks with the resolver, can own sockets: so
  // these two go first, and the loop last of them.
  const std::unique_ptr<ReadinessLoop> loop_;
  internal::Resolver resolver_;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_POSIX_ENGINE_H_
