// SPDX-License-Identifier: Apache-2.0
//
// File: router.h
//
// `Router` is a host that passes on what is not for itself. `Network::AddRouter` makes it.
//
//   sim::Segment& office = net.AddSegment("office", "10.1.0.0/24");
//   sim::Segment& factory = net.AddSegment("factory", "10.2.0.0/24", {.mtu = 1280});
//   sim::Router& r1 = net.AddRouter("r1", {office, factory});
//
// Hosts of both segments, also those that are attached later, now reach each other: they have a
// default route by r1. Routers know the way to all segments of the network.

#ifndef POLLUX_SIM_ROUTER_H_
#define POLLUX_SIM_ROUTER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/host.h"
#include "sim/kernel/forwarding.h"
#include "sim/segment.h"

namespace pollux::sim {

// What a router does about ICMP errors.
enum class RouterIcmp : uint8_t {
  kNormal,
  kSilent,    // It sends none: what it cannot pass on is gone without a word.
  kSwallows,  // It passes on none of others either. Path MTU discovery never hears of a smaller MTU
              // behind it: a black hole (RFC 2923).
};

struct RouterOptions {
  HostOptions host = {};  // What it is like as a host.
  RouterIcmp icmp = RouterIcmp::kNormal;
  // Hosts of its segments have their default route by it, but where another router came first.
  bool gateway = true;
  // It knows the way to every segment, and other routers the way through it. Without, it has the
  // routes of its own segments and those of `AddRoute`.
  bool learns_routes = true;
};

// Loop thread only. Owned by its network.
//
// It does what RFC 1812 and RFC 4443 ask for, in the way of its platform's kernel, Linux by
// default: hop limits go down, and what has none left, finds no way, is too large for the next
// segment and must not be split, or is for a neighbour who does not answer, is answered by ICMP. It
// splits IPv4 packets that may be split. It passes on nothing that is for one link alone:
// broadcasts (those to a segment's own address, too), link-local addresses, and groups but for
// those that `AddMulticastRoute` names.
//
// Its ICMP errors are limited as those of its platform are, per receiver; "fragmentation needed" is
// not.
//
// Bad arguments are the programmer's error: this is checked, and the message names the value. The
// `Validate` function says the same as a status, for tools.
class Router : public Host {
 public:
  void SetIcmp(RouterIcmp icmp);

  // From now on answers packets to `prefix`, as "10.2.0.0/16" or "0.0.0.0/0", with
  // "administratively prohibited". What is said last of an address counts.
  void Prohibit(absl::string_view prefix) { AddException(prefix, RouteVerdict::kProhibit); }
  // Swallows them without a word.
  void Swallow(absl::string_view prefix) { AddException(prefix, RouteVerdict::kSwallow); }
  // Takes back what was said of exactly that prefix; nothing happens if nothing was.
  void Permit(absl::string_view prefix);

  // Has packets to a group that come in from one of its segments leave by others. Errors of
  // `ValidateMulticastRoute` are checked.
  void AddMulticastRoute(absl::string_view group, const Segment& from,
                         const std::vector<std::reference_wrapper<Segment>>& to);
  // Errors: kInvalidArgument for what is no group, or one that stays on its link, and for a way
  // back to where it comes from; kNotFound for a segment that the router is not attached to;
  // kAlreadyExists where it goes there already.
  absl::Status ValidateMulticastRoute(absl::string_view group, const Segment& from,
                                      const std::vector<std::reference_wrapper<Segment>>& to) const;

 private:
  friend class Nat;
  friend class Network;

  Router(const World& world, absl::string_view name, const RouterOptions& options,
         absl::Time wall_start, absl::Duration resolve_delay, HostEngine::NameService names);

  void AddException(absl::string_view prefix, RouteVerdict verdict);
  uint32_t InterfaceOnSegment(const Segment& segment) const;

  ForwardingRules forwarding_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_ROUTER_H_
