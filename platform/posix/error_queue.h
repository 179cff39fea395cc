// SPDX-License-Identifier: Apache-2.0
//
// File: error_queue.h
//
// The error queue of a socket (IP_RECVERR in ip(7)), which tells of each ICMP error and where the
// datagram had gone that caused it, and of datagrams that were thrown away for their transmit time.
// Linux alone has one.

#ifndef POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_
#define POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_

#include <optional>

#include "platform/posix/socket_ref.h"
#include "udp/endpoint.h"

namespace pollux::posix {

// An entry of it.
struct QueuedError {
  int number = 0;        // The errno.
  Endpoint destination;  // Unset where it is not known.
  // Thrown away for its transmit time: that had passed (ECANCELED), or was of a clock that the
  // interface's queue does not know (EINVAL).
  bool of_transmit_time = false;
};

// Takes entries until one was caused by ICMP or by a transmit time; nullopt for none.
std::optional<QueuedError> ReadErrorQueue(const SocketRef& socket);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_ERROR_QUEUE_H_
