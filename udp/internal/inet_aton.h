// SPDX-License-Identifier: Apache-2.0
//
// File: inet_aton.h
//
// The IPv4 addresses that the C function inet_aton(3) reads beside four decimal parts: "127.1",
// "0x7f000001", "0177.0.0.1", "2130706433". Most resolvers of names take them, and this library
// does not (`IpAddress::Parse`): it needs to know what they are to say so.

#ifndef POLLUX_UDP_INTERNAL_INET_ATON_H_
#define POLLUX_UDP_INTERNAL_INET_ATON_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "udp/ip_address.h"

namespace pollux::internal {

// What inet_aton makes of `text`; nullopt where it makes nothing. From one to four parts between
// dots, each decimal, octal behind a "0" or hexadecimal behind a "0x"; the last one is all the
// bytes that the parts before it leave over.
std::optional<IpAddress> ReadAsInetAton(absl::string_view text);

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_INET_ATON_H_
