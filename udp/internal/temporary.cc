// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/temporary.h"

#include "udp/socket_error.h"

namespace pollux::internal {

const absl::Status& NothingPending() {
  static const absl::Status* const kStatus =
      new absl::Status(SocketStatus(SocketError::kTemporary, "read: no datagram is pending"));
  return *kStatus;
}

const absl::Status& SendBufferFull() {
  static const absl::Status* const kStatus = new absl::Status(SocketStatus(
      SocketError::kTemporary, "send: the send buffer is full; try again when it has drained"));
  return *kStatus;
}

}  // namespace pollux::internal
