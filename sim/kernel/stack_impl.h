// SPDX-License-Identifier: Apache-2.0
//
// File: stack_impl.h
//
// The inside of `UdpStack`: the tables, and the system calls on one socket. Each group of calls has
// its own source file: bind.cc, connect.cc, send.cc, receive.cc, options.cc, memberships.cc,
// deliver.cc, forward.cc, fragments.cc, icmp.cc.

#ifndef POLLUX_SIM_KERNEL_STACK_IMPL_H_
#define POLLUX_SIM_KERNEL_STACK_IMPL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sim/kernel/arrived_datagram.h"
#include "sim/kernel/control_block.h"
#include "sim/kernel/forwarding.h"
#include "sim/kernel/group_table.h"
#include "sim/kernel/id_table.h"
#include "sim/kernel/interface_table.h"
#include "sim/kernel/memo.h"
#include "sim/kernel/memo_keys.h"
#include "sim/kernel/output_route.h"
#include "sim/kernel/port_table.h"
#include "sim/kernel/reassembly.h"
#include "sim/kernel/udp_stack.h"
#include "sim/kernel/unicast_lookup.h"

namespace pollux::sim {

class UdpStack::Impl {
 public:
  Impl(const PlatformRules& rules, StackHost& host, Capabilities capabilities, BlockPool* pool)
      : rules_(rules),
        host_(host),
        capabilities_(capabilities),
        pool_(pool),
        ports_(rules.reuse_port_groups, host) {}

  // Whether the process may use the network at all; if not, it panics.
  bool Allowed() const;
  // The socket of that id, which must be open.
  ControlBlock& Get(SocketId id) const {
    ControlBlock* const socket = sockets_.Find(id);
    if (ABSL_PREDICT_FALSE(socket == nullptr)) NotOpen(id);
    return *socket;
  }
  // The same for a call that changes the socket: what its sends have found out is void.
  ControlBlock& GetToChange(SocketId id);

  Outcome<SocketId> Open(AddressFamily family, UserId user);
  void Close(SocketId id);
  void Reset();
  void ForgetKeptRoutes();

  // socket_table.cc
  std::vector<SocketInfo> Sockets() const;

  // bind.cc
  Outcome<> Bind(ControlBlock& socket, const Endpoint& local);
  Endpoint LocalEndpoint(const ControlBlock& socket) const;

  // connect.cc
  Outcome<> Connect(ControlBlock& socket, const Endpoint& peer);
  Outcome<> Disconnect(ControlBlock& socket);
  std::optional<Endpoint> PeerEndpoint(const ControlBlock& socket) const;
  Outcome<> Shutdown(ControlBlock& socket, ShutdownHow how);

  // send.cc
  Outcome<> Send(ControlBlock& socket, const SendSlot& datagram);

  // receive.cc
  Outcome<bool> Receive(ControlBlock& socket, ReceiveSlot& slot);
  std::optional<PendingError> TakeError(ControlBlock& socket);
  bool Readable(const ControlBlock& socket) const;

  // options.cc
  Outcome<> SetOption(ControlBlock& socket, SocketOption option, int value);
  Outcome<int> GetOption(const ControlBlock& socket, SocketOption option) const;

  // memberships.cc
  Outcome<> Join(ControlBlock& socket, const GroupMembership& membership);
  Outcome<> Leave(ControlBlock& socket, const GroupMembership& membership);
  Outcome<> SetMulticastInterface(ControlBlock& socket, uint32_t interface_index);
  // Tells the host of groups that a call has begun or ceased to want.
  void AnnounceGroups();

  // deliver.cc
  void Deliver(uint32_t interface_index, const Packet& packet, absl::Time now);

  // fragments.cc: the time of a datagram is over.
  void GiveUp(Reassembly::Number number, absl::Time now);

  // forward.cc
  void SetForwarding(const ForwardingRules* rules) { forwarding_ = rules; }
  void SetPaced(uint32_t interface_index) { paced_.push_back(interface_index); }
  bool RoutesGroup(uint32_t interface_index, const IpAddress& group) const;

  // icmp.cc: what was learned under this number is old.
  void ForgetPathMtu(uint64_t number);
  void Unanswered(uint32_t interface_index, const Packet& packet, absl::Time now);

  const PlatformRules& rules() const { return rules_; }
  InterfaceTable& interfaces() { return interfaces_; }
  // Good until the next call.
  const IpAddress& Gateway(uint32_t interface_index, const IpAddress& target);
  const GroupTable& groups() const { return groups_; }
  uint64_t last_packet() const { return last_packet_; }

 private:
  [[noreturn]] static void NotOpen(SocketId id);

