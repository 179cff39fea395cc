// SPDX-License-Identifier: Apache-2.0
//
// File: reassembly.h
//
// `Reassembly` puts datagrams together of their fragments, as they come: by source, destination and
// identification (RFC 791 3.2, RFC 8200 4.5). It has no clock: whoever has one tells it when a
// datagram's time is over.

#ifndef POLLUX_SIM_KERNEL_REASSEMBLY_H_
#define POLLUX_SIM_KERNEL_REASSEMBLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/types/span.h"
#include "sim/kernel/packet.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Thread-compatible.
class Reassembly {
 public:
  // Names a datagram of which parts have come. Never reused.
  using Number = uint64_t;

  enum class Step : uint8_t {
    kBegun,      // It is the first that came of its datagram: its time runs from now.
    kAdded,      // More are to come.
    kComplete,   // It was the last one that was missing.
    kDuplicate,  // Its bytes are there already.
    kOverlaps,   // Some of its bytes are there, or it lies behind the end: all that had come of the
                 // datagram is thrown away with it (RFC 5722; Linux does so with IPv4 as well).
    kFull,       // Too much is waiting for the rest.
  };
  struct Result {
    Step step = Step::kAdded;
    Number number = 0;  // Of the datagram; not with kFull.
  };

  // A fragment that has come.
  struct Part {
    Packet packet;
    uint32_t interface_index = 0;  // By which it came.
  };

  // Linux: ipfrag_high_thresh, ip6frag_high_thresh.
  static constexpr size_t kMemoryMax = size_t{4} * 1024 * 1024;

  // Takes a fragment. That a datagram is complete, or is to be thrown away, changes nothing: `Take`
  // takes it out.
  Result Add(const Packet& fragment, uint32_t interface_index);
  // What has come of a datagram, by offset, which is then forgotten; none of one that is.
  std::vector<Part> Take(Number number);
  // Forgets everything; numbers go on.
  void Clear();

  // The whole of a datagram of which all has come, with the header fields of its first fragment; a
  // congestion mark on any of them counts. Parts of different datagrams that had one identification
  // make a corrupted one.
  static Packet Whole(absl::Span<const Part> parts);

  // Datagrams that wait for the rest.
  size_t waiting() const { return partials_.size(); }

 private:
  // IPv4 identifications have 16 bits, IPv6 ones 32.
  using Key = std::tuple<IpAddress, IpAddress, uint32_t>;
  struct Partial {
    Key key;
    std::vector<Part> parts;      // By offset; none overlap.
    std::optional<uint32_t> end;  // Known with the last fragment.
    uint32_t covered = 0;         // Bytes that have come.
    size_t memory = 0;
  };

  static Key KeyOf(const Packet& fragment);
  Step Insert(Partial& partial, const Packet& fragment, uint32_t interface_index);

  absl::btree_map<Number, Partial> partials_;
  absl::btree_map<Key, Number> numbers_;
  Number last_number_ = 0;
  size_t memory_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_REASSEMBLY_H_
