// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/control_block.h"

#include <algorithm>

namespace pollux::sim {

bool SocketMembership::Takes(const IpAddress& source) const {
  return !source_specific || std::find(sources.begin(), sources.end(), source) != sources.end();
}

IpAddress WildcardOf(AddressFamily family) {
  switch (family) {
    case AddressFamily::kIpv4:
      return IpAddress::AnyIpv4();
    case AddressFamily::kIpv6:
      return IpAddress::AnyIpv6();
    case AddressFamily::kDual:
    case AddressFamily::kNone:
      break;
  }
  return IpAddress::Any();
}

}  // namespace pollux::sim
