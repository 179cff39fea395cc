// SPDX-License-Identifier: Apache-2.0
//
// The column of the error table that is this system's: written in numbers, against <errno.h>.

#include <cerrno>
#include <map>
#include <string>

#include "absl/algorithm/container.h"
#include "gtest/gtest.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux {
namespace {

#if defined(__APPLE__)
constexpr Platform kHere = Platform::kMacOs;
#elif defined(__FreeBSD__)
constexpr Platform kHere = Platform::kFreeBsd;
#else
constexpr Platform kHere = Platform::kLinux;
#endif

// Linux' own; the table has 0 for a number that a system lacks.
#if !defined(ENONET)
#define ENONET 0
#endif

// What the table's names mean on this machine.
const std::map<std::string, int>& Numbers() {
#define POLLUX_ERRNO(name) \
  { #name, name }
  static const auto& numbers = *new std::map<std::string, int>{
      POLLUX_ERRNO(EACCES),          POLLUX_ERRNO(EAFNOSUPPORT), POLLUX_ERRNO(EADDRINUSE),
      POLLUX_ERRNO(EADDRNOTAVAIL),   POLLUX_ERRNO(EAGAIN),       POLLUX_ERRNO(EBADF),
      POLLUX_ERRNO(EPIPE),           POLLUX_ERRNO(ECONNABORTED), POLLUX_ERRNO(ECONNREFUSED),
      POLLUX_ERRNO(ECONNRESET),      POLLUX_ERRNO(EDESTADDRREQ), POLLUX_ERRNO(EFAULT),
      POLLUX_ERRNO(ENFILE),          POLLUX_ERRNO(EHOSTDOWN),    POLLUX_ERRNO(EHOSTUNREACH),
      POLLUX_ERRNO(EINTR),           POLLUX_ERRNO(EINVAL),       POLLUX_ERRNO(EISCONN),
      POLLUX_ERRNO(EMSGSIZE),        POLLUX_ERRNO(ENETDOWN),     POLLUX_ERRNO(ENETRESET),
      POLLUX_ERRNO(ENETUNREACH),     POLLUX_ERRNO(ENOBUFS),      POLLUX_ERRNO(ENODEV),
      POLLUX_ERRNO(ENOMEM),          POLLUX_ERRNO(ENOPROTOOPT),  POLLUX_ERRNO(ENXIO),
      POLLUX_ERRNO(ENOTCONN),        POLLUX_ERRNO(EOPNOTSUPP),   POLLUX_ERRNO(EPERM),
      POLLUX_ERRNO(EPROTONOSUPPORT), POLLUX_ERRNO(ESHUTDOWN),    POLLUX_ERRNO(ESOCKTNOSUPPORT),
      POLLUX_ERRNO(ETIMEDOUT),       POLLUX_ERRNO(EMFILE),       POLLUX_ERRNO(ETOOMANYREFS),
      POLLUX_ERRNO(ENONET),          POLLUX_ERRNO(ENOSPC),       POLLUX_ERRNO(EPROTO),
  };
#undef POLLUX_ERRNO
  return numbers;
}

TEST(ErrnoTest, EveryNumberOfTheTableIsTheSystemsOwn) {
  int rows = 0;
  for (int value = 0; value < 256; ++value) {
    const auto error = static_cast<OsError>(value);
    const int number = OsErrorNumber(kHere, error);
    if (number == 0) continue;  // No such error, or not here.
    ++rows;
    const std::string name(OsErrorName(kHere, error));
    const auto expected = Numbers().find(name);
    ASSERT_NE(expected, Numbers().end()) << name << " is new; add it here";
    EXPECT_EQ(number, expected->second) << name;
    EXPECT_EQ(OsErrorFromNumber(kHere, number), error) << name;
  }
  EXPECT_EQ(rows, absl::c_count_if(Numbers(), [](const auto& row) { return row.second != 0; }));
}

}  // namespace
}  // namespace pollux
