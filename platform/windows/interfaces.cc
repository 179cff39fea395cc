// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/interfaces.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "platform/common/socket_address.h"
#include "platform/windows/socket_ref.h"
#include "platform/windows/wide_text.h"
#include "udp/endpoint.h"

namespace pollux::windows_engine {
namespace {

// The last address of an IPv4 network, which is its broadcast address.
IpAddress BroadcastOf(const IpAddress& address, int prefix_length) {
  IpAddress::Ipv4Bytes bytes = address.ipv4_bytes();
  for (int bit = prefix_length; bit < 32; ++bit) {
    bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
  }
  return IpAddress::Ipv4(bytes);
}

std::optional<InterfaceAddress> FromUnicast(const IP_ADAPTER_UNICAST_ADDRESS& entry,
                                            bool can_broadcast) {
  const IpAddress address =
      internal::SocketAddress::Copy(entry.Address.lpSockaddr, entry.Address.iSockaddrLength)
          .ToEndpoint()
          .address;
  if (!address.is_set()) return std::nullopt;
  InterfaceAddress result;
  result.address = address;
  result.prefix_length = entry.OnLinkPrefixLength;
  // A network of one or two addresses has none.
  if (can_broadcast && address.is_ipv4() && result.prefix_length < 31) {
    result.broadcast = BroadcastOf(address, result.prefix_length);
  }
  return result;
}

NetworkInterface FromAdapter(Winsock& calls, const IP_ADAPTER_ADDRESSES& adapter) {
  NetworkInterface result;
  // "ethernet_32769"; the adapter's own name is the GUID of its driver's.
  char name[IF_MAX_STRING_SIZE + 1] = "";
  const bool named = calls.AdapterName(adapter.Luid, name, sizeof(name)) == 0 && name[0] != '\0';
  result.name = named ? name : adapter.AdapterName;
  result.display_name =
      adapter.FriendlyName == nullptr ? result.name : ToUtf8(adapter.FriendlyName);
  // One number for both protocols, unless the interface has but one of them.
  result.index = adapter.IfIndex != 0 ? adapter.IfIndex : adapter.Ipv6IfIndex;
  result.mtu = adapter.Mtu;
  // Windows tells whether an interface can carry packets, which it does not while it is disabled.
  result.up = adapter.OperStatus == IfOperStatusUp;
  result.running = result.up;
  result.loopback = adapter.IfType == IF_TYPE_SOFTWARE_LOOPBACK;
  result.point_to_point = adapter.IfType == IF_TYPE_PPP || adapter.IfType == IF_TYPE_TUNNEL;
  result.can_broadcast = !result.loopback && !result.point_to_point;
  result.can_multicast = (adapter.Flags & IP_ADAPTER_NO_MULTICAST) == 0;
  if (adapter.PhysicalAddressLength == result.hardware_address.size()) {
    std::memcpy(result.hardware_address.data(), adapter.PhysicalAddress,
                result.hardware_address.size());
  }
  for (const IP_ADAPTER_UNICAST_ADDRESS* entry = adapter.FirstUnicastAddress; entry != nullptr;
       entry = entry->Next) {
    const auto address = FromUnicast(*entry, result.can_broadcast);
    if (address.has_value()) result.addresses.push_back(*address);
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<NetworkInterface>> ListInterfaces(Winsock& calls) {
  // The size that its page advises to begin with; it may grow between two calls.
  constexpr int kTriesMax = 8;
  ULONG size = 15'000;
  std::unique_ptr<char[]> room;
  Result result = -ERROR_BUFFER_OVERFLOW;
  for (int tries = 0; tries < kTriesMax && result == -ERROR_BUFFER_OVERFLOW; ++tries) {
    room.reset(new char[size]);
    result = calls.Adapters(reinterpret_cast<IP_ADAPTER_ADDRESSES*>(room.get()), &size);
  }
  // There is no interface with an address.
  if (result == -ERROR_NO_DATA) return std::vector<NetworkInterface>();
  if (result < 0) return StatusOf(result, "list network interfaces");
  std::vector<NetworkInterface> interfaces;
  for (const auto* adapter = reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(room.get());
       adapter != nullptr; adapter = adapter->Next) {
    interfaces.push_back(FromAdapter(calls, *adapter));
  }
  std::sort(interfaces.begin(), interfaces.end(),
            [](const NetworkInterface& a, const NetworkInterface& b) { return a.index < b.index; });
  return interfaces;
}

}  // namespace pollux::windows_engine
