// SPDX-License-Identifier: Apache-2.0
//
// File: port_table.h
//
// `PortTable` is who is bound where. It keeps for each port the sockets in the order in which a
// bind walks them, and for each address of it those that a lookup finds, and forms reuse-port
// groups.

#ifndef POLLUX_SIM_KERNEL_PORT_TABLE_H_
#define POLLUX_SIM_KERNEL_PORT_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "sim/kernel/chain.h"
#include "sim/kernel/control_block.h"

namespace pollux::sim {

// Whether two bound addresses receive some datagram both (udp-semantics 1.1.1): they share a
// protocol, and in it one of them is the wildcard or both are the same address.
bool Overlap(const ControlBlock& a, const ControlBlock& b);

class PortTable {
 public:
  // `groups`: whether sockets that share by SO_REUSEPORT form groups.
  PortTable(bool groups, StackHost& host) : groups_(groups), host_(host) {}

  // Enters a socket whose local address and port are set.
  void Add(ControlBlock& socket);
  void Remove(ControlBlock& socket);
  // Takes the socket out of its group, if it is in one.
  void LeaveGroup(ControlBlock& socket);
  // The local address, or the bound interface, of an entered socket changes: `change` does it. It
  // goes to the head of its new address, keeps its place in the port, and leaves its group.
  template <typename Change>
  void Move(ControlBlock& socket, Change change) {
    LeaveGroup(socket);
    const Key before = KeyOf(socket);
    change();
    const Key after = KeyOf(socket);
    ++version_;
    if (before == after) return;
    EraseAddress(before, socket);
    by_address_[after].PushFront(&socket);
  }
  // SO_REUSEADDR of a socket, entered or not, becomes that.
  void SetReuseAddress(ControlBlock& socket, bool reuse);

  // Counts changes of the table.
  uint64_t version() const { return version_; }

  // A span is good until the table changes. All sockets of a port: newest first, but IPv6 sockets
  // with SO_REUSEPORT last, as Linux has them.
  absl::Span<ControlBlock* const> OnPort(uint16_t port) const;
  // The socket of a port that has no other; null if there is none, or there are several.
  ControlBlock* Sole(uint16_t port) const {
    const std::unique_ptr<Page>& page = soles_[port / kPage];
    return page == nullptr ? nullptr : (*page)[port % kPage];
  }
  // Whether none of them lacks SO_REUSEADDR.
  bool AllReuseAddress(uint16_t port) const;
  // Those bound to an address of it; an unset address asks for those on a wildcard, of any
  // protocol.
  absl::Span<ControlBlock* const> OnAddress(const IpAddress& address, uint16_t port) const;

 private:
  struct Key {
    IpAddress address;
    uint16_t port = 0;

    friend bool operator==(const Key& a, const Key& b) {
      return a.port == b.port && a.address == b.address;
    }
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      // Addresses of one port mostly differ in their last bytes.
      return H::combine(std::move(h), uint64_t{key.address.ipv4_number()} << 16 | key.port);
    }
  };
  struct Port {
    Chain<ControlBlock> sockets;
    size_t without_reuse = 0;  // How many of them lack SO_REUSEADDR.
  };

  static constexpr size_t kPorts = 65536;
  static constexpr size_t kPage = 256;
  using Page = std::array<ControlBlock*, kPage>;

  static Key KeyOf(const ControlBlock& socket);
  // The sockets of a port have changed to these.
  void NoteSole(uint16_t port, const Chain<ControlBlock>& sockets);
  void EraseAddress(const Key& key, const ControlBlock& socket);
  void JoinGroup(ControlBlock& socket);

  const bool groups_;
  uint64_t version_ = 0;
  StackHost& host_;
  // Looked up, never iterated.
  absl::flat_hash_map<uint16_t, Port> by_port_;
  absl::flat_hash_map<Key, Chain<ControlBlock>> by_address_;
  // What `Sole` tells: most ports have one socket, and most packets are for such a port.
  std::array<std::unique_ptr<Page>, kPorts / kPage> soles_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_PORT_TABLE_H_
