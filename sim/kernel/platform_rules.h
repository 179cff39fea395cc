// SPDX-License-Identifier: Apache-2.0
//
// File: platform_rules.h
//
// Everything that a simulated kernel decides by platform, as data: `PlatformRules` has one field
// per rule, and the one table in platform_rules.cc gives each rule's value for Linux, macOS,
// FreeBSD, Windows and Symbian side by side, and for older or newer releases of them that have
// other rules. The stack asks these fields and never the platform.
//
// Rules are plain values, so that a host can play a variant: copy a column, change a field, and
// give the copy to `HostOptions::rules`.
//
//   PlatformRules rules = RulesFor(Platform::kFreeBsd);
//   rules.zero_destination = ZeroDestination::kError;  // As FreeBSD 15 does.

#ifndef POLLUX_SIM_KERNEL_PLATFORM_RULES_H_
#define POLLUX_SIM_KERNEL_PLATFORM_RULES_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::sim {

// Who may bind what another socket holds. Each is an algorithm of bind_conflict.h.
enum class ConflictRule : uint8_t {
  kLinuxScan,  // Walk the port's chain; the first real overlap decides.
  kXnuSearch,  // Search the best match; only that one is tested. macOS's uid rule.
  kFreeBsd,    // The same with FreeBSD's uid rule and group rule.
  kWindows,    // Server 2003 and later: the table of SO_EXCLUSIVEADDRUSE.
  kWindowsXp,  // Before that.
  kSymbian,    // The process's NetworkControl decides, never the holder.
};

// For whom ports below `privileged_ports_end` are reserved for root.
enum class PrivilegedPorts : uint8_t { kNobody, kEvery, kSpecific };

// Which ports a bind to port 0 may choose.
enum class EphemeralRule : uint8_t {
  kOptions,  // Those that an explicit bind could take: with reuse options also ones in use.
  kUnused,   // Those that nobody holds that overlaps, whatever the options.
  kExact,    // As the BSD search sees it: with reuse options, the same address only.
};

// Which of several sockets bound to one address gets a unicast datagram.
enum class UnicastTie : uint8_t {
  kNewest,  // The one bound last.
  kMixed,   // Bound last among specific, bound first among wildcard binds.
  kOldest,
};

// Which of the matching sockets get a broadcast or group datagram.
enum class FanOut : uint8_t {
  kAll,
  kToUnshared,  // From the newest created, up to the first without a reuse option.
};

// Which sockets hear a group that the host is a member of.
enum class MembershipRule : uint8_t {
  kHost,       // All, but where IP_MULTICAST_ALL is off or a membership says otherwise.
  kOwn,        // Only members on the arrival interface.
  kOwnOr1,     // The same; 224.0.0.1 needs no membership.
  kUntouched,  // Members, and sockets that never set a multicast option (macOS IPv6).
};

// Which sockets learn of an ICMP error about their datagrams.
enum class IcmpRule : uint8_t {
  kAsked,        // Connected ones, and any with kReportUnreachable, which also queues it.
  kConnected,    // Connected ones.
  kEverySocket,  // All, each error once, unless kReportUnreachable is off.
};

// What ICMP errors mean to a socket; icmp.cc has the three tables.
enum class IcmpCodes : uint8_t {
  kLinux,    // Host and net unreachable and time exceeded are hints, reported only where asked for.
  kBsd,      // Every one is reported.
  kWinsock,  // Port unreachable is, as a reset connection, and an expired TTL as a reset network.
};

// Which calls a pending error fails.
enum class ErrorReport : uint8_t {
  kErrorFirst,  // Both; a receive reports it before the data that waits.
  kDataFirst,   // Both; a receive reports it only when no data waits.
  kReceiveOnly,
};

// What a datagram costs of the receive buffer, and when it no longer fits.
enum class BufferCharge : uint8_t {
  kTruesize,  // The kernel's memory for it; an empty queue takes any datagram.
  kPayload,   // Payload and source address; must fit.
};