  // How many more ICMP errors a host may be sent, in milliseconds' worth.
  struct IcmpBudget {
    int64_t left_ms = 0;
    absl::Time last;
  };
  struct LearnedMtu {
    uint32_t mtu = 0;
    uint64_t number = 0;  // Of the timer.
  };
  // Counts whatever can change who hears.
  uint64_t hearing_version() const {
    return socket_changes_ + ports_.version() + interfaces_.version();
  }
  // Who gets a datagram for all, in that order. A few take no memory of their own.
  static constexpr size_t kFewHearers = 10;
  using Hearers = absl::InlinedVector<ControlBlock*, kFewHearers>;
  enum class Claim : uint8_t { kNotOurs, kForOne, kForAll };
  // What a send has found out so far.
  struct Sending {
    Endpoint destination;
    OutputRoute route;
    int hop_limit = 0;
    uint8_t traffic_class = 0;
    size_t mtu = 0;
    std::optional<PacedSend> pacing = std::nullopt;  // By an interface whose queue paces.
  };

  // bind.cc
  Outcome<IpAddress> CheckFamily(const ControlBlock& socket, const IpAddress& address) const;
  std::optional<OsError> CheckAddress(const ControlBlock& socket, const IpAddress& address) const;
  std::optional<OsError> CheckIpv6Address(const ControlBlock& socket,
                                          const IpAddress& address) const;
  std::optional<OsError> CheckPrivilege(const ControlBlock& socket, const IpAddress& address,
                                        uint16_t port) const;
  std::optional<OsError> FindConflict(const ControlBlock& socket, uint16_t port) const;
  bool ChoosePort(ControlBlock& socket);
  Outcome<> ImplicitBind(ControlBlock& socket);

  // connect.cc
  Outcome<Endpoint> CheckPeer(ControlBlock& socket, const Endpoint& peer);
  bool IsDuplicate(const ControlBlock& socket, const OutputRoute& route, uint16_t peer_port) const;
  void SetLocal(ControlBlock& socket, const IpAddress& local);
  void ResetLocal(ControlBlock& socket);
  void ForgetPeer(ControlBlock& socket);

  // send.cc
  bool IsOnPath(const ControlBlock& socket, const SendSlot& datagram) const;
  void FollowPath(const ControlBlock& socket, absl::string_view payload);
  void RememberPath(ControlBlock& socket, const Sending& sending, const SendSlot& datagram) const;
  Outcome<Endpoint> DestinationOf(const ControlBlock& socket, const SendSlot& datagram) const;
  Outcome<OutputRoute> RouteFor(const ControlBlock& socket, const IpAddress& target,
                                const SendOptions& options);
  Outcome<> CheckSize(ControlBlock& socket, const Sending& sending, size_t size);
  uint32_t PathMtu(const OutputRoute& route) const;
  Outcome<> EmitPaced(ControlBlock& socket, Sending& sending, const SendSlot& datagram);
  Outcome<> Emit(const ControlBlock& socket, const Sending& sending, absl::string_view payload);
  // These say whether there was room for it where it had to wait.
  bool EmitGroup(const ControlBlock& socket, const Sending& sending, Packet& packet);
  // Transmits it as it is, or in fragments where it is larger than the path takes.
  bool TransmitSplit(const Sending& sending, const Packet& packet);
  bool Put(const Sending& sending, const Packet& packet);

  // fragments.cc
  void CollectFragment(uint32_t link, const Packet& packet, absl::Time now);

  // forward.cc
  bool HasTranslator() const;
  void RoutePacket(uint32_t link, const Packet& packet, absl::Time now);
  void Translate(uint32_t link, const Packet& packet, absl::Span<const size_t> parts,
                 absl::Time now);
  void PassOrDeliver(uint32_t link, const Packet& packet, absl::Span<const size_t> parts,
                     absl::Time now);
  void Forward(uint32_t link, const Packet& packet, absl::Time now);
  void ForwardGroup(uint32_t link, const Packet& packet);

  // deliver.cc
  Arrival ArrivalOf(uint32_t link, const Packet& packet) const;
  void Refuse(uint32_t link, const Packet& packet, absl::Time now);
  void DeliverDatagram(uint32_t interface_index, const Packet& packet,
                       absl::Span<const size_t> parts, absl::Time now);
  void DeliverUnicast(uint32_t link, const Packet& packet, const Arrival& arrival, absl::Time now);
  void DeliverToAll(uint32_t link, const Packet& packet, const Arrival& arrival, absl::Time now);
  ControlBlock* OnlyHearer(uint32_t link, const Packet& packet, const Arrival& arrival) const;
  static bool IsFromOutsideAndWhole(uint32_t link, const Arrival& arrival);
  bool Hears(const ControlBlock& socket, const Arrival& arrival, bool own_copy) const;
  bool HearsGroup(const ControlBlock& socket, const Arrival& arrival) const;
  bool IsForUs(uint32_t link, const Packet& packet, const Arrival& arrival) const;
  Claim ClaimOf(uint32_t link, const Packet& packet, const Arrival& arrival) const;
  Hearers FindHearers(uint32_t link, const Arrival& arrival) const;
  // What the datagram costs of any socket's receive buffer.
  size_t ChargeFor(const Packet& packet, const Arrival& arrival) const;
  // The datagram as the sockets that get it have it.
  ArrivedShare TakeIn(const Packet& packet, const Arrival& arrival, absl::Time now) const;
  // Whether it fitted. `again`: so it did at the latest socket that got it.
  bool Enqueue(ControlBlock& socket, const Packet& packet, const Arrival& arrival,
               const ArrivedShare& datagram, bool again = false);

