// SPDX-License-Identifier: Apache-2.0
//
// File: udp_stack.h
//
// `UdpStack` is the UDP part of one simulated host's kernel. It knows sockets, ports, interfaces,
// routes and memberships, and the rules of the platform it plays. It has no clock and no peers:
// time comes in with each arriving packet, and packets leave through `StackHost`.
//
// The calls are those of the platform, errors and quirks included: a pending ICMP error fails the
// calls that it fails there. The portable face is `HostEngine` (sim/host_engine.h).

#ifndef POLLUX_SIM_KERNEL_UDP_STACK_H_
#define POLLUX_SIM_KERNEL_UDP_STACK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sim/kernel/outcome.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/stack_host.h"
#include "udp/datagram.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/socket_option.h"

namespace pollux::sim {

// Who owns a socket. 0 is root.
using UserId = uint32_t;

// Which ways of a socket a shutdown closes.
enum class ShutdownHow : uint8_t { kRead, kWrite, kBoth };

struct ForwardingRules;  // sim/kernel/forwarding.h

// What a process is allowed to do on platforms that ask (Symbian); others ignore it.
struct Capabilities {
  bool network_services = true;  // Without it, every system call is a panic.
  bool network_control = false;  // With it, a bind that asks for address reuse always succeeds.
};

// By interfaces that are up: the longest prefix wins, then the smallest metric, then the first.
struct Route {
  IpAddress network;  // With prefix_length; 0.0.0.0/0 or ::/0 for a default route.
  int prefix_length = 0;
  IpAddress gateway;  // Unset: the destination is on the link.
  uint32_t interface_index = 0;
  int metric = 0;
};

// What the stack keeps for a socket (control_block.h).
struct ControlBlock;

// One entry of the error queue, or the pending error of a socket.
struct PendingError {
  OsError error = OsError::kUnknown;
  Endpoint destination;  // Of the datagram that it is about.
  IpAddress reporter;
};

// What `UdpStack::Sockets` tells of a socket.
struct SocketInfo {
  SocketId id = 0;
  AddressFamily family = AddressFamily::kIpv4;
  UserId user = 0;
  Endpoint local;
  Endpoint peer;
  bool connected = false;
  size_t queued_datagrams = 0;
  size_t queued_errors = 0;  // In the error queue.
  size_t queued_bytes = 0;   // Of both, as charged to the receive buffer,
  int receive_buffer = 0;    // whose size this is.
  uint64_t dropped = 0;
  uint32_t bound_interface = 0;  // 0: none.
  // What is not as it was when the socket was made, in words for people: "reuseaddr", "ttl 9".
  std::vector<std::string> options;
  std::vector<GroupMembership> memberships;
};

// Loop thread only. Addresses cross this interface unmapped, but the platform's rules for mapped
// ones hold: binding `family` kDual or kIpv6 sockets to an IPv4 address is binding the mapped form.
class UdpStack {
 public:
  // `rules` and `host` must outlive the stack. Payloads are in memory of `pool`, which must live
  // when one is sent; null for the heap.
  UdpStack(const PlatformRules& rules, StackHost& host, Capabilities capabilities = {},
           BlockPool* pool = nullptr);
  ~UdpStack();
  UdpStack(const UdpStack&) = delete;
  UdpStack& operator=(const UdpStack&) = delete;

  const PlatformRules& rules() const;

  // ---- Interfaces and routes. Index 1 is the loopback interface, which is always there. ----

  // Adds an interface, or replaces the one of the same index. Connected routes follow its
  // addresses.
  void SetInterface(const NetworkInterface& interface);
  const std::vector<NetworkInterface>& interfaces() const;
  void AddRoute(const Route& route);
  // Routes that the host was told, in place of those that it was told before. Of routes to one
  // network, an added one comes first.
  void SetLearnedRoutes(std::vector<Route> routes);
  // Makes the host a router; null makes it none. Not owned. Rules may change in place.
  void SetForwarding(const ForwardingRules* rules);
  // Takes an interface administratively down, or up: with what the platform's kernel then forgets.
  void SetUp(uint32_t interface_index, bool up);
  // Pulls the cable of an interface, or puts it in: the program sees it, and nothing else changes.
  void SetCarrier(uint32_t interface_index, bool carrier);
  void AddAddress(uint32_t interface_index, const InterfaceAddress& address);
  // Returns what is gone: with the primary address of a subnet, some kernels remove all others.
  std::vector<IpAddress> RemoveAddress(uint32_t interface_index, const IpAddress& address);
  // Gives an interface that is up the addresses and routes again that it has lost, as the programs
  // do that configure a machine's network.
  void Reconfigure(uint32_t interface_index);
  // The interface's queue paces from now on: what sockets send by it goes to `StackHost::Enqueue`.
  void SetPaced(uint32_t interface_index);
  // The gateway of a packet that leaves by an interface; unset for its own target.
  IpAddress Gateway(uint32_t interface_index, const IpAddress& target) const;
  // Whether the host answers ARP requests for that address of its own on every interface, not on
  // the owner's alone.
  bool AnswersEverywhere(const IpAddress& address) const;
  // Whether the host sends to that address by broadcast on every interface, not only where it is
  // the subnet's.
  bool ShoutsEverywhere(const IpAddress& address) const;
  // Whether a socket of this host is a member of `group` on that interface.
  bool IsMember(uint32_t interface_index, const IpAddress& group) const;
  // The same, or whether the host passes the group on that comes in by that interface.
  bool WantsGroup(uint32_t interface_index, const IpAddress& group) const;

