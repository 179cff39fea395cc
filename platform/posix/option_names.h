// SPDX-License-Identifier: Apache-2.0
//
// File: option_names.h
//
// What each Unix calls the options of a socket that have no name in common. An option that a system
// lacks does not exist here.

#ifndef POLLUX_PLATFORM_POSIX_OPTION_NAMES_H_
#define POLLUX_PLATFORM_POSIX_OPTION_NAMES_H_

#include <netinet/in.h>
#include <sys/socket.h>

namespace pollux::posix {

// An option of the kernel.
struct KernelOption {
  int level = -1;
  int name = -1;

  constexpr bool exists() const { return level >= 0; }
};

inline constexpr KernelOption kNoOption;

// What each is, `SocketOption` says under the same name. Those without a 6 are IPv4's, or of both
// protocols; a level and a name as for setsockopt(2), by socket(7), ip(7), ipv6(7) of Linux, and
// ip(4) and ip6(4) of the BSDs and macOS.
#if defined(__linux__)
inline constexpr KernelOption kBoundInterface = {SOL_SOCKET, SO_BINDTOIFINDEX};
inline constexpr KernelOption kBoundInterface6 = kNoOption;
inline constexpr KernelOption kFreeBind = {IPPROTO_IP, IP_FREEBIND};
inline constexpr KernelOption kFreeBind6 = {IPPROTO_IPV6, IPV6_FREEBIND};
inline constexpr KernelOption kDontFragment = {IPPROTO_IP, IP_MTU_DISCOVER};
inline constexpr KernelOption kDontFragment6 = {IPPROTO_IPV6, IPV6_MTU_DISCOVER};
inline constexpr KernelOption kPathMtu = {IPPROTO_IP, IP_MTU};
inline constexpr KernelOption kPathMtu6 = {IPPROTO_IPV6, IPV6_MTU};
inline constexpr KernelOption kMulticastAll = {IPPROTO_IP, IP_MULTICAST_ALL};
inline constexpr KernelOption kMulticastAll6 = {IPPROTO_IPV6, IPV6_MULTICAST_ALL};
inline constexpr KernelOption kReportUnreachable = {IPPROTO_IP, IP_RECVERR};
inline constexpr KernelOption kReportUnreachable6 = {IPPROTO_IPV6, IPV6_RECVERR};
inline constexpr KernelOption kMaxPacingRate = {SOL_SOCKET, SO_MAX_PACING_RATE};
inline constexpr KernelOption kBusyPoll = {SOL_SOCKET, SO_BUSY_POLL};
// From Linux 5.11 on, which headers before do not name.
#if defined(SO_PREFER_BUSY_POLL)
inline constexpr KernelOption kPreferBusyPoll = {SOL_SOCKET, SO_PREFER_BUSY_POLL};
#else
inline constexpr KernelOption kPreferBusyPoll = {SOL_SOCKET, 69};
#endif

// Linux knows more than two ways: WANT is its default, by which what fits the path is marked "don't
// fragment", and what does not is fragmented. The two protocols have equal constants.
static_assert(IP_PMTUDISC_DO == IPV6_PMTUDISC_DO && IP_PMTUDISC_WANT == IPV6_PMTUDISC_WANT &&
              IP_PMTUDISC_PROBE == IPV6_PMTUDISC_PROBE);
// The kernel's value of `kDontFragment`, and what it says.
constexpr int DontFragmentValue(bool on) { return on ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT; }
constexpr bool IsDontFragment(int value) {
  return value == IP_PMTUDISC_DO || value == IP_PMTUDISC_PROBE;
}
#else
#if defined(IP_BOUND_IF)
inline constexpr KernelOption kBoundInterface = {IPPROTO_IP, IP_BOUND_IF};
inline constexpr KernelOption kBoundInterface6 = {IPPROTO_IPV6, IPV6_BOUND_IF};
#else
inline constexpr KernelOption kBoundInterface = kNoOption;
inline constexpr KernelOption kBoundInterface6 = kNoOption;
#endif
#if defined(IP_BINDANY)
inline constexpr KernelOption kFreeBind = {IPPROTO_IP, IP_BINDANY};
inline constexpr KernelOption kFreeBind6 = {IPPROTO_IPV6, IPV6_BINDANY};
#else
inline constexpr KernelOption kFreeBind = kNoOption;
inline constexpr KernelOption kFreeBind6 = kNoOption;
#endif
#if defined(IP_DONTFRAG)
inline constexpr KernelOption kDontFragment = {IPPROTO_IP, IP_DONTFRAG};
#else
inline constexpr KernelOption kDontFragment = kNoOption;
#endif
inline constexpr KernelOption kDontFragment6 = {IPPROTO_IPV6, IPV6_DONTFRAG};
inline constexpr KernelOption kPathMtu = kNoOption;
inline constexpr KernelOption kPathMtu6 = kNoOption;
inline constexpr KernelOption kMulticastAll = kNoOption;
inline constexpr KernelOption kMulticastAll6 = kNoOption;
inline constexpr KernelOption kReportUnreachable = kNoOption;
inline constexpr KernelOption kReportUnreachable6 = kNoOption;
inline constexpr KernelOption kMaxPacingRate = kNoOption;
inline constexpr KernelOption kBusyPoll = kNoOption;
inline constexpr KernelOption kPreferBusyPoll = kNoOption;

constexpr int DontFragmentValue(bool on) { return on ? 1 : 0; }
constexpr bool IsDontFragment(int value) { return value != 0; }
#endif

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_OPTION_NAMES_H_
