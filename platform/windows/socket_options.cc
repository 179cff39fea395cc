// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/socket_options.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace pollux::windows_engine {
namespace {

// SIO_UDP_NETRESET, whose headers are not every compiler's: mswsock.h of the Windows SDK.
constexpr DWORD kSioUdpNetReset = _WSAIOW(IOC_VENDOR, 15);

// An option of Winsock's.
struct SystemOption {
  int level = -1;
  int name = -1;

  bool exists() const { return level >= 0; }
};

struct Row {
  SocketOption option;
  SystemOption ipv4;
  SystemOption ipv6;
};

// What both protocols share is listed for IPv4 alone. SOL_SOCKET is 0xffff, a positive number.
constexpr Row kRows[] = {
    {SocketOption::kReuseAddress, {SOL_SOCKET, SO_REUSEADDR}, {}},
    {SocketOption::kExclusiveAddress, {SOL_SOCKET, SO_EXCLUSIVEADDRUSE}, {}},
    {SocketOption::kBroadcast, {SOL_SOCKET, SO_BROADCAST}, {}},
    {SocketOption::kSendBufferSize, {SOL_SOCKET, SO_SNDBUF}, {}},
    {SocketOption::kReceiveBufferSize, {SOL_SOCKET, SO_RCVBUF}, {}},
    {SocketOption::kHopLimit, {IPPROTO_IP, IP_TTL}, {IPPROTO_IPV6, IPV6_UNICAST_HOPS}},
    {SocketOption::kTypeOfService, {IPPROTO_IP, IP_TOS}, {IPPROTO_IPV6, IPV6_TCLASS}},
    {SocketOption::kDontFragment, {IPPROTO_IP, IP_DONTFRAGMENT}, {IPPROTO_IPV6, IPV6_DONTFRAG}},
    {SocketOption::kPathMtu, {IPPROTO_IP, IP_MTU}, {IPPROTO_IPV6, IPV6_MTU}},
    {SocketOption::kMulticastHopLimit,
     {IPPROTO_IP, IP_MULTICAST_TTL},
     {IPPROTO_IPV6, IPV6_MULTICAST_HOPS}},
    {SocketOption::kMulticastLoopback,
     {IPPROTO_IP, IP_MULTICAST_LOOP},
     {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}},
    {SocketOption::kIpv6Only, {}, {IPPROTO_IPV6, IPV6_V6ONLY}},
};

// The row's options that a socket of this family has, the one that is read first.
struct Pair {
  SystemOption first;
  SystemOption second;
};
Pair OptionsOf(const SocketRef& socket, SocketOption option) {
  for (const Row& row : kRows) {
    if (row.option != option) continue;
    if (row.ipv4.level == SOL_SOCKET || !socket.speaks_ipv6()) return {row.ipv4, {}};
    if (!socket.speaks_ipv4()) return {row.ipv6, {}};
    return {row.ipv6, row.ipv4};
  }
  return {};
}

// Sets `pair` as a whole or not at all.
Result SetPair(const SocketRef& socket, const Pair& pair, int value) {
  if (!pair.second.exists()) return socket.Set(pair.first.level, pair.first.name, value);
  int before = 0;
  Result result = socket.Get(pair.first.level, pair.first.name, &before);
  if (result < 0) return result;
  result = socket.Set(pair.first.level, pair.first.name, value);
  if (result < 0) return result;
  result = socket.Set(pair.second.level, pair.second.name, value);
  if (result < 0) socket.Set(pair.first.level, pair.first.name, before);
  return result;
}

// Whether the option reads as 0 or 1 here; Winsock gives some of them back as other numbers.
bool IsSwitch(SocketOption option) {
  switch (option) {
    case SocketOption::kReuseAddress:
    case SocketOption::kExclusiveAddress:
    case SocketOption::kBroadcast:
    case SocketOption::kDontFragment:
    case SocketOption::kMulticastLoopback:
    case SocketOption::kIpv6Only:
      return true;
    default:
      return false;
  }
}

// The default that a value of -1 gives back; null for options that have no such value.
std::optional<int>* DefaultOf(SocketOption option, RememberedOptions& remembered) {
  if (option == SocketOption::kHopLimit) return &remembered.default_hop_limit;
  if (option == SocketOption::kMulticastHopLimit) return &remembered.default_multicast_hop_limit;
  return nullptr;
}

}  // namespace

Result ReportUnreachable(const SocketRef& socket, bool report) {
  const Result result = socket.calls->SetSwitch(socket.handle, SIO_UDP_CONNRESET, report);
  // "Time exceeded" beside "port unreachable": where a system has the one alone, that is all.
  if (result >= 0) socket.calls->SetSwitch(socket.handle, kSioUdpNetReset, report);
  return result;
}

