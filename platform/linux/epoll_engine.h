// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_engine.h
//
// `EpollEngine` is the engine of the Linux kernel. Programs get it from platform/native_engine.h;
// tests make one whose system calls they decide on.

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_ENGINE_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_ENGINE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "platform/common/resolver.h"
#include "platform/linux/batches.h"
#include "platform/linux/epoll_loop.h"
#include "platform/linux/epoll_socket.h"
#include "platform/linux/read_ahead.h"
#include "platform/linux/system_calls.h"
#include "udp/socket_engine.h"

namespace pollux::linux_engine {

// Threads as `SocketEngine` says.
class EpollEngine final : public SocketEngine {
 public:
  // Errors: kSocketResource, out of descriptors or memory.
  static absl::StatusOr<std::unique_ptr<EpollEngine>> Create(
      std::shared_ptr<SystemCalls> calls, absl::Duration spin = absl::ZeroDuration());

  absl::string_view name() const override { return "epoll"; }
  Platform platform() const override { return Platform::kLinux; }
  EventLoop& loop() override { return *loop_; }
  absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) override;
  absl::StatusOr<std::vector<NetworkInterface>> Interfaces() override;
  void Resolve(absl::string_view name, ResolveCallback callback) override;

 private:
  EpollEngine(std::shared_ptr<SystemCalls> calls, std::unique_ptr<EpollLoop> loop);

  const std::shared_ptr<SystemCalls> calls_;
  const std::unique_ptr<Batches> batches_ = std::make_unique<Batches>();
  AheadPool ahead_pool_;
  // Tasks that are destroyed with the loop, and callbacks with the resolver, can own sockets: so
  // these two go first, and the loop last of them.
  const std::unique_ptr<EpollLoop> loop_;
  internal::Resolver resolver_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_ENGINE_H_
