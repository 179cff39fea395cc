// SPDX-License-Identifier: Apache-2.0
//
// Where the values come from: Linux was observed on a running 6.x kernel; macOS (XNU 11417) and
// FreeBSD (13, 14) were read from their sources; Windows is documentation, Wine's tests and
// reports; Symbian is the documentation of QUdpSocket, and Linux where that is silent. "(U)" marks
// a value that the sources disagree about or that nobody observed. Where no source tells a release
// from the usual one of its platform, it has the same value.
//
// docs/not_modelled.md lists what no rule covers.

#include "sim/kernel/platform_rules.h"

#include <array>
#include <iterator>
#include <type_traits>

#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

// Fills one column. `Row` takes the values of all releases, in the order of `Release`.
class Column {
 public:
  explicit Column(Release release) : release_(release) { rules_.platform = PlatformOf(release); }

  PlatformRules Fill() {
    Binding();
    Delivery();
    Memberships();
    Sending();
    Wire();
    Buffers();
    Errors();
    return rules_;
  }

 private:
  // A value per release; the field alone says of which type.
  template <typename T>
  using Value = std::type_identity_t<T>;

  template <typename T>
  void Row(T PlatformRules::*field, Value<T> on_linux, Value<T> on_macos, Value<T> on_freebsd,
           Value<T> on_freebsd14, Value<T> on_windows, Value<T> on_windows_xp,
           Value<T> on_symbian) {
    const T values[] = {on_linux,   on_macos,      on_freebsd, on_freebsd14,
                        on_windows, on_windows_xp, on_symbian};
    rules_.*field = values[static_cast<size_t>(release_)];
  }

  void Binding();
  void Delivery();
  void Memberships();
  void Sending();
  void Wire();
  void Buffers();
  void Errors();

  const Release release_;
  PlatformRules rules_;
};

using R = PlatformRules;

// Short names, so that a rule is a line.
constexpr bool kYes = true;
constexpr bool kNo = false;
constexpr OsError kAgain = OsError::kAgain;
constexpr OsError kDestReq = OsError::kDestinationRequired;
constexpr OsError kInUse = OsError::kAddressInUse;
constexpr OsError kInval = OsError::kInvalidArgument;
constexpr OsError kNoAddr = OsError::kNoSuchAddress;
constexpr OsError kNoBufs = OsError::kNoBuffers;
constexpr OsError kNoDev = OsError::kNoDevice;
constexpr OsError kNoMem = OsError::kNoMemory;
constexpr OsError kNotAvail = OsError::kAddressNotAvailable;
constexpr OsError kNoFamily = OsError::kAddressFamilyNotSupported;
constexpr OsError kNotConn = OsError::kNotConnected;
constexpr OsError kPipe = OsError::kBrokenPipe;
constexpr OsError kShut = OsError::kShutdown;
constexpr OsError kUnreach = OsError::kNetworkUnreachable;
constexpr OsError kTooMany = OsError::kTooManyReferences;

// clang-format off

