// SPDX-License-Identifier: Apache-2.0
//
// The way of a datagram through a socket: in by Write..., out by Read...

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/datagram_info.h"
#include "udp/internal/socket_core.h"
#include "udp/internal/temporary.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux {

using internal::NothingPending;
using internal::SendBufferFull;
using internal::SocketCore;

namespace {

ABSL_ATTRIBUTE_COLD absl::Status NotOpen(SocketCore& core, absl::string_view call) {
  return core.Refuse(
      SocketError::kOperation, call,
      absl::StrCat("the socket is ", ToString(core.state), "; bind it or connect it first"));
}

ABSL_ATTRIBUTE_COLD absl::Status NotConnected(SocketCore& core, absl::string_view call) {
  return core.Refuse(SocketError::kOperation, call,
                     absl::StrCat("the socket is ", ToString(core.state),
                                  "; it has no peer before ConnectToHost"));
}

// Whether a destination means something on every platform. Some would take an unset address for the
// local host, or for the peer.
inline bool IsDestination(const SocketCore& core, const Endpoint& destination) {
  if (!destination.is_set()) return destination.port == 0 && core.state == SocketState::kConnected;
  return destination.port != 0 && destination.address.family() != AddressFamily::kDual;
}

// Whether the program may have a datagram, and one is there. Who finds none has read all there is.
inline bool HasPending(SocketCore& core) {
  if (!core.MayRead()) return false;
  if (ABSL_PREDICT_TRUE(core.HasPending())) return true;
  core.ReadTried();
  return false;
}

inline std::optional<size_t> PendingSize(SocketCore& core) {
  if (!core.MayRead()) return std::nullopt;
  const std::optional<size_t> size = core.socket->PendingDatagramSize();
  if (!size.has_value()) core.ReadTried();
  return size;
}

// Takes datagrams from the engine; the number is 0 when none is pending.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline absl::StatusOr<size_t> Receive(SocketCore& core,
                                                                   absl::Span<ReceiveSlot> slots) {
  if (ABSL_PREDICT_FALSE(slots.size() > core.left())) {
    slots = slots.first(core.MayRead() ? static_cast<size_t>(core.left()) : 0);
  }
  absl::StatusOr<size_t> received = core.socket->Receive(slots);
  core.ReadTried();
  if (ABSL_PREDICT_FALSE(!received.ok())) {
    core.error = received.status();
    return received;
  }
  core.Took(*received);
  return received;
}

// How many datagrams there are in slots that were filled.
size_t CountDatagrams(absl::Span<const ReceiveSlot> slots) {
  size_t count = slots.size();
  for (const ReceiveSlot& slot : slots) {
    const bool run = slot.segment_size != 0 && slot.coalesce && slot.size > slot.segment_size;
    if (run) count += (slot.size - 1) / slot.segment_size;
  }
  return count;
}

// Sends one datagram by the way of a batch.
absl::Status SendOne(UdpSocket& socket, SocketCore& core, const SendSlot& slot) {
  const absl::StatusOr<size_t> sent = socket.SendBatch({&slot, 1});
  if (!sent.ok()) return sent.status();
  return *sent == 1 ? absl::OkStatus() : core.Fail(SendBufferFull());
}

bool ShareMemory(absl::Span<const char> a, absl::Span<const char> b) {
  return !a.empty() && !b.empty() && a.data() < b.data() + b.size() &&
         b.data() < a.data() + a.size();
}

ABSL_ATTRIBUTE_COLD absl::Status SharedMemory(SocketCore& core,
                                              absl::Span<const ReceiveSlot> slots) {
  size_t first = 0, second = 1;
  for (; second < slots.size(); ++second) {
    for (first = 0; first < second; ++first) {
      if (ShareMemory(slots[first].buffer, slots[second].buffer)) break;
    }
    if (first < second) break;
  }
  return core.Refuse(SocketError::kOperation, "read a batch",
                     absl::StrCat("the buffers of slots ", first, " and ", second,
                                  " share memory; give each slot its own"));
}

