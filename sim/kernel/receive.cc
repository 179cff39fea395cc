// SPDX-License-Identifier: Apache-2.0
//
// Receiving: what waits, errors or data, and in which order (udp-semantics 1.4 "pending error").

#include <algorithm>
#include <cstring>

#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

constexpr uint8_t kEcnBits = 3;

// Fills in what there is to say of a datagram: in place, since most of it mostly stays empty.
void Describe(const ArrivedDatagram& datagram, uint32_t dropped_before, Metadata wanted,
              DatagramInfo& info) {
  info.destination.reset();
  info.interface_index.reset();
  info.hop_limit.reset();
  info.ecn.reset();
  info.kernel_time.reset();
  info.drop_count.reset();
  info.source = datagram.source;
  if (wanted == Metadata::kNone) return;
  if (Contains(wanted, Metadata::kDestination)) {
    info.destination = datagram.destination;
    info.interface_index = datagram.interface_index;
  }
  if (Contains(wanted, Metadata::kHopLimit)) info.hop_limit = datagram.hop_limit;
  if (Contains(wanted, Metadata::kEcn)) {
    info.ecn = static_cast<Ecn>(datagram.traffic_class & kEcnBits);
  }
  if (Contains(wanted, Metadata::kKernelTime)) info.kernel_time = datagram.arrival;
  if (Contains(wanted, Metadata::kDropCount)) info.drop_count = dropped_before;
}

// Gives the charge back of the datagram that is being taken, the first. Linux moves the whole queue
// to its reader at once, and returns memory only when a quarter of the buffer has come together or
// the reader's part is empty: so a full buffer stays full for a few reads. When it returns some,
// the reader gets what came meanwhile.
void GiveBack(const PlatformRules& rules, ControlBlock& socket, size_t charge) {
  if (rules.charge != BufferCharge::kTruesize) {
    socket.charged -= charge;
    return;
  }
  if (socket.readers_part == 0) socket.readers_part = static_cast<uint32_t>(socket.queue.size());
  --socket.readers_part;
  socket.unreleased += static_cast<uint32_t>(charge);
  const size_t threshold = static_cast<size_t>(socket.options.receive_buffer) / 4;
  if (socket.unreleased < threshold && socket.readers_part > 0) return;
  socket.charged -= socket.unreleased;
  socket.unreleased = 0;
  socket.readers_part = static_cast<uint32_t>(socket.queue.size()) - 1;
}

// The oldest of the error queue, which must not be empty; its memory is free at once.
PendingError TakeQueuedError(ControlBlock& socket) {
  const QueuedError taken = socket.error_queue.front();
  socket.error_queue.pop_front();
  socket.charged -= taken.charge;
  return taken.error;
}

}  // namespace

void ClearQueue(ControlBlock& socket) {
  for (; !socket.queue.empty(); socket.queue.pop_front()) {
    socket.charged -= socket.queue.front().datagram->charge;
  }
  socket.charged -= socket.unreleased;
  socket.readers_part = 0;
  socket.unreleased = 0;
}

void ClearErrorQueue(ControlBlock& socket) {
  while (!socket.error_queue.empty()) TakeQueuedError(socket);
}

Outcome<bool> UdpStack::Impl::Receive(ControlBlock& socket, ReceiveSlot& slot) {
  if (rules_.unbound_receive_is_error && !socket.bound()) return OsError::kInvalidArgument;
  const bool error_waits_for_data =
      rules_.error_report == ErrorReport::kDataFirst && !socket.queue.empty();
  if (socket.error && !error_waits_for_data) {
    const OsError error = socket.error->error;
    socket.error.reset();
    return error;
  }
  if (rules_.icmp == IcmpRule::kEverySocket && !socket.error_queue.empty()) {
    return TakeQueuedError(socket).error;
  }
  if (socket.read_shut && rules_.read_shutdown == ReadShutdown::kError) return OsError::kShutdown;
  if (socket.queue.empty()) {
    if (!socket.read_shut || rules_.read_shutdown != ReadShutdown::kEnd) return false;
    slot.size = 0;
    slot.info = DatagramInfo();
    return true;
  }
  const QueuedDatagram& queued = socket.queue.front();
  const ArrivedDatagram& datagram = *queued.datagram;
  const absl::string_view bytes = datagram.payload.bytes();
  slot.size = std::min(bytes.size(), slot.buffer.size());
  if (slot.size > 0) std::memcpy(slot.buffer.data(), bytes.data(), slot.size);
  Describe(datagram, queued.dropped_before, socket.metadata, slot.info);
  slot.info.truncated = slot.size < bytes.size();
  GiveBack(rules_, socket, datagram.charge);
  socket.queue.pop_front();
  // Who reads one mostly reads the next.
  if (!socket.queue.empty()) socket.queue.front().datagram->payload.Prefetch();
  if (slot.info.truncated && rules_.truncation_is_error) return OsError::kMessageTooLong;
  return true;
}

// Asking hands the queue to its reader too.
bool UdpStack::HasDatagram(const ControlBlock& socket) {
  if (socket.queue.empty()) return false;
  if (socket.readers_part == 0) socket.readers_part = static_cast<uint32_t>(socket.queue.size());
  return true;
}

Waiting UdpStack::KnownDatagrams(const ControlBlock& socket) {
  if (socket.queue.empty()) return Waiting::kNothing;
  return socket.readers_part > 0 ? Waiting::kSomething : Waiting::kUnknown;
}

// Of an error queue, the next entry that came from the network becomes the pending error.
std::optional<PendingError> UdpStack::Impl::TakeError(ControlBlock& socket) {
  if (socket.error_queue.empty()) {
    if (!socket.error) return std::nullopt;
    const PendingError error = *socket.error;
    socket.error.reset();
    return error;
  }
  const PendingError error = TakeQueuedError(socket);
  const bool next =
      !socket.error_queue.empty() && socket.error_queue.front().error.reporter.is_set();
  if (next) {
    socket.error = socket.error_queue.front().error;
  } else if (error.reporter.is_set()) {
    socket.error.reset();
  }
  return error;
}

bool UdpStack::Impl::Readable(const ControlBlock& socket) const {
  const bool ended = socket.read_shut && rules_.read_shutdown != ReadShutdown::kNothing;
  return ended || !socket.queue.empty() || socket.error || !socket.error_queue.empty();
}

}  // namespace pollux::sim
