// SPDX-License-Identifier: Apache-2.0
//
// File: link_profile.h
//
// What the way between two hosts does to packets. By default nothing: they arrive at once.

#ifndef POLLUX_SIM_FABRIC_LINK_PROFILE_H_
#define POLLUX_SIM_FABRIC_LINK_PROFILE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sim/choice/ratio.h"
#include "sim/fabric/jitter.h"
#include "sim/fabric/loss_model.h"

namespace pollux::sim {

// The smallest MTUs with which IPv4 (RFC 791: what every host must accept) and IPv6 (RFC 8200)
// work.
inline constexpr uint32_t kMinIpv4Mtu = 576;
inline constexpr uint32_t kMinIpv6Mtu = 1280;
inline constexpr uint32_t kMaxMtu = 65535;

// A value type; thread-compatible.
struct LinkProfile {
  absl::Duration latency = absl::ZeroDuration();  // From one host to the other. At most one hour.
  Ratio loss = Ratio::Never();                    // How often a packet is lost.
  Ratio duplicate = Ratio::Never();  // How often a packet that is not lost arrives twice.
  // How much later than the first. At most one hour.
  absl::Duration duplicate_delay = absl::ZeroDuration();
  // What the interfaces tell their hosts: bytes of the largest packet, IP header included. A larger
  // datagram that its sender's kernel lets pass travels in fragments, each with luck of its own.
  uint32_t mtu = 1500;
  LossModel loss_model = {};  // In place of `loss`, where losses know of each other.
  // How much each packet deviates from the latency, so that some overtake others. At most one hour.
  absl::Duration jitter = absl::ZeroDuration();
  JitterShape jitter_shape = JitterShape::kUniform;
  Ratio overtake = Ratio::Never();  // How often a packet takes no time at all (netem's "reorder").
  // How often bits of a packet arrive as others. The receiver's UDP checksum finds out: it drops
  // the packet.
  Ratio corrupt = Ratio::Never();
};

// Whether hosts can be connected by such a link; `ipv6` says whether they speak it. Errors:
// kInvalidArgument, naming the field and its value.
absl::Status Validate(const LinkProfile& profile, bool ipv6);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_PROFILE_H_
