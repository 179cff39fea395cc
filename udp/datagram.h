// SPDX-License-Identifier: Apache-2.0
//
// File: datagram.h
//
// What a datagram is made of when it is received, and what can be asked for when it is sent. The
// slots are the units of the batch calls: they point to buffers that the caller owns and reuses, so
// that no call allocates.

#ifndef POLLUX_UDP_DATAGRAM_H_
#define POLLUX_UDP_DATAGRAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "udp/endpoint.h"

namespace pollux {

// The largest payloads that fit an IP packet (RFC 768, RFC 791, RFC 8200): the 16-bit UDP length
// less its header, and for IPv4 less the IP header too.
inline constexpr size_t kMaxIpv4Payload = 65507;
inline constexpr size_t kMaxIpv6Payload = 65527;

// Explicit congestion notification, the two low bits of TOS and traffic class (RFC 3168).
enum class Ecn : uint8_t { kNotCapable = 0, kCapable1 = 1, kCapable0 = 2, kCongestion = 3 };

// The fields of `DatagramInfo` that cost something to collect. A socket fills those that it was
// asked for, where the platform has them (docs/platforms.md says which).
enum class Metadata : uint32_t {
  kNone = 0,
  kDestination = 1 << 0,  // destination and interface_index
  kHopLimit = 1 << 1,
  kEcn = 1 << 2,
  kKernelTime = 1 << 3,
  kDropCount = 1 << 4,
  kAll = (1 << 5) - 1,
};
constexpr Metadata operator|(Metadata a, Metadata b) {
  return static_cast<Metadata>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool Contains(Metadata set, Metadata field) {
  return (static_cast<uint32_t>(set) & static_cast<uint32_t>(field)) != 0;
}

// Where a received datagram came from, and how.
struct DatagramInfo {
  Endpoint source = {};    // Always there. IPv4 is IPv4, on dual sockets too.
  bool truncated = false;  // The buffer was too small; the rest is lost.

  // What `UdpSocket::RequestMetadata` asked for; nullopt otherwise.

  // The address it was sent to: ours, a group, a broadcast.
  std::optional<IpAddress> destination = {};
  std::optional<uint32_t> interface_index = {};  // The interface it arrived on.
  std::optional<uint8_t> hop_limit = {};         // TTL or hop limit left on arrival.
  std::optional<Ecn> ecn = {};
  std::optional<absl::Time> kernel_time = {};  // Wall time of arrival, taken by the kernel.
  // How many datagrams this socket has lost to a full receive buffer, since its creation.
  std::optional<uint32_t> drop_count = {};
};

// A received datagram that owns its payload.
struct Datagram {
  std::string payload;
  DatagramInfo info;
};

// What one datagram asks for beyond its socket's options. Default: nothing.
struct SendOptions {
  IpAddress source = {};         // Send from this local address. Unset: the kernel's choice.
  uint32_t interface_index = 0;  // Leave by this interface. 0: the kernel's choice.
  std::optional<uint8_t> hop_limit = {};  // 1..255; for groups and unicast alike.
  std::optional<Ecn> ecn = {};
  // When to leave, by `Now()` of the engine's loop; the send itself does not wait. Linux only
  // (SO_TXTIME), and kept by interfaces whose queue is fq (tc-fq(8)): others send at once.
  // Datagrams to one peer have to be given in the order of their times, since none overtakes
  // another. What has passed is due at once; what is more than ten seconds away fq drops. Where a
  // queue throws a datagram away since its clock is another (etf), OnError tells.
  std::optional<absl::Time> transmit_time = {};

  bool empty() const {
    return !source.is_set() && interface_index == 0 && !hop_limit.has_value() && !ecn.has_value() &&
           !transmit_time.has_value();
  }
};

// One datagram to be sent by a batch call.
struct SendSlot {
  absl::string_view payload;  // Not owned; read during the call only.
  Endpoint destination = {};  // Unset: the connected peer.
  SendOptions options = {};
};

// Room for one datagram to be received by a batch call, or for several of equal size from one
// sender, which some platforms hand out together (`DatagramBatch` makes use of that).
struct ReceiveSlot {
  absl::Span<char> buffer;  // Not owned. In.
  size_t size = 0;          // Out: bytes stored, at most buffer.size().
  // Out: 0 for one datagram. Else `size` bytes are datagrams of that size, the last one shorter or
  // equal, with one `info` for all.
  size_t segment_size = 0;
  DatagramInfo info = {};  // Out.
  // In: several datagrams may come together. It has to be said of a buffer of 64 KiB to have
  // effect.
  bool coalesce = false;

  absl::string_view payload() const { return absl::string_view(buffer.data(), size); }
};

}  // namespace pollux

#endif  // POLLUX_UDP_DATAGRAM_H_
