// SPDX-License-Identifier: Apache-2.0

#include "sim/router.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/fabric/prefix.h"
#include "udp/internal/check.h"

namespace pollux::sim {

Router::Router(const World& world, absl::string_view name, const RouterOptions& options,
               absl::Time wall_start, absl::Duration resolve_delay, HostEngine::NameService names)
    : Host(world, name, options.host, wall_start, resolve_delay, std::move(names)) {
  routing_.forwards = true;
  routing_.gateway = options.gateway;
  routing_.learns = options.learns_routes;
  SetIcmp(options.icmp);
  stack_.SetForwarding(&forwarding_);
}

uint32_t Router::InterfaceOnSegment(const Segment& segment) const {
  return InterfaceOn(segment.domain_);
}

void Router::SetIcmp(RouterIcmp icmp) {
  forwarding_.sends_icmp = icmp == RouterIcmp::kNormal;
  forwarding_.passes_icmp = icmp != RouterIcmp::kSwallows;
}

void Router::AddException(absl::string_view prefix, RouteVerdict verdict) {
  const absl::StatusOr<Prefix> range = Prefix::ParseRange(prefix);
  POLLUX_CHECK(range.ok(), absl::StrCat("router ", name(), ": ", range.status().message()));
  // What was said of it before is gone, and of an address in several prefixes the last word counts.
  Permit(prefix);
  std::vector<ForwardingRules::Exception>& all = forwarding_.exceptions;
  all.insert(all.begin(), {range->network, range->length, verdict});
}

void Router::Permit(absl::string_view prefix) {
  const absl::StatusOr<Prefix> range = Prefix::ParseRange(prefix);
  POLLUX_CHECK(range.ok(), absl::StrCat("router ", name(), ": ", range.status().message()));
  std::vector<ForwardingRules::Exception>& all = forwarding_.exceptions;
  const auto said = [&](const ForwardingRules::Exception& exception) {
    return exception.network == range->network && exception.prefix_length == range->length;
  };
  all.erase(std::remove_if(all.begin(), all.end(), said), all.end());
}

absl::Status Router::ValidateMulticastRoute(
    absl::string_view group, const Segment& from,
    const std::vector<std::reference_wrapper<Segment>>& to) const {
  const auto refuse = [&](absl::StatusCode code, absl::string_view why) {
    return absl::Status(code,
                        absl::StrCat("router ", name(), ", route of group ", group, ": ", why));
  };
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(group);
  if (!address.ok() || !address->is_multicast()) {
    return refuse(absl::StatusCode::kInvalidArgument, "it is no group's address");
  }
  if (address->needs_scope() || address->IsIn(IpAddress::Ipv4(224, 0, 0, 0), 24)) {
    return refuse(absl::StatusCode::kInvalidArgument, "routers leave that group on its link");
  }
  std::vector<std::reference_wrapper<const Segment>> segments(to.begin(), to.end());
  segments.push_back(from);
  for (const Segment& segment : segments) {
    if (InterfaceOnSegment(segment) != 0) continue;
    return refuse(absl::StatusCode::kNotFound,
                  absl::StrCat("it is not attached to segment ", segment.name()));
  }
  if (to.empty()) return refuse(absl::StatusCode::kInvalidArgument, "it leads nowhere");
  // Those by which the group leaves, each of which is one copy.
  std::vector<uint32_t> ways;
  for (const MulticastRoute& route : forwarding_.multicast_routes) {
    if (route.group != *address || route.from != InterfaceOnSegment(from)) continue;
    ways.insert(ways.end(), route.to.begin(), route.to.end());
  }
  for (const Segment& segment : to) {
    if (&segment == &from) {
      return refuse(absl::StatusCode::kInvalidArgument,
                    absl::StrCat("it leads back to segment ", segment.name()));
    }
    if (std::count(ways.begin(), ways.end(), InterfaceOnSegment(segment)) > 0) {
      return refuse(absl::StatusCode::kAlreadyExists,
                    absl::StrCat("it leads to segment ", segment.name(), " already"));
    }
    ways.push_back(InterfaceOnSegment(segment));
  }
  return absl::OkStatus();
}

void Router::AddMulticastRoute(absl::string_view group, const Segment& from,
                               const std::vector<std::reference_wrapper<Segment>>& to) {
  const absl::Status status = ValidateMulticastRoute(group, from, to);
  POLLUX_CHECK(status.ok(), status.message());
  MulticastRoute route{*IpAddress::Parse(group), InterfaceOnSegment(from), {}};
  for (const Segment& segment : to) route.to.push_back(InterfaceOnSegment(segment));
  forwarding_.multicast_routes.push_back(std::move(route));
}

}  // namespace pollux::sim
