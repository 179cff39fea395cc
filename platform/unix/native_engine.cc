// SPDX-License-Identifier: Apache-2.0

#include "platform/native_engine.h"

#include <utility>

#include "platform/posix/posix_engine.h"
#include "platform/posix/system_calls.h"

namespace pollux {

// Spinning is for Linux' engine alone.
absl::StatusOr<std::unique_ptr<SocketEngine>> NewNativeEngine(
    const NativeEngineOptions& /*options*/) {
  absl::StatusOr<std::unique_ptr<posix::PosixEngine>> engine =
      posix::PosixEngine::Create(std::make_shared<posix::SystemCalls>());
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<SocketEngine>(*std::move(engine));
}

}  // namespace pollux
