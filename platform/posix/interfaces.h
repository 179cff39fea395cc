// SPDX-License-Identifier: Apache-2.0
//
// File: interfaces.h
//
// The interface table of the machine, or of the network namespace that the caller is in.

#ifndef POLLUX_PLATFORM_POSIX_INTERFACES_H_
#define POLLUX_PLATFORM_POSIX_INTERFACES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "platform/posix/system_calls.h"
#include "udp/network_interface.h"

namespace pollux::posix {

// As `SocketEngine::Interfaces`. Errors: kSocketResource.
absl::StatusOr<std::vector<NetworkInterface>> ListInterfaces(SystemCalls& calls);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_INTERFACES_H_