// What a destination of 0.0.0.0 or :: means.
enum class ZeroDestination : uint8_t { kLoopback, kFirst, kError };

// What connecting a connected socket does to its local address.
enum class Reconnect : uint8_t {
  kKeeps,   // The address picked first stays.
  kResets,  // Back to the wildcard, an explicitly bound one too; then picked anew.
};

// What a disconnect leaves of the local endpoint.
enum class DisconnectRule : uint8_t {
  kAsBound,   // Each of address and port stays if the bind named it, else it goes.
  kKeepPort,  // The address goes back to the wildcard, the port stays.
  kKeepBoth,
};

// What a shutdown of a socket without a peer does.
enum class UnconnectedShutdown : uint8_t {
  kRefusedButDone,  // ENOTCONN, and the socket is shut down all the same.
  kRefused,         // ENOTCONN.
  kAllowed,
};

// What a receive finds after a shutdown of reading.
enum class ReadShutdown : uint8_t {
  kNothing,  // The same as before, if it does not block: datagrams are still queued and read.
  kEnd,      // The queue is thrown away, nothing is queued any more, and a receive says "end".
  kError,    // Datagrams are queued, and a receive fails.
};

struct PlatformRules {
  // Also the column of `BindOptionsFor` (udp/bind_mode.h): what bind modes become here.
  Platform platform = Platform::kLinux;

  // ---- Binding ----
  ConflictRule conflict = ConflictRule::kLinuxScan;
  PrivilegedPorts privileged_ports = PrivilegedPorts::kEvery;
  uint16_t privileged_ports_end = 1024;
  uint16_t ephemeral_first = 32768;
  uint16_t ephemeral_last = 60999;
  EphemeralRule ephemeral = EphemeralRule::kOptions;
  OsError bind_exhausted = OsError::kAddressInUse;
  OsError implicit_bind_exhausted = OsError::kAgain;
  bool ipv6_only_default = false;  // Of a socket that no one told; `Socket` tells always.
  bool binds_groups = true;        // Multicast addresses can be bound.
  bool binds_subnet_broadcast = true;
  bool binds_limited_broadcast = true;
  bool binds_all_loopback = true;                   // All of 127/8, not 127.0.0.1 alone.
  bool ipv6_bind_needs_scope = true;                // Link-local addresses without one are EINVAL.
  OsError bind_unknown_scope = OsError::kNoDevice;  // Of an interface that does not exist.
  bool port_reuse_option = true;                    // SO_REUSEPORT exists.
  bool exclusive_option = false;                    // SO_EXCLUSIVEADDRUSE exists.
  bool free_bind_option = true;                     // IP_FREEBIND, IP_BINDANY exists ...
  bool free_bind_privileged = false;                // ... and needs root.
  bool bound_interface_option = true;
  bool bound_interface_splits_ports = true;  // Different bound interfaces never conflict.
  bool queue_options = true;                 // SO_MAX_PACING_RATE, SO_TXTIME, SO_BUSY_POLL ...
  bool needs_capabilities = false;           // Symbian's NetworkServices and NetworkControl.

  // ---- Unicast delivery ----
  UnicastTie unicast_tie = UnicastTie::kNewest;
  bool reuse_port_groups = true;  // Sockets that share by SO_REUSEPORT share the load.
  bool connected_first = true;    // A connected socket is preferred for its peer's datagrams.
  bool bound_interface_filters_input = true;
  bool early_demultiplexing = true;  // What comes whole from outside skips the lookup, or the copy
                                     // to all, where its one socket is plain to see.