// udp-semantics 1.1, 2.1, 3.1, 4.1, 5.
void Column::Binding() {
  using enum ConflictRule;
  using enum PrivilegedPorts;
  using enum EphemeralRule;
  //                                    Linux       macOS       FreeBSD    FreeBSD14  Windows    WinXP       Symbian
  Row(&R::conflict,                     kLinuxScan, kXnuSearch, kFreeBsd,  kFreeBsd,  kWindows,  kWindowsXp, kSymbian);
  Row(&R::privileged_ports,             kEvery,     kSpecific,  kEvery,    kEvery,    kNobody,   kNobody,    kNobody);
  Row(&R::privileged_ports_end,         1024,       1024,       1024,      1024,      0,         0,          0);
  // WinXP: KB 929851
  Row(&R::ephemeral_first,              32768,      49152,      10000,     10000,     49152,     1025,       32768);
  Row(&R::ephemeral_last,               60999,      65535,      65535,     65535,     65535,     5000,       60999);
  // FreeBSD, Windows (U)
  Row(&R::ephemeral,                    kOptions,   kUnused,    kExact,    kExact,    kUnused,   kUnused,    kUnused);
  // Windows (U)
  Row(&R::bind_exhausted,               kInUse,     kNotAvail,  kNotAvail, kNotAvail, kInUse,    kInUse,     kInUse);
  // Windows (U)
  Row(&R::implicit_bind_exhausted,      kAgain,     kNotAvail,  kNotAvail, kNotAvail, kNoBufs,   kNoBufs,    kAgain);
  Row(&R::ipv6_only_default,            kNo,        kNo,        kYes,      kYes,      kYes,      kYes,       kNo);
  // Windows (U)
  Row(&R::binds_groups,                 kYes,       kYes,       kYes,      kYes,      kNo,       kNo,        kNo);
  // FreeBSD, Windows (U)
  Row(&R::binds_subnet_broadcast,       kYes,       kYes,       kYes,      kYes,      kNo,       kNo,        kYes);
  // Windows (U)
  Row(&R::binds_limited_broadcast,      kYes,       kNo,        kNo,       kNo,       kNo,       kNo,        kYes);
  // Windows (U)
  Row(&R::binds_all_loopback,           kYes,       kNo,        kNo,       kNo,       kYes,      kYes,       kYes);
  Row(&R::ipv6_bind_needs_scope,        kYes,       kYes,       kYes,      kYes,      kNo,       kNo,        kYes);
  // macOS, FreeBSD (U)
  Row(&R::bind_unknown_scope,           kNoDev,     kNoAddr,    kNoAddr,   kNoAddr,   kNotAvail, kNotAvail,  kNoDev);
  Row(&R::port_reuse_option,            kYes,       kYes,       kYes,      kYes,      kNo,       kNo,        kNo);
  Row(&R::exclusive_option,             kNo,        kNo,        kNo,       kNo,       kYes,      kYes,       kNo);
  Row(&R::free_bind_option,             kYes,       kNo,        kYes,      kYes,      kNo,       kNo,        kNo);
  Row(&R::free_bind_privileged,         kNo,        kNo,        kYes,      kYes,      kNo,       kNo,        kNo);
  Row(&R::bound_interface_option,       kYes,       kYes,       kNo,       kNo,       kNo,       kNo,        kNo);
  Row(&R::bound_interface_splits_ports, kYes,       kNo,        kNo,       kNo,       kNo,       kNo,        kNo);
  Row(&R::queue_options,                kYes,       kNo,        kNo,       kNo,       kNo,       kNo,        kNo);
  Row(&R::needs_capabilities,           kNo,        kNo,        kNo,       kNo,       kNo,       kNo,        kYes);
}

// udp-semantics 1.2, 2.2, 3.2, 4.2.
void Column::Delivery() {
  using enum UnicastTie;
  using enum FanOut;
  using enum MembershipRule;
  //                                     Linux    macOS        FreeBSD      FreeBSD14    Windows  WinXP    Symbian
  // macOS, FreeBSD, Windows (U)
  Row(&R::unicast_tie,                   kNewest, kMixed,      kMixed,      kNewest,     kOldest, kOldest, kNewest);
  Row(&R::reuse_port_groups,             kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kNo);
  // Windows (U)
  Row(&R::connected_first,               kYes,    kYes,        kYes,        kYes,        kNo,     kNo,     kYes);
  // macOS (U)
  Row(&R::bound_interface_filters_input, kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kNo);
  Row(&R::early_demultiplexing,          kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kYes);
  // Windows (U)
  Row(&R::fan_out,                       kAll,    kToUnshared, kToUnshared, kToUnshared, kAll,    kAll,    kAll);
  Row(&R::membership_ipv4,               kHost,   kOwnOr1,     kOwn,        kOwn,        kOwn,    kOwn,    kHost);
  Row(&R::membership_ipv6,               kHost,   kUntouched,  kUntouched,  kUntouched,  kOwn,    kOwn,    kHost);
  Row(&R::unicast_bound_hears_groups,    kNo,     kNo,         kNo,         kNo,         kYes,    kYes,    kNo);
  Row(&R::ipv6_groups_check_address,     kYes,    kNo,         kYes,        kYes,        kYes,    kYes,    kYes);
  Row(&R::loopback_on_receiver,          kNo,     kNo,         kNo,         kNo,         kYes,    kYes,    kNo);
  Row(&R::multicast_all_option,          kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kNo);
  Row(&R::multicast_all_ipv4,            kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kYes);
  Row(&R::multicast_all_dual,            kNo,     kNo,         kNo,         kNo,         kNo,     kNo,     kNo);
  Row(&R::multicast_all_ipv6,            kYes,    kNo,         kNo,         kNo,         kNo,     kNo,     kYes);
}

