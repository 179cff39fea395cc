// SPDX-License-Identifier: Apache-2.0
//
// File: pacing.h
//
// What a queue of an interface that paces, Linux's fq, has to know of a datagram's socket.

#ifndef POLLUX_SIM_KERNEL_PACING_H_
#define POLLUX_SIM_KERNEL_PACING_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "sim/kernel/stack_host.h"

namespace pollux::sim {

// What all datagrams of a socket that wait in such a queue have in common. It outlives the socket,
// as they may.
struct SendAccount {
  static constexpr uint64_t kNoRate = std::numeric_limits<uint64_t>::max();

  // The lowest kMaxPacingRate that the socket ever had, in bytes a second: Linux lowers the rate by
  // which it paces UDP, and never raises it again (sk_setsockopt in net/core/sock.c).
  uint64_t rate = kNoRate;
  size_t charged = 0;  // The memory of what waits, which counts towards the send buffer.
};

// One datagram, or fragment, on its way into the queue.
struct PacedSend {
  std::shared_ptr<SendAccount> account;
  // Of a connected socket, all that it sends is one flow. Of another one, flows are told apart by
  // their ends, and this is 0.
  SocketId connected = 0;
  std::optional<absl::Time> transmit_time = {};  // By the host's monotonic clock.
  size_t charge = 0;                             // Its memory.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_PACING_H_
