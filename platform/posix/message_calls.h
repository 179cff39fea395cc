// SPDX-License-Identifier: Apache-2.0
//
// File: message_calls.h
//
// The two calls of macOS that move many datagrams at once, `sendmsg_x` and `recvmsg_x`. They are in
// its C library and in none of its headers, so they are looked up when first needed, and what they
// take is declared here.
//
// In kernels before macOS 15.6 (Darwin 24.6) recvmsg_x can leave a socket locked for ever, and the
// machine's loopback with it: there neither is called (soreceive_m_list in bsd/kern/uipc_socket.c
// of XNU).

#ifndef POLLUX_PLATFORM_POSIX_MESSAGE_CALLS_H_
#define POLLUX_PLATFORM_POSIX_MESSAGE_CALLS_H_

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

#include "absl/strings/string_view.h"

namespace pollux::posix {

// One datagram, in the layout of that kernel (struct msghdr_x).
struct BatchMessage {
  void* name;
  socklen_t name_length;
  iovec* payload;
  int payload_count;
  void* control;
  socklen_t control_length;
  int flags;    // To be 0; of a received one MSG_TRUNC and the like, where the kernel says so.
  size_t size;  // Bytes stored of a received one.
};

// The calls: how many datagrams were sent or received, or a negated errno; -ENOSYS where the system
// has none, or none to be trusted. Thread-safe.
ssize_t SendMessages(int fd, const BatchMessage* messages, unsigned count, int flags);
ssize_t ReceiveMessages(int fd, BatchMessage* messages, unsigned count, int flags);

// Whether that release of Darwin, "24.6.0" as uname(3) tells it, has calls to be trusted.
bool HasMessageCalls(absl::string_view release);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_MESSAGE_CALLS_H_
