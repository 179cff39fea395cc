// SPDX-License-Identifier: Apache-2.0
//
// The way of a datagram through a socket: in by Write..., out by Read...

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "udp/internal/socket_core.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux {

using internal::SocketCore;

namespace {

// Made once: copying a status only counts a reference, so that a program that polls costs nothing.
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

absl::Status NotOpen(SocketCore& core, absl::string_view call) {
  return core.Refuse(
      SocketError::kOperation, call,
      absl::StrCat("the socket is ", ToString(core.state), "; bind it or connect it first"));
}

absl::Status NotConnected(SocketCore& core, absl::string_view call) {
  return core.Refuse(SocketError::kOperation, call,
                     absl::StrCat("the socket is ", ToString(core.state),
                                  "; it has no peer before ConnectToHost"));
}

// Whether a destination means something on every platform. Some would take an unset address for the
// local host, or for the peer.
bool IsDestination(const SocketCore& core, const Endpoint& destination) {
  if (!destination.is_set()) return destination.port == 0 && core.state == SocketState::kConnected;
  return destination.port != 0 && destination.address != IpAddress::Any();
}

// Takes one datagram from the engine; the number is 0 when none is pending.
absl::StatusOr<size_t> Receive(SocketCore& core, absl::Span<ReceiveSlot> slots) {
  absl::StatusOr<size_t> received = core.socket->Receive(slots);
  core.ReadTried();
  if (!received.ok()) return core.Fail(received.status());
  return received;
}

// Makes the next datagram the one that Read and ReadLine are in, unless they are within one.
absl::Status NextForReading(SocketCore& core) {
  if (core.current_offset < core.current.size()) return absl::OkStatus();
  const std::optional<size_t> size = core.socket->PendingDatagramSize();
  core.current.resize(size.value_or(0));
  core.current_offset = 0;
  ReceiveSlot slot{.buffer = absl::MakeSpan(core.current)};
  const absl::StatusOr<size_t> received = Receive(core, {&slot, 1});
  core.current.resize(received.value_or(0) == 1 ? slot.size : 0);
  if (!received.ok()) return received.status();
  return *received == 1 ? absl::OkStatus() : core.Fail(NothingPending());
}

}  // namespace

bool UdpSocket::HasPendingDatagrams() { return PendingDatagramSize().has_value(); }

std::optional<size_t> UdpSocket::PendingDatagramSize() {
  SocketCore& c = core();
  return c.socket == nullptr ? std::nullopt : c.socket->PendingDatagramSize();
}

absl::StatusOr<size_t> UdpSocket::ReadDatagram(absl::Span<char> buffer, DatagramInfo* info) {
  SocketCore& c = core();
  if (c.socket == nullptr) return NotOpen(c, "read");
  ReceiveSlot slot{.buffer = buffer};
  const absl::StatusOr<size_t> received = Receive(c, {&slot, 1});
  if (!received.ok()) return received.status();
  if (*received == 0) return c.Fail(NothingPending());
  if (info != nullptr) *info = slot.info;
  return slot.size;
}

absl::StatusOr<Datagram> UdpSocket::ReceiveDatagram(size_t max_size) {
  Datagram datagram;
  datagram.payload.resize(std::min(PendingDatagramSize().value_or(0), max_size));
  const absl::StatusOr<size_t> size =
      ReadDatagram(absl::MakeSpan(datagram.payload), &datagram.info);
  if (!size.ok()) return size.status();
  datagram.payload.resize(*size);
  return datagram;
}

absl::StatusOr<size_t> UdpSocket::ReceiveBatch(absl::Span<ReceiveSlot> slots) {
  SocketCore& c = core();
  if (c.socket == nullptr) return NotOpen(c, "read");
  return Receive(c, slots);
}

absl::Status UdpSocket::WriteDatagram(absl::string_view payload, const Endpoint& destination) {
  return WriteDatagram(payload, destination, SendOptions());
}

absl::Status UdpSocket::WriteDatagram(absl::string_view payload, const Endpoint& destination,
                                      const SendOptions& options) {
  const SendSlot slot{.payload = payload, .destination = destination, .options = options};
  const absl::StatusOr<size_t> sent = SendBatch({&slot, 1});
  if (!sent.ok()) return sent.status();
  return *sent == 1 ? absl::OkStatus() : core().Fail(SendBufferFull());
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
  for (size_t i = 0; i < *sent; ++i) c.Wrote(datagrams[i].payload.size());
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
  const size_t size = std::min(buffer.size(), c.current.size() - c.current_offset);
  std::memcpy(buffer.data(), c.current.data() + c.current_offset, size);
  c.current_offset += size;
  return size;
}

absl::StatusOr<std::string> UdpSocket::ReadLine() {
  SocketCore& c = core();
  if (c.state != SocketState::kConnected) return NotConnected(c, "readline");
  if (absl::Status s = NextForReading(c); !s.ok()) return s;
  const size_t newline = c.current.find('\n', c.current_offset);
  const size_t end = newline == std::string::npos ? c.current.size() : newline + 1;
  std::string line = c.current.substr(c.current_offset, end - c.current_offset);
  c.current_offset = end;
  return line;
}

}  // namespace pollux
