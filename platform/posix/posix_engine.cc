// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/posix_engine.h"

#include <utility>

#include "platform/posix/interfaces.h"
#include "platform/posix/name_service.h"
#include "platform/posix/poll_loop.h"
#include "platform/posix/posix_socket.h"

#if POLLUX_HAS_KQUEUE
#include "platform/posix/kqueue_loop.h"
#endif

namespace pollux::posix {

absl::StatusOr<std::unique_ptr<PosixEngine>> PosixEngine::Create(
    std::shared_ptr<SystemCalls> calls) {
#if POLLUX_HAS_KQUEUE
  absl::StatusOr<std::unique_ptr<KqueueLoop>> loop = KqueueLoop::Create(calls);
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<PosixEngine>(
      new PosixEngine(std::move(calls), *std::move(loop), "kqueue"));
#else
  return CreateOnPoll(std::move(calls));
#endif
}

absl::StatusOr<std::unique_ptr<PosixEngine>> PosixEngine::CreateOnPoll(
    std::shared_ptr<SystemCalls> calls) {
  absl::StatusOr<std::unique_ptr<PollLoop>> loop = PollLoop::Create(calls);
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<PosixEngine>(new PosixEngine(std::move(calls), *std::move(loop), "poll"));
}

PosixEngine::PosixEngine(std::shared_ptr<SystemCalls> calls, std::unique_ptr<ReadinessLoop> loop,
                         absl::string_view name)
    : calls_(std::move(calls)),
      name_(name),
      loop_(std::move(loop)),
      resolver_(*this, std::make_shared<PosixNames>(calls_)) {}

absl::StatusOr<std::unique_ptr<EngineSocket>> PosixEngine::NewUdpSocket(AddressFamily family) {
  return PosixSocket::Create(*this, *loop_, *calls_, family);
}

absl::StatusOr<std::vector<NetworkInterface>> PosixEngine::Interfaces() {
  return ListInterfaces(*calls_);
}

void PosixEngine::Resolve(absl::string_view name, ResolveCallback callback) {
  resolver_.Resolve(name, std::move(callback));
}

}  // namespace pollux::posix
