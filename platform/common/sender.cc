// SPDX-License-Identifier: Apache-2.0

#include "platform/common/sender.h"

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "udp/socket_error.h"

namespace pollux::internal {

ABSL_ATTRIBUTE_HOT bool Sender::Address(const SendSlot& slot, SocketAddress& to,
                                        bool& has_address) const {
  const Endpoint& destination = slot.destination;
  has_address = destination.is_set();
  if (ABSL_PREDICT_TRUE(has_address)) {
    if (destination.port == 0 || destination.address.family() == AddressFamily::kDual) return false;
    if (!SocketAddress::From(destination, family, to)) return false;
  } else if (!peer.is_set()) {
    return false;
  }
  if (ABSL_PREDICT_TRUE(slot.options.empty())) return true;
  if (slot.options.hop_limit == 0) return false;
  return !slot.options.source.is_set() || slot.options.source.is_ipv4() == UsesIpv4(slot);
}

absl::Status Sender::Refusal(const SendSlot& slot) const {
  const std::string what = Describe(slot);
  const Endpoint& destination = slot.destination;
  if (!destination.is_set() && !peer.is_set())
    return OsStatus(platform, OsError::kDestinationRequired, what);
  if (destination.address.family() == AddressFamily::kDual)
    return OsStatus(platform, OsError::kDestinationRequired, what);
  if (destination.is_set() && destination.port == 0) {
    return SocketStatus(SocketError::kNetwork, absl::StrCat(what, ": port 0 is no destination"));
  }
  if (slot.options.hop_limit == 0) {
    return OsStatus(platform, OsError::kInvalidArgument,
                    absl::StrCat(what, " with hop limit 0 (1..255)"));
  }
  if (slot.options.source.is_set() && slot.options.source.is_ipv4() != UsesIpv4(slot)) {
    return OsStatus(platform, OsError::kInvalidArgument, what);
  }
  return OsStatus(platform, OsError::kNetworkUnreachable,
                  absl::StrCat(what, " from a socket of family ", ToString(family)));
}

bool Sender::UsesIpv4(const SendSlot& slot) const {
  if (family == AddressFamily::kIpv4) return true;
  const Endpoint& destination = slot.destination.is_set() ? slot.destination : peer;
  return destination.address.is_ipv4() || destination.address.is_mapped();
}

std::string Sender::Describe(const SendSlot& slot) const {
  const Endpoint& destination = slot.destination.is_set() ? slot.destination : peer;
  std::string text =
      absl::StrCat("send ", slot.payload.size(), " bytes to ", destination.ToString());
  const SendOptions& options = slot.options;
  if (options.source.is_set()) absl::StrAppend(&text, " from ", options.source.ToString());
  if (options.interface_index != 0) {
    absl::StrAppend(&text, " by interface ", options.interface_index);
  }
  if (options.transmit_time.has_value()) absl::StrAppend(&text, " with a transmit time");
  return text;
}

}  // namespace pollux::internal
