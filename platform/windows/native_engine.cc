// SPDX-License-Identifier: Apache-2.0

#include "platform/native_engine.h"

#include <utility>

#include "platform/windows/windows_engine.h"
#include "platform/windows/winsock.h"

namespace pollux {

absl::StatusOr<std::unique_ptr<SocketEngine>> NewNativeEngine(const NativeEngineOptions& options) {
  absl::StatusOr<std::unique_ptr<windows_engine::WindowsEngine>> engine =
      windows_engine::WindowsEngine::Create(std::make_shared<windows_engine::Winsock>(),
                                            options.spin);
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<SocketEngine>(*std::move(engine));
}

}  // namespace pollux