  // ---- Broadcast and group delivery ----
  FanOut fan_out = FanOut::kAll;
  MembershipRule membership_ipv4 = MembershipRule::kHost;
  MembershipRule membership_ipv6 = MembershipRule::kHost;
  bool unicast_bound_hears_groups = false;  // Sockets bound to the interface's address hear its
                                            // broadcast and groups.
  bool ipv6_groups_check_address = true;    // The bound address matters for IPv6 groups too.
  bool loopback_on_receiver = false;  // kMulticastLoopback is the receiver's, not the sender's.
  bool multicast_all_option = true;
  bool multicast_all_ipv4 = true;   // Its defaults: of IPv4 sockets,
  bool multicast_all_dual = false;  // of IPv6 sockets for IPv4 groups,
  bool multicast_all_ipv6 = true;   // and for IPv6 groups.

  // ---- Memberships ----
  int memberships_max_ipv4 = 20;  // Per socket; 0 for no limit.
  int memberships_max_ipv6 = 0;
  OsError memberships_exceeded = OsError::kNoBuffers;
  int sources_max_ipv4 = 10;  // Per membership.
  int sources_max_ipv6 = 64;
  OsError join_unknown_interface = OsError::kNoDevice;
  OsError join_twice = OsError::kAddressInUse;
  OsError join_any_over_sources = OsError::kAddressInUse;
  bool join_sources_over_any = true;  // A plain membership silently becomes source-specific.
  OsError join_sources_refused = OsError::kInvalidArgument;  // Else.
  bool join_mapped_group = false;        // An IPv6 join of a mapped group is one of the IPv4 group.
  bool join_by_bound_interface = false;  // Of the routes, it looks at those of the bound interface.
  OsError leave_not_joined = OsError::kAddressNotAvailable;
  OsError leave_non_group_ipv4 = OsError::kAddressNotAvailable;
  OsError leave_non_group_ipv6 = OsError::kInvalidArgument;
  bool leave_any_interface_finds_first = false;  // IPv4: interface 0 is the first membership found,
                                                 // not the one the route names.
  bool join_falls_back = false;                  // Without a route: the first multicast interface.
  OsError multicast_interface_unknown_ipv4 = OsError::kAddressNotAvailable;
  OsError multicast_interface_unknown_ipv6 = OsError::kNoDevice;

  // ---- Sending ----
  bool implicit_bind_first = true;  // Before every other check of a send.
  OsError send_unconnected = OsError::kDestinationRequired;
  OsError send_to_port_zero = OsError::kInvalidArgument;
  bool connect_to_port_zero = true;
  bool send_to_while_connected = true;  // Else EISCONN.
  ZeroDestination zero_destination = ZeroDestination::kLoopback;
  bool limited_broadcast_is_subnets = false;  // 255.255.255.255 becomes that of the first subnet.
  OsError ipv6_only_to_ipv4 = OsError::kNetworkUnreachable;   // From a socket for IPv6 alone,
  OsError ipv6_bound_to_ipv4 = OsError::kNetworkUnreachable;  // and from one bound to IPv6.
  OsError ipv4_bound_to_ipv6 = OsError::kAddressFamilyNotSupported;
  bool connect_checks_broadcast = true;    // SO_BROADCAST is asked for by connect already.
  bool connect_permits_broadcast = false;  // Sends to a peer do not need it.
  bool broadcast_fragments = true;         // Else larger ones are EMSGSIZE.
  bool size_limited_by_send_buffer = false;
  bool dont_fragment_default = true;  // Sets DF on what fits; path MTU discovery.
  bool bound_group_interface = true;  // Without other choice, groups leave by the bound address's
                                      // interface.
  bool loopback_group_needs_member = false;  // Else ENETUNREACH by the loopback interface.
  bool zero_hop_group_leaks = true;  // Hop limit 0 keeps a group datagram on the host only if the
                                     // host is a member.
  bool duplicate_connection = true;  // Two sockets may have the same local endpoint and peer.
  Reconnect reconnect = Reconnect::kKeeps;
  DisconnectRule disconnect = DisconnectRule::kAsBound;
  bool disconnect_clears_interface = true;
  bool disconnect_is_error = false;  // It is done, and EAFNOSUPPORT all the same.
  bool connect_clears_error = false;
  bool reconnect_clears_queue = false;  // A connect to another peer, of what waits to be read.
  UnconnectedShutdown shutdown_unconnected = UnconnectedShutdown::kRefusedButDone;
  bool shutdown_twice = true;  // Else what is shut down already is ENOTCONN.
  OsError send_after_shutdown = OsError::kBrokenPipe;
  bool send_checks_shutdown_first = false;  // Before all other checks of a send, not after them.

