// SPDX-License-Identifier: Apache-2.0
//
// File: control_messages.h
//
// The control messages of segmentation offload, which Linux has beside those of every Unix
// (platform/posix/control_messages.h): see udp(7).

#ifndef POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_
#define POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "platform/posix/control_messages.h"

namespace pollux::linux_engine {

// Has the kernel cut what is sent into datagrams of `size` bytes, behind the messages that take
// `length` bytes already; returns the new length.
size_t AppendSegmentSize(uint16_t size, size_t length, posix::ControlBuffer& buffer);

// The size of each datagram, where what was received is several handed out together; 0 for one.
size_t ReadSegmentSize(msghdr& message);

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_
