// SPDX-License-Identifier: Apache-2.0
//
// File: offload.h
//
// `Offload` is what one socket has found out about the two ways in which the kernel takes many
// datagrams for one: UDP_SEGMENT, which cuts one send into datagrams of equal size (kernels from
// 4.18 on), and UDP_GRO, which hands out such datagrams together (from 5.0 on). udp(7) has neither.

#ifndef POLLUX_PLATFORM_LINUX_OFFLOAD_H_
#define POLLUX_PLATFORM_LINUX_OFFLOAD_H_

#include <cstddef>

#include "platform/common/run_limit.h"
#include "platform/posix/socket_ref.h"
#include "udp/ip_address.h"

namespace pollux::linux_engine {

class Offload {
 public:
  // The least buffer that no coalesced run is larger than.
  static constexpr size_t kCoalescedMax = 65535;

  // The largest datagram that may be in a run to `to`; 0 if none may. Asks the kernel once whether
  // it knows UDP_SEGMENT at all: one that does not would ignore it, and send the run as a single
  // datagram.
  size_t SegmentMax(const posix::SocketRef& socket, const IpAddress& to) {
    if (!asked_) Ask(socket);
    return limit_.To(to);
  }
  // Whether an error of a run can mean that the kernel, a device on the way, or the path's MTU does
  // not take it as one. Nothing of it has been sent then.
  static bool IsRefusal(int error);
  // A run of datagrams of `segment` bytes to `to` was refused, which went well one by one.
  void Refused(int error, size_t segment, const IpAddress& to);

  // Turns UDP_GRO on; once it is, it stays so, since what waits in the queue is coalesced already.
  // False where the kernel lacks it.
  bool Coalesce(const posix::SocketRef& socket);
  bool coalescing() const { return coalescing_; }

 private:
  void Ask(const posix::SocketRef& socket);

  bool asked_ = false;
  bool coalescing_ = false;
  bool asked_to_coalesce_ = false;
  internal::RunLimit limit_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_OFFLOAD_H_
