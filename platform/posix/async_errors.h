// SPDX-License-Identifier: Apache-2.0
//
// File: async_errors.h
//
// `AsyncErrors` collects the errors of a socket that belong to no call: those that a call was given
// in place of its own result, the pending one, and those in the error queue (IP_RECVERR in ip(7)).

#ifndef POLLUX_PLATFORM_POSIX_ASYNC_ERRORS_H_
#define POLLUX_PLATFORM_POSIX_ASYNC_ERRORS_H_

#include <cstddef>
#include <deque>
#include <optional>

#include "platform/posix/error_queue.h"
#include "platform/posix/socket_ref.h"
#include "udp/endpoint.h"
#include "udp/socket_engine.h"

namespace pollux::posix {

// Whether ICMP can be the cause of an errno.
bool CanBeAsynchronous(int error);

class AsyncErrors {
 public:
  // The kernel keeps one; a program that never asks shall not make us keep more than this. Later
  // ones are lost.
  static constexpr size_t kKeptMax = 64;

  // Keeps an error that a call was given. While the error queue is in use it is there as well, with
  // more detail, and is not kept twice.
  void Keep(int error, const Endpoint& peer);
  // Keeps the errno with which the kernel refused to watch the socket.
  void KeepWatchFailure(int error) {
    watch_failure_ = error;
    any_kept_ = any_kept_ || error != 0;
  }
  bool kept() const { return any_kept_; }

  // The error queue is in use, or not any more.
  void set_queue_in_use(bool in_use) { queue_in_use_ = in_use; }
  bool queue_in_use() const { return queue_in_use_; }
  // From now on the queue can have errors of transmit times, whether in use or not.
  void set_times_in_queue() { times_in_queue_ = true; }

  // Takes the oldest error that was kept; nullopt for none.
  std::optional<AsyncError> TakeKept();
  // Takes the next one from the kernel; nullopt when it has none.
  std::optional<AsyncError> TakePending(const SocketRef& socket, const Endpoint& peer);

 private:
  bool any_kept_ = false;  // In one of the two below: what is asked in each turn.
  bool queue_in_use_ = false;
  bool times_in_queue_ = false;
  int watch_failure_ = 0;
  std::deque<QueuedError> kept_;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_ASYNC_ERRORS_H_
