// SPDX-License-Identifier: Apache-2.0
//
// File: bind_conflict.h
//
// May a socket have an address and port that others hold? Each `ConflictRule` is one function of
// the newcomer and the sockets that hold the port; nothing is changed.

#ifndef POLLUX_SIM_KERNEL_BIND_CONFLICT_H_
#define POLLUX_SIM_KERNEL_BIND_CONFLICT_H_

#include <optional>

#include "absl/types/span.h"
#include "sim/kernel/control_block.h"
#include "sim/kernel/platform_rules.h"
#include "udp/socket_error.h"

namespace pollux::sim {

struct BindAttempt {
  // The newcomer, with the local address it wants. It is in no table.
  const ControlBlock* socket = nullptr;
  // The sockets of that port, in the order of `PortTable::OnPort`.
  absl::Span<ControlBlock* const> holders;
  // Whether its process may use address reuse, where that is a privilege (Symbian).
  bool may_reuse = false;
  // Whether all holders have SO_REUSEADDR: there can be many, and this spares looking at each.
  bool all_reuse_address = false;
};

// The error that the bind fails with, nullopt if it may go on.
std::optional<OsError> FindBindConflict(const PlatformRules& rules, const BindAttempt& attempt);

// Whether a bind to port 0 may not choose that port.
bool BlocksEphemeral(const PlatformRules& rules, const BindAttempt& attempt);

// The algorithms. They differ in shape, so each has its own function; the files are named after
// them.
std::optional<OsError> LinuxScan(const PlatformRules& rules, const BindAttempt& attempt);
// `freebsd`: its uid and group rules, else those of macOS.
std::optional<OsError> BsdSearch(const BindAttempt& attempt, bool freebsd);
// `xp`: the matrix before Server 2003.
std::optional<OsError> WindowsMatrix(const BindAttempt& attempt, bool xp);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_BIND_CONFLICT_H_
