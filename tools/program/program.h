// SPDX-License-Identifier: Apache-2.0
//
// File: program.h
//
// `Program` is a socket program as a value: a small network, and a list of calls on its hosts'
// sockets. It has a text form, which people write and the tools exchange; docs/programs.md is its
// manual.
//
//   host a
//   interface a va 10.77.0.1/24 on v
//   socket first a ipv4
//   bind first 10.77.0.1:5000
//   socket second a ipv4
//   set second ReuseAddress 1
//   bind second 10.77.0.1:5000
//
// A `Target` (target.h) carries a program out.

#ifndef POLLUX_TOOLS_PROGRAM_PROGRAM_H_
#define POLLUX_TOOLS_PROGRAM_PROGRAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"
#include "udp/socket_option.h"

namespace pollux::program {

// An interface of a host, on a wire or segment. In text: interface HOST NAME ADDRESS... on SEGMENT.
struct InterfaceSpec {
  std::string name;
  std::string segment;
  std::vector<std::string> addresses;  // "10.77.0.1/24"; the first of each protocol is primary.
};

// A default route of a host: by an interface, over a gateway.
// In text: route HOST default GATEWAY by INTERFACE.
struct RouteSpec {
  IpAddress gateway;
  std::string interface;
};

struct HostSpec {
  std::string name;
  std::vector<InterfaceSpec> interfaces;
  std::vector<RouteSpec> default_routes;  // At most one of each protocol.
};

// The interfaces of a host are numbered in the order in which they are declared: 1 is "lo", the
// loopback interface, which is always there, 2 the first of `HostSpec::interfaces`. These numbers,
// and not those of the machine, are the scopes of addresses in a `Call`, and the values of the
// option BoundInterface. A number that no interface has is allowed: it is none on any target.
uint32_t InterfaceNumber(const HostSpec& host, absl::string_view name);  // 0 if there is none.
std::string InterfaceName(const HostSpec& host, uint32_t number);        // "" if there is none.
// Null if there is none.
const HostSpec* FindHost(absl::Span<const HostSpec> hosts, absl::string_view name);

// The link-local address that an interface has on every target, besides those it is given: fe80::
// with the modified EUI-64 of the hardware address 02:00:W:X:Y:Z, where W to Z are the last four
// bytes of its first address (10.77.0.1: fe80::aff:fe4d:1). Without scope. Unset for an interface
// without an IPv6 address.
IpAddress LinkLocalOf(const InterfaceSpec& interface);

enum class Verb : uint8_t {
  kSocket,      // socket NAME HOST ipv4|ipv6|dual [uid UID]
  kSet,         // set NAME OPTION VALUE
  kGet,         // get NAME OPTION
  kBind,        // bind NAME ENDPOINT
  kConnect,     // connect NAME ENDPOINT
  kDisconnect,  // disconnect NAME
  kSend,        // send NAME [ENDPOINT] "PAYLOAD" | send NAME [ENDPOINT] size N
  kReceive,     // receive NAME [SIZE]
  kPending,     // pending NAME: the size of the next datagram
  kJoin,        // join NAME GROUP [INTERFACE] [from SOURCE]
  kLeave,       // leave NAME GROUP [INTERFACE] [from SOURCE]
  kOutgoing,    // outgoing NAME INTERFACE|none: by which group datagrams leave
  kShutdown,    // shutdown NAME read|write|both
  kLocal,       // local NAME: getsockname
  kPeer,        // peer NAME: getpeername
  kError,       // error NAME: takes the pending error, SO_ERROR
  kClose,       // close NAME
  kAdvance,     // advance DURATION: lets time pass; nothing on targets of real time
};

inline constexpr Verb kAllVerbs[] = {
    Verb::kSocket, Verb::kSet,        Verb::kGet,     Verb::kBind,     Verb::kConnect,
    Verb::kSend,   Verb::kDisconnect, Verb::kReceive, Verb::kPending,  Verb::kJoin,
    Verb::kLeave,  Verb::kOutgoing,   Verb::kLocal,   Verb::kShutdown, Verb::kPeer,
    Verb::kError,  Verb::kClose,      Verb::kAdvance};

// "socket", "set", and so on.
absl::string_view ToString(Verb verb);

enum class ShutdownHow : uint8_t { kRead, kWrite, kBoth };

// The receive buffer that is meant where a line names none.
inline constexpr size_t kUsualReceiveSize = 65535;
// The largest buffer and payload that a program can ask for: more than any datagram.
inline constexpr size_t kSizeMax = 70000;

// One line. Which fields mean something depends on the verb.
struct Call {
  Verb verb = Verb::kAdvance;
  int line = 0;        // In the text it was read from, 0 if made otherwise.
  std::string socket;  // All but kAdvance.
  std::string host;    // kSocket
  AddressFamily family = AddressFamily::kIpv4;        // kSocket
  uint32_t uid = 0;                                   // kSocket; 0 is root.
  SocketOption option = SocketOption::kReuseAddress;  // kSet, kGet
  int value = 0;                                      // kSet
  Endpoint endpoint = {};                             // kBind, kConnect, kSend (unset: the peer)
  std::string payload = {};                           // kSend
  size_t size = kUsualReceiveSize;                    // kReceive: of the buffer.
  IpAddress group = {};                               // kJoin, kLeave
  IpAddress source = {};                              // kJoin, kLeave; unset: any
  std::string interface = {};                         // kJoin, kLeave, kOutgoing; empty: none
  ShutdownHow how = ShutdownHow::kBoth;               // kShutdown
  absl::Duration duration = absl::ZeroDuration();     // kAdvance

  // The line that reads as this call. With the host of its socket, interfaces in scopes are named;
  // without, they are numbered, which reads as the same.
  std::string ToString(const HostSpec* host = nullptr) const;
};

// What "size N" sends: N bytes of the alphabet, again and again.
std::string PatternPayload(size_t size);

struct Program {
  std::vector<HostSpec> hosts;
  std::vector<Call> calls;

  // Reads a program. Scoped addresses name their interface: "fe80::1%va"; "*" is the wildcard of
  // the socket's family, and so `IpAddress::Any()` only on dual-stack sockets. Checks all that does
  // not depend on a target: names that are declared once and before their use, addresses, option
  // names, overlapping networks, two interfaces with one address, use of closed sockets. Errors:
  // kInvalidArgument, "FILE:LINE: what is wrong and what would be right", where FILE is `file`.
  static absl::StatusOr<Program> Parse(absl::string_view text, absl::string_view file);

  // The text form; Parse(ToString()) is the same program, but for the line numbers.
  std::string ToString() const;
};

// Two hosts on two wires: a with va 10.77.0.1/24 10.77.0.11/24 fd77::1/64 and wa 10.78.0.1/24
// fd78::1/64, default routes to b by va; b with vb and wb, .2 and ::2, and no default route. What
// tests and the differential runs use.
std::vector<HostSpec> LabTopology();

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_PROGRAM_H_
