// SPDX-License-Identifier: Apache-2.0
//
// File: socket_headers.h
//
// The socket types that POSIX and Winsock have in common, under the same names: sockaddr and its
// kin, in_addr, addrinfo's kin, group_req. Only where they come from is different.

#ifndef POLLUX_PLATFORM_COMMON_SOCKET_HEADERS_H_
#define POLLUX_PLATFORM_COMMON_SOCKET_HEADERS_H_

#ifdef _WIN32
#include <winsock2.h>
// After it.
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif

#endif  // POLLUX_PLATFORM_COMMON_SOCKET_HEADERS_H_
