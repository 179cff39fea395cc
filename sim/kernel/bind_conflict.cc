// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/bind_conflict.h"

#include "sim/kernel/port_table.h"

namespace pollux::sim {
namespace {

// What a Linux bind thinks of one holder.
enum class Verdict { kNoMatter, kMayShare, kConflict };

Verdict LinuxVerdict(const PlatformRules& rules, const ControlBlock& socket,
                     const ControlBlock& holder) {
  const SocketOptions& mine = socket.options;
  const SocketOptions& its = holder.options;
  if (mine.reuse_address && its.reuse_address) return Verdict::kNoMatter;
  if (rules.bound_interface_splits_ports && mine.bound_interface != 0 && its.bound_interface != 0 &&
      mine.bound_interface != its.bound_interface) {
    return Verdict::kNoMatter;
  }
  if (!Overlap(socket, holder)) return Verdict::kNoMatter;
  const bool share = mine.reuse_port && its.reuse_port && socket.user == holder.user;
  return share ? Verdict::kMayShare : Verdict::kConflict;
}

// udp-semantics 5: with NetworkControl, asking for reuse succeeds whatever the holder's flags.
// Asking for it without, or not asking, fails. Undecided by the sources, and decided here:
// NetworkControl without the hint is a conflict, and kShareAddress is no hint.
std::optional<OsError> SymbianCapability(const BindAttempt& attempt) {
  if (attempt.may_reuse && attempt.socket->options.reuse_address) return std::nullopt;
  for (const ControlBlock* holder : attempt.holders) {
    if (Overlap(*attempt.socket, *holder)) return OsError::kAddressInUse;
  }
  return std::nullopt;
}

}  // namespace

// udp-semantics 1.1.2 and 1.1.3: the first holder that matters decides, older ones are not looked
// at. So a newcomer with SO_REUSEPORT can pass a holder that it conflicts with.
std::optional<OsError> LinuxScan(const PlatformRules& rules, const BindAttempt& attempt) {
  if (attempt.socket->options.reuse_address && attempt.all_reuse_address) return std::nullopt;
  for (const ControlBlock* holder : attempt.holders) {
    switch (LinuxVerdict(rules, *attempt.socket, *holder)) {
      case Verdict::kNoMatter:
        continue;
      case Verdict::kMayShare:
        return std::nullopt;
      case Verdict::kConflict:
        return OsError::kAddressInUse;
    }
  }
  return std::nullopt;
}

std::optional<OsError> FindBindConflict(const PlatformRules& rules, const BindAttempt& attempt) {
  switch (rules.conflict) {
    case ConflictRule::kLinuxScan:
      return LinuxScan(rules, attempt);
    case ConflictRule::kXnuSearch:
      return BsdSearch(attempt, /*freebsd=*/false);
    case ConflictRule::kFreeBsd:
      return BsdSearch(attempt, /*freebsd=*/true);
    case ConflictRule::kWindows:
      return WindowsMatrix(attempt, /*xp=*/false);
    case ConflictRule::kWindowsXp:
      return WindowsMatrix(attempt, /*xp=*/true);
    case ConflictRule::kSymbian:
      return SymbianCapability(attempt);
  }
  return std::nullopt;
}

bool BlocksEphemeral(const PlatformRules& rules, const BindAttempt& attempt) {
  if (rules.ephemeral == EphemeralRule::kExact) {
    return FindBindConflict(rules, attempt).has_value();
  }
  // Unlike an explicit bind, Linux's search for a free port looks at every holder.
  for (const ControlBlock* holder : attempt.holders) {
    if (rules.ephemeral == EphemeralRule::kUnused) {
      if (Overlap(*attempt.socket, *holder)) return true;
    } else if (LinuxVerdict(rules, *attempt.socket, *holder) == Verdict::kConflict) {
      return true;
    }
  }
  return false;
}

}  // namespace pollux::sim
