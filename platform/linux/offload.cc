// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/offload.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>

#include "platform/common/run.h"

namespace pollux::linux_engine {

void Offload::Ask(const posix::SocketRef& socket) {
  asked_ = true;
  int unused = 0;
  if (socket.Get(SOL_UDP, UDP_SEGMENT, &unused) >= 0) limit_.Allow(internal::Run::kBytesMax / 2);
}

bool Offload::IsRefusal(int error) {
  switch (error) {
    case EINVAL:      // A run that does not fit the path's MTU, on kernels before 6.10; options
                      // that leave no room.
    case EMSGSIZE:    // The same, since.
    case EIO:         // The device computes no checksums, or IPsec is in the way.
    case EOPNOTSUPP:  // Sandboxes.
      return true;
    default:
      return false;
  }
}

void Offload::Refused(int error, size_t segment, const IpAddress& to) {
  const bool by_size = error == EINVAL || error == EMSGSIZE;
  limit_.Refused(to, by_size ? segment - 1 : 0);
}

bool Offload::Coalesce(const posix::SocketRef& socket) {
  if (asked_to_coalesce_) return coalescing_;
  asked_to_coalesce_ = true;
  coalescing_ = socket.Set(SOL_UDP, UDP_GRO, 1) >= 0;
  return coalescing_;
}

}  // namespace pollux::linux_engine
