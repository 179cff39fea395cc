// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/async_errors.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "udp/socket_error.h"

namespace pollux::posix {
namespace {

// A datagram that left its interface's queue only to be thrown away.
absl::Status TransmitTimeFailure(int number) {
  if (number == ECANCELED) {
    return SocketStatus(SocketError::kSocketTimeout,
                        "datagram sent earlier: thrown away, since its transmit time had passed "
                        "when the interface's queue came to it");
  }
  return SocketStatus(SocketError::kUnsupportedOperation,
                      "datagram sent earlier: thrown away, since the interface's queue takes no "
                      "transmit times of this clock (etf wants CLOCK_TAI); send it without one, or "
                      "by an interface whose queue is fq");
}

AsyncError Describe(const QueuedError& error) {
  if (error.of_transmit_time) {
    return AsyncError{.status = TransmitTimeFailure(error.number), .destination = {}};
  }
  return AsyncError{.status = StatusOf(-error.number, AsyncError::What(error.destination)),
                    .destination = error.destination};
}

}  // namespace

bool CanBeAsynchronous(int error) {
  // What Linux makes of ICMP messages (net/ipv4/icmp.c, net/ipv6/icmp.c); the BSDs make fewer.
  switch (error) {
    case EACCES:
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EMSGSIZE:
    case ENETUNREACH:
#if defined(ENONET)
    case ENONET:
#endif
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
      return true;
    default:
      return false;
  }
}

void AsyncErrors::Keep(int error, const Endpoint& peer) {
  if (queue_in_use_ || kept_.size() >= kKeptMax) return;
  kept_.push_back({.number = error, .destination = peer});
  any_kept_ = true;
}

std::optional<AsyncError> AsyncErrors::TakeKept() {
  if (const int error = std::exchange(watch_failure_, 0); error != 0) {
    any_kept_ = !kept_.empty();
    return AsyncError{.status = StatusOf(-error, "watch a UDP socket"), .destination = {}};
  }
  if (kept_.empty()) return std::nullopt;
  const QueuedError error = kept_.front();
  kept_.pop_front();
  any_kept_ = !kept_.empty();
  return Describe(error);
}

std::optional<AsyncError> AsyncErrors::TakePending(const SocketRef& socket, const Endpoint& peer) {
  if (queue_in_use_ || times_in_queue_) {
    if (std::optional<QueuedError> error = ReadErrorQueue(socket); error.has_value()) {
      return Describe(*error);
    }
  }
  // Reading it clears it.
  int number = 0;
  if (socket.Get(SOL_SOCKET, SO_ERROR, &number) < 0 || number == 0) return std::nullopt;
  return Describe({.number = number, .destination = peer});
}

}  // namespace pollux::posix
