// SPDX-License-Identifier: Apache-2.0
//
// File: batches.h
//
// What the batch calls hand to the kernel: `OutgoingBatch` for sendmmsg(2), `IncomingBatch` for
// recvmmsg(2). One of each per engine serves all of its sockets, since a call uses it only while it
// runs. They make no calls themselves.

#ifndef POLLUX_PLATFORM_LINUX_BATCHES_H_
#define POLLUX_PLATFORM_LINUX_BATCHES_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "platform/common/sender.h"
#include "platform/common/socket_address.h"
#include "platform/posix/control_messages.h"
#include "udp/datagram.h"

namespace pollux::linux_engine {

// Datagrams on their way to the kernel. A message is one datagram, or a run: datagrams to one
// destination with the same options and of equal size, of which the last may be shorter.
class OutgoingBatch {
 public:
  static constexpr size_t kMessages = 64;
  static constexpr size_t kPayloads = 256;

  // Prepares as many as there is room for, or up to one that cannot be sent; returns how many
  // messages they are. Runs are made of datagrams of at most `segment_max` bytes, but for the first
  // `single` slots, which stay alone.
  size_t Prepare(const internal::Sender& sender, absl::Span<const SendSlot> slots,
                 size_t segment_max, size_t single);

  mmsghdr* messages() { return messages_; }
  // How many datagrams the message carries.
  size_t datagrams(size_t message) const { return datagrams_[message]; }

 private:
  // Begins at `slots[0]`; returns how many belong to the run, which is one if nothing joins it.
  size_t Gather(absl::Span<const SendSlot> slots, size_t segment_max);

  size_t payloads_used_ = 0;
  mmsghdr messages_[kMessages];
  uint16_t datagrams_[kMessages];
  iovec payloads_[kPayloads];
  internal::SocketAddress addresses_[kMessages];
  posix::ControlBuffer controls_[kMessages];
};

// Room for datagrams from the kernel. What is the same in every call is written once.
class IncomingBatch {
 public:
  static constexpr size_t kMessages = 64;

  IncomingBatch();

  // Points at most `kMessages` messages to the slots' buffers.
  void Prepare(absl::Span<ReceiveSlot> slots, bool with_control);
  // Fills the slots of messages that have been received.
  void Fill(absl::Span<ReceiveSlot> slots, Metadata requested, bool with_control);
  // The same where no control messages were asked for, of slots in which nobody reads but sizes and
  // sources.
  void FillSizesAndSources(absl::Span<ReceiveSlot> slots);

  mmsghdr* messages() { return messages_; }

 private:
  void ReadControl(msghdr& header, Metadata requested, ReceiveSlot& slot);

  bool with_control_ = false;  // As the latest `Prepare` said.
  mmsghdr messages_[kMessages] = {};
  iovec payloads_[kMessages];
  internal::SocketAddress addresses_[kMessages];
  posix::ControlBuffer controls_[kMessages];
};

struct Batches {
  OutgoingBatch outgoing;
  IncomingBatch incoming;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_BATCHES_H_
