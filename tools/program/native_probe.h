// SPDX-License-Identifier: Apache-2.0
//
// File: native_probe.h
//
// How the native target knows that all has come to rest: it sends a datagram the same way as the
// program did, and waits for what comes of it. Packets of one way keep their order.

#ifndef POLLUX_TOOLS_PROGRAM_NATIVE_PROBE_H_
#define POLLUX_TOOLS_PROGRAM_NATIVE_PROBE_H_

#include <cstdint>

#include "udp/ip_address.h"

namespace pollux::program {

// Above the ports that Linux chooses from. The target's own: of 127.0.0.1 on the first host, where
// it is bound, and on all that it sends to, where it is closed.
inline constexpr uint16_t kProbePort = 61439;

// A datagram that a host sends to itself.
class LoopbackProbe {
 public:
  // On the thread's host. `ok` tells whether that went well.
  LoopbackProbe();
  LoopbackProbe(const LoopbackProbe&) = delete;
  LoopbackProbe& operator=(const LoopbackProbe&) = delete;
  ~LoopbackProbe();

  bool ok() const { return ok_; }
  // Ends the program where the kernel has lost the datagram.
  void GoAndReturn();

 private:
  int fd_ = -1;
  bool ok_ = false;
};

// A datagram to a closed port of a neighbour, and the neighbour's answer.
class WireProbe {
 public:
  // To an IPv4 address.
  explicit WireProbe(const IpAddress& neighbour);
  WireProbe(const WireProbe&) = delete;
  WireProbe& operator=(const WireProbe&) = delete;
  ~WireProbe();

  bool ok() const { return ok_; }
  // Tries again where a datagram is lost, and ends the program where that goes on for seconds.
  void GoAndReturn();

 private:
  bool Answered(int patience_ms) const;

  int fd_ = -1;
  bool ok_ = false;
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_NATIVE_PROBE_H_
