// SPDX-License-Identifier: Apache-2.0

#include "udp/socket_option.h"

namespace pollux {

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
  }
  return "unknown";
}

}  // namespace pollux
