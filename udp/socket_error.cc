// SPDX-License-Identifier: Apache-2.0

#include "udp/socket_error.h"

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pollux {
namespace {

using Code = absl::StatusCode;
using enum SocketError;

// Type of the payload; its text is "CAUSE" or "CAUSE NAME NUMBER", as in "AddressInUse EADDRINUSE
// 98".
constexpr absl::string_view kPayload = "pollux/socket_error";

// A number of 0 says that the platform does not have the error. Symbian's POSIX layer is given
// Linux' numbers. Windows' names are the POSIX ones with "WSA" in front.
struct Row {
  OsError error;
  const char* name;
  int linux_number;
  int macos_number;
  int freebsd_number;
  int windows_number;
  SocketError cause;
  Code code;
  const char* text;
};

// WSAECONNRESET is how Winsock says that a UDP port is unreachable, so its cause is a refusal; and
// WSAENOTCONN is what it says to a send without destination, elsewhere EDESTADDRREQ.
constexpr Row kTable[] = {
    {OsError::kAccess, "EACCES", 13, 13, 13, 10013, kSocketAccess, Code::kPermissionDenied,
     "permission denied"},
    {OsError::kAddressFamilyNotSupported, "EAFNOSUPPORT", 97, 47, 47, 10047, kUnsupportedOperation,
     Code::kUnimplemented, "address family not supported"},
    {OsError::kAddressInUse, "EADDRINUSE", 98, 48, 48, 10048, kAddressInUse, Code::kAlreadyExists,
     "address already in use"},
    {OsError::kAddressNotAvailable, "EADDRNOTAVAIL", 99, 49, 49, 10049, kSocketAddressNotAvailable,
     Code::kNotFound, "address not available"},
    {OsError::kAgain, "EAGAIN", 11, 35, 35, 0, kTemporary, Code::kUnavailable, "try again later"},
    {OsError::kBadDescriptor, "EBADF", 9, 9, 9, 10009, kOperation, Code::kFailedPrecondition,
     "bad descriptor"},
    {OsError::kBrokenPipe, "EPIPE", 32, 32, 32, 0, kRemoteHostClosed, Code::kFailedPrecondition,
     "socket was shut down"},
    {OsError::kConnectionAborted, "ECONNABORTED", 103, 53, 53, 10053, kConnectionRefused,
     Code::kUnavailable, "connection aborted"},
    {OsError::kConnectionRefused, "ECONNREFUSED", 111, 61, 61, 10061, kConnectionRefused,
     Code::kUnavailable, "connection refused"},
    {OsError::kConnectionReset, "ECONNRESET", 104, 54, 54, 10054, kConnectionRefused,
     Code::kUnavailable, "connection reset"},
    {OsError::kDestinationRequired, "EDESTADDRREQ", 89, 39, 39, 10039, kNetwork,
     Code::kInvalidArgument, "destination address required"},
    {OsError::kFault, "EFAULT", 14, 14, 14, 10014, kOperation, Code::kInvalidArgument,
     "bad address in memory"},
    {OsError::kFileTableFull, "ENFILE", 23, 23, 23, 0, kSocketResource, Code::kResourceExhausted,
     "too many open files in the system"},
    {OsError::kHostDown, "EHOSTDOWN", 112, 64, 64, 10064, kNetwork, Code::kUnavailable,
     "host is down"},
    {OsError::kHostUnreachable, "EHOSTUNREACH", 113, 65, 65, 10065, kNetwork, Code::kUnavailable,
     "no route to host"},
    {OsError::kInterrupted, "EINTR", 4, 4, 4, 10004, kTemporary, Code::kUnavailable, "interrupted"},
    {OsError::kInvalidArgument, "EINVAL", 22, 22, 22, 10022, kOperation, Code::kInvalidArgument,
     "invalid argument"},
    {OsError::kIsConnected, "EISCONN", 106, 56, 56, 10056, kOperation, Code::kFailedPrecondition,
     "socket is connected"},
    {OsError::kMessageTooLong, "EMSGSIZE", 90, 40, 40, 10040, kDatagramTooLarge, Code::kOutOfRange,
     "message too long"},
    {OsError::kNetworkDown, "ENETDOWN", 100, 50, 50, 10050, kNetwork, Code::kUnavailable,
     "network is down"},
    {OsError::kNetworkReset, "ENETRESET", 102, 52, 52, 10052, kNetwork, Code::kUnavailable,
     "network dropped the connection"},
    {OsError::kNetworkUnreachable, "ENETUNREACH", 101, 51, 51, 10051, kNetwork, Code::kUnavailable,
     "network is unreachable"},
    {OsError::kNoBuffers, "ENOBUFS", 105, 55, 55, 10055, kSocketResource, Code::kResourceExhausted,
     "no buffer space available"},
    {OsError::kNoDevice, "ENODEV", 19, 19, 19, 0, kNetwork, Code::kNotFound, "no such interface"},
    {OsError::kNoMemory, "ENOMEM", 12, 12, 12, 8, kSocketResource, Code::kResourceExhausted,
     "out of memory"},
    {OsError::kNoNetwork, "ENONET", 64, 0, 0, 0, kNetwork, Code::kUnavailable,
     "host is not on the network"},
    {OsError::kNoProtocolOption, "ENOPROTOOPT", 92, 42, 42, 10042, kUnsupportedOperation,
     Code::kUnimplemented, "protocol does not have this option"},
    {OsError::kNoSpace, "ENOSPC", 28, 28, 28, 0, kSocketResource, Code::kResourceExhausted,
     "a limit of the system is reached"},
    {OsError::kNoSuchAddress, "ENXIO", 6, 6, 6, 0, kNetwork, Code::kNotFound,
     "no such device or address"},
    {OsError::kNotConnected, "ENOTCONN", 107, 57, 57, 10057, kNetwork, Code::kFailedPrecondition,
     "socket is not connected"},
    {OsError::kOperationNotSupported, "EOPNOTSUPP", 95, 102, 45, 10045, kUnsupportedOperation,
     Code::kUnimplemented, "operation not supported"},
    {OsError::kPermission, "EPERM", 1, 1, 1, 0, kSocketAccess, Code::kPermissionDenied,
     "operation not permitted"},
    {OsError::kProtocolError, "EPROTO", 71, 100, 92, 0, kNetwork, Code::kUnavailable,
     "protocol error"},
    {OsError::kProtocolNotSupported, "EPROTONOSUPPORT", 93, 43, 43, 10043, kUnsupportedOperation,
     Code::kUnimplemented, "protocol not supported"},
    {OsError::kShutdown, "ESHUTDOWN", 108, 58, 58, 10058, kRemoteHostClosed,
     Code::kFailedPrecondition, "socket was shut down"},
    {OsError::kSocketTypeNotSupported, "ESOCKTNOSUPPORT", 94, 44, 44, 10044, kUnsupportedOperation,
     Code::kUnimplemented, "socket type not supported"},
    {OsError::kTimedOut, "ETIMEDOUT", 110, 60, 60, 10060, kSocketTimeout, Code::kDeadlineExceeded,
     "timed out"},
    {OsError::kTooManyDescriptors, "EMFILE", 24, 24, 24, 10024, kSocketResource,
     Code::kResourceExhausted, "too many open descriptors"},
    {OsError::kTooManyReferences, "ETOOMANYREFS", 109, 59, 59, 10059, kSocketResource,
     Code::kResourceExhausted, "too many references"},
    {OsError::kWouldBlock, "EWOULDBLOCK", 0, 0, 0, 10035, kTemporary, Code::kUnavailable,
     "try again later"},
};

// What Winsock's calls can say beside those: codes of Winsock itself, and of Windows, that have no
// POSIX twin, by their own names.
struct WindowsRow {
  int number;
  const char* name;
  SocketError cause;
  Code code;
  const char* text;
};

constexpr WindowsRow kWindowsTable[] = {
    {6, "WSA_INVALID_HANDLE", kOperation, Code::kFailedPrecondition, "invalid handle"},
    {87, "WSA_INVALID_PARAMETER", kOperation, Code::kInvalidArgument, "invalid parameter"},
    {995, "WSA_OPERATION_ABORTED", kOperation, Code::kAborted, "the socket was closed meanwhile"},
    {1231, "ERROR_NETWORK_UNREACHABLE", kNetwork, Code::kUnavailable, "network is unreachable"},
    {1232, "ERROR_HOST_UNREACHABLE", kNetwork, Code::kUnavailable, "no route to host"},
    {1234, "ERROR_PORT_UNREACHABLE", kConnectionRefused, Code::kUnavailable, "connection refused"},
    {1450, "ERROR_NO_SYSTEM_RESOURCES", kSocketResource, Code::kResourceExhausted,
     "the system is out of resources"},
    {10067, "WSAEPROCLIM", kSocketResource, Code::kResourceExhausted,
     "too many programs use Winsock"},
    {10091, "WSASYSNOTREADY", kNetwork, Code::kUnavailable, "the network system is not ready"},
    {10092, "WSAVERNOTSUPPORTED", kUnsupportedOperation, Code::kUnimplemented,
     "Winsock does not have this version"},
    {10093, "WSANOTINITIALISED", kOperation, Code::kFailedPrecondition, "Winsock was not started"},
    {10101, "WSAEDISCON", kRemoteHostClosed, Code::kFailedPrecondition, "the peer has closed"},
    {10104, "WSAEINVALIDPROCTABLE", kUnsupportedOperation, Code::kUnimplemented,
     "the socket provider is faulty"},
    {10105, "WSAEINVALIDPROVIDER", kUnsupportedOperation, Code::kUnimplemented,
     "the socket provider has another version"},
    {10106, "WSAEPROVIDERFAILEDINIT", kSocketResource, Code::kResourceExhausted,
     "the socket provider did not start"},
    {10107, "WSASYSCALLFAILURE", kNetwork, Code::kUnavailable, "a system call failed"},
};

const WindowsRow* WindowsRowFor(Platform platform, int number) {
  if (platform != Platform::kWindows) return nullptr;
  for (const WindowsRow& row : kWindowsTable) {
    if (row.number == number) return &row;
  }
  return nullptr;
}

int NumberIn(const Row& row, Platform platform) {
  switch (platform) {
    case Platform::kLinux:
    case Platform::kSymbian:
      return row.linux_number;
    case Platform::kMacOs:
      return row.macos_number;
    case Platform::kFreeBsd:
      return row.freebsd_number;
    case Platform::kWindows:
      return row.windows_number;
  }
  return 0;
}

const Row* RowFor(OsError error) {
  for (const Row& row : kTable) {
    if (row.error == error) return &row;
  }
  return nullptr;
}

std::string NameOn(Platform platform, const Row& row) {
  return absl::StrCat(platform == Platform::kWindows ? "WSA" : "", row.name);
}

Code CodeFor(SocketError cause) {
  switch (cause) {
    case kUnknown:
      return Code::kUnknown;
    case kConnectionRefused:
    case kNetwork:
    case kTemporary:
      return Code::kUnavailable;
    case kRemoteHostClosed:
    case kOperation:
      return Code::kFailedPrecondition;
    case kHostNotFound:
    case kSocketAddressNotAvailable:
      return Code::kNotFound;
    case kSocketAccess:
      return Code::kPermissionDenied;
    case kSocketResource:
      return Code::kResourceExhausted;
    case kSocketTimeout:
      return Code::kDeadlineExceeded;
    case kDatagramTooLarge:
      return Code::kOutOfRange;
    case kAddressInUse:
      return Code::kAlreadyExists;
    case kUnsupportedOperation:
      return Code::kUnimplemented;
  }
  return Code::kUnknown;
}

constexpr SocketError kAllCauses[] = {kUnknown,
                                      kConnectionRefused,
                                      kRemoteHostClosed,
                                      kHostNotFound,
                                      kSocketAccess,
                                      kSocketResource,
                                      kSocketTimeout,
                                      kDatagramTooLarge,
                                      kNetwork,
                                      kAddressInUse,
                                      kSocketAddressNotAvailable,
                                      kUnsupportedOperation,
                                      kOperation,
                                      kTemporary};

absl::Status MakeStatus(Code code, SocketError cause, absl::string_view name, int number,
                        absl::string_view what, absl::string_view text) {
  absl::Status status(code, absl::StrCat(what, ": ", text, " (", name, " ", number, ")"));
  status.SetPayload(kPayload, absl::Cord(absl::StrCat(ToString(cause), " ", name, " ", number)));
  return status;
}

absl::Status MakeOsStatus(Platform platform, OsError error, int number, absl::string_view what) {
  if (const Row* row = RowFor(error); row != nullptr) {
    return MakeStatus(row->code, row->cause, NameOn(platform, *row), number, what, row->text);
  }
  if (const WindowsRow* row = WindowsRowFor(platform, number); row != nullptr) {
    return MakeStatus(row->code, row->cause, row->name, number, what, row->text);
  }
  return MakeStatus(Code::kUnknown, kUnknown, "UNKNOWN", number, what, "unknown error");
}

// The words of a status's payload; empty where it has none.
std::vector<std::string> PayloadWords(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return {};
  return absl::StrSplit(std::string(*payload), ' ');
}

}  // namespace

absl::string_view ToString(SocketError error) {
  switch (error) {
    case kUnknown:
      return "Unknown";
    case kConnectionRefused:
      return "ConnectionRefused";
    case kRemoteHostClosed:
      return "RemoteHostClosed";
    case kHostNotFound:
      return "HostNotFound";
    case kSocketAccess:
      return "SocketAccess";
    case kSocketResource:
      return "SocketResource";
    case kSocketTimeout:
      return "SocketTimeout";
    case kDatagramTooLarge:
      return "DatagramTooLarge";
    case kNetwork:
      return "Network";
    case kAddressInUse:
      return "AddressInUse";
    case kSocketAddressNotAvailable:
      return "SocketAddressNotAvailable";
    case kUnsupportedOperation:
      return "UnsupportedOperation";
    case kOperation:
      return "Operation";
    case kTemporary:
      return "Temporary";
  }
  return "Unknown";
}

OsError OsErrorFromNumber(Platform platform, int number) {
  for (const Row& row : kTable) {
    if (number != 0 && NumberIn(row, platform) == number) return row.error;
  }
  return OsError::kUnknown;
}

int OsErrorNumber(Platform platform, OsError error) {
  const Row* row = RowFor(error);
  return row == nullptr ? 0 : NumberIn(*row, platform);
}

std::string OsErrorName(Platform platform, OsError error) {
  const Row* row = RowFor(error);
  return row == nullptr ? "UNKNOWN" : NameOn(platform, *row);
}

SocketError CauseOf(OsError error) {
  const Row* row = RowFor(error);
  return row == nullptr ? kUnknown : row->cause;
}

absl::Status OsStatus(Platform platform, OsError error, absl::string_view what) {
  return MakeOsStatus(platform, error, OsErrorNumber(platform, error), what);
}

absl::Status OsStatusFromNumber(Platform platform, int number, absl::string_view what) {
  return MakeOsStatus(platform, OsErrorFromNumber(platform, number), number, what);
}

absl::Status SocketStatus(SocketError error, absl::string_view message) {
  absl::Status status(CodeFor(error), message);
  status.SetPayload(kPayload, absl::Cord(ToString(error)));
  return status;
}

std::optional<SocketError> SocketErrorOf(const absl::Status& status) {
  const std::vector<std::string> words = PayloadWords(status);
  if (words.empty()) return std::nullopt;
  for (SocketError cause : kAllCauses) {
    if (words[0] == ToString(cause)) return cause;
  }
  return std::nullopt;
}

std::optional<OsError> OsErrorOf(const absl::Status& status) {
  const std::vector<std::string> words = PayloadWords(status);
  if (words.size() != 3) return std::nullopt;
  for (const Row& row : kTable) {
    if (words[1] == row.name || words[1] == NameOn(Platform::kWindows, row)) return row.error;
  }
  return OsError::kUnknown;
}

std::optional<int> OsErrorNumberOf(const absl::Status& status) {
  const std::vector<std::string> words = PayloadWords(status);
  int number = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[2], &number)) return std::nullopt;
  return number;
}

}  // namespace pollux
