// SPDX-License-Identifier: Apache-2.0
//
// File: control_messages.h
//
// What goes to Winsock beside a datagram's payload, and comes from it: the control messages of
// WSASendMsg and WSARecvMsg.

#ifndef POLLUX_PLATFORM_WINDOWS_CONTROL_MESSAGES_H_
#define POLLUX_PLATFORM_WINDOWS_CONTROL_MESSAGES_H_

#include <cstddef>

#include "platform/windows/winsock.h"
#include "udp/datagram.h"

namespace pollux::windows_engine {

// Room for all control messages of one datagram, either way.
struct ControlBuffer {
  static constexpr size_t kSize = 256;
  alignas(WSACMSGHDR) char bytes[kSize];
};

// Writes `options` as messages of IPv4, or of IPv6, and, unless it is 0, the size of the datagrams
// of a run; returns their length.
size_t WriteControl(const SendOptions& options, bool ipv4, size_t segment, ControlBuffer& buffer);

// Reads into `info`, which is clear, what Winsock sent beside a datagram. Returns the size of the
// datagrams of a run, or 0 for a single one.
size_t ReadControl(WSAMSG& message, DatagramInfo& info);

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_CONTROL_MESSAGES_H_
