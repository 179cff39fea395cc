// SPDX-License-Identifier: Apache-2.0
//
// The bind conflicts of Windows (udp-semantics 4.1.1, 4.1.2): a table of who was first against who
// comes second, each with its address (W: wildcard, S: specific) and option. Microsoft documents it
// without telling UDP from TCP; Wine's tests confirm it for TCP (U).

#include <array>

#include "sim/kernel/bind_conflict.h"
#include "sim/kernel/port_table.h"

namespace pollux::sim {
namespace {

enum Cell : char { kOk = '.', kInUse = 'I', kAccess = 'A' };

// Rows: the holder; columns: the newcomer. Both in the order none W, none S, REUSE W, REUSE S, EX
// W, EX S. Where both are specific, they are the same address: others never conflict.
using Matrix = std::array<const char*, 6>;

constexpr Matrix kSameUser = {
    // nW nS rW rS eW eS
    "I.A.I.",  // none W
    ".I.AII",  // none S
    "I...I.",  // REUSE W
    ".I..II",  // REUSE S
    "IAAAIA",  // EX W
    ".I.AII",  // EX S
};

// Another user's specific newcomer is kept from a wildcard holder.
constexpr Matrix kOtherUser = {
    "IAAAIA",  // none W
    ".I.AII",  // none S
    "IA..IA",  // REUSE W
    ".I..II",  // REUSE S
    "IAAAIA",  // EX W
    ".I.AII",  // EX S
};

// Windows XP and older: the address does not matter once it overlaps, nor does the user.
constexpr Matrix kXp = {
    "II..II",  // none W
    "II..II",  // none S
    "II..II",  // REUSE W
    "II..II",  // REUSE S
    "IIAAII",  // EX W
    "IIAAII",  // EX S
};

int Index(const ControlBlock& socket) {
  const SocketOptions& options = socket.options;
  const int kind = options.exclusive_address ? 4 : options.reuse_address ? 2 : 0;
  return kind + (socket.on_wildcard() ? 0 : 1);
}

char Lookup(const ControlBlock& socket, const ControlBlock& holder, bool xp) {
  // The wildcards of different protocols live side by side, unless the holder is exclusive
  // (udp-semantics 4.1.2 "6dual any > v4 any, both none").
  if (socket.on_wildcard() && holder.on_wildcard() &&
      socket.CarriesIpv6() != holder.CarriesIpv6()) {
    return holder.options.exclusive_address ? kAccess : kOk;
  }
  const Matrix& matrix = xp ? kXp : socket.user == holder.user ? kSameUser : kOtherUser;
  return matrix[Index(holder)][Index(socket)];
}

}  // namespace

std::optional<OsError> WindowsMatrix(const BindAttempt& attempt, bool xp) {
  // The oldest holder that conflicts gives the error.
  for (auto it = attempt.holders.rbegin(); it != attempt.holders.rend(); ++it) {
    if (!Overlap(*attempt.socket, **it)) continue;
    const char cell = Lookup(*attempt.socket, **it, xp);
    if (cell == kInUse) return OsError::kAddressInUse;
    if (cell == kAccess) return OsError::kAccess;
  }
  return std::nullopt;
}

}  // namespace pollux::sim
