// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/async_errors.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/posix/socket_address.h"

namespace pollux::linux_engine {
namespace {

AsyncError Describe(const QueuedError& error) {
  const std::string what = error.destination.is_set()
                               ? absl::StrCat("datagram to ", error.destination.ToString())
                               : std::string("datagram sent earlier");
  return AsyncError{.status = StatusOf(-error.number, what), .destination = error.destination};
}

// Reads entries until one was caused by ICMP.
std::optional<QueuedError> ReadErrorQueue(const SocketRef& socket) {
  while (true) {
    internal::SocketAddress destination;
    ControlBuffer control;
    msghdr message = {};
    message.msg_name = destination.mutable_data();
    message.msg_namelen = destination.length();
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    const ssize_t result = socket.calls->RecvMsg(socket.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (result == -EINTR) continue;
    if (result < 0) return std::nullopt;
    *destination.mutable_length() = message.msg_namelen;
    std::optional<QueuedError> error = ReadQueuedError(message, destination.ToEndpoint());
    if (error.has_value()) return error;
  }
}

}  // namespace

bool CanBeAsynchronous(int error) {
  // What net/ipv4/icmp.c and net/ipv6/icmp.c make of ICMP messages.
  switch (error) {
    case EACCES:
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EMSGSIZE:
    case ENETUNREACH:
    case ENONET:
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
}

std::optional<AsyncError> AsyncErrors::TakeKept() {
  if (const int error = std::exchange(watch_failure_, 0); error != 0) {
    return AsyncError{.status = StatusOf(-error, "watch a UDP socket"), .destination = {}};
  }
  if (kept_.empty()) return std::nullopt;
  const QueuedError error = kept_.front();
  kept_.pop_front();
  return Describe(error);
}

std::optional<AsyncError> AsyncErrors::TakePending(const SocketRef& socket, const Endpoint& peer) {
  if (queue_in_use_) {
    if (std::optional<QueuedError> error = ReadErrorQueue(socket); error.has_value()) {
      return Describe(*error);
    }
  }
  // Reading it clears it.
  int number = 0;
  if (socket.Get(SOL_SOCKET, SO_ERROR, &number) < 0 || number == 0) return std::nullopt;
  return Describe({.number = number, .destination = peer});
}

}  // namespace pollux::linux_engine