// Refuses slots whose buffers share memory: one datagram would overwrite another.
absl::Status CheckApart(SocketCore& core, absl::Span<const ReceiveSlot> slots) {
  const auto end_of = [](absl::Span<const char> buffer) { return buffer.data() + buffer.size(); };
  // Buffers mostly lie in the order of their slots.
  size_t i = 0;
  for (const char* end = nullptr; i < slots.size(); ++i) {
    const absl::Span<const char> buffer = slots[i].buffer;
    if (buffer.empty()) continue;
    if (buffer.data() < end) break;
    end = end_of(buffer);
  }
  if (ABSL_PREDICT_TRUE(i == slots.size())) return absl::OkStatus();
  // Those of a program's pool lie anywhere: to sort them takes less than to compare each with each.
  absl::InlinedVector<absl::Span<const char>, 128> buffers;
  buffers.reserve(slots.size());
  for (const ReceiveSlot& slot : slots) {
    if (!slot.buffer.empty()) buffers.push_back(slot.buffer);
  }
  std::sort(buffers.begin(), buffers.end(), [](const auto& a, const auto& b) {
    return std::less<const char*>()(a.data(), b.data());
  });
  for (size_t next = 1; next < buffers.size(); ++next) {
    if (end_of(buffers[next - 1]) > buffers[next].data()) return SharedMemory(core, slots);
  }
  return absl::OkStatus();
}

// `ReadDatagram` of a socket that is not open, beyond what may be read now, and outside of
// OnReadyRead.
ABSL_ATTRIBUTE_NOINLINE absl::StatusOr<size_t> ReadOtherwise(SocketCore& core,
                                                             absl::Span<char> buffer,
                                                             DatagramInfo* info) {
  if (core.socket == nullptr) return NotOpen(core, "read");
  const bool may_read = core.MayRead();
  absl::StatusOr<size_t> size =
      may_read ? core.socket->ReceiveFrom(buffer, info, core.error) : core.Fail(NothingPending());
  core.ReadTried();
  return size;
}

// Takes the next datagram where a moment ago there was none: it may have come since, and would be
// lost without room for any.
ABSL_ATTRIBUTE_NOINLINE absl::StatusOr<size_t> TakeLate(SocketCore& core, size_t most,
                                                        std::string& payload) {
  char room[kMaxIpv6Payload];
  ReceiveSlot& slot = core.slot();
  slot.buffer = absl::MakeSpan(room).first(std::min(most, sizeof(room)));
  absl::StatusOr<size_t> received = Receive(core, {&slot, 1});
  if (received.value_or(0) == 1) payload.assign(room, slot.size);
  slot.buffer = {};
  return received;
}

// Makes the next datagram the content of `payload`, or its first `most` bytes, and leaves what is
// known of it in `core.slot()`. Returns 0 when none is pending; `payload` is empty then.
absl::StatusOr<size_t> Take(SocketCore& core, size_t most, std::string& payload) {
  payload.clear();
  const std::optional<size_t> size = PendingSize(core);
  if (!size.has_value()) return TakeLate(core, most, payload);
  payload.resize(std::min(*size, most));
  ReceiveSlot& slot = core.slot();
  slot.buffer = absl::MakeSpan(payload);
  absl::StatusOr<size_t> received = Receive(core, {&slot, 1});
  payload.resize(received.value_or(0) == 1 ? slot.size : 0);
  return received;
}

// Makes the next datagram the one that Read and ReadLine are in, unless they are within one.
absl::Status NextForReading(SocketCore& core) {
  SocketCore::Reading& reading = core.reading();
  if (reading.current_offset < reading.current.size()) return absl::OkStatus();
  reading.current_offset = 0;
  const absl::StatusOr<size_t> received = Take(core, kMaxIpv6Payload, reading.current);
  if (!received.ok()) return received.status();
  return *received == 1 ? absl::OkStatus() : core.Fail(NothingPending());
}

}  // namespace

bool UdpSocket::HasPendingDatagrams() {
  SocketCore& c = core();
  return c.socket != nullptr && HasPending(c);
}

std::optional<size_t> UdpSocket::PendingDatagramSize() {
  SocketCore& c = core();
  return c.socket == nullptr ? std::nullopt : PendingSize(c);
}

// Nothing is left to be done once the engine has received, or sent: each function that is returned
// to after a system call costs several nanoseconds.
ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> UdpSocket::ReadDatagram(absl::Span<char> buffer,
                                                                  DatagramInfo* info) {
  SocketCore& c = core();
  const bool straight = c.socket != nullptr && c.left() > 0 && !c.AsksAfterReading();
  if (ABSL_PREDICT_FALSE(!straight)) return ReadOtherwise(c, buffer, info);
  c.ReadTried();
  return c.socket->ReceiveFrom(buffer, info, c.error);
}

