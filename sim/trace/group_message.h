// SPDX-License-Identifier: Apache-2.0
//
// File: group_message.h
//
// What hosts and queriers say to each other about groups, as far as it goes over a wire of the
// simulation: the reports of IGMPv3 (RFC 3376) and MLDv2 (RFC 3810), and the questions that are
// asked because something happened.

#ifndef POLLUX_SIM_TRACE_GROUP_MESSAGE_H_
#define POLLUX_SIM_TRACE_GROUP_MESSAGE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// A value type; thread-compatible.
struct GroupMessage {
  enum class Kind : uint8_t {
    kJoin,   // A host wants the group, from all sources.
    kLeave,  // It wants it no more.
    kQuery,  // Who wants the group, or, of the wildcard address, who wants which?
  };

  Kind kind = Kind::kJoin;
  IpAddress group;   // Without scope. Its family says which protocol it is.
  IpAddress source;  // Of the interface that sends it; the wildcard address where it has none.
  absl::Duration query_interval = absl::Seconds(125);  // kQuery: it says when it will ask again.

  bool is_general() const { return group.is_unspecified(); }
  // Where it is sent to (RFC 3376 4.1.12, 4.2.14; RFC 3810 5.1.15, 5.2.14).
  IpAddress Destination() const;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_GROUP_MESSAGE_H_
