// SPDX-License-Identifier: Apache-2.0

#include <iostream>

#include "sim/network.h"
#include "udp/udp_socket.h"

int main() {
  pollux::sim::Network net({.seed = 7});
  pollux::sim::Segment& lan =
      net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(2)});
  pollux::sim::Host& here = net.AddHost("here");
  pollux::sim::Host& there = net.AddHost("there", {.platform = pollux::Platform::kWindows});
  lan.Attach(here);
  lan.Attach(there);
  pollux::UdpSocket alice(here.engine()), bob(there.engine());
  absl::Status status = bob.Bind(7755);
  if (status.ok()) status = alice.WriteDatagram("hello", {there.address(), 7755});
  net.RunFor(absl::Seconds(1));
  std::cout << (status.ok() ? bob.ReceiveDatagram()->payload : status.ToString()) << "\n";
  return status.ok() ? 0 : 1;
}
