// SPDX-License-Identifier: Apache-2.0
//
// File: link_profile.h
//
// What the way between two hosts does to packets. By default nothing: they arrive at once.
//
//   LinkProfile dsl = {.latency = absl::Milliseconds(15),
//                      .rate = 10'000'000,
//                      .queue = {.bytes = 64'000, .codel = CoDel()}};
//
// What Linux's netem calls the same thing is named behind each. sim/fabric/presets.h has some
// ready.

#ifndef POLLUX_SIM_FABRIC_LINK_PROFILE_H_
#define POLLUX_SIM_FABRIC_LINK_PROFILE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sim/choice/ratio.h"
#include "sim/fabric/codel.h"
#include "sim/fabric/jitter.h"
#include "sim/fabric/loss_model.h"

namespace pollux::sim {

// The smallest MTUs with which IPv4 (RFC 791: what every host must accept) and IPv6 (RFC 8200)
// work.
inline constexpr uint32_t kMinIpv4Mtu = 576;
inline constexpr uint32_t kMinIpv6Mtu = 1280;
inline constexpr uint32_t kMaxMtu = 65535;
// How many packets wait at most for a line whose profile says nothing about its queue: as many as
// for an interface of Linux ("txqueuelen").
inline constexpr uint32_t kDefaultQueuePackets = 1000;

// Where packets wait for the line: what comes when it is full is dropped. The packet that the line
// is sending does not count. With both limits 0 it holds `kDefaultQueuePackets`.
struct QueueOptions {
  uint64_t bytes = 0;                         // At most; 0: no limit in bytes. (bfifo)
  uint32_t packets = 0;                       // At most; 0: no limit in packets. (pfifo)
  std::optional<CoDel> codel = std::nullopt;  // Drops earlier. (codel)
};

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
  // How often a packet takes no time at all, and so overtakes others. (reorder)
  Ratio overtake = Ratio::Never();
  // How often bits of a packet arrive as others. The receiver's UDP checksum finds out: it drops
  // the packet. It does not where the damage happens to cancel out in the checksum.
  Ratio corrupt = Ratio::Never();

  // Of each `overtake_gap` packets the first ones cannot overtake, and the last, or one behind it,
  // does with the chance `overtake`: with Always(), every one of that number. (reorder ... gap)
  uint32_t overtake_gap = 1;
  // How often a packet comes later by so much, at most one hour, so that others overtake it.
  Ratio late = Ratio::Never();
  absl::Duration late_by = absl::ZeroDuration();
  // Packets do not overtake others by jitter: one that would waits for them.
  bool keep_order = false;

  // By how much each packet's luck is that of the one before it, from 0 to 1. As with netem, it
  // makes rare things rarer: see sim/fabric/correlated_word.h.
  Ratio loss_correlation = Ratio::Never();  // Not with a loss model. (loss P R)
  Ratio duplicate_correlation = Ratio::Never();
  Ratio overtake_correlation = Ratio::Never();
  Ratio corrupt_correlation = Ratio::Never();
  Ratio jitter_correlation = Ratio::Never();  // (delay A B R)

  // How many bits of a corrupted packet's payload are others, from 1 to 64. Which ones is drawn.
  uint32_t corrupt_bits = 1;
  // How often nobody finds out, so that a program gets the damaged datagram: as with a sender that
  // leaves out the checksum of IPv4, or with hardware that damages packets and computes theirs
  // anew.
  Ratio undetected = Ratio::Never();

  // Bits per second that the sender's line takes, up to 10^12; 0: any number at once. (rate)
  uint64_t rate = 0;
  // What each packet takes on the line beside its IP packet, in bytes, at most 1000.
  // (packetoverhead)
  uint32_t overhead = 0;
  // Who waits for the line. Without a rate nobody does.
  QueueOptions queue = {};
};

// Whether all that happens to a packet is that it takes `latency`, unless it has to wait for a
// line: nothing is left to luck, and no packet's fate has to do with another's.
bool IsPlain(const LinkProfile& profile);

// Whether hosts can be connected by such a link; `ipv6` says whether they speak it. Errors:
// kInvalidArgument, naming the field and its value.
absl::Status Validate(const LinkProfile& profile, bool ipv6);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_PROFILE_H_
