// SPDX-License-Identifier: Apache-2.0
//
// The Linux column of the error table, which is written in numbers, against <errno.h>.

#include <cerrno>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux {
namespace {

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

TEST(ErrnoTest, EveryLinuxNumberOfTheTableIsTheSystemsOwn) {
  int rows = 0;
  for (int value = 0; value < 256; ++value) {
    const auto error = static_cast<OsError>(value);
    const int number = OsErrorNumber(Platform::kLinux, error);
    if (number == 0) continue;  // No such error, or not on Linux.
    ++rows;
    const std::string name(OsErrorName(Platform::kLinux, error));
    const auto expected = Numbers().find(name);
    ASSERT_NE(expected, Numbers().end()) << name << " is new; add it here";
    EXPECT_EQ(number, expected->second) << name;
    EXPECT_EQ(OsErrorFromNumber(Platform::kLinux, number), error) << name;
  }
  EXPECT_EQ(rows, static_cast<int>(Numbers().size()));
}

}  // namespace
}  // namespace pollux