absl::Status SetSocketOption(const SocketRef& socket, SocketOption option, int value,
                             RememberedOptions& remembered) {
  const std::string what = absl::StrCat("set option ", ToString(option), " to ", value);
  const Pair pair = OptionsOf(socket, option);
  const bool by_switch = option == SocketOption::kReportUnreachable;
  if (!pair.first.exists() && !by_switch) return StatusOf(-WSAENOPROTOOPT, what);
  if (absl::Status s = CheckOptionValue(option, value); !s.ok()) return s;
  if (by_switch) {
    const Result result = ReportUnreachable(socket, value != 0);
    if (result >= 0) remembered.report_unreachable = value != 0;
    return StatusOf(result, what);
  }
  if (std::optional<int>* const initial = DefaultOf(option, remembered); initial != nullptr) {
    int present = 0;
    if (!initial->has_value() && socket.Get(pair.first.level, pair.first.name, &present) >= 0) {
      *initial = present;
    }
    if (value == -1) value = initial->value_or(value);
  }
  return StatusOf(SetPair(socket, pair, value), what);
}

absl::StatusOr<int> GetSocketOption(const SocketRef& socket, SocketOption option,
                                    const RememberedOptions& remembered) {
  const std::string what = absl::StrCat("get option ", ToString(option));
  if (option == SocketOption::kReportUnreachable) return remembered.report_unreachable ? 1 : 0;
  const Pair pair = OptionsOf(socket, option);
  if (!pair.first.exists()) return StatusOf(-WSAENOPROTOOPT, what);
  int value = 0;
  const Result result = socket.Get(pair.first.level, pair.first.name, &value);
  if (result < 0) return StatusOf(result, what);
  return IsSwitch(option) ? (value != 0 ? 1 : 0) : value;
}

namespace {

struct MetadataRow {
  Metadata field;
  SystemOption ipv4;
  SystemOption ipv6;
  // Where a system does not have these.
  SystemOption ipv4_else = {};
  SystemOption ipv6_else = {};
};

// Winsock has neither a time of arrival nor a count of drops for every system.
constexpr MetadataRow kMetadataRows[] = {
    {Metadata::kDestination, {IPPROTO_IP, IP_PKTINFO}, {IPPROTO_IPV6, IPV6_PKTINFO}},
    {Metadata::kHopLimit, {IPPROTO_IP, IP_HOPLIMIT}, {IPPROTO_IPV6, IPV6_HOPLIMIT}},
    {Metadata::kEcn,
     {IPPROTO_IP, IP_ECN},
     {IPPROTO_IPV6, IPV6_ECN},
     {IPPROTO_IP, IP_RECVTOS},
     {IPPROTO_IPV6, IPV6_RECVTCLASS}},
};

// What a system has not, it calls unknown or wrong.
bool IsLacking(Result result) { return result == -WSAENOPROTOOPT || result == -WSAEINVAL; }

// What the system lacks stays empty.
Result RequestOption(const SocketRef& socket, const SystemOption& option,
                     const SystemOption& otherwise, bool wanted) {
  Result result = socket.Set(option.level, option.name, wanted ? 1 : 0);
  if (IsLacking(result) && otherwise.exists()) {
    result = socket.Set(otherwise.level, otherwise.name, wanted ? 1 : 0);
  }
  return IsLacking(result) ? 0 : result;
}

Result RequestRow(const SocketRef& socket, const MetadataRow& row, bool wanted) {
  Result result = 0;
  if (socket.speaks_ipv4()) result = RequestOption(socket, row.ipv4, row.ipv4_else, wanted);
  if (result < 0 || !socket.speaks_ipv6()) return result;
  return RequestOption(socket, row.ipv6, row.ipv6_else, wanted);
}

}  // namespace

absl::Status SetMetadata(const SocketRef& socket, Metadata wanted, Metadata previous) {
  for (const MetadataRow& row : kMetadataRows) {
    const bool on = Contains(wanted, row.field);
    if (on == Contains(previous, row.field)) continue;
    const Result result = RequestRow(socket, row, on);
    if (result >= 0) continue;
    for (const MetadataRow& undone : kMetadataRows) {
      RequestRow(socket, undone, Contains(previous, undone.field));
      if (&undone == &row) break;
    }
    return StatusOf(result, "request metadata");
  }
  return absl::OkStatus();
}

}  // namespace pollux::windows_engine
