// SPDX-License-Identifier: Apache-2.0
//
// File: control_messages.h
//
// Control messages (cmsg(3)) are how a datagram's options go to the kernel, and how its metadata
// comes back. This is the only file that knows their layout.

#ifndef POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_
#define POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "udp/datagram.h"
#include "udp/endpoint.h"

namespace pollux::linux_engine {

// Room for all control messages of one datagram, either way.
struct ControlBuffer {
  static constexpr size_t kSize = 256;
  alignas(cmsghdr) char bytes[kSize];
};

// Writes `options` as messages of IPv4, or of IPv6, and returns their length. `type_of_service` is
// the socket's, of which the datagram keeps what the options leave alone.
size_t WriteControl(const SendOptions& options, bool ipv4, int type_of_service,
                    ControlBuffer& buffer);

// Has the kernel cut what is sent into datagrams of `size` bytes, behind the messages that take
// `length` bytes already; returns the new length.
size_t AppendSegmentSize(uint16_t size, size_t length, ControlBuffer& buffer);

// Forgets what an earlier datagram has left in `info`, but for its source.
void ClearInfo(DatagramInfo& info);

// Reads into `info`, which is clear, what the kernel sent beside a datagram. Returns the size of
// each datagram, where these are several handed out together; 0 for one.
size_t ReadControl(msghdr& message, Metadata requested, DatagramInfo& info);

// An entry of a socket's error queue.
struct QueuedError {
  int number = 0;  // The errno.
  Endpoint destination;
};

// The error that came with `message`, read with MSG_ERRQUEUE; nullopt unless ICMP caused it.
std::optional<QueuedError> ReadQueuedError(msghdr& message, const Endpoint& destination);

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_CONTROL_MESSAGES_H_
