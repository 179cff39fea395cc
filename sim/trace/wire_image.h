// SPDX-License-Identifier: Apache-2.0
//
// File: wire_image.h
//
// The bytes that a simulated packet would be on a real wire. The simulation itself never makes
// them: packets are values there.

#ifndef POLLUX_SIM_TRACE_WIRE_IMAGE_H_
#define POLLUX_SIM_TRACE_WIRE_IMAGE_H_

#include <string>

#include "sim/kernel/packet.h"
#include "sim/trace/group_message.h"

namespace pollux::sim {

// The IP packet, from the first byte of its header: IPv4 (RFC 791) or IPv6 (RFC 8200) with UDP (RFC
// 768) or a fragment of that, or with an ICMP or ICMPv6 error (RFC 792, RFC 4443) that quotes the
// datagram it is about. All checksums are right, but that of UDP or ICMP in a packet that was
// corrupted on its way: that one is wrong for certain. A fragment without one has another last
// byte.
//
// `about` is, for an ICMP error, the packet that it is about, where that is known: the quote then
// has its identification and hop limit. It may be null.
std::string WireImage(const Packet& packet, const Packet* about = nullptr);

// The same of a message about groups, with IGMP or, behind a hop-by-hop header, MLD.
std::string WireImage(const GroupMessage& message);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_WIRE_IMAGE_H_
