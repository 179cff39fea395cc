// SPDX-License-Identifier: Apache-2.0

#include "udp/socket_option.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "udp/socket_error.h"

namespace pollux {
namespace {

struct Range {
  int min;
  int max;
};

// The values that an option takes everywhere; an empty range for one that is read only. -1 gives a
// hop limit back to the platform, and takes the limit of a rate away.
Range RangeOf(SocketOption option) {
  constexpr int kMax = std::numeric_limits<int>::max();
  switch (option) {
    case SocketOption::kSendBufferSize:
    case SocketOption::kReceiveBufferSize:
      return {1, kMax};
    case SocketOption::kBoundInterface:
    case SocketOption::kBusyPoll:
      return {0, kMax};
    case SocketOption::kMaxPacingRate:
      return {-1, kMax};
    case SocketOption::kHopLimit:
    case SocketOption::kMulticastHopLimit:
      return {-1, 255};
    case SocketOption::kTypeOfService:
      return {0, 255};
    case SocketOption::kPathMtu:
    case SocketOption::kIpv6Only:
      return {0, -1};
    default:
      return {0, 1};
  }
}

}  // namespace

absl::Status CheckOptionValue(SocketOption option, int value) {
  const auto [min, max] = RangeOf(option);
  // The hop limit 0, which never leaves the host, is for groups only; a rate of 0 would be a socket
  // that sends nothing.
  const bool no_zero = option == SocketOption::kHopLimit || option == SocketOption::kMaxPacingRate;
  const bool hole = no_zero && value == 0;
  if (min <= value && value <= max && !hole) return absl::OkStatus();
  const std::string call = absl::StrCat("set option ", ToString(option), " to ", value);
  if (min > max) {
    return SocketStatus(SocketError::kOperation, absl::StrCat(call, ": it can only be read"));
  }
  return SocketStatus(
      SocketError::kOperation,
      absl::StrCat(call, ": it has to be from ", min, " to ", max, no_zero ? ", and not 0" : ""));
}

absl::string_view ToString(SocketOption option) {
  switch (option) {
    case SocketOption::kReuseAddress:
      return "ReuseAddress";
    case SocketOption::kReusePort:
      return "ReusePort";
    case SocketOption::kExclusiveAddress:
      return "ExclusiveAddress";
    case SocketOption::kBroadcast:
      return "Broadcast";
    case SocketOption::kSendBufferSize:
      return "SendBufferSize";
    case SocketOption::kReceiveBufferSize:
      return "ReceiveBufferSize";
    case SocketOption::kBoundInterface:
      return "BoundInterface";
    case SocketOption::kFreeBind:
      return "FreeBind";
    case SocketOption::kHopLimit:
      return "HopLimit";
    case SocketOption::kTypeOfService:
      return "TypeOfService";
    case SocketOption::kDontFragment:
      return "DontFragment";
    case SocketOption::kPathMtu:
      return "PathMtu";
    case SocketOption::kMulticastHopLimit:
      return "MulticastHopLimit";
    case SocketOption::kMulticastLoopback:
      return "MulticastLoopback";
    case SocketOption::kMulticastAll:
      return "MulticastAll";
    case SocketOption::kIpv6Only:
      return "Ipv6Only";
    case SocketOption::kReportUnreachable:
      return "ReportUnreachable";
    case SocketOption::kMaxPacingRate:
      return "MaxPacingRate";
    case SocketOption::kBusyPoll:
      return "BusyPoll";
    case SocketOption::kPreferBusyPoll:
      return "PreferBusyPoll";
  }
  return "unknown";
}

}  // namespace pollux
