// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/group_table.h"

#include <algorithm>

namespace pollux::sim {

bool IsAllHosts(const IpAddress& group) {
  if (group.is_ipv4()) return group == IpAddress::Ipv4(224, 0, 0, 1);
  IpAddress::Ipv6Bytes bytes = group.ipv6_bytes();
  if (bytes[0] != 0xff || (bytes[1] != 1 && bytes[1] != 2)) return false;
  bytes[0] = bytes[1] = 0;
  return IpAddress::Ipv6(bytes) == IpAddress::LoopbackIpv6();
}

void GroupTable::TakeChanges(
    absl::FunctionRef<void(uint32_t interface_index, const IpAddress& group, bool member)>
        changed) {
  for (const Change& change : std::exchange(changes_, {})) {
    const bool member = entries_.contains(change.key);
    if (member != change.member) changed(change.key.first, change.key.second, member);
  }
}

void GroupTable::Count(const SocketMembership& membership, int change) {
  const Key key(membership.interface_index, membership.group);
  const bool known = std::any_of(changes_.begin(), changes_.end(),
                                 [&](const Change& entry) { return entry.key == key; });
  if (!known) changes_.push_back({key, entries_.contains(key)});
  Entry& entry = entries_[key];
  if (!membership.source_specific) entry.any_source += change;
  for (const IpAddress& source : membership.sources) {
    if ((entry.sources[source] += change) == 0) entry.sources.erase(source);
  }
  if (entry.any_source == 0 && entry.sources.empty()) entries_.erase(key);
}

bool GroupTable::IsMember(uint32_t interface_index, const IpAddress& group) const {
  return entries_.contains(Key(interface_index, group.WithScope(0)));
}

bool GroupTable::Accepts(uint32_t interface_index, const IpAddress& group,
                         const IpAddress& source) const {
  if (IsAllHosts(group)) return true;
  auto entry = entries_.find(Key(interface_index, group.WithScope(0)));
  if (entry == entries_.end()) return false;
  // Linux lets IPv6 sources pass here and looks at them per socket; with sources of one protocol
  // only, the result for a program is the same.
  return entry->second.any_source > 0 || entry->second.sources.contains(source.WithScope(0));
}

}  // namespace pollux::sim
