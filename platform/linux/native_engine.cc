// SPDX-License-Identifier: Apache-2.0

#include "platform/native_engine.h"

#include <utility>

#include "platform/linux/epoll_engine.h"
#include "platform/linux/system_calls.h"

namespace pollux {

absl::StatusOr<std::unique_ptr<SocketEngine>> NewNativeEngine(const NativeEngineOptions& options) {
  absl::StatusOr<std::unique_ptr<linux_engine::EpollEngine>> engine =
      linux_engine::EpollEngine::Create(linux_engine::SystemCalls::Straight(), options.spin);
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<SocketEngine>(*std::move(engine));
}

}  // namespace pollux
