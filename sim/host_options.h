// SPDX-License-Identifier: Apache-2.0
//
// File: host_options.h

#ifndef POLLUX_SIM_HOST_OPTIONS_H_
#define POLLUX_SIM_HOST_OPTIONS_H_

#include <optional>

#include "sim/host_clock.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/udp_stack.h"
#include "udp/platform.h"

namespace pollux::sim {

// What a host is like; by default an ordinary user's program on Linux.
struct HostOptions {
  Platform platform = Platform::kLinux;
  // The rules that the host's kernel plays; unset: the usual ones of `platform`. A release that has
  // other ones, `RulesFor(Release::kWindowsXp)`, or a copy in which a rule is changed. The host is
  // then of the rules' platform, and `platform` must not name another but the default.
  std::optional<PlatformRules> rules = std::nullopt;
  UserId user = 1000;  // Who owns the sockets; 0 is root, who may bind privileged ports.
  Capabilities capabilities = {};  // Of the program, on platforms that ask: Symbian.
  bool ipv6 = true;                // Whether the host has IPv6.
  // Whether groups and limited broadcasts leave by the first interface where the program does not
  // say by which, as on a machine with a default route. Without, the program has to say it.
  bool group_routes = true;
  // Whether it has a default route by the first router of its segments.
  bool default_route = true;
  ClockOptions clock = {};  // How its clocks differ from the network's.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_OPTIONS_H_
