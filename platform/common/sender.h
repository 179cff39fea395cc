// SPDX-License-Identifier: Apache-2.0
//
// File: sender.h
//
// `Sender` is what all datagrams of a socket have in common when they are sent: it turns a slot's
// destination into the system's form, and says what is wrong with a slot that cannot be sent.

#ifndef POLLUX_PLATFORM_COMMON_SENDER_H_
#define POLLUX_PLATFORM_COMMON_SENDER_H_

#include <string>

#include "absl/status/status.h"
#include "platform/common/socket_address.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"
#include "udp/platform.h"

namespace pollux::internal {

// A value; owns nothing.
struct Sender {
  Platform platform = Platform::kLinux;  // Whose numbers errors have.
  AddressFamily family = AddressFamily::kNone;
  Endpoint peer = {};  // Unset while not connected.
  int type_of_service = 0;

  // Fills `to` for a datagram, and leaves `has_address` false for one to the peer. False for a
  // datagram that cannot be sent; `Refusal` then says why.
  bool Address(const SendSlot& slot, SocketAddress& to, bool& has_address) const;
  absl::Status Refusal(const SendSlot& slot) const;
  // Whether the datagram leaves as IPv4.
  bool UsesIpv4(const SendSlot& slot) const;
  // "send 5 bytes to 10.0.0.1:7755 by interface 2"
  std::string Describe(const SendSlot& slot) const;
};

}  // namespace pollux::internal

#endif  // POLLUX_PLATFORM_COMMON_SENDER_H_
