// SPDX-License-Identifier: Apache-2.0
//
// File: error_queue.h
//
// The error queue of a socket (IP_RECVERR in ip(7)), which tells of each ICMP error and where the
// datagram had gone that caused it. Linux alone has one.

#ifndef POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_
#define POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_

#include <optional>

#include "platform/posix/socket_ref.h"
#include "udp/endpoint.h"

namespace pollux::posix {

// An entry of it.
struct QueuedError {
  int number = 0;  // The errno.
  Endpoint destination;
};

// Takes entries until one was caused by ICMP; nullopt for none.
std::optional<QueuedError> ReadErrorQueue(const SocketRef& socket);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_
