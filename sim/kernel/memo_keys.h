// SPDX-License-Identifier: Apache-2.0
//
// File: memo_keys.h
//
// What a stack is asked again and again, and so has each a `Memo` of.

#ifndef POLLUX_SIM_KERNEL_MEMO_KEYS_H_
#define POLLUX_SIM_KERNEL_MEMO_KEYS_H_

#include <cstdint>

#include "udp/endpoint.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// By which gateway do packets leave?
struct Hop {
  uint32_t interface_index = 0;
  IpAddress target;

  friend bool operator==(const Hop& a, const Hop& b) {
    return a.interface_index == b.interface_index && a.target == b.target;
  }
  uint32_t mix() const { return target.ipv4_number() + interface_index; }
};

// Is a packet of these ends for this host, and for whom there?
struct PacketEnds {
  uint32_t link = 0;
  uint32_t arrives_on = 0;  // `Packet::arrives_on`
  IpAddress source;
  IpAddress target;

  friend bool operator==(const PacketEnds& a, const PacketEnds& b) {
    return a.link == b.link && a.arrives_on == b.arrives_on && a.source == b.source &&
           a.target == b.target;
  }
  uint32_t mix() const { return source.ipv4_number() + 5 * target.ipv4_number() + link; }
};

// Which sockets hear a datagram for all of these ends?
struct Heard {
  uint32_t link = 0;
  uint32_t interface_index = 0;  // That it counts as arriving on.
  Endpoint source;
  Endpoint destination;

  friend bool operator==(const Heard& a, const Heard& b) {
    return a.link == b.link && a.interface_index == b.interface_index && a.source == b.source &&
           a.destination == b.destination;
  }
  uint32_t mix() const {
    return source.address.ipv4_number() + source.port + 5 * destination.address.ipv4_number() +
           destination.port + link;
  }
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_MEMO_KEYS_H_