  bool fragments_limited_by_send_buffer = true;  // To twice its size, in memory; else ENOBUFS.

  // ---- On the wire ----
  bool arp_for_all_interfaces = true;       // ARP is answered on each interface for all addresses.
  bool broadcast_of_all_interfaces = true;  // One interface's broadcast address is one on all.
  int unanswered_after_ms = 3000;  // Till an address that nobody has is a host unreachable to its
                                   // sender. 0: it never is.
  bool down_drops_ipv6_addresses = true;  // An interface that goes down loses its IPv6 addresses.
  bool down_drops_routes = true;          // And the routes that were added by it.
  bool primary_takes_others =
      true;  // With its first address a subnet's others go from an interface.
  bool ipv6_reports_no_route = true;  // ICMPv6 "no route" for what would have to be forwarded.
  int reassembly_ipv4_s = 30;         // How long fragments wait for the rest of their datagram.
  int reassembly_ipv6_s = 60;
  bool reassembly_ipv4_reports = true;  // ICMP says then that the time was exceeded.
  int path_mtu_expires_s = 600;         // How long a path MTU that was learned is believed.

  // ---- Receiving, buffers, errors ----
  int receive_buffer_default = 212992;
  int send_buffer_default = 212992;
  int buffer_factor = 1;  // What is granted for each byte asked.
  int receive_buffer_min = 1;
  int send_buffer_min = 1;
  int receive_buffer_max = 0;  // Of what is asked.
  int send_buffer_max = 0;
  bool empty_buffer_is_error = false;  // Asking for less than 1 byte is EINVAL.
  BufferCharge charge = BufferCharge::kTruesize;
  bool truncation_is_error = false;  // A receive into too small a buffer is EMSGSIZE.
  bool unbound_receive_is_error = false;
  ReadShutdown read_shutdown = ReadShutdown::kNothing;
  IcmpRule icmp = IcmpRule::kAsked;
  ErrorReport error_report = ErrorReport::kErrorFirst;
  IcmpCodes icmp_codes = IcmpCodes::kLinux;
  bool report_unreachable_default = false;
  int icmp_burst = 6;                // Port unreachables to one host at once, and after that
  int icmp_interval_ipv4_ms = 1000;  // one in this time. 0: no limit.
  int icmp_interval_ipv6_ms = 100;
};

// The columns of the table: the usual release of each platform, by the platform's name, and those
// that have rules of their own.
enum class Release : uint8_t {
  kLinux,  // 6.x.
  kMacOs,
  kFreeBsd,    // 13: of sockets on one wildcard the oldest gets a datagram.
  kFreeBsd14,  // 14 and later: the newest.
  kWindows,    // Server 2003 and later, Vista and later.
  kWindowsXp,  // XP and earlier: another table of who may bind.
  kSymbian,
};

inline constexpr Release kAllReleases[] = {
    Release::kLinux,   Release::kMacOs,     Release::kFreeBsd, Release::kFreeBsd14,
    Release::kWindows, Release::kWindowsXp, Release::kSymbian};

// "linux", "freebsd14", "windowsxp".
absl::string_view ToString(Release release);
Platform PlatformOf(Release release);

// The column of a release, or of a platform's usual one. They live for ever.
const PlatformRules& RulesFor(Release release);
const PlatformRules& RulesFor(Platform platform);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_PLATFORM_RULES_H_
