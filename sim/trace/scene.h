// SPDX-License-Identifier: Apache-2.0
//
// File: scene.h
//
// What there is in a simulation beside what happens: its hosts, and their kernels with interfaces
// and sockets. Sinks that tell more than events look at it; `Network::scene()` is one.

#ifndef POLLUX_SIM_TRACE_SCENE_H_
#define POLLUX_SIM_TRACE_SCENE_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/udp_stack.h"

namespace pollux::sim {

// Loop thread only. Hosts are numbered from 0 in the order of adding, and never go.
class Scene {
 public:
  virtual ~Scene() = default;

  // The time of day when the simulation began.
  virtual absl::Time start() const = 0;
  virtual size_t host_count() const = 0;
  // The name lives as long as the scene.
  virtual absl::string_view host_name(size_t host) const = 0;
  // May be looked at, also while an event is put on record.
  virtual const UdpStack& kernel(size_t host) const = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_SCENE_H_
