// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/socket_options.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "platform/posix/option_names.h"

namespace pollux::posix {
namespace {

// Which values an option takes; `reset` is one that gives the kernel's default back.
struct Range {
  int least;
  int most;
  bool reset = false;
  const char* text;
};
constexpr Range kBoolean = {.least = 0, .most = 1, .text = "0 or 1"};
constexpr Range kSize = {.least = 0, .most = INT_MAX, .text = "0 or more"};
constexpr Range kIndex = {.least = 0, .most = INT_MAX, .text = "an interface index, or 0"};
constexpr Range kByte = {.least = 0, .most = 255, .text = "0..255"};
constexpr Range kHops = {.least = 1, .most = 255, .reset = true, .text = "1..255, or -1"};
constexpr Range kGroupHops = {.least = 0, .most = 255, .reset = true, .text = "0..255, or -1"};
constexpr Range kRate = {.least = 1, .most = INT_MAX, .reset = true, .text = "1 or more, or -1"};
constexpr Range kReadOnly = {.least = 1, .most = 0, .text = "it can only be read"};

struct Row {
  SocketOption option;
  KernelOption ipv4;
  KernelOption ipv6;
  Range range;
};

// What both protocols share is listed for IPv4 alone.
constexpr Row kRows[] = {
    {SocketOption::kReuseAddress, {SOL_SOCKET, SO_REUSEADDR}, {}, kBoolean},
    {SocketOption::kReusePort, {SOL_SOCKET, SO_REUSEPORT}, {}, kBoolean},
    {SocketOption::kBroadcast, {SOL_SOCKET, SO_BROADCAST}, {}, kBoolean},
    {SocketOption::kSendBufferSize, {SOL_SOCKET, SO_SNDBUF}, {}, kSize},
    {SocketOption::kReceiveBufferSize, {SOL_SOCKET, SO_RCVBUF}, {}, kSize},
    {SocketOption::kBoundInterface, kBoundInterface, kBoundInterface6, kIndex},
    {SocketOption::kFreeBind, kFreeBind, kFreeBind6, kBoolean},
    {SocketOption::kHopLimit, {IPPROTO_IP, IP_TTL}, {IPPROTO_IPV6, IPV6_UNICAST_HOPS}, kHops},
    {SocketOption::kTypeOfService, {IPPROTO_IP, IP_TOS}, {IPPROTO_IPV6, IPV6_TCLASS}, kByte},
    {SocketOption::kDontFragment, kDontFragment, kDontFragment6, kBoolean},
    {SocketOption::kPathMtu, kPathMtu, kPathMtu6, kReadOnly},
    {SocketOption::kMulticastHopLimit,
     {IPPROTO_IP, IP_MULTICAST_TTL},
     {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
     kGroupHops},
    {SocketOption::kMulticastLoopback,
     {IPPROTO_IP, IP_MULTICAST_LOOP},
     {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
     kBoolean},
    {SocketOption::kMulticastAll, kMulticastAll, kMulticastAll6, kBoolean},
    {SocketOption::kIpv6Only, {}, {IPPROTO_IPV6, IPV6_V6ONLY}, kReadOnly},
    {SocketOption::kReportUnreachable, kReportUnreachable, kReportUnreachable6, kBoolean},
    {SocketOption::kMaxPacingRate, kMaxPacingRate, {}, kRate},
    {SocketOption::kBusyPoll, kBusyPoll, {}, kSize},
    {SocketOption::kPreferBusyPoll, kPreferBusyPoll, {}, kBoolean},
};

const Row* RowFor(SocketOption option) {
  for (const Row& row : kRows) {
    if (row.option == option) return &row;
  }
  return nullptr;
}

bool Contains(const Range& range, int value) {
  return (range.least <= value && value <= range.most) || (range.reset && value == -1);
}

// The row's options that a socket of this family has, the one that is read first.
struct Pair {
  KernelOption first;
  KernelOption second;
};
Pair OptionsOf(const SocketRef& socket, const Row& row) {
  if (row.ipv4.level == SOL_SOCKET) return {row.ipv4, {}};
  if (!socket.speaks_ipv6()) return {row.ipv4, {}};
  if (!socket.speaks_ipv4()) return {row.ipv6, {}};
  return {row.ipv6, row.ipv4};
}

// The kernel's value for ours, and back.
int ToKernel(SocketOption option, int value) {
  return option == SocketOption::kDontFragment ? DontFragmentValue(value != 0) : value;
}
int FromKernel(SocketOption option, int value) {
  if (option == SocketOption::kDontFragment) return IsDontFragment(value) ? 1 : 0;
  return value;
}

#if defined(__linux__)
// By name, since SO_BINDTOIFINDEX takes numbers that no interface has, and kernels before 5.0 do
// not know it.
int BindToDevice(const SocketRef& socket, int index) {
  char name[IF_NAMESIZE] = "";
  if (index != 0 && socket.calls->IfIndexToName(static_cast<unsigned>(index), name) == nullptr) {
    return -ENODEV;
  }
  return socket.calls->SetSockOpt(socket.fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name));
}
#endif

// Sets `pair` as a whole or not at all.
int SetPair(const SocketRef& socket, const Pair& pair, int value) {
  if (!pair.second.exists()) return socket.Set(pair.first.level, pair.first.name, value);
  int before = 0;
  int result = socket.Get(pair.first.level, pair.first.name, &before);
  if (result < 0) return result;
  result = socket.Set(pair.first.level, pair.first.name, value);
  if (result < 0) return result;
  result = socket.Set(pair.second.level, pair.second.name, value);
  if (result < 0) socket.Set(pair.first.level, pair.first.name, before);
  return result;
}

}  // namespace

absl::Status SetSocketOption(const SocketRef& socket, SocketOption option, int value) {
  const std::string what = absl::StrCat("set option ", ToString(option), " to ", value);
  const Row* const row = RowFor(option);
  const Pair pair = row == nullptr ? Pair{} : OptionsOf(socket, *row);
  if (!pair.first.exists()) return StatusOf(-ENOPROTOOPT, what);
  if (!Contains(row->range, value)) {
    return StatusOf(-EINVAL, absl::StrCat(what, " (", row->range.text, ")"));
  }
#if defined(__linux__)
  if (option == SocketOption::kBoundInterface) return StatusOf(BindToDevice(socket, value), what);
#endif
  return StatusOf(SetPair(socket, pair, ToKernel(option, value)), what);
}

absl::StatusOr<int> GetSocketOption(const SocketRef& socket, SocketOption option) {
  const std::string what = absl::StrCat("get option ", ToString(option));
  const Row* const row = RowFor(option);
  const Pair pair = row == nullptr ? Pair{} : OptionsOf(socket, *row);
  if (!pair.first.exists()) return StatusOf(-ENOPROTOOPT, what);
  int value = 0;
  const int result = socket.Get(pair.first.level, pair.first.name, &value);
  if (result < 0) return StatusOf(result, what);
  return FromKernel(option, value);
}

}  // namespace pollux::posix
