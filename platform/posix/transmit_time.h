// SPDX-License-Identifier: Apache-2.0
//
// File: transmit_time.h
//
// When a datagram is to leave (SO_TXTIME, Linux from 4.19 on): beside the datagram a time of
// CLOCK_MONOTONIC, which is what event loops here go by and what the queue fq (tc-fq(8)) keeps. The
// other queue that knows such times, etf, wants CLOCK_TAI, which only root may name; it throws away
// what has a time of another clock, and then says so by the socket's error queue.

#ifndef POLLUX_PLATFORM_POSIX_TRANSMIT_TIME_H_
#define POLLUX_PLATFORM_POSIX_TRANSMIT_TIME_H_

#include "absl/time/time.h"
#include "platform/posix/control_messages.h"
#include "platform/posix/socket_ref.h"

namespace pollux::posix {

// Has the kernel take transmit times of that socket from now on, which it does not by itself: it
// refuses a datagram that has one with EINVAL. Returns 0, or a negated errno: EOPNOTSUPP where the
// system or this kernel has no such thing.
int AllowTransmitTimes(const SocketRef& socket);

// Whether the system has a control message for it.
bool HasTransmitTimes();
// Appends that message, where there is one.
void AddTransmitTime(absl::Time when, ControlWriter& writer);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_TRANSMIT_TIME_H_