// udp-semantics 1.3, 2.4, 3.4, 4.4.
void Column::Memberships() {
  //                                        Linux      macOS      FreeBSD    FreeBSD14  Windows    WinXP      Symbian
  Row(&R::memberships_max_ipv4,             20,        4095,      4095,      4095,      0,         0,         20);
  Row(&R::memberships_max_ipv6,             0,         4095,      4095,      4095,      0,         0,         0);
  Row(&R::memberships_exceeded,             kNoBufs,   kTooMany,  kNoMem,    kNoMem,    kNoBufs,   kNoBufs,   kNoBufs);
  Row(&R::sources_max_ipv4,                 10,        128,       128,       128,       0,         0,         10);
  Row(&R::sources_max_ipv6,                 64,        128,       128,       128,       0,         0,         64);
  Row(&R::join_unknown_interface,           kNoDev,    kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNoDev);
  // Windows (U): or EINVAL
  Row(&R::join_twice,                       kInUse,    kInUse,    kInUse,    kInUse,    kNotAvail, kNotAvail, kInUse);
  Row(&R::join_any_over_sources,            kInUse,    kInval,    kInval,    kInval,    kNotAvail, kNotAvail, kInUse);
  Row(&R::join_sources_over_any,            kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::join_sources_refused,             kInval,    kInval,    kInval,    kInval,    kNotAvail, kNotAvail, kInval);
  Row(&R::join_mapped_group,                kNo,       kYes,      kNo,       kNo,       kNo,       kNo,       kNo);
  Row(&R::join_by_bound_interface,          kNo,       kYes,      kNo,       kNo,       kNo,       kNo,       kNo);
  // Windows (U)
  Row(&R::leave_not_joined,                 kNotAvail, kNotAvail, kNotAvail, kNotAvail, kInval,    kInval,    kNotAvail);
  Row(&R::leave_non_group_ipv4,             kNotAvail, kInval,    kInval,    kInval,    kInval,    kInval,    kNotAvail);
  Row(&R::leave_non_group_ipv6,             kInval,    kInval,    kInval,    kInval,    kInval,    kInval,    kInval);
  Row(&R::leave_any_interface_finds_first,  kNo,       kYes,      kYes,      kYes,      kYes,      kYes,      kNo);
  Row(&R::join_falls_back,                  kNo,       kYes,      kYes,      kYes,      kYes,      kYes,      kNo);
  Row(&R::multicast_interface_unknown_ipv4, kNotAvail, kInval,    kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNotAvail);
  // macOS (U)
  Row(&R::multicast_interface_unknown_ipv6, kNoDev,    kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNoDev);
}

