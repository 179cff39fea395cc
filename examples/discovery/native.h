// SPDX-License-Identifier: Apache-2.0
//
// File: native.h
//
// The discovery example on the machine it runs on: service and clients in one process, or apart.

#ifndef POLLUX_EXAMPLES_DISCOVERY_NATIVE_H_
#define POLLUX_EXAMPLES_DISCOVERY_NATIVE_H_

#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "udp/endpoint.h"

namespace pollux::examples {

struct NativeRun {
  bool service = true;
  int clients = 2;             // Without any, the service runs until a signal comes.
  std::string interface = "";  // "": the loopback interface.
  Endpoint group = {};
  absl::Duration timeout = absl::Seconds(10);
};

// Runs until every client is done, or a signal comes, and tells on `out` what happens. Returns the
// exit code of the program.
int RunNative(const NativeRun& run, std::ostream& out);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_NATIVE_H_
