// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/error_queue.h"

#if defined(__linux__)

#include <sys/socket.h>
#include <sys/time.h>
// After what declares struct timespec, which it needs.
#include <linux/errqueue.h>

#include <cerrno>
#include <cstring>

#include "platform/common/socket_address.h"
#include "platform/posix/control_messages.h"

namespace pollux::posix {
namespace {

// The error that came with `message`; nullopt for others than ours.
std::optional<QueuedError> ErrorIn(msghdr& message, const Endpoint& destination) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
                          (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    sock_extended_err error = {};
    std::memcpy(&error, CMSG_DATA(header), sizeof(error));
    // The address beside such a one is none (ip_recv_error in net/ipv4/ip_sockglue.c).
    if (error.ee_origin == SO_EE_ORIGIN_TXTIME) {
      return QueuedError{
          .number = static_cast<int>(error.ee_errno), .destination = {}, .of_transmit_time = true};
    }
    // An error of local origin was returned by the call that caused it.
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
    return QueuedError{.number = static_cast<int>(error.ee_errno), .destination = destination};
  }
  return std::nullopt;
}

}  // namespace

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
    std::optional<QueuedError> error = ErrorIn(message, destination.ToEndpoint());
    if (error.has_value()) return error;
  }
}

}  // namespace pollux::posix

#else

namespace pollux::posix {

std::optional<QueuedError> ReadErrorQueue(const SocketRef& /*socket*/) { return std::nullopt; }

}  // namespace pollux::posix

#endif
