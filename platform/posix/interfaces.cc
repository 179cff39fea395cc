// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/interfaces.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#if defined(__linux__)
#include <linux/if_packet.h>
#else
#include <net/if_dl.h>
#endif

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "platform/common/socket_address.h"
#include "platform/posix/socket_ref.h"
#include "platform/posix/system.h"

namespace pollux::posix {
namespace {

// A copy of the address behind `address` as `T`; the kernel's list promises no alignment.
template <typename T>
T As(const sockaddr* address) {
  T result;
  std::memcpy(&result, address, sizeof(result));
  return result;
}

// Every interface has an entry for its link, which the systems write differently.
#if defined(__linux__)
constexpr int kLinkFamily = AF_PACKET;

void ReadLink(const ifaddrs& entry, NetworkInterface& interface) {
  const auto link = As<sockaddr_ll>(entry.ifa_addr);
  interface.index = static_cast<uint32_t>(link.sll_ifindex);
  if (link.sll_halen == interface.hardware_address.size()) {
    std::memcpy(interface.hardware_address.data(), link.sll_addr, link.sll_halen);
  }
}
#else
constexpr int kLinkFamily = AF_LINK;

void ReadLink(const ifaddrs& entry, NetworkInterface& interface) {
  // The hardware address lies behind the name, within what `sdl_len` says or beyond the structure.
  const auto link = As<sockaddr_dl>(entry.ifa_addr);
  interface.index = link.sdl_index;
  const size_t at = offsetof(sockaddr_dl, sdl_data) + link.sdl_nlen;
  if (link.sdl_alen != interface.hardware_address.size() || at + link.sdl_alen > link.sdl_len) {
    return;
  }
  const auto* const bytes = static_cast<const char*>(static_cast<const void*>(entry.ifa_addr));
  std::memcpy(interface.hardware_address.data(), bytes + at, link.sdl_alen);
}
#endif

NetworkInterface FromLink(const ifaddrs& entry) {
  NetworkInterface interface;
  interface.name = entry.ifa_name;
  interface.display_name = interface.name;
  ReadLink(entry, interface);
  interface.up = (entry.ifa_flags & IFF_UP) != 0;
  interface.running = (entry.ifa_flags & IFF_RUNNING) != 0;
  interface.loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0;
  interface.point_to_point = (entry.ifa_flags & IFF_POINTOPOINT) != 0;
  interface.can_broadcast = (entry.ifa_flags & IFF_BROADCAST) != 0;
  interface.can_multicast = (entry.ifa_flags & IFF_MULTICAST) != 0;
  return interface;
}

// The ones in a netmask; they lie in front.
template <typename Bytes>
int CountOnes(const Bytes& mask) {
  int ones = 0;
  for (const uint8_t byte : mask) ones += std::popcount(byte);
  return ones;
}

InterfaceAddress FromIpv4(const ifaddrs& entry) {
  InterfaceAddress result;
  result.address = internal::FromInAddr(As<sockaddr_in>(entry.ifa_addr).sin_addr);
  if (entry.ifa_netmask != nullptr) {
    const auto mask = As<sockaddr_in>(entry.ifa_netmask);
    result.prefix_length = CountOnes(internal::FromInAddr(mask.sin_addr).ipv4_bytes());
  }
  if ((entry.ifa_flags & IFF_BROADCAST) != 0 && entry.ifa_broadaddr != nullptr) {
    result.broadcast = internal::FromInAddr(As<sockaddr_in>(entry.ifa_broadaddr).sin_addr);
  }
  return result;
}

InterfaceAddress FromIpv6(const ifaddrs& entry) {
  InterfaceAddress result;
  const auto address = As<sockaddr_in6>(entry.ifa_addr);
  result.address = internal::FromIn6Addr(address.sin6_addr, address.sin6_scope_id);
  if (result.address.is_link_local() && kPlatform != Platform::kLinux) {
    // Kernels of the KAME family can leave the scope in the third and fourth byte of the address.
    IpAddress::Ipv6Bytes bytes = result.address.ipv6_bytes();
    const uint32_t embedded = uint32_t{bytes[2]} << 8 | bytes[3];
    bytes[2] = bytes[3] = 0;
    const uint32_t scope = address.sin6_scope_id != 0 ? address.sin6_scope_id : embedded;
    result.address = IpAddress::Ipv6(bytes, scope);
  }
  if (entry.ifa_netmask != nullptr) {
    const auto mask = As<sockaddr_in6>(entry.ifa_netmask);
    result.prefix_length = CountOnes(mask.sin6_addr.s6_addr);
  }
  return result;
}

void AddAddress(const ifaddrs& entry, std::vector<NetworkInterface>& interfaces) {
  // An IPv4 address can have a label in place of its interface's name, as "eth0:1".
  const absl::string_view label = entry.ifa_name;
  const absl::string_view name = label.substr(0, label.find(':'));
  for (NetworkInterface& interface : interfaces) {
    if (interface.name != label && interface.name != name) continue;
    interface.addresses.push_back(entry.ifa_addr->sa_family == AF_INET ? FromIpv4(entry)
                                                                       : FromIpv6(entry));
    return;
  }
}

std::vector<NetworkInterface> FromList(const ifaddrs* list) {
  std::vector<NetworkInterface> interfaces;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == kLinkFamily) {
      interfaces.push_back(FromLink(*entry));
    }
  }
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) AddAddress(*entry, interfaces);
  }
  std::sort(interfaces.begin(), interfaces.end(),
            [](const NetworkInterface& a, const NetworkInterface& b) { return a.index < b.index; });
  return interfaces;
}

// Asks for the MTU of each. An interface that has gone since it was listed is left out.
absl::Status FillMtus(SystemCalls& calls, std::vector<NetworkInterface>& interfaces) {
  const int fd = calls.Socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  if (fd < 0) return StatusOf(fd, "list network interfaces");
  int result = 0;
  for (NetworkInterface& interface : interfaces) {
    ifreq request = {};
    interface.name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    result = calls.InterfaceMtu(fd, &request);
    // The BSDs say ENXIO.
    if (result == -ENODEV || result == -ENXIO) {
      interface.index = 0;
      result = 0;
    } else if (result < 0) {
      break;
    }
    interface.mtu = static_cast<uint32_t>(request.ifr_mtu);
  }
  calls.Close(fd);
  interfaces.erase(
      std::remove_if(interfaces.begin(), interfaces.end(),
                     [](const NetworkInterface& interface) { return interface.index == 0; }),
      interfaces.end());
  return StatusOf(result, "list network interfaces");
}

}  // namespace

absl::StatusOr<std::vector<NetworkInterface>> ListInterfaces(SystemCalls& calls) {
  ifaddrs* list = nullptr;
  const int result = calls.GetIfAddrs(&list);
  if (result < 0) return StatusOf(result, "list network interfaces");
  std::vector<NetworkInterface> interfaces = FromList(list);
  calls.FreeIfAddrs(list);
  if (absl::Status status = FillMtus(calls, interfaces); !status.ok()) return status;
  return interfaces;
}

}  // namespace pollux::posix
