// SPDX-License-Identifier: Apache-2.0
//
// File: interfaces.h
//
// The table of network interfaces, by GetAdaptersAddresses.

#ifndef POLLUX_PLATFORM_WINDOWS_INTERFACES_H_
#define POLLUX_PLATFORM_WINDOWS_INTERFACES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "platform/windows/winsock.h"
#include "udp/network_interface.h"

namespace pollux::windows_engine {

// As `SocketEngine::Interfaces`.
absl::StatusOr<std::vector<NetworkInterface>> ListInterfaces(Winsock& calls);

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_INTERFACES_H_