  // All sockets are gone, as after the machine has crashed, and what was learned from the network.
  // Interfaces and routes stay, and numbers of sockets and packets go on from where they are.
  void Reset();
  // Counts changes of interfaces, addresses and routes: of what `ShoutsEverywhere` says, too.
  uint64_t addresses_version() const;
  // The number of the latest packet that was sent; they ascend from 1.
  uint64_t last_packet() const;

  // ---- System calls ----

  Outcome<SocketId> Socket(AddressFamily family, UserId user);
  void Close(SocketId socket);
  Outcome<> Bind(SocketId socket, const Endpoint& local);
  Outcome<> Connect(SocketId socket, const Endpoint& peer);
  // connect(AF_UNSPEC), with what the platform does to the local endpoint.
  Outcome<> Disconnect(SocketId socket);
  Endpoint LocalEndpoint(SocketId socket) const;
  std::optional<Endpoint> PeerEndpoint(SocketId socket) const;

  Outcome<> Send(SocketId socket, const SendSlot& datagram);
  // Closes ways of a socket for good, with what the platform makes of that where there is no peer.
  Outcome<> Shutdown(SocketId socket, ShutdownHow how);
  // Takes the next datagram; false when there is none. After a shutdown of reading, some platforms
  // say that there will never be one: that is true, no bytes, and no source.
  Outcome<bool> Receive(SocketId socket, ReceiveSlot& slot);
  std::optional<size_t> PendingDatagramSize(SocketId socket) const;
  bool HasDatagram(SocketId socket) const;
  // Reads and clears the pending error (SO_ERROR), or takes the oldest of the error queue.
  std::optional<PendingError> TakeError(SocketId socket);
  // Reads and clears the pending error alone, as SO_ERROR does; the error queue stays as it is.
  std::optional<OsError> TakeSocketError(SocketId socket);
  // Whether a receive would find a datagram or an error.
  bool Readable(SocketId socket) const;

  // The same for who keeps the control block, to call them for each datagram. It stays where it is
  // until the socket is closed.
  ControlBlock& Find(SocketId socket);
  Outcome<> Send(ControlBlock& socket, const SendSlot& datagram);
  Outcome<bool> Receive(ControlBlock& socket, ReceiveSlot& slot);
  static bool HasDatagram(const ControlBlock& socket);
  // What `HasDatagram` would say, without asking, of which the socket takes notice: unknown where
  // that makes a difference to it.
  static Waiting KnownDatagrams(const ControlBlock& socket);

  // Has the processor fetch what `Receive` reads of it.
  static void Prefetch(const ControlBlock& socket);

  void RequestMetadata(SocketId socket, Metadata fields);
  Outcome<> SetOption(SocketId socket, SocketOption option, int value);
  Outcome<int> GetOption(SocketId socket, SocketOption option) const;
  Outcome<> Join(SocketId socket, const GroupMembership& membership);
  Outcome<> Leave(SocketId socket, const GroupMembership& membership);
  Outcome<> SetMulticastInterface(SocketId socket, uint32_t interface_index);
  uint32_t MulticastInterface(SocketId socket) const;

  // ---- The network's side ----

  // A packet arrived on an interface at `now`, the host's wall time.
  void Deliver(uint32_t interface_index, const Packet& packet, absl::Time now);
  // A timer that the stack started has expired.
  void TimerExpired(StackTimer what, uint64_t number, absl::Time now);
  // Nobody has answered for `rules().unanswered_after_ms` where a packet was to go that left by
  // that interface. Only for platforms that tell their sockets: where that is not 0.
  void Unanswered(uint32_t interface_index, const Packet& packet, absl::Time now);

  // All open sockets, by id.
  std::vector<SocketInfo> Sockets() const;
  // Counts what can change what `Sockets` tells: while this stays the same, so does that.
  uint64_t changes() const { return changes_; }

 private:
  class Impl;
  // For what changes sockets.
  Impl& Change() {
    ++changes_;
    return *impl_;
  }

  std::unique_ptr<Impl> impl_;
  uint64_t changes_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_UDP_STACK_H_
