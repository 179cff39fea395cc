// SPDX-License-Identifier: Apache-2.0

#include "udp/network_interface.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "udp/socket_error.h"

namespace pollux {

IpAddress NetworkInterface::PrimaryIpv4() const {
  for (const InterfaceAddress& entry : addresses) {
    if (entry.address.is_ipv4()) return entry.address;
  }
  return IpAddress();
}

bool operator==(const NetworkInterface& a, const NetworkInterface& b) {
  return a.name == b.name && a.display_name == b.display_name && a.index == b.index &&
         a.mtu == b.mtu && a.up == b.up && a.running == b.running && a.loopback == b.loopback &&
         a.point_to_point == b.point_to_point && a.can_broadcast == b.can_broadcast &&
         a.can_multicast == b.can_multicast && a.hardware_address == b.hardware_address &&
         a.addresses == b.addresses;
}

absl::StatusOr<NetworkInterface> FindInterface(absl::Span<const NetworkInterface> interfaces,
                                               absl::string_view name) {
  for (const NetworkInterface& interface : interfaces) {
    if (interface.name == name) return interface;
  }
  for (const NetworkInterface& interface : interfaces) {
    if (interface.display_name == name) return interface;
  }
  uint32_t index = 0;
  if (!name.empty() && absl::ascii_isdigit(name[0]) && absl::SimpleAtoi(name, &index)) {
    for (const NetworkInterface& interface : interfaces) {
      if (interface.index == index) return interface;
    }
  }
  const std::string known =
      absl::StrJoin(interfaces, ", ", [](std::string* out, const NetworkInterface& interface) {
        *out += interface.name;
        if (interface.display_name != interface.name && !interface.display_name.empty()) {
          *out += " (" + interface.display_name + ")";
        }
      });
  return SocketStatus(SocketError::kNetwork,
                      absl::StrCat("there is no interface \"", absl::CHexEscape(name),
                                   "\"; this host has: ", known.empty() ? "none" : known));
}

}  // namespace pollux