  // icmp.cc
  void SendIcmp(IcmpError icmp, const Packet& packet, uint32_t arrived_on, absl::Time now,
                uint32_t mtu = 0);
  bool MaySendIcmp(const OutputRoute& route, absl::Time now);
  // Whether this host sent what an ICMP error is about.
  bool IsSenderOf(uint32_t link, const Packet& packet) const;
  void DeliverIcmp(uint32_t link, const Packet& packet);
  // Whether the socket is told.
  bool ReportIcmp(ControlBlock& socket, const Packet& packet);
  void LearnPathMtu(const Packet& packet);

  // memberships.cc
  uint32_t MembershipInterface(const ControlBlock& socket, const GroupMembership& membership) const;
  SocketMembership* FindMembership(ControlBlock& socket, const IpAddress& group,
                                   uint32_t interface_index);
  Outcome<> JoinAnySource(ControlBlock& socket, const IpAddress& group, uint32_t interface_index,
                          bool interface_was_named);
  Outcome<> JoinSource(ControlBlock& socket, const IpAddress& group, uint32_t interface_index,
                       const IpAddress& source);
  Outcome<> LeaveSource(ControlBlock& socket, const IpAddress& group, uint32_t interface_index,
                        const IpAddress& source);
  void Drop(ControlBlock& socket, SocketMembership* membership);

  // options.cc
  Outcome<> SetReuse(ControlBlock& socket, SocketOption option, bool on);
  Outcome<> SetBuffer(int& buffer, int value, int min, int max);
  Outcome<> SetBoundInterface(ControlBlock& socket, int value);
  Outcome<> SetHeaderField(ControlBlock& socket, SocketOption option, int value);
  Outcome<> SetMulticastOption(ControlBlock& socket, SocketOption option, int value);
  Outcome<> SetQueueOption(ControlBlock& socket, SocketOption option, int value);
  Outcome<int> GetQueueOption(const ControlBlock& socket, SocketOption option) const;
  Outcome<int> GetPathMtu(const ControlBlock& socket) const;

  const PlatformRules& rules_;
  StackHost& host_;
  const Capabilities capabilities_;
  BlockPool* const pool_;  // Null: payloads are in the heap.
  InterfaceTable interfaces_;
  PortTable ports_;
  GroupTable groups_;
  Memo<RouteRequest, Outcome<OutputRoute>> routes_;  // Of `FindOutputRoute`,
  Memo<Hop, IpAddress> gateways_;                    // of `Gateway`,
  Memo<PacketEnds, Claim> claims_;                   // of `ClaimOf`,
  Memo<Heard, Hearers, 8> hearers_;                  // and of `FindHearers`.
  IdTable<std::unique_ptr<ControlBlock>> sockets_;
  SocketId last_socket_ = 0;
  uint64_t socket_changes_ = 0;  // Counts calls that change a socket.
  uint64_t last_packet_ = 0;
  uint64_t last_connection_ = 0;
  Reassembly reassembly_;
  absl::btree_map<IpAddress, LearnedMtu> path_mtus_;  // By destination.
  uint64_t last_path_mtu_ = 0;
  const ForwardingRules* forwarding_ = nullptr;  // Null unless the host is a router.
  // Looked up, never iterated.
  absl::flat_hash_map<IpAddress, IcmpBudget> icmp_budgets_;
  std::vector<uint32_t> paced_;  // The interfaces whose queues pace.
};

// What a socket that does not speak IPv4 says to an IPv4 destination.
OsError RefusalOfIpv4(const PlatformRules& rules, const ControlBlock& socket);
// Throws away what waits to be read.
void ClearQueue(ControlBlock& socket);
// The same of the error queue.
void ClearErrorQueue(ControlBlock& socket);
// The peer, with the interface that a link-local one is reached by: the one the socket is bound to
// by now.
Endpoint ScopedPeer(const ControlBlock& socket);
// The address that :: stands for as a destination of an IPv6 socket, which may be on a mapped one.
IpAddress ZeroAddress(const PlatformRules& rules, bool mapped);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_STACK_IMPL_H_
