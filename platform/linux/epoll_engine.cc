// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/epoll_engine.h"

#include <utility>

#include "platform/posix/interfaces.h"
#include "platform/posix/name_service.h"

namespace pollux::linux_engine {

absl::StatusOr<std::unique_ptr<EpollEngine>> EpollEngine::Create(std::shared_ptr<SystemCalls> calls,
                                                                 absl::Duration spin) {
  absl::StatusOr<std::unique_ptr<EpollLoop>> loop = EpollLoop::Create(calls, spin);
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<EpollEngine>(new EpollEngine(std::move(calls), *std::move(loop)));
}

EpollEngine::EpollEngine(std::shared_ptr<SystemCalls> calls, std::unique_ptr<EpollLoop> loop)
    : calls_(std::move(calls)),
      loop_(std::move(loop)),
      resolver_(*this, std::make_shared<posix::PosixNames>(calls_)) {}

absl::StatusOr<std::unique_ptr<EngineSocket>> EpollEngine::NewUdpSocket(AddressFamily family) {
  return EpollSocket::Create({.engine = *this,
                              .loop = *loop_,
                              .calls = *calls_,
                              .batches = *batches_,
                              .ahead = ahead_pool_},
                             family);
}

absl::StatusOr<std::vector<NetworkInterface>> EpollEngine::Interfaces() {
  return posix::ListInterfaces(*calls_);
}

void EpollEngine::Resolve(absl::string_view name, ResolveCallback callback) {
  resolver_.Resolve(name, std::move(callback));
}

}  // namespace pollux::linux_engine
