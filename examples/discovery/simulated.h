// SPDX-License-Identifier: Apache-2.0
//
// File: simulated.h
//
// The discovery example on a simulated network: one host with the service, some with a client, and
// a LAN between them that loses datagrams.

#ifndef POLLUX_EXAMPLES_DISCOVERY_SIMULATED_H_
#define POLLUX_EXAMPLES_DISCOVERY_SIMULATED_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/choice/ratio.h"
#include "sim/fault_plan.h"
#include "udp/endpoint.h"

namespace pollux::examples {

struct SimulatedRun {
  uint64_t seed = 2;
  int clients = 2;
  sim::Ratio loss = sim::Ratio(1, 4);  // Of each datagram, on its way to each host.
  Endpoint group = Endpoint(IpAddress::Ipv4(239, 255, 43, 21), 45454);
  absl::Duration timeout = absl::Seconds(10);
  // Files to make of the run, for Wireshark and for a browser; empty: none.
  std::string pcapng = {};
  std::string html = {};
  // What goes wrong: the hosts are "service", "client-1" and so on, the segment is "lan".
  sim::FaultPlan plan = {};
};

struct SimulatedResult {
  int found = 0;  // Clients that have their answer.
  int retries = 0;
  int lost = 0;  // Datagrams, on the way to one host each.
  uint64_t fingerprint = 0;
};

// Runs until every client is done, or, where the plan sees to it that one never is, until long
// after its end, and tells the story on `out`. Errors: those of `Service::Start`, `Client::Start`
// and `sim::Network::Apply`, and of files that cannot be written.
absl::StatusOr<SimulatedResult> RunSimulated(const SimulatedRun& run, std::ostream& out);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_SIMULATED_H_
