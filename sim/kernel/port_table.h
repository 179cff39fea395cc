// SPDX-License-Identifier: Apache-2.0
//
// File: port_table.h
//
// `PortTable` is who is bound where. It keeps for each port the sockets in the order in which a
// bind walks them, and for each address of it those that a lookup finds, and forms reuse-port
// groups.

#ifndef POLLUX_SIM_KERNEL_PORT_TABLE_H_
#define POLLUX_SIM_KERNEL_PORT_TABLE_H_

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "sim/kernel/socket_state.h"

namespace pollux::sim {

// Whether two bound addresses receive some datagram both (udp-semantics 1.1.1): they share a
// protocol, and in it one of them is the wildcard or both are the same address.
bool Overlap(const SocketState& a, const SocketState& b);

class PortTable {
 public:
  using Chain = absl::InlinedVector<SocketState*, 2>;

  // `groups`: whether sockets that share by SO_REUSEPORT form groups.
  PortTable(bool groups, StackHost& host) : groups_(groups), host_(host) {}

  // Enters a socket whose local address and port are set.
  void Add(SocketState& socket);
  void Remove(SocketState& socket);
  // Takes the socket out of its group, if it is in one.
  void LeaveGroup(SocketState& socket);
  // The local address, or the bound interface, of an entered socket changes: `change` does it. It
  // goes to the head of its new address, keeps its place in the port, and leaves its group.
  template <typename Change>
  void Move(SocketState& socket, Change change) {
    LeaveGroup(socket);
    const Key before = KeyOf(socket);
    change();
    const Key after = KeyOf(socket);
    if (before == after) return;
    Erase(by_address_, before, socket);
    Chain& chain = by_address_[after];
    chain.insert(chain.begin(), &socket);
  }

  // A span is good until the table changes. All sockets of a port: newest first, but IPv6 sockets
  // with SO_REUSEPORT last, as Linux has them.
  absl::Span<SocketState* const> OnPort(uint16_t port) const;
  // Those bound to an address of it; an unset address asks for those on a wildcard, of any
  // protocol.
  absl::Span<SocketState* const> OnAddress(const IpAddress& address, uint16_t port) const;

 private:
  using Key = std::pair<IpAddress, uint16_t>;

  static Key KeyOf(const SocketState& socket);
  template <typename Map>
  static void Erase(Map& map, const typename Map::key_type& key, SocketState& socket);
  void JoinGroup(SocketState& socket);

  const bool groups_;
  StackHost& host_;
  // Looked up, never iterated.
  absl::flat_hash_map<uint16_t, Chain> by_port_;
  absl::flat_hash_map<Key, Chain> by_address_;
};

// Implementation details only below.

template <typename Map>
void PortTable::Erase(Map& map, const typename Map::key_type& key, SocketState& socket) {
  auto found = map.find(key);
  if (found == map.end()) return;
  Chain& chain = found->second;
  for (auto it = chain.begin(); it != chain.end(); ++it) {
    if (*it != &socket) continue;
    chain.erase(it);
    break;
  }
  if (chain.empty()) map.erase(found);
}

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_PORT_TABLE_H_
