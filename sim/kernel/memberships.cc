// SPDX-License-Identifier: Apache-2.0
//
// Joining and leaving groups (udp-semantics 1.3, 2.4, 3.4, 4.4).

#include <algorithm>

#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

// The group that a call means.
IpAddress GroupOf(const PlatformRules& rules, const GroupMembership& membership) {
  const IpAddress& group = membership.group;
  return rules.join_mapped_group && group.is_mapped() ? group.Unmapped() : group.WithScope(0);
}

}  // namespace

// The interface that a membership is about: the one it names, else the one by which the group is
// routed. The socket's multicast interface does not matter, and the one it is bound to only where
// that chooses among the routes. 0 if there is none.
uint32_t UdpStack::Impl::MembershipInterface(const ControlBlock& socket,
                                             const GroupMembership& membership) const {
  const uint32_t named = membership.interface_index;
  if (named != 0) return interfaces_.Find(named) != nullptr ? named : 0;
  const uint32_t scope = rules_.join_by_bound_interface ? socket.options.bound_interface : 0;
  const Route* route = interfaces_.FindRoute(membership.group, scope);
  if (membership.group.is_ipv6()) {
    // A default route does not route groups: each interface routes them itself.
    if (route != nullptr && route->prefix_length >= 8) return route->interface_index;
    return interfaces_.FirstMulticastInterface();
  }
  if (route != nullptr) return route->interface_index;
  return rules_.join_falls_back ? interfaces_.FirstMulticastInterface() : 0;
}

SocketMembership* UdpStack::Impl::FindMembership(ControlBlock& socket, const IpAddress& group,
                                                 uint32_t interface_index) {
  for (SocketMembership& membership : socket.memberships) {
    if (membership.group != group) continue;
    if (interface_index == 0 || membership.interface_index == interface_index) return &membership;
  }
  return nullptr;
}

void UdpStack::Impl::Drop(ControlBlock& socket, SocketMembership* membership) {
  groups_.Remove(*membership);
  socket.memberships.erase(socket.memberships.begin() + (membership - socket.memberships.data()));
}

void UdpStack::Impl::AnnounceGroups() {
  groups_.TakeChanges([this](uint32_t interface_index, const IpAddress& group, bool member) {
    host_.GroupChanged(interface_index, group, member);
  });
}

Outcome<> UdpStack::Impl::JoinAnySource(ControlBlock& socket, const IpAddress& group,
                                        uint32_t interface_index, bool interface_was_named) {
  // IPv6 without an interface takes a membership on any for the same one (udp-semantics 1.3.4).
  const uint32_t same = group.is_ipv6() && !interface_was_named ? 0 : interface_index;
  if (const SocketMembership* found = FindMembership(socket, group, same)) {
    return found->source_specific ? rules_.join_any_over_sources : rules_.join_twice;
  }
  const bool ipv4 = group.is_ipv4();
  const int max = ipv4 ? rules_.memberships_max_ipv4 : rules_.memberships_max_ipv6;
  const auto of_family = [ipv4](const SocketMembership& m) { return m.group.is_ipv4() == ipv4; };
  const auto count = std::count_if(socket.memberships.begin(), socket.memberships.end(), of_family);
  if (max != 0 && count >= max) return rules_.memberships_exceeded;
  SocketMembership membership;
  membership.group = group;
  membership.interface_index = interface_index;
  socket.memberships.insert(socket.memberships.begin(), membership);
  groups_.Add(membership);
  return Done();
}

// udp-semantics 1.3.2: a source is added to a membership, which comes to be if need be. A plain one
// becomes source-specific on Linux.
Outcome<> UdpStack::Impl::JoinSource(ControlBlock& socket, const IpAddress& group,
                                     uint32_t interface_index, const IpAddress& source) {
  SocketMembership* membership = FindMembership(socket, group, interface_index);
  if (membership == nullptr) {
    Outcome<> joined = JoinAnySource(socket, group, interface_index, true);
    if (!joined.ok()) return joined.error();
    membership = FindMembership(socket, group, interface_index);
  } else if (!membership->source_specific && !rules_.join_sources_over_any) {
    return rules_.join_sources_refused;
  }
  std::vector<IpAddress>& sources = membership->sources;
  const size_t max =
      static_cast<size_t>(group.is_ipv4() ? rules_.sources_max_ipv4 : rules_.sources_max_ipv6);
  if (max != 0 && sources.size() >= max) return OsError::kNoBuffers;
  if (std::find(sources.begin(), sources.end(), source) != sources.end()) {
    return OsError::kAddressNotAvailable;
  }
  groups_.Remove(*membership);
  membership->source_specific = true;
  sources.push_back(source);
  groups_.Add(*membership);
  return Done();
}

