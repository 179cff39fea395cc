// SPDX-License-Identifier: Apache-2.0
//
// File: control_block.h
//
// What a simulated kernel keeps for one socket: its protocol control block, as BSD calls it. Plain
// data: the rules that change it live in the files named after them.

#ifndef POLLUX_SIM_KERNEL_CONTROL_BLOCK_H_
#define POLLUX_SIM_KERNEL_CONTROL_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "sim/kernel/arrived_datagram.h"
#include "sim/kernel/boxed.h"
#include "sim/kernel/output_route.h"
#include "sim/kernel/pacing.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/ring_queue.h"
#include "sim/kernel/udp_stack.h"
#include "udp/endpoint.h"
#include "udp/internal/prefetch.h"
#include "udp/ip_address.h"

namespace pollux::sim {

struct ControlBlock;

// Sockets that share their datagrams by SO_REUSEPORT. A datagram goes to the member that its hash
// points at; a member that leaves is replaced by the last (udp-semantics 1.2.1, 5).
struct ReuseGroup {
  std::vector<ControlBlock*> members;
  // Whether a member was ever connected: then the group is scored like single sockets.
  bool had_connection = false;
  std::optional<uint32_t> seed;  // Drawn when the second member comes.
};

// A group that a socket joined on an interface. An any-source membership takes every source; one
// with sources only those.
struct SocketMembership {
  IpAddress group;
  uint32_t interface_index = 0;
  bool source_specific = false;
  std::vector<IpAddress> sources;

  bool Takes(const IpAddress& source) const;
};

// A datagram that waits for its receiver.
struct QueuedDatagram {
  void Release() { datagram = ArrivedShare(); }

  ArrivedShare datagram;
  uint32_t dropped_before = 0;
};

// An error that waits in the error queue, and what it takes of the receive buffer.
struct QueuedError {
  PendingError error;
  size_t charge = 0;
};

// The peer by which the lookup of connections finds a socket.
struct EnteredPeer {
  Endpoint peer;
  uint64_t as = 0;  // Of the sockets of one peer, the lookup finds the one entered last.
};

// How the latest datagram left that a socket sent to one address, whole: for as long as nothing
// changes of the socket and of the host's addresses and routes, the next one goes the same way
// without a question (send.cc).
struct BeatenPath {
  bool to_peer = false;  // It named no destination.
  bool dont_fragment = false;
  uint8_t hop_limit = 0;
  uint8_t traffic_class = 0;
  uint32_t interface_index = 0;
  uint32_t payload_max = 0;         // What is larger needs a closer look.
  uint64_t interfaces_version = 0;  // Of the `InterfaceTable`.
  Endpoint source;
  Endpoint destination;
};

struct SocketOptions {
  int receive_buffer = 0;
  uint32_t bound_interface = 0;
  bool reuse_address = false;
  bool reuse_port = false;
  bool exclusive_address = false;
  bool broadcast = false;
  bool free_bind = false;
  bool dont_fragment = false;
  bool report_unreachable = false;
  bool multicast_loopback = true;
  bool multicast_all_ipv4 = true;
  bool multicast_all_ipv6 = true;
  bool multicast_touched = false;  // Some multicast option was set, or a group joined.
  int send_buffer = 0;
  int hop_limit = -1;  // -1: the default.
  int traffic_class = 0;
  int multicast_hop_limit = 1;
  uint32_t multicast_interface = 0;
  // How a socket deals with the queues of interfaces: pacing counts where one has the queue fq, and
  // busy polling is kept and read back, as on a machine whose network card has none.
  struct Queues {
    int max_pacing_rate = -1;  // Bytes a second; -1: no limit.
    int busy_poll = 0;         // Microseconds.
    bool prefer_busy_poll = false;
    // Null until it has had a rate, or has sent by an interface that paces.
    std::shared_ptr<SendAccount> account = nullptr;

    SendAccount& GetAccount() {
      if (account == nullptr) account = std::make_shared<SendAccount>();
      return *account;
    }
  };
  Boxed<Queues> queues = {};
};

struct ControlBlock {
  // ---- What few datagrams need ----

  UserId user = 0;
  bool address_was_asked = false;  // The bind named the address, and the port: what a disconnect
  bool port_was_asked = false;     // leaves.
  // Where it sends from; unset: the route decides. A socket bound to a group sends from an
  // interface.
  IpAddress source;
  // The same for IPv4, of a dual-stack socket whose `source` is an IPv6 address.
  Boxed<IpAddress> ipv4_source;
  Endpoint peer;
  // The peer by which the lookup of connections finds it: Linux enters the first and no later one.
  Boxed<EnteredPeer> entered_peer;
  // The route to the peer, as it was when it was found. Some options make the socket forget it;
  // without one, the path's MTU is not known.
  Boxed<OutputRoute> kept_route;
  std::shared_ptr<ReuseGroup> reuse_group;
  std::list<QueuedError> error_queue;
  std::vector<SocketMembership> memberships;  // Newest first.

  // ---- What each one needs, side by side, and last: next to it is who reads them ----

  // Where it receives: a wildcard (IPv4's, IPv6's, or `Any()` for both), or one address, without
  // scope. A dual-stack socket on an IPv4 address is bound to the mapped form, and has the IPv4
  // address here.
  IpAddress local;
  SocketId id = 0;
  RingQueue<QueuedDatagram> queue;
  size_t charged = 0;
  // How much of the queue was handed to the reader, and what it took without giving the memory back
  // (receive.cc). Even a call that only looks hands it over.
  mutable uint32_t readers_part = 0;
  uint32_t unreleased = 0;

  Boxed<PendingError> error;
  Boxed<IpAddress> former_peer;  // Of a disconnected IPv6 socket, where that still filters.
  Boxed<BeatenPath> path;        // Void with each call that changes the socket.
  uint64_t dropped = 0;
  Metadata metadata = Metadata::kNone;
  uint16_t port = 0;  // 0: not bound.
  bool connected = false;
  // It has had a datagram while it had a peer: Linux remembers the processor that brought it.
  bool knows_processor = false;
  bool read_shut = false;  // Shut down for good: no connect opens them again.
  bool write_shut = false;
  AddressFamily family = AddressFamily::kIpv4;
  // A dual-stack socket that was bound to an IPv6 address: it never speaks IPv4 again, even if a
  // disconnect unbinds it.
  bool gave_up_ipv4 = false;
  SocketOptions options;

  // Has the processor fetch what each datagram needs.
  void Prefetch() const { internal::PrefetchLines<3>(&id); }
  bool bound() const { return port != 0; }
  bool is_ipv6() const { return family != AddressFamily::kIpv4; }
  // Whether it can receive datagrams of a protocol, by what it is bound to.
  bool CarriesIpv4() const { return local.is_ipv4() || local.family() == AddressFamily::kDual; }
  bool CarriesIpv6() const { return local.is_ipv6() || local.family() == AddressFamily::kDual; }
  bool on_wildcard() const { return local.is_unspecified(); }
  // What it can be bound to and send to.
  AddressFamily speaks() const { return gave_up_ipv4 ? AddressFamily::kIpv6 : family; }
};

// The wildcard that an unbound socket of a family has.
IpAddress WildcardOf(AddressFamily family);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_CONTROL_BLOCK_H_
