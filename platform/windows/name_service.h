// SPDX-License-Identifier: Apache-2.0
//
// File: name_service.h
//
// The resolver of Windows: GetAddrInfoW.

#ifndef POLLUX_PLATFORM_WINDOWS_NAME_SERVICE_H_
#define POLLUX_PLATFORM_WINDOWS_NAME_SERVICE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/common/resolver.h"
#include "platform/windows/winsock.h"
#include "udp/ip_address.h"

namespace pollux::windows_engine {

// Thread-safe.
class WindowsNames final : public internal::NameService {
 public:
  explicit WindowsNames(std::shared_ptr<Winsock> calls) : calls_(std::move(calls)) {}

  absl::StatusOr<std::vector<IpAddress>> Lookup(const std::string& name) override;
  absl::Status StartThread(absl::AnyInvocable<void()> body) override;

 private:
  const std::shared_ptr<Winsock> calls_;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_NAME_SERVICE_H_
