// SPDX-License-Identifier: Apache-2.0
//
// File: message_batch.h
//
// What the batch calls hand to `SystemCalls::SendMsgX` and `RecvMsgX`: `OutgoingMessages` and
// `IncomingMessages`. They make no calls themselves.
//
// What macOS' kernel promises of these two is written in its source alone (bsd/kern/uipc_syscalls.c
// of XNU), and some of it differs by release. So they are asked for no more than this:
// * A failed sendmsg_x does not tell how many went before. So one call carries datagrams that can
//   only fail together: to one destination, and none larger than the first.
// * On a connected socket a send that finds no room can be told as done, and a control message can
//   end the kernel. So these sockets, and datagrams with options, take no part.
// * recvmsg_x can give one datagram the metadata of another, and may not say that one was cut. So
//   it serves sockets without metadata, and each buffer has one byte more than the caller gave: a
//   datagram that reaches it was cut.

#ifndef POLLUX_PLATFORM_POSIX_MESSAGE_BATCH_H_
#define POLLUX_PLATFORM_POSIX_MESSAGE_BATCH_H_

#include <sys/uio.h>

#include <cstddef>

#include "absl/types/span.h"
#include "platform/common/sender.h"
#include "platform/common/socket_address.h"
#include "platform/posix/message_calls.h"
#include "udp/datagram.h"

namespace pollux::posix {

// Datagrams on their way to the kernel.
class OutgoingMessages {
 public:
  static constexpr size_t kMax = 64;

  // Prepares those at the front of `slots` that one call can carry, and returns how many they are;
  // 0 where the first one has to go alone.
  size_t Prepare(const internal::Sender& sender, absl::Span<const SendSlot> slots);

  const BatchMessage* messages() const { return messages_; }

 private:
  internal::SocketAddress to_;
  iovec payloads_[kMax];
  BatchMessage messages_[kMax];
};

// Room for datagrams from the kernel.
class IncomingMessages {
 public:
  static constexpr size_t kMax = 32;

  // Points messages to the slots' buffers; returns how many, at most `kMax`.
  size_t Prepare(absl::Span<ReceiveSlot> slots);
  // Fills the slot of a message that has been received.
  void Fill(size_t message, ReceiveSlot& slot);

  BatchMessage* messages() { return messages_; }

 private:
  char beyond_ = 0;  // The byte that no buffer had room for, of all messages.
  iovec payloads_[kMax][2];
  internal::SocketAddress from_[kMax];
  BatchMessage messages_[kMax];
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_MESSAGE_BATCH_H_