// udp-semantics 1.4, 2.3, 3.3, 4.3.
void Column::Sending() {
  using enum ZeroDestination;
  using enum Reconnect;
  using enum DisconnectRule;
  //                                        Linux      macOS      FreeBSD    FreeBSD14  Windows    WinXP      Symbian
  Row(&R::implicit_bind_first,              kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::send_unconnected,                 kDestReq,  kDestReq,  kDestReq,  kDestReq,  kNotConn,  kNotConn,  kDestReq);
  Row(&R::send_to_port_zero,                kInval,    kNotAvail, kNotAvail, kNotAvail, kNotAvail, kNotAvail, kInval);
  Row(&R::connect_to_port_zero,             kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::send_to_while_connected,          kYes,      kNo,       kNo,       kNo,       kYes,      kYes,      kYes);
  // FreeBSD 15 (U)
  Row(&R::zero_destination,                 kLoopback, kFirst,    kFirst,    kFirst,    kError,    kError,    kLoopback);
  Row(&R::limited_broadcast_is_subnets,     kNo,       kYes,      kYes,      kYes,      kNo,       kNo,       kNo);
  // Windows (U), three rows
  Row(&R::ipv6_only_to_ipv4,                kUnreach,  kInval,    kInval,    kInval,    kUnreach,  kUnreach,  kUnreach);
  Row(&R::ipv6_bound_to_ipv4,               kUnreach,  kInval,    kNoFamily, kNoFamily, kUnreach,  kUnreach,  kUnreach);
  Row(&R::ipv4_bound_to_ipv6,               kNoFamily, kInval,    kNoFamily, kNoFamily, kNoFamily, kNoFamily, kNoFamily);
  Row(&R::connect_checks_broadcast,         kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::connect_permits_broadcast,        kNo,       kNo,       kNo,       kNo,       kYes,      kYes,      kNo);
  Row(&R::broadcast_fragments,              kYes,      kNo,       kNo,       kNo,       kYes,      kYes,      kYes);
  Row(&R::size_limited_by_send_buffer,      kNo,       kYes,      kYes,      kYes,      kNo,       kNo,       kNo);
  Row(&R::fragments_limited_by_send_buffer, kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::dont_fragment_default,            kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::bound_group_interface,            kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::loopback_group_needs_member,      kNo,       kNo,       kNo,       kNo,       kYes,      kYes,      kNo);
  Row(&R::zero_hop_group_leaks,             kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::duplicate_connection,             kYes,      kNo,       kNo,       kNo,       kYes,      kYes,      kYes);
  Row(&R::reconnect,                        kKeeps,    kResets,   kResets,   kResets,   kKeeps,    kKeeps,    kKeeps);
  Row(&R::disconnect,                       kAsBound,  kKeepPort, kKeepPort, kKeepPort, kKeepBoth, kKeepBoth, kAsBound);
  Row(&R::disconnect_clears_interface,      kYes,      kNo,       kNo,       kNo,       kNo,       kNo,       kYes);
  Row(&R::disconnect_is_error,              kNo,       kYes,      kYes,      kYes,      kNo,       kNo,       kNo);
  Row(&R::connect_clears_error,             kNo,       kNo,       kYes,      kYes,      kNo,       kNo,       kNo);
  Row(&R::reconnect_clears_queue,           kNo,       kNo,       kNo,       kNo,       kYes,      kYes,      kNo);
  Row(&R::shutdown_twice,                   kYes,      kNo,       kYes,      kYes,      kYes,      kYes,      kYes);
  Row(&R::send_after_shutdown,              kPipe,     kPipe,     kPipe,     kPipe,     kShut,     kShut,     kPipe);
  // Windows (U)
  Row(&R::send_checks_shutdown_first,       kNo,       kYes,      kYes,      kYes,      kYes,      kYes,      kNo);
  using enum UnconnectedShutdown;
  //                            Linux            macOS     FreeBSD          FreeBSD14        Windows   WinXP     Symbian
  Row(&R::shutdown_unconnected, kRefusedButDone, kRefused, kRefusedButDone, kRefusedButDone, kAllowed, kAllowed, kRefusedButDone);
}

