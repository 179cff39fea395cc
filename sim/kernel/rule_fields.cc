// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/rule_fields.h"

#include <iterator>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "sim/kernel/count_fields.h"

namespace pollux::sim {
namespace {

std::string Word(ConflictRule value) {
  switch (value) {
    case ConflictRule::kLinuxScan:
      return "LinuxScan";
    case ConflictRule::kXnuSearch:
      return "XnuSearch";
    case ConflictRule::kFreeBsd:
      return "FreeBsd";
    case ConflictRule::kWindows:
      return "Windows";
    case ConflictRule::kWindowsXp:
      return "WindowsXp";
    case ConflictRule::kSymbian:
      return "Symbian";
  }
  return "?";
}

std::string Word(PrivilegedPorts value) {
  switch (value) {
    case PrivilegedPorts::kNobody:
      return "Nobody";
    case PrivilegedPorts::kEvery:
      return "Every";
    case PrivilegedPorts::kSpecific:
      return "Specific";
  }
  return "?";
}

std::string Word(EphemeralRule value) {
  switch (value) {
    case EphemeralRule::kOptions:
      return "Options";
    case EphemeralRule::kUnused:
      return "Unused";
    case EphemeralRule::kExact:
      return "Exact";
  }
  return "?";
}

std::string Word(UnicastTie value) {
  switch (value) {
    case UnicastTie::kNewest:
      return "Newest";
    case UnicastTie::kMixed:
      return "Mixed";
    case UnicastTie::kOldest:
      return "Oldest";
  }
  return "?";
}

std::string Word(FanOut value) {
  switch (value) {
    case FanOut::kAll:
      return "All";
    case FanOut::kToUnshared:
      return "ToUnshared";
  }
  return "?";
}

std::string Word(MembershipRule value) {
  switch (value) {
    case MembershipRule::kHost:
      return "Host";
    case MembershipRule::kOwn:
      return "Own";
    case MembershipRule::kOwnOr1:
      return "OwnOr1";
    case MembershipRule::kUntouched:
      return "Untouched";
  }
  return "?";
}

std::string Word(IcmpRule value) {
  switch (value) {
    case IcmpRule::kAsked:
      return "Asked";
    case IcmpRule::kConnected:
      return "Connected";
    case IcmpRule::kEverySocket:
      return "EverySocket";
  }
  return "?";
}

std::string Word(IcmpCodes value) {
  switch (value) {
    case IcmpCodes::kLinux:
      return "Linux";
    case IcmpCodes::kBsd:
      return "Bsd";
    case IcmpCodes::kWinsock:
      return "Winsock";
  }
  return "?";
}

std::string Word(ErrorReport value) {
  switch (value) {
    case ErrorReport::kErrorFirst:
      return "ErrorFirst";
    case ErrorReport::kDataFirst:
      return "DataFirst";
    case ErrorReport::kReceiveOnly:
      return "ReceiveOnly";
  }
  return "?";
}

std::string Word(BufferCharge value) {
  switch (value) {
    case BufferCharge::kTruesize:
      return "Truesize";
    case BufferCharge::kPayload:
      return "Payload";
  }
  return "?";
}

std::string Word(ZeroDestination value) {
  switch (value) {
    case ZeroDestination::kLoopback:
      return "Loopback";
    case ZeroDestination::kFirst:
      return "First";
    case ZeroDestination::kError:
      return "Error";
  }
  return "?";
}

std::string Word(Reconnect value) {
  switch (value) {
    case Reconnect::kKeeps:
      return "Keeps";
    case Reconnect::kResets:
      return "Resets";
  }
  return "?";
}

std::string Word(DisconnectRule value) {
  switch (value) {
    case DisconnectRule::kAsBound:
      return "AsBound";
    case DisconnectRule::kKeepPort:
      return "KeepPort";
    case DisconnectRule::kKeepBoth:
      return "KeepBoth";
  }
  return "?";
}

std::string Word(UnconnectedShutdown value) {
  switch (value) {
    case UnconnectedShutdown::kRefusedButDone:
      return "RefusedButDone";
    case UnconnectedShutdown::kRefused:
      return "Refused";
    case UnconnectedShutdown::kAllowed:
      return "Allowed";
  }
  return "?";
}

std::string Word(ReadShutdown value) {
  switch (value) {
    case ReadShutdown::kNothing:
      return "Nothing";
    case ReadShutdown::kEnd:
      return "End";
    case ReadShutdown::kError:
      return "Error";
  }
  return "?";
}

template <auto kField>
std::string Show(const PlatformRules& rules) {
  using Value = std::decay_t<decltype(rules.*kField)>;
  if constexpr (std::is_same_v<Value, bool>) {
    return rules.*kField ? "yes" : "no";
  } else if constexpr (std::is_same_v<Value, OsError>) {
    return OsErrorName(rules.platform, rules.*kField);
  } else if constexpr (std::is_enum_v<Value>) {
    return Word(rules.*kField);
  } else {
    return absl::StrCat(rules.*kField);
  }
}

constexpr RuleField kFields[] = {
    {"conflict", "Binding",
     "Who may bind what another socket holds: an algorithm of bind_conflict.h",
     &Show<&PlatformRules::conflict>},
    {"privileged_ports", "Binding", "For which addresses low ports need root",
     &Show<&PlatformRules::privileged_ports>},
    {"privileged_ports_end", "Binding", "The first port that needs no privilege",
     &Show<&PlatformRules::privileged_ports_end>},
    {"ephemeral_first", "Binding", "The first port that a bind to port 0 may choose",
     &Show<&PlatformRules::ephemeral_first>},
    {"ephemeral_last", "Binding", "The last one", &Show<&PlatformRules::ephemeral_last>},
    {"ephemeral", "Binding", "Which ports of that range may be chosen",
     &Show<&PlatformRules::ephemeral>},
    {"bind_exhausted", "Binding", "A bind to port 0 when no port is free",
     &Show<&PlatformRules::bind_exhausted>},
    {"implicit_bind_exhausted", "Binding", "A send or connect of an unbound socket then",
     &Show<&PlatformRules::implicit_bind_exhausted>},
    {"ipv6_only_default", "Binding", "IPv6 sockets carry IPv6 alone unless told otherwise",
     &Show<&PlatformRules::ipv6_only_default>},
    {"binds_groups", "Binding", "Multicast addresses can be bound",
     &Show<&PlatformRules::binds_groups>},
    {"binds_subnet_broadcast", "Binding", "Broadcast addresses of subnets can be bound",
     &Show<&PlatformRules::binds_subnet_broadcast>},
    {"binds_limited_broadcast", "Binding", "255.255.255.255 can be bound",
     &Show<&PlatformRules::binds_limited_broadcast>},
    {"binds_all_loopback", "Binding", "All of 127/8 can be bound, not 127.0.0.1 alone",
     &Show<&PlatformRules::binds_all_loopback>},
    {"ipv6_bind_needs_scope", "Binding", "Link-local addresses without a scope cannot be bound",
     &Show<&PlatformRules::ipv6_bind_needs_scope>},
    {"bind_unknown_scope", "Binding", "Binding with the scope of an interface that does not exist",
     &Show<&PlatformRules::bind_unknown_scope>},
    {"port_reuse_option", "Binding", "SO_REUSEPORT exists",
     &Show<&PlatformRules::port_reuse_option>},
    {"exclusive_option", "Binding", "SO_EXCLUSIVEADDRUSE exists",
     &Show<&PlatformRules::exclusive_option>},
    {"free_bind_option", "Binding", "IP_FREEBIND or IP_BINDANY exists",
     &Show<&PlatformRules::free_bind_option>},
    {"free_bind_privileged", "Binding", "It needs root",
     &Show<&PlatformRules::free_bind_privileged>},
    {"bound_interface_option", "Binding", "SO_BINDTODEVICE or IP_BOUND_IF exists",
     &Show<&PlatformRules::bound_interface_option>},
    {"bound_interface_splits_ports", "Binding",
     "Sockets bound to different interfaces never conflict",
     &Show<&PlatformRules::bound_interface_splits_ports>},
    {"queue_options", "Binding",
     "SO_MAX_PACING_RATE, SO_TXTIME, SO_BUSY_POLL and SO_PREFER_BUSY_POLL exist",
     &Show<&PlatformRules::queue_options>},
    {"needs_capabilities", "Binding", "The process needs NetworkServices and NetworkControl",
     &Show<&PlatformRules::needs_capabilities>},
    {"unicast_tie", "Unicast delivery",
     "Which of several sockets bound to one address gets a datagram",
     &Show<&PlatformRules::unicast_tie>},
    {"reuse_port_groups", "Unicast delivery", "Sockets that share by SO_REUSEPORT share the load",
     &Show<&PlatformRules::reuse_port_groups>},
    {"connected_first", "Unicast delivery",
     "A connected socket is preferred for its peer's datagrams",
     &Show<&PlatformRules::connected_first>},
    {"bound_interface_filters_input", "Unicast delivery",
     "A socket bound to an interface hears that one alone",
     &Show<&PlatformRules::bound_interface_filters_input>},
    {"early_demultiplexing", "Unicast delivery",
     "What comes whole from outside skips the lookup where its one socket is plain to see",
     &Show<&PlatformRules::early_demultiplexing>},
    {"fan_out", "Broadcast and group delivery",
     "Which matching sockets get a broadcast or group datagram", &Show<&PlatformRules::fan_out>},
    {"membership_ipv4", "Broadcast and group delivery",
     "Which sockets hear an IPv4 group that the host is a member of",
     &Show<&PlatformRules::membership_ipv4>},
    {"membership_ipv6", "Broadcast and group delivery",
     "Which sockets hear an IPv6 group that the host is a member of",
     &Show<&PlatformRules::membership_ipv6>},
    {"unicast_bound_hears_groups", "Broadcast and group delivery",
     "Sockets bound to an interface's address hear its broadcasts and groups",
     &Show<&PlatformRules::unicast_bound_hears_groups>},
    {"ipv6_groups_check_address", "Broadcast and group delivery",
     "The bound address matters for IPv6 groups, too",
     &Show<&PlatformRules::ipv6_groups_check_address>},
    {"loopback_on_receiver", "Broadcast and group delivery",
     "IP_MULTICAST_LOOP is the receiver's, not the sender's",
     &Show<&PlatformRules::loopback_on_receiver>},
    {"multicast_all_option", "Broadcast and group delivery", "IP_MULTICAST_ALL exists",
     &Show<&PlatformRules::multicast_all_option>},
    {"multicast_all_ipv4", "Broadcast and group delivery", "Its default for IPv4 sockets",
     &Show<&PlatformRules::multicast_all_ipv4>},
    {"multicast_all_dual", "Broadcast and group delivery",
     "Its default for IPv4 groups on IPv6 sockets", &Show<&PlatformRules::multicast_all_dual>},
    {"multicast_all_ipv6", "Broadcast and group delivery", "Its default for IPv6 groups",
     &Show<&PlatformRules::multicast_all_ipv6>},
    {"memberships_max_ipv4", "Memberships", "IPv4 groups that one socket can join; 0: no limit",
     &Show<&PlatformRules::memberships_max_ipv4>},
    {"memberships_max_ipv6", "Memberships", "IPv6 groups that one socket can join; 0: no limit",
     &Show<&PlatformRules::memberships_max_ipv6>},
    {"memberships_exceeded", "Memberships", "Joining one more",
     &Show<&PlatformRules::memberships_exceeded>},
    {"sources_max_ipv4", "Memberships", "Sources of one IPv4 membership",
     &Show<&PlatformRules::sources_max_ipv4>},
    {"sources_max_ipv6", "Memberships", "Sources of one IPv6 membership",
     &Show<&PlatformRules::sources_max_ipv6>},
    {"join_unknown_interface", "Memberships", "Joining on an interface that does not exist",
     &Show<&PlatformRules::join_unknown_interface>},
    {"join_twice", "Memberships", "Joining again", &Show<&PlatformRules::join_twice>},
    {"join_any_over_sources", "Memberships", "Joining all sources where a membership names some",
     &Show<&PlatformRules::join_any_over_sources>},
    {"join_sources_over_any", "Memberships",
     "Joining a source makes a plain membership source-specific",
     &Show<&PlatformRules::join_sources_over_any>},
    {"join_sources_refused", "Memberships",
     "Joining a source over a plain membership where it does not",
     &Show<&PlatformRules::join_sources_refused>},
    {"join_mapped_group", "Memberships", "Joining a mapped group joins the IPv4 group",
     &Show<&PlatformRules::join_mapped_group>},
    {"join_by_bound_interface", "Memberships",
     "Joining without an interface looks at the routes of the bound one alone",
     &Show<&PlatformRules::join_by_bound_interface>},
    {"leave_not_joined", "Memberships", "Leaving what was not joined",
     &Show<&PlatformRules::leave_not_joined>},
    {"leave_non_group_ipv4", "Memberships", "Leaving an IPv4 address that is no group",
     &Show<&PlatformRules::leave_non_group_ipv4>},
    {"leave_non_group_ipv6", "Memberships", "Leaving an IPv6 address that is no group",
     &Show<&PlatformRules::leave_non_group_ipv6>},
    {"leave_any_interface_finds_first", "Memberships",
     "Leaving on no interface leaves the first membership found",
     &Show<&PlatformRules::leave_any_interface_finds_first>},
    {"join_falls_back", "Memberships",
     "Joining without a route takes the first multicast interface",
     &Show<&PlatformRules::join_falls_back>},
    {"multicast_interface_unknown_ipv4", "Memberships",
     "IP_MULTICAST_IF of an interface that does not exist",
     &Show<&PlatformRules::multicast_interface_unknown_ipv4>},
    {"multicast_interface_unknown_ipv6", "Memberships",
     "IPV6_MULTICAST_IF of an interface that does not exist",
     &Show<&PlatformRules::multicast_interface_unknown_ipv6>},
    {"implicit_bind_first", "Sending",
     "An unbound socket is bound before all other checks of a send",
     &Show<&PlatformRules::implicit_bind_first>},
    {"send_unconnected", "Sending", "A send without a destination",
     &Show<&PlatformRules::send_unconnected>},
    {"send_to_port_zero", "Sending", "A send to port 0", &Show<&PlatformRules::send_to_port_zero>},
    {"connect_to_port_zero", "Sending", "A connect to port 0 is allowed",
     &Show<&PlatformRules::connect_to_port_zero>},
    {"send_to_while_connected", "Sending", "A connected socket can send elsewhere; else EISCONN",
     &Show<&PlatformRules::send_to_while_connected>},
    {"zero_destination", "Sending", "What a destination of 0.0.0.0 or :: means",
     &Show<&PlatformRules::zero_destination>},
    {"limited_broadcast_is_subnets", "Sending",
     "255.255.255.255 becomes the broadcast address of the first interface",
     &Show<&PlatformRules::limited_broadcast_is_subnets>},
    {"ipv6_only_to_ipv4", "Sending", "A socket for IPv6 alone sends or connects to IPv4",
     &Show<&PlatformRules::ipv6_only_to_ipv4>},
    {"ipv6_bound_to_ipv4", "Sending",
     "A dual-stack socket that is bound to an IPv6 address does so",
     &Show<&PlatformRules::ipv6_bound_to_ipv4>},
    {"ipv4_bound_to_ipv6", "Sending", "One that is bound to an IPv4 address does so to IPv6",
     &Show<&PlatformRules::ipv4_bound_to_ipv6>},
    {"connect_checks_broadcast", "Sending", "A connect to a broadcast address needs SO_BROADCAST",
     &Show<&PlatformRules::connect_checks_broadcast>},
    {"connect_permits_broadcast", "Sending", "Sends to a peer do not need SO_BROADCAST",
     &Show<&PlatformRules::connect_permits_broadcast>},
    {"broadcast_fragments", "Sending", "Broadcasts larger than the MTU are split; else EMSGSIZE",
     &Show<&PlatformRules::broadcast_fragments>},
    {"size_limited_by_send_buffer", "Sending", "Datagrams larger than the send buffer are EMSGSIZE",
     &Show<&PlatformRules::size_limited_by_send_buffer>},
    {"dont_fragment_default", "Sending", "What fits the path is sent with DF",
     &Show<&PlatformRules::dont_fragment_default>},
    {"bound_group_interface", "Sending", "Groups leave by the interface of the bound address",
     &Show<&PlatformRules::bound_group_interface>},
    {"loopback_group_needs_member", "Sending",
     "A group datagram by loopback without a local member is ENETUNREACH",
     &Show<&PlatformRules::loopback_group_needs_member>},
    {"zero_hop_group_leaks", "Sending",
     "With hop limit 0 a group datagram leaves the host if it is no member",
     &Show<&PlatformRules::zero_hop_group_leaks>},
    {"duplicate_connection", "Sending", "Two sockets may have the same two ends",
     &Show<&PlatformRules::duplicate_connection>},
    {"reconnect", "Sending", "What connecting a connected socket does to its local address",
     &Show<&PlatformRules::reconnect>},
    {"disconnect", "Sending", "What a disconnect leaves of the local endpoint",
     &Show<&PlatformRules::disconnect>},
    {"disconnect_clears_interface", "Sending", "It clears the bound interface",
     &Show<&PlatformRules::disconnect_clears_interface>},
    {"disconnect_is_error", "Sending", "It is done, and says EAFNOSUPPORT all the same",
     &Show<&PlatformRules::disconnect_is_error>},
    {"connect_clears_error", "Sending", "A connect clears the pending error",
     &Show<&PlatformRules::connect_clears_error>},
    {"reconnect_clears_queue", "Sending",
     "A connect to another peer throws away what waits to be read",
     &Show<&PlatformRules::reconnect_clears_queue>},
    {"shutdown_unconnected", "Sending", "What a shutdown of a socket without a peer does",
     &Show<&PlatformRules::shutdown_unconnected>},
    {"shutdown_twice", "Sending", "What is shut down can be shut down again",
     &Show<&PlatformRules::shutdown_twice>},
    {"send_after_shutdown", "Sending", "A send after a shutdown of writing",
     &Show<&PlatformRules::send_after_shutdown>},
    {"send_checks_shutdown_first", "Sending", "Before the other checks of a send",
     &Show<&PlatformRules::send_checks_shutdown_first>},
    {"fragments_limited_by_send_buffer", "Sending",
     "Fragments that take more than twice the send buffer are ENOBUFS",
     &Show<&PlatformRules::fragments_limited_by_send_buffer>},
    {"arp_for_all_interfaces", "On the wire",
     "ARP is answered on each interface for the addresses of all",
     &Show<&PlatformRules::arp_for_all_interfaces>},
    {"broadcast_of_all_interfaces", "On the wire",
     "The broadcast address of one interface is one on all",
     &Show<&PlatformRules::broadcast_of_all_interfaces>},
    {"unanswered_after_ms", "On the wire",
     "Milliseconds till an address that nobody has is host unreachable to its sender; 0: never",
     &Show<&PlatformRules::unanswered_after_ms>},
    {"down_drops_ipv6_addresses", "On the wire",
     "An interface that goes down loses its IPv6 addresses",
     &Show<&PlatformRules::down_drops_ipv6_addresses>},
    {"down_drops_routes", "On the wire", "And the routes that were added by it",
     &Show<&PlatformRules::down_drops_routes>},
    {"primary_takes_others", "On the wire",
     "With the first address of a subnet its others go from an interface",
     &Show<&PlatformRules::primary_takes_others>},
    {"ipv6_reports_no_route", "On the wire",
     "ICMPv6 says \"no route\" of what would have to be forwarded to nowhere",
     &Show<&PlatformRules::ipv6_reports_no_route>},
    {"reassembly_ipv4_s", "On the wire",
     "Seconds that IPv4 fragments wait for the rest of their datagram",
     &Show<&PlatformRules::reassembly_ipv4_s>},
    {"reassembly_ipv6_s", "On the wire", "The same of IPv6",
     &Show<&PlatformRules::reassembly_ipv6_s>},
    {"reassembly_ipv4_reports", "On the wire", "ICMP says that this time was exceeded",
     &Show<&PlatformRules::reassembly_ipv4_reports>},
    {"path_mtu_expires_s", "On the wire", "Seconds that a learned path MTU is believed",
     &Show<&PlatformRules::path_mtu_expires_s>},
    {"receive_buffer_default", "Receiving, buffers, errors", "SO_RCVBUF of a new socket",
     &Show<&PlatformRules::receive_buffer_default>},
    {"send_buffer_default", "Receiving, buffers, errors", "SO_SNDBUF of a new socket",
     &Show<&PlatformRules::send_buffer_default>},
    {"buffer_factor", "Receiving, buffers, errors", "Bytes granted for each byte asked",
     &Show<&PlatformRules::buffer_factor>},
    {"receive_buffer_min", "Receiving, buffers, errors", "The smallest SO_RCVBUF",
     &Show<&PlatformRules::receive_buffer_min>},
    {"send_buffer_min", "Receiving, buffers, errors", "The smallest SO_SNDBUF",
     &Show<&PlatformRules::send_buffer_min>},
    {"receive_buffer_max", "Receiving, buffers, errors", "The most that can be asked for SO_RCVBUF",
     &Show<&PlatformRules::receive_buffer_max>},
    {"send_buffer_max", "Receiving, buffers, errors", "The most that can be asked for SO_SNDBUF",
     &Show<&PlatformRules::send_buffer_max>},
    {"empty_buffer_is_error", "Receiving, buffers, errors",
     "A buffer of less than 1 byte is EINVAL", &Show<&PlatformRules::empty_buffer_is_error>},
    {"charge", "Receiving, buffers, errors", "What a datagram costs of the receive buffer",
     &Show<&PlatformRules::charge>},
    {"truncation_is_error", "Receiving, buffers, errors",
     "A receive into too small a buffer is EMSGSIZE", &Show<&PlatformRules::truncation_is_error>},
    {"unbound_receive_is_error", "Receiving, buffers, errors",
     "A receive on an unbound socket is EINVAL", &Show<&PlatformRules::unbound_receive_is_error>},
    {"read_shutdown", "Receiving, buffers, errors",
     "What a receive finds after a shutdown of reading", &Show<&PlatformRules::read_shutdown>},
    {"icmp", "Receiving, buffers, errors", "Which sockets learn of ICMP errors",
     &Show<&PlatformRules::icmp>},
    {"error_report", "Receiving, buffers, errors", "Which calls a pending error fails",
     &Show<&PlatformRules::error_report>},
    {"icmp_codes", "Receiving, buffers, errors",
     "What ICMP errors mean to a socket: a table of icmp.cc", &Show<&PlatformRules::icmp_codes>},
    {"report_unreachable_default", "Receiving, buffers, errors",
     "IP_RECVERR or SIO_UDP_CONNRESET of a new socket",
     &Show<&PlatformRules::report_unreachable_default>},
    {"icmp_burst", "Receiving, buffers, errors",
     "Port unreachables to one host at once; 0: no limit", &Show<&PlatformRules::icmp_burst>},
    {"icmp_interval_ipv4_ms", "Receiving, buffers, errors",
     "Then one in so many milliseconds (ICMP)", &Show<&PlatformRules::icmp_interval_ipv4_ms>},
    {"icmp_interval_ipv6_ms", "Receiving, buffers, errors",
     "Then one in so many milliseconds (ICMPv6)", &Show<&PlatformRules::icmp_interval_ipv6_ms>},
};

// A rule that was added has no row here, or one that is gone still has. `platform` itself, the name
// of the column, is the one field that has none.
static_assert(std::size(kFields) + 1 == CountFields<PlatformRules>(),
              "kFields is not PlatformRules");

}  // namespace

absl::Span<const RuleField> RuleFields() { return kFields; }

}  // namespace pollux::sim
