// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/windows_engine.h"

#include <utility>

#include "platform/windows/interfaces.h"
#include "platform/windows/name_service.h"
#include "platform/windows/socket_ref.h"
#include "platform/windows/windows_socket.h"

namespace pollux::windows_engine {

absl::StatusOr<std::unique_ptr<WindowsEngine>> WindowsEngine::Create(std::shared_ptr<Winsock> calls,
                                                                     absl::Duration spin) {
  if (const Result result = calls->Started(); result < 0) {
    return StatusOf(result, "start Winsock 2.2");
  }
  absl::StatusOr<std::unique_ptr<WindowsLoop>> loop = WindowsLoop::Create(calls, spin);
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<WindowsEngine>(new WindowsEngine(std::move(calls), *std::move(loop)));
}

WindowsEngine::WindowsEngine(std::shared_ptr<Winsock> calls, std::unique_ptr<WindowsLoop> loop)
    : calls_(std::move(calls)),
      loop_(std::move(loop)),
      resolver_(*this, std::make_shared<WindowsNames>(calls_)) {}

absl::StatusOr<std::unique_ptr<EngineSocket>> WindowsEngine::NewUdpSocket(AddressFamily family) {
  return WindowsSocket::Create({.engine = *this, .loop = *loop_, .calls = *calls_}, family);
}

absl::StatusOr<std::vector<NetworkInterface>> WindowsEngine::Interfaces() {
  return ListInterfaces(*calls_);
}

void WindowsEngine::Resolve(absl::string_view name, ResolveCallback callback) {
  resolver_.Resolve(name, std::move(callback));
}

}  // namespace pollux::windows_engine
