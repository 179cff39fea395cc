// SPDX-License-Identifier: Apache-2.0
//
// The options and memberships of `NativeSocket`.

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "platform/common/socket_address.h"
#include "tools/program/native_socket.h"

namespace pollux::program {

struct NativeSocket::KernelOption {
  int level = -1;
  int name = -1;

  bool exists() const { return level >= 0; }
};

// An option that both protocols have is set for both on a dual-stack socket, IPv6 first, and read
// from the first.
struct NativeSocket::OptionPair {
  KernelOption first;
  KernelOption second;
};

NativeSocket::OptionPair NativeSocket::KernelOptions(SocketOption option) const {
  const auto of = [this](KernelOption ipv4, KernelOption ipv6) {
    if (family_ == AddressFamily::kIpv4) return OptionPair{ipv4, {}};
    if (family_ == AddressFamily::kIpv6) return OptionPair{ipv6, {}};
    return OptionPair{ipv6, ipv4};
  };
  constexpr int kIp = IPPROTO_IP;
  constexpr int kIp6 = IPPROTO_IPV6;
  switch (option) {
    case SocketOption::kReuseAddress:
      return {{SOL_SOCKET, SO_REUSEADDR}, {}};
    case SocketOption::kReusePort:
      return {{SOL_SOCKET, SO_REUSEPORT}, {}};
    case SocketOption::kBroadcast:
      return {{SOL_SOCKET, SO_BROADCAST}, {}};
    case SocketOption::kSendBufferSize:
      return {{SOL_SOCKET, SO_SNDBUF}, {}};
    case SocketOption::kReceiveBufferSize:
      return {{SOL_SOCKET, SO_RCVBUF}, {}};
    case SocketOption::kBoundInterface:
      return {{SOL_SOCKET, SO_BINDTOIFINDEX}, {}};
    case SocketOption::kFreeBind:
      return of({kIp, IP_FREEBIND}, {kIp6, IPV6_FREEBIND});
    case SocketOption::kHopLimit:
      return of({kIp, IP_TTL}, {kIp6, IPV6_UNICAST_HOPS});
    case SocketOption::kTypeOfService:
      return of({kIp, IP_TOS}, {kIp6, IPV6_TCLASS});
    case SocketOption::kDontFragment:
      return of({kIp, IP_MTU_DISCOVER}, {kIp6, IPV6_MTU_DISCOVER});
    case SocketOption::kPathMtu:
      return of({kIp, IP_MTU}, {kIp6, IPV6_MTU});
    case SocketOption::kMulticastHopLimit:
      return of({kIp, IP_MULTICAST_TTL}, {kIp6, IPV6_MULTICAST_HOPS});
    case SocketOption::kMulticastLoopback:
      return of({kIp, IP_MULTICAST_LOOP}, {kIp6, IPV6_MULTICAST_LOOP});
    case SocketOption::kMulticastAll:
      return of({kIp, IP_MULTICAST_ALL}, {kIp6, IPV6_MULTICAST_ALL});
    case SocketOption::kIpv6Only:
      return {{kIp6, IPV6_V6ONLY}, {}};
    case SocketOption::kReportUnreachable:
      return of({kIp, IP_RECVERR}, {kIp6, IPV6_RECVERR});
    case SocketOption::kMaxPacingRate:
      return {{SOL_SOCKET, SO_MAX_PACING_RATE}, {}};
    case SocketOption::kBusyPoll:
      return {{SOL_SOCKET, SO_BUSY_POLL}, {}};
    case SocketOption::kPreferBusyPoll:
      return {{SOL_SOCKET, SO_PREFER_BUSY_POLL}, {}};
    case SocketOption::kExclusiveAddress:
      break;
  }
  return {};
}

int NativeSocket::SetOne(const KernelOption& option, int value) {
  return ::setsockopt(fd_, option.level, option.name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int NativeSocket::GetOne(const KernelOption& option, int& value) {
  socklen_t length = sizeof(value);
  return ::getsockopt(fd_, option.level, option.name, &value, &length) < 0 ? -errno : 0;
}

// By name: SO_BINDTOIFINDEX takes numbers that no interface has.
int NativeSocket::SetBoundInterface(int number) {
  std::string name;
  if (number != 0) {
    const bool known = number > 0 && static_cast<size_t>(number) <= indices_.size();
    ifreq request = {};
    request.ifr_ifindex = known ? static_cast<int>(IndexOf(static_cast<uint32_t>(number))) : -1;
    // The socket's own namespace answers, wherever the thread is.
    const bool named = known && ::ioctl(fd_, SIOCGIFNAME, &request) == 0;
    name = named ? request.ifr_name : "none";
  }
  const socklen_t length = static_cast<socklen_t>(name.size() + 1);
  return ::setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(), length) < 0 ? -errno : 0;
}

int NativeSocket::Set(SocketOption option, int value) {
  if (option == SocketOption::kBoundInterface) return SetBoundInterface(value);
  // There is no such call: IPV6_MTU can be set, but is then something else.
  if (option == SocketOption::kPathMtu) return -ENOPROTOOPT;
  const OptionPair pair = KernelOptions(option);
  if (!pair.first.exists()) return -ENOPROTOOPT;
  if (option == SocketOption::kDontFragment) {
    static_assert(IP_PMTUDISC_DO == IPV6_PMTUDISC_DO && IP_PMTUDISC_WANT == IPV6_PMTUDISC_WANT);
    value = value != 0 ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT;
  }
  int before = 0;
  if (pair.second.exists()) GetOne(pair.first, before);
  int result = SetOne(pair.first, value);
  if (result < 0) return result;
  if (option == SocketOption::kIpv6Only) {
    family_ = value != 0 ? AddressFamily::kIpv6 : AddressFamily::kDual;
  }
  if (!pair.second.exists()) return result;
  result = SetOne(pair.second, value);
  // Set for both or for none.
  if (result < 0) SetOne(pair.first, before);
  return result;
}

int NativeSocket::Get(SocketOption option, int& value) {
  const OptionPair pair = KernelOptions(option);
  if (!pair.first.exists()) return -ENOPROTOOPT;
  const int result = GetOne(pair.first, value);
  if (result < 0) return result;
  if (option == SocketOption::kBoundInterface) {
    value = static_cast<int>(NumberOf(static_cast<uint32_t>(value)));
  }
  if (option == SocketOption::kDontFragment) value = value == IP_PMTUDISC_DO ? 1 : 0;
  return result;
}

int NativeSocket::ChangeMembership(bool join, const IpAddress& group, uint32_t interface,
                                   const IpAddress& source) {
  const uint32_t index = IndexOf(interface != 0 ? interface : group.scope_id());
  const int level = group.is_ipv4() ? IPPROTO_IP : IPPROTO_IPV6;
  int result = 0;
  if (source.is_set()) {
    group_source_req request = {};
    request.gsr_interface = index;
    const auto fill = [](const IpAddress& address, sockaddr_storage& storage) {
      internal::SocketAddress kernel;
      internal::SocketAddress::From(Endpoint(address.WithScope(0), 0), address.family(), kernel);
      std::memcpy(&storage, kernel.data(), kernel.length());
    };
    fill(group, request.gsr_group);
    fill(source, request.gsr_source);
    const int name = join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
    result = ::setsockopt(fd_, level, name, &request, sizeof(request));
  } else if (group.is_ipv4()) {
    ip_mreqn request = {};
    request.imr_multiaddr = internal::ToInAddr(group);
    request.imr_ifindex = static_cast<int>(index);
    const int name = join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    result = ::setsockopt(fd_, level, name, &request, sizeof(request));
  } else {
    ipv6_mreq request = {};
    request.ipv6mr_multiaddr = internal::ToIn6Addr(group);
    request.ipv6mr_interface = index;
    const int name = join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    result = ::setsockopt(fd_, level, name, &request, sizeof(request));
  }
  return result < 0 ? -errno : 0;
}

int NativeSocket::Join(const IpAddress& group, uint32_t interface, const IpAddress& source) {
  return ChangeMembership(/*join=*/true, group, interface, source);
}

int NativeSocket::Leave(const IpAddress& group, uint32_t interface, const IpAddress& source) {
  return ChangeMembership(/*join=*/false, group, interface, source);
}

// As with the options, IPv6 first, and for both protocols or for none.
int NativeSocket::SetOutgoing(uint32_t interface) {
  const KernelOption ipv6 = {IPPROTO_IPV6, IPV6_MULTICAST_IF};
  const int index = static_cast<int>(IndexOf(interface));
  int before = 0;
  if (family_ != AddressFamily::kIpv4) {
    GetOne(ipv6, before);
    const int result = SetOne(ipv6, index);
    if (result < 0 || family_ == AddressFamily::kIpv6) return result;
  }
  ip_mreqn request = {};
  request.imr_ifindex = index;
  if (::setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) == 0) return 0;
  const int error = -errno;
  if (family_ == AddressFamily::kDual) SetOne(ipv6, before);
  return error;
}

}  // namespace pollux::program
