// SPDX-License-Identifier: Apache-2.0
//
// File: windows_engine.h
//
// `WindowsEngine` is the engine of Winsock. Programs get it from platform/native_engine.h; tests
// make one whose calls they decide on.

#ifndef POLLUX_PLATFORM_WINDOWS_WINDOWS_ENGINE_H_
#define POLLUX_PLATFORM_WINDOWS_WINDOWS_ENGINE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "platform/common/resolver.h"
#include "platform/windows/windows_loop.h"
#include "platform/windows/winsock.h"
#include "udp/socket_engine.h"

namespace pollux::windows_engine {

// Threads as `SocketEngine` says.
class WindowsEngine final : public SocketEngine {
 public:
  // Errors: kSocketResource, out of handles or memory; kNetwork, Winsock does not start.
  static absl::StatusOr<std::unique_ptr<WindowsEngine>> Create(
      std::shared_ptr<Winsock> calls, absl::Duration spin = absl::ZeroDuration());

  absl::string_view name() const override { return "winsock"; }
  Platform platform() const override { return Platform::kWindows; }
  EventLoop& loop() override { return *loop_; }
  absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) override;
  absl::StatusOr<std::vector<NetworkInterface>> Interfaces() override;
  void Resolve(absl::string_view name, ResolveCallback callback) override;

 private:
  WindowsEngine(std::shared_ptr<Winsock> calls, std::unique_ptr<WindowsLoop> loop);

  const std::shared_ptr<Winsock> calls_;
  // Tasks that are destroyed with the loop, and callbacks with the resolver, can own sockets: so
  // these two go first, and the loop last of them.
  const std::unique_ptr<WindowsLoop> loop_;
  internal::Resolver resolver_;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_WINDOWS_ENGINE_H_
