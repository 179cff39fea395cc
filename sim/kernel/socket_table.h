// SPDX-License-Identifier: Apache-2.0
//
// File: socket_table.h
//
// The sockets of a simulated kernel for people to read, in the manner of Linux's `ss -u`.

#ifndef POLLUX_SIM_KERNEL_SOCKET_TABLE_H_
#define POLLUX_SIM_KERNEL_SOCKET_TABLE_H_

#include <string>
#include <vector>

#include "sim/kernel/udp_stack.h"

namespace pollux::sim {

// What the columns of `SocketRows` are called.
const std::vector<std::string>& SocketColumns();

// A row for each open socket, by id. The columns: the state, as ss has it (UNCONN, ESTAB; CLOSED
// before the bind); bytes charged to the receive buffer, and its size; datagrams that wait; the
// ends; the socket's id; its user; how many datagrams did not fit; and in words what is not as it
// was when the socket was made: options, groups, shut ways, errors that wait.
std::vector<std::vector<std::string>> SocketRows(const UdpStack& stack);

// The same as lines of text, columns aligned, with a heading.
std::string SocketTable(const UdpStack& stack);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_SOCKET_TABLE_H_
