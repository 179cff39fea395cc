// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/transmit_time.h"

#include <sys/socket.h>

#include <cerrno>

#if defined(__linux__)
#include <linux/net_tstamp.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#endif

namespace pollux::posix {

#if defined(__linux__)

int AllowTransmitTimes(const SocketRef& socket) {
  sock_txtime request = {};
  request.clockid = CLOCK_MONOTONIC;
  request.flags = SOF_TXTIME_REPORT_ERRORS;
  const int result =
      socket.calls->SetSockOpt(socket.fd, SOL_SOCKET, SO_TXTIME, &request, sizeof(request));
  return result == -ENOPROTOOPT ? -EOPNOTSUPP : result;
}

bool HasTransmitTimes() { return true; }

void AddTransmitTime(absl::Time when, ControlWriter& writer) {
  // 0 would be no time. What has passed is due at once.
  const int64_t nanoseconds = std::max<int64_t>(absl::ToUnixNanos(when), 1);
  writer.Add(SOL_SOCKET, SCM_TXTIME, static_cast<uint64_t>(nanoseconds));
}

#else

int AllowTransmitTimes(const SocketRef& /*socket*/) { return -EOPNOTSUPP; }

bool HasTransmitTimes() { return false; }

void AddTransmitTime(absl::Time /*when*/, ControlWriter& /*writer*/) {}

#endif

}  // namespace pollux::posix