Outcome<> UdpStack::Impl::LeaveSource(ControlBlock& socket, const IpAddress& group,
                                      uint32_t interface_index, const IpAddress& source) {
  SocketMembership* membership = FindMembership(socket, group, interface_index);
  if (membership == nullptr) return OsError::kInvalidArgument;
  if (!membership->source_specific && !rules_.join_sources_over_any) {
    return OsError::kInvalidArgument;
  }
  groups_.Remove(*membership);
  // Even a plain membership has become source-specific by being asked, with no source at all.
  membership->source_specific = true;
  std::vector<IpAddress>& sources = membership->sources;
  auto found = std::find(sources.begin(), sources.end(), source);
  const bool known = found != sources.end();
  if (known) sources.erase(found);
  groups_.Add(*membership);
  if (!known) return OsError::kAddressNotAvailable;
  // The last source takes the membership with it.
  if (sources.empty()) Drop(socket, membership);
  return Done();
}

Outcome<> UdpStack::Impl::Join(ControlBlock& socket, const GroupMembership& membership) {
  GroupMembership wanted = membership;
  wanted.group = GroupOf(rules_, membership);
  const IpAddress& group = wanted.group;
  if (group.is_ipv6() && !socket.is_ipv6()) return OsError::kNoProtocolOption;
  if (!group.is_multicast() || group.is_mapped()) return OsError::kInvalidArgument;
  if (membership.source.is_set() && membership.source.is_ipv4() != group.is_ipv4()) {
    return OsError::kInvalidArgument;
  }
  if (wanted.interface_index == 0) wanted.interface_index = membership.group.scope_id();
  const bool named = wanted.interface_index != 0;
  const uint32_t interface_index = MembershipInterface(socket, wanted);
  if (interface_index == 0) return rules_.join_unknown_interface;
  socket.options.multicast_touched = true;
  if (!membership.source.is_set()) return JoinAnySource(socket, group, interface_index, named);
  // IPv6 without an interface means a membership on any, if there is one.
  const SocketMembership* known =
      group.is_ipv6() && !named ? FindMembership(socket, group, 0) : nullptr;
  return JoinSource(socket, group, known != nullptr ? known->interface_index : interface_index,
                    membership.source.WithScope(0));
}

Outcome<> UdpStack::Impl::Leave(ControlBlock& socket, const GroupMembership& membership) {
  GroupMembership wanted = membership;
  wanted.group = GroupOf(rules_, membership);
  const IpAddress& group = wanted.group;
  if (group.is_ipv6() && !socket.is_ipv6()) return OsError::kNoProtocolOption;
  if (!group.is_multicast()) {
    if (membership.source.is_set()) return OsError::kInvalidArgument;
    return group.is_ipv4() ? rules_.leave_non_group_ipv4 : rules_.leave_non_group_ipv6;
  }
  if (wanted.interface_index == 0) wanted.interface_index = membership.group.scope_id();
  // Without an interface, Linux's IPv4 leaves the one that the group is routed by now; the others
  // the first that they find (udp-semantics 1.3.1 "leave with ANY", 1.3.4).
  const bool first = group.is_ipv6() || rules_.leave_any_interface_finds_first;
  uint32_t interface_index = wanted.interface_index;
  if (interface_index == 0 && !first) {
    interface_index = MembershipInterface(socket, wanted);
    if (interface_index == 0) return rules_.join_unknown_interface;
  }
  if (membership.source.is_set()) {
    if (wanted.interface_index != 0 && MembershipInterface(socket, wanted) == 0) {
      return rules_.join_unknown_interface;
    }
    return LeaveSource(socket, group, interface_index, membership.source.WithScope(0));
  }
  SocketMembership* found = FindMembership(socket, group, interface_index);
  if (found == nullptr) return rules_.leave_not_joined;
  Drop(socket, found);
  return Done();
}

// udp-semantics 1.3.3, 1.3.4. Of a dual-stack socket this is the interface of both protocols.
Outcome<> UdpStack::Impl::SetMulticastInterface(ControlBlock& socket, uint32_t interface_index) {
  if (interface_index != 0) {
    if (interfaces_.Find(interface_index) == nullptr) {
      return socket.is_ipv6() ? rules_.multicast_interface_unknown_ipv6
                              : rules_.multicast_interface_unknown_ipv4;
    }
    const uint32_t bound = socket.options.bound_interface;
    if (bound != 0 && bound != interface_index) return OsError::kInvalidArgument;
  }
  socket.options.multicast_interface = interface_index;
  socket.options.multicast_touched = true;
  return Done();
}

}  // namespace pollux::sim
