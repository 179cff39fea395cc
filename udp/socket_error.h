// SPDX-License-Identifier: Apache-2.0
//
// File: socket_error.h
//
// Errors come as `absl::Status`. Its canonical code says what a caller may do about it; the
// portable cause and the operating system's own number ride along as a payload:
//
//   absl::Status status = socket.Bind(7755);
//   if (SocketErrorOf(status) == SocketError::kAddressInUse) ...  // The same on every engine.
//   std::cerr << status.message();  // "bind *:7755: address already in use (EADDRINUSE 98); ..."
//
// Engines make such statuses with `OsStatus` from the operating system's error, and code above the
// seam with `SocketStatus`. One table, in socket_error.cc, holds for every error its names and
// numbers on each platform, its `SocketError` and its canonical code.

#ifndef POLLUX_UDP_SOCKET_ERROR_H_
#define POLLUX_UDP_SOCKET_ERROR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "udp/platform.h"

namespace pollux {

// The portable causes: the QAbstractSocket::SocketError values that a UDP socket can meet, with
// their numeric values.
enum class SocketError : int8_t {
  kUnknown = -1,
  kConnectionRefused = 0,  // A peer answered that the port is closed.
  kRemoteHostClosed = 1,   // The socket was shut down for this direction.
  kHostNotFound = 2,       // A name does not resolve.
  kSocketAccess = 3,       // Privileges or an exclusive holder forbid it.
  kSocketResource = 4,     // Out of descriptors, memory, memberships.
  kSocketTimeout = 5,      // The deadline passed.
  kDatagramTooLarge = 6,   // The payload does not fit the protocol, or the path with DF set.
  kNetwork = 7,            // No route, no such interface, no destination given, and the like.
  kAddressInUse = 8,       // The bind conflicts with another socket.
  kSocketAddressNotAvailable = 9,  // The address, or membership, is not of this host, or socket.
  kUnsupportedOperation = 10,      // The platform, or this family, does not have it.
  kOperation = 19,                 // Not in this state of the socket, or not with this argument.
  kTemporary = 22,  // Nothing is pending, or the send buffer is full. Try again later.
};

// "AddressInUse", and so on.
absl::string_view ToString(SocketError error);

// The operating system errors that UDP calls give, by their POSIX meaning.
enum class OsError : uint8_t {
  kUnknown,  // A number that the table does not have.
  kAccess,
  kAddressFamilyNotSupported,
  kAddressInUse,
  kAddressNotAvailable,
  kAgain,
  kBadDescriptor,
  kBrokenPipe,
  kConnectionAborted,
  kConnectionRefused,
  kConnectionReset,
  kDestinationRequired,
  kFault,
  kFileTableFull,
  kHostDown,
  kHostUnreachable,
  kInterrupted,
  kInvalidArgument,
  kIsConnected,
  kMessageTooLong,
  kNetworkDown,
  kNetworkReset,
  kNetworkUnreachable,
  kNoBuffers,
  kNoDevice,
  kNoMemory,
  kNoNetwork,  // ENONET
  kNoProtocolOption,
  kNoSpace,        // ENOSPC: a limit of the system, such as that of watched descriptors.
  kNoSuchAddress,  // ENXIO
  kNotConnected,
  kOperationNotSupported,
  kPermission,
  kProtocolError,
  kProtocolNotSupported,
  kShutdown,
  kSocketTypeNotSupported,
  kTimedOut,
  kTooManyDescriptors,
  kTooManyReferences,
  kWouldBlock,  // Winsock's word for kAgain.
};

// The error behind a platform's number, `kUnknown` for one that the table does not have.
OsError OsErrorFromNumber(Platform platform, int number);
// The platform's number for an error, 0 where it has none.
int OsErrorNumber(Platform platform, OsError error);
// The platform's name for an error: "EADDRINUSE", "WSAEADDRINUSE".
std::string OsErrorName(Platform platform, OsError error);
// The portable cause of an error.
SocketError CauseOf(OsError error);

// The status for an error that an operating system, or a simulated one, reported. `what` tells the
// call and its offending value, in the style "bind 10.0.0.1:80".
absl::Status OsStatus(Platform platform, OsError error, absl::string_view what);
// The same for a number that may not be in the table. Codes of Windows that have no POSIX meaning
// have a cause and a name, too, though no `OsError`: docs/platforms.md lists them.
absl::Status OsStatusFromNumber(Platform platform, int number, absl::string_view what);

// The status for an error that was found above the operating system. `message` is a sentence that
// says what was wrong and what to do.
absl::Status SocketStatus(SocketError error, absl::string_view message);

// What rides in a status; nullopt where it is OK or was not made by the functions above.
std::optional<SocketError> SocketErrorOf(const absl::Status& status);
std::optional<OsError> OsErrorOf(const absl::Status& status);
std::optional<int> OsErrorNumberOf(const absl::Status& status);

}  // namespace pollux

#endif  // POLLUX_UDP_SOCKET_ERROR_H_
