// SPDX-License-Identifier: Apache-2.0
//
// File: offload.h
//
// `Offload` is what one socket has found out about the two ways in which Windows takes many
// datagrams for one, from Windows 10 version 2004 on ("IPPROTO_UDP socket options"):
// UDP_SEND_MSG_SIZE, which cuts one send into datagrams of equal size, and
// UDP_RECV_MAX_COALESCED_SIZE, which hands out such datagrams together.

#ifndef POLLUX_PLATFORM_WINDOWS_OFFLOAD_H_
#define POLLUX_PLATFORM_WINDOWS_OFFLOAD_H_

#include <cstddef>

#include "absl/types/span.h"
#include "platform/common/run_limit.h"
#include "platform/windows/socket_ref.h"
#include "udp/datagram.h"
#include "udp/ip_address.h"

// Of ws2tcpip.h, which not every SDK has in a version that knows them.
#ifndef UDP_SEND_MSG_SIZE
#define UDP_SEND_MSG_SIZE 2
#endif
#ifndef UDP_RECV_MAX_COALESCED_SIZE
#define UDP_RECV_MAX_COALESCED_SIZE 3
#endif
#ifndef UDP_COALESCED_INFO
#define UDP_COALESCED_INFO 3
#endif

namespace pollux::windows_engine {

class Offload {
 public:
  // The least buffer that no coalesced run is larger than, which we ask for.
  static constexpr size_t kCoalescedMax = 65535;

  // How many of `slots`, from the first, which goes to `to`, can leave as one. 1 for none.
  size_t RunLength(const SocketRef& socket, absl::Span<const SendSlot> slots, const IpAddress& to);
  // Whether the error of a run can mean that the system, or a device on the way, does not take it
  // as one. Nothing of it has been sent then.
  static bool IsRefusal(Result result);
  // A run of datagrams of `segment` bytes to `to` was refused with `result`, which went well one by
  // one.
  void Refused(Result result, size_t segment, const IpAddress& to);

  // Has the system hand out runs; once it does, it stays so, for what waits may be one already.
  // False where the system cannot.
  bool Coalesce(const SocketRef& socket);
  bool coalescing() const { return coalescing_; }

 private:
  bool asked_ = false;
  internal::RunLimit limit_;
  bool asked_to_coalesce_ = false;
  bool coalescing_ = false;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_OFFLOAD_H_
