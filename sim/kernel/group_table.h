// SPDX-License-Identifier: Apache-2.0
//
// File: group_table.h
//
// `GroupTable` is the first of the two gates that a group datagram passes (udp-semantics 1.2.3):
// which groups, from which sources, any socket of the host wants on an interface.

#ifndef POLLUX_SIM_KERNEL_GROUP_TABLE_H_
#define POLLUX_SIM_KERNEL_GROUP_TABLE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "sim/kernel/control_block.h"
#include "udp/ip_address.h"

namespace pollux::sim {

class GroupTable {
 public:
  // Counts a membership of some socket in, or out again.
  void Add(const SocketMembership& membership) { Count(membership, 1); }
  void Remove(const SocketMembership& membership) { Count(membership, -1); }

  // Calls `changed` for each interface and group that has come to have members, or none any more,
  // since the last call.
  void TakeChanges(
      absl::FunctionRef<void(uint32_t interface_index, const IpAddress& group, bool member)>
          changed);

  // Whether some socket is a member.
  bool IsMember(uint32_t interface_index, const IpAddress& group) const;
  // Whether the host takes a group's datagrams from a source. Every host takes those to all hosts.
  bool Accepts(uint32_t interface_index, const IpAddress& group, const IpAddress& source) const;

 private:
  struct Entry {
    int any_source = 0;
    absl::btree_map<IpAddress, int> sources;
  };
  using Key = std::pair<uint32_t, IpAddress>;

  // Whether there were members before the changes that nobody took yet.
  struct Change {
    Key key;
    bool member;
  };

  void Count(const SocketMembership& membership, int change);

  absl::flat_hash_map<Key, Entry> entries_;  // Looked up, never iterated.
  std::vector<Change> changes_;              // One for each key.
};

// 224.0.0.1, ff01::1 and ff02::1.
bool IsAllHosts(const IpAddress& group);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_GROUP_TABLE_H_
