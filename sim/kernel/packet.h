// SPDX-License-Identifier: Apache-2.0
//
// File: packet.h
//
// What travels between simulated hosts: a UDP datagram in its IP packet, a fragment of one, or an
// ICMP error about one. Copies of a packet share one payload. Addresses in a packet carry no scope,
// as on a wire: the interface that a packet crosses gives link-local addresses and groups their
// meaning.

#ifndef POLLUX_SIM_KERNEL_PACKET_H_
#define POLLUX_SIM_KERNEL_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "udp/endpoint.h"

namespace pollux::sim {

class BlockPool;

// The bytes of a datagram: immutable, shared by all copies, freed with the last. Copied in once,
// when a program sends, and out once, when a program receives. Not thread-safe: a simulation is one
// thread.
class Payload {
 public:
  Payload() = default;  // Empty.
  // In memory of `pool`; null for the heap.
  static Payload Copy(absl::string_view bytes, BlockPool* pool = nullptr);
  // What is left of a payload for who only has to know how large it was: it has no bytes.
  static Payload OfSize(size_t size) { return {nullptr, static_cast<uint32_t>(size)}; }
  Payload(const Payload& other) : block_(other.block_), size_(other.size_) {
    if (block_ != nullptr) ++block_->references;
  }
  Payload(Payload&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Payload() {
    if (block_ != nullptr && --block_->references == 0) Free(block_, size_);
  }

  absl::string_view bytes() const {
    return block_ == nullptr ? absl::string_view() : absl::string_view(block_->bytes(), size_);
  }
  size_t size() const { return size_; }
  // Has the processor fetch the bytes, which will be read soon: while it does, there is other work
  // to do.
  void Prefetch() const;

 private:
  struct Block {  // The bytes lie behind it.
    BlockPool* pool;
    uint64_t references;

    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  };
  Payload(Block* block, uint32_t size) : block_(block), size_(size) {}
  static void Free(Block* block, uint32_t size);

  Block* block_ = nullptr;
  // Here and not in the block: who asks for it need not wait for that to come from memory.
  uint32_t size_ = 0;
};

// What an ICMP or ICMPv6 error says (RFC 792, RFC 4443).
enum class IcmpError : uint8_t {
  kNetUnreachable,
  kHostUnreachable,
  kProtocolUnreachable,
  kPortUnreachable,
  kFragmentationNeeded,  // ICMPv6: packet too big.
  kAdminProhibited,
  kTimeExceeded,            // The last hop that the packet was allowed was not its destination.
  kReassemblyTimeExceeded,  // Not all fragments came in time.
};

// All of a packet but its payload.
struct PacketHeader {
  // Not defaulted: compilers then see a constant, and clear the whole by an instruction that takes
  // its time to begin.
  PacketHeader() {}  // NOLINT(modernize-use-equals-default)

  // Given by the stack that sends it, unique among that host's packets; copies keep it.
  uint64_t id = 0;
  // Ends of the datagram. For an ICMP error, those of the datagram that it is about: `source` is
  // then the host that has to learn of it.
  Endpoint source;
  Endpoint destination;
  uint8_t hop_limit = 64;
  uint8_t traffic_class = 0;   // TOS or traffic class, ECN in the two low bits.
  bool dont_fragment = false;  // Routers must not split it.
  // Bits of it are not as they were sent. Nobody's payload is changed for that: the checksum of
  // UDP, or of ICMP, does not fit, and the receiver drops it.
  bool corrupted = false;

  // Only in packets that cross the loopback interface: the interface that they count as arriving
  // on, 0 for the loopback interface itself. A host's datagram to one of its own addresses crosses
  // loopback, but arrives on the interface that owns the address; so does its own copy of a
  // broadcast or group datagram, on the interface by which the datagram left. Whoever carries the
  // packet copies this and looks at nothing else.
  uint32_t arrives_on = 0;

  // Set for a fragment: which bytes it carries of the datagram, whose UDP header counts as the
  // first eight of them. All fragments of a datagram have its `id`, which is also what IP knows it
  // by, and share its whole payload.
  uint16_t fragment_offset = 0;
  uint16_t fragment_size = 0;  // 0: no fragment, but the whole.

  // Set for an ICMP error, with who reports it and, for kFragmentationNeeded, the next hop's MTU.
  std::optional<IcmpError> icmp;
  IpAddress icmp_reporter;
  uint32_t icmp_mtu = 0;

  // The latest event on record about this copy, by its sequence: what happens to it next happens
  // because of that. `Trace::Record` keeps it up; who gives one packet several ways puts it back
  // before each. Mutable, for the record is no part of a packet, and no decision looks at it.
  mutable uint64_t event = 0;

  bool is_fragment() const { return fragment_size != 0; }
  uint32_t fragment_end() const { return uint32_t{fragment_offset} + fragment_size; }

  // Where the packet is going: the destination, or for an ICMP error back to the source.
  const IpAddress& target() const { return icmp ? source.address : destination.address; }
};

struct Packet : PacketHeader {
  Payload payload;

  // Whether it ends its datagram, as the last fragment does, or is the whole of it.
  bool is_last() const { return !is_fragment() || fragment_end() == datagram_size(); }
  // Of the UDP datagram, header included, of which a fragment carries a part.
  uint32_t datagram_size() const { return static_cast<uint32_t>(payload.size() + 8); }
  // The size of the IP packet in bytes, headers included.
  size_t wire_size() const;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_PACKET_H_