absl::StatusOr<Datagram> UdpSocket::ReceiveDatagram(size_t max_size) {
  SocketCore& c = core();
  if (ABSL_PREDICT_FALSE(c.socket == nullptr)) return NotOpen(c, "read");
  Datagram datagram;
  const absl::StatusOr<size_t> received = Take(c, max_size, datagram.payload);
  if (!received.ok()) return received.status();
  if (*received == 0) return c.Fail(NothingPending());
  internal::CopyInfo(c.slot().info, c.metadata != Metadata::kNone, datagram.info);
  return datagram;
}

ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> UdpSocket::ReceiveBatch(absl::Span<ReceiveSlot> slots) {
  SocketCore& c = core();
  if (c.socket == nullptr) return NotOpen(c, "read");
  if (absl::Status s = CheckApart(c, slots); !s.ok()) return s;
  absl::StatusOr<size_t> received = Receive(c, slots);
  if (received.ok()) c.TookMore(CountDatagrams(slots.first(*received)) - *received);
  return received;
}

ABSL_ATTRIBUTE_HOT absl::StatusOr<size_t> UdpSocket::ReceiveBatch(DatagramBatch& batch) {
  SocketCore& c = core();
  batch.Clear();
  if (c.socket == nullptr) return NotOpen(c, "read");
  absl::StatusOr<size_t> received = Receive(c, batch.Room());
  if (!received.ok()) return received;
  const size_t count = batch.Count(*received);
  c.TookMore(count - *received);
  return count;
}

void UdpSocket::SetReadyReadMax(size_t datagrams) { core().ready_read_max = datagrams; }

ABSL_ATTRIBUTE_HOT absl::Status UdpSocket::WriteDatagram(absl::string_view payload,
                                                         const Endpoint& destination) {
  SocketCore& c = core();
  const bool straight = c.socket != nullptr && IsDestination(c, destination);
  if (ABSL_PREDICT_TRUE(straight && !c.bytes_written.is_set())) {
    return c.socket->SendTo(payload, destination, c.error);
  }
  return SendOne(*this, c, {.payload = payload, .destination = destination});
}

absl::Status UdpSocket::WriteDatagram(absl::string_view payload, const Endpoint& destination,
                                      const SendOptions& options) {
  return SendOne(*this, core(),
                 {.payload = payload, .destination = destination, .options = options});
}

absl::StatusOr<size_t> UdpSocket::SendBatch(absl::Span<const SendSlot> datagrams) {
  SocketCore& c = core();
  // A bad destination ends the batch before it, and fails it where it is the first.
  size_t good = 0;
  while (good < datagrams.size() && IsDestination(c, datagrams[good].destination)) ++good;
  if (good == 0 && !datagrams.empty()) {
    return c.Refuse(SocketError::kNetwork,
                    absl::StrCat("send to ", datagrams[0].destination.ToString()),
                    "a destination needs an address and a port");
  }
  const bool implicit = c.socket == nullptr;
  if (implicit) {
    if (absl::Status s = Bind(); !s.ok()) return s;
  }
  absl::StatusOr<size_t> sent = c.socket->Send(datagrams.first(good));
  if (!sent.ok()) {
    if (implicit) c.Drop();
    return c.Fail(sent.status());
  }
  if (c.bytes_written.is_set()) {
    for (size_t i = 0; i < *sent; ++i) c.Wrote(datagrams[i].payload.size());
  }
  return sent;
}

absl::Status UdpSocket::RequestMetadata(Metadata fields) {
  SocketCore& c = core();
  if (c.socket != nullptr) {
    if (absl::Status s = c.socket->RequestMetadata(fields); !s.ok()) return c.Fail(std::move(s));
  }
  c.metadata = fields;
  return absl::OkStatus();
}

absl::Status UdpSocket::Write(absl::string_view payload) {
  SocketCore& c = core();
  if (c.state != SocketState::kConnected) return NotConnected(c, "write");
  return WriteDatagram(payload, Endpoint());
}

absl::StatusOr<size_t> UdpSocket::Read(absl::Span<char> buffer) {
  SocketCore& c = core();
  if (c.state != SocketState::kConnected) return NotConnected(c, "read");
  if (buffer.empty()) return 0;
  if (absl::Status s = NextForReading(c); !s.ok()) return s;
  SocketCore::Reading& reading = c.reading();
  const size_t size = std::min(buffer.size(), reading.current.size() - reading.current_offset);
  std::memcpy(buffer.data(), reading.current.data() + reading.current_offset, size);
  reading.current_offset += size;
  return size;
}

absl::StatusOr<std::string> UdpSocket::ReadLine() {
  SocketCore& c = core();
  if (c.state != SocketState::kConnected) return NotConnected(c, "readline");
  if (absl::Status s = NextForReading(c); !s.ok()) return s;
  SocketCore::Reading& reading = c.reading();
  const size_t newline = reading.current.find('\n', reading.current_offset);
  const size_t end = newline == std::string::npos ? reading.current.size() : newline + 1;
  std::string line = reading.current.substr(reading.current_offset, end - reading.current_offset);
  reading.current_offset = end;
  return line;
}

}  // namespace pollux