// Linux as random programs showed it (arp_ignore 0), and as interfaces that changed did; of the others
// nobody looked.
void Column::Wire() {
  //                                   Linux macOS FreeBSD FreeBSD14 Windows WinXP Symbian
  // macOS, FreeBSD, Windows (U)
  Row(&R::arp_for_all_interfaces,      kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  // macOS, FreeBSD, Windows (U)
  Row(&R::broadcast_of_all_interfaces, kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  // macOS, FreeBSD, Windows (U)
  Row(&R::down_drops_ipv6_addresses,   kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  Row(&R::down_drops_routes,           kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  Row(&R::primary_takes_others,        kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  // macOS, FreeBSD, Windows (U)
  Row(&R::unanswered_after_ms,         3000, 0,    0,      0,        0,      0,    3000);
  // macOS, FreeBSD, Windows (U)
  Row(&R::ipv6_reports_no_route,       kYes, kNo,  kNo,    kNo,      kNo,    kNo,  kYes);
  // macOS, FreeBSD, Windows (U), four rows; IPv6 says RFC 8200
  Row(&R::reassembly_ipv4_s,           30,   30,   30,     30,       60,     60,   30);
  Row(&R::reassembly_ipv6_s,           60,   60,   60,     60,       60,     60,   60);
  Row(&R::reassembly_ipv4_reports,     kYes, kNo,  kNo,    kNo,      kYes,   kYes, kYes);
  Row(&R::path_mtu_expires_s,          600,  600,  3600,   3600,     600,    600,  600);
}

// The same sections; Windows (U) but for truncation.
void Column::Buffers() {
  using enum BufferCharge;
  using enum ReadShutdown;
  constexpr int kNoMax = 1 << 30;
  //                                Linux      macOS     FreeBSD   FreeBSD14 Windows   WinXP     Symbian
  // macOS: or 196724
  Row(&R::receive_buffer_default,   212992,    786896,   42080,    42080,    65536,    65536,    212992);
  Row(&R::send_buffer_default,      212992,    9216,     9216,     9216,     65536,    65536,    212992);
  Row(&R::buffer_factor,            2,         1,        1,        1,        1,        1,        2);
  Row(&R::receive_buffer_min,       2304,      1,        1,        1,        0,        0,        2304);
  Row(&R::send_buffer_min,          4608,      1,        1,        1,        0,        0,        4608);
  // Linux before 6.17: 212992
  Row(&R::receive_buffer_max,       4194304,   8388608,  2097152,  2097152,  kNoMax,   kNoMax,   4194304);
  Row(&R::send_buffer_max,          4194304,   8388608,  2097152,  2097152,  kNoMax,   kNoMax,   4194304);
  Row(&R::empty_buffer_is_error,    kNo,       kYes,     kYes,     kYes,     kNo,      kNo,      kNo);
  Row(&R::charge,                   kTruesize, kPayload, kPayload, kPayload, kPayload, kPayload, kTruesize);
  Row(&R::truncation_is_error,      kNo,       kNo,      kNo,      kNo,      kYes,     kYes,     kNo);
  Row(&R::unbound_receive_is_error, kNo,       kNo,      kNo,      kNo,      kYes,     kYes,     kNo);
  // macOS, FreeBSD (U)
  Row(&R::read_shutdown,            kNothing,  kEnd,     kEnd,     kEnd,     kError,   kError,   kNothing);
}

// The same sections.
void Column::Errors() {
  using enum IcmpRule;
  using enum IcmpCodes;
  using enum ErrorReport;
  //                                  Linux        macOS       FreeBSD     FreeBSD14   Windows       WinXP         Symbian
  Row(&R::icmp,                       kAsked,      kConnected, kConnected, kConnected, kEverySocket, kEverySocket, kAsked);
  Row(&R::icmp_codes,                 kLinux,      kBsd,       kBsd,       kBsd,       kWinsock,     kWinsock,     kLinux);
  Row(&R::error_report,               kErrorFirst, kDataFirst, kDataFirst, kDataFirst, kReceiveOnly, kReceiveOnly, kErrorFirst);
  Row(&R::report_unreachable_default, kNo,         kNo,        kNo,        kNo,        kYes,         kYes,         kNo);
  Row(&R::icmp_burst,                 6,           0,          0,          0,          0,            0,            6);
  Row(&R::icmp_interval_ipv4_ms,      1000,        0,          0,          0,          0,            0,            1000);
  Row(&R::icmp_interval_ipv6_ms,      100,         0,          0,          0,          0,            0,            100);
}

// clang-format on

}  // namespace

Platform PlatformOf(Release release) {
  switch (release) {
    case Release::kLinux:
      return Platform::kLinux;
    case Release::kMacOs:
      return Platform::kMacOs;
    case Release::kFreeBsd:
    case Release::kFreeBsd14:
      return Platform::kFreeBsd;
    case Release::kWindows:
    case Release::kWindowsXp:
      return Platform::kWindows;
    case Release::kSymbian:
      return Platform::kSymbian;
  }
  POLLUX_CHECK(false, "not a release");
}

absl::string_view ToString(Release release) {
  switch (release) {
    case Release::kFreeBsd14:
      return "freebsd14";
    case Release::kWindowsXp:
      return "windowsxp";
    default:
      return ToString(PlatformOf(release));
  }
}

const PlatformRules& RulesFor(Release release) {
  static const std::array<PlatformRules, std::size(kAllReleases)> kColumns = [] {
    std::array<PlatformRules, std::size(kAllReleases)> columns;
    for (const Release each : kAllReleases) {
      columns[static_cast<size_t>(each)] = Column(each).Fill();
    }
    return columns;
  }();
  const size_t column = static_cast<size_t>(release);
  POLLUX_CHECK(column < kColumns.size(), "not a release");
  return kColumns[column];
}

const PlatformRules& RulesFor(Platform platform) {
  for (const Release release : kAllReleases) {
    if (PlatformOf(release) == platform) return RulesFor(release);
  }
  POLLUX_CHECK(false, "not a platform");
}

}  // namespace pollux::sim
