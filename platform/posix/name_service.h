// SPDX-License-Identifier: Apache-2.0
//
// File: name_service.h
//
// `PosixNames` asks the C library's resolver, and so whatever the machine is set up to ask: files,
// DNS, mDNS.

#ifndef POLLUX_PLATFORM_POSIX_NAME_SERVICE_H_
#define POLLUX_PLATFORM_POSIX_NAME_SERVICE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/common/resolver.h"
#include "platform/posix/system_calls.h"
#include "udp/ip_address.h"

namespace pollux::posix {

// Thread-safe. Shares the system calls, which a lookup may still be in when the engine is gone.
class PosixNames final : public internal::NameService {
 public:
  explicit PosixNames(std::shared_ptr<SystemCalls> calls) : calls_(std::move(calls)) {}

  absl::StatusOr<std::vector<IpAddress>> Lookup(const std::string& name) override;
  absl::Status StartThread(absl::AnyInvocable<void()> body) override;

 private:
  const std::shared_ptr<SystemCalls> calls_;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_NAME_SERVICE_H_
