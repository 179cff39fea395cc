// SPDX-License-Identifier: Apache-2.0
//
// File: stack_host.h
//
// `StackHost` is what a `UdpStack` asks of the host it is part of: to carry packets away, to draw,
// to wait, to wake sockets, and to put on record what became of packets.

#ifndef POLLUX_SIM_KERNEL_STACK_HOST_H_
#define POLLUX_SIM_KERNEL_STACK_HOST_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/packet.h"
#include "udp/ip_address.h"

namespace pollux::sim {

// Names a socket of one stack. Given in order of creation, never reused.
using SocketId = uint64_t;

// Why a stack threw a packet away. The numbers are part of every fingerprint: never renumber, only
// append.
enum class DropCause : uint8_t {
  kNoSocket = 0,  // Nobody listens on the port; unicast is answered with port unreachable.
  kNotForUs = 1,  // The address is not this host's, or no group of the arrival interface.
  kFiltered = 2,  // Sockets listen there, but none of them takes it: peer, membership, device.
  kReceiveBufferFull = 3,
  kNoRoute = 4,
  kInterfaceDown = 5,
  kBadChecksum = 6,         // It was corrupted on the way. Nobody is told.
  kNotAsked = 7,            // An ICMP error, of which the socket that it is about is not told.
  kHostDown = 8,            // The host has crashed, and nobody is there to take it.
  kHostFrozen = 9,          // The machine stands still, its network card too.
  kNoCarrier = 10,          // The interface's cable is pulled.
  kReassemblyTimeout = 11,  // The rest of its datagram did not come in time.
  kReassemblyFull = 12,     // Too many datagrams wait for the rest.
  kDuplicateFragment = 13,  // The same bytes of its datagram are there.
  kFragmentOverlap = 14,    // Other bytes are there in part: what had come is thrown away, too.
  // Not the stack itself, but what is between it and others:
  kQueueFull = 15,   // Of those that wait for a line.
  kQueueDelay = 16,  // They have waited for too long: CoDel.
  kByRule = 17,
  kDiscarded = 18,  // Held, or under way, and thrown away by the test.
  // Routers.
  kHopLimit = 19,    // Its last hop was this one.
  kTooLarge = 20,    // For the next segment, and it must not be split.
  kProhibited = 21,  // By a rule of the router, which says so.
  kSwallowed = 22,   // By a rule of the router, which says nothing.
  // Network address translators.
  kNatNoMapping = 23,       // What it was sent to stands for nobody inside.
  kNatFiltered = 24,        // It does, and the sender may not send to it.
  kNatNoHairpin = 25,       // From inside to inside, by an address outside.
  kNatPortsExhausted = 26,  // No port is left to stand for its sender.
  // Faults.
  kPartitioned = 27,  // A partition has its sender on another side.
  // Switches.
  kGroupNotReported = 28,  // The switch does not know that the receiver wants the group.
  // Queues of interfaces that pace.
  kBeyondHorizon = 29,  // Its transmit time is too far ahead.
};
absl::string_view ToString(DropCause cause);

// The choices that a stack leaves to its host, so that they are labelled draws.
enum class StackDraw : uint8_t {
  kEphemeralPort,   // Where the search for a free port starts.
  kReusePortGroup,  // The seed of a reuse-port group's hash.
};

// What a stack waits for. A timer is known by this and a number, which is never used again.
enum class StackTimer : uint8_t {
  kReassembly,  // The time is over that fragments of a datagram have to come together.
  kPathMtu,     // What was learned of a path is old.
};

struct PacedSend;  // sim/kernel/pacing.h

// What a stack asks of the host it is part of.
class StackHost {
 public:
  virtual ~StackHost() = default;
  // Sends a packet out of an interface, the loopback interface included. Must not call back into
  // the stack: the packet arrives later, through `Deliver`.
  //
  // What the host sends to itself comes here too, on the loopback interface (index 1): datagrams to
  // its own addresses, its own copies of broadcast and group datagrams, and ICMP errors about
  // those. Hand such a packet to `Deliver(1, ...)` as it is: `Packet::arrives_on` tells the stack
  // which interface it counts for. A broadcast or group datagram is thus two calls: the wire's, and
  // the host's own copy's where one is due.
  virtual void Transmit(uint32_t interface_index, const Packet& packet) = 0;
  // The same for one that a socket sends by an interface whose queue paces (`UdpStack::SetPaced`):
  // it leaves when it may. False where the queue has no room for it, and it is gone.
  virtual bool Enqueue(uint32_t interface_index, const Packet& packet, const PacedSend& /*send*/) {
    Transmit(interface_index, packet);
    return true;
  }
  // The same as `Transmit` for one of somebody else that a router passes on.
  virtual void Forward(uint32_t interface_index, const Packet& packet) {
    Transmit(interface_index, packet);
  }
  // A number below `bound`.
  virtual uint32_t Draw(StackDraw what, uint32_t bound) = 0;
  // Has `UdpStack::TimerExpired` called after `delay`, but for timers that are stopped; those that
  // are not running are not. By default there is no time, and nothing expires.
  virtual void StartTimer(StackTimer /*what*/, uint64_t /*number*/, absl::Duration /*delay*/) {}
  virtual void StopTimer(StackTimer /*what*/, uint64_t /*number*/) {}
  // The sockets of the host have begun to want a group on an interface, or ceased to. Must not call
  // back into the stack.
  virtual void GroupChanged(uint32_t /*interface_index*/, const IpAddress& /*group*/,
                            bool /*wanted*/) {}
  // A datagram was queued on `socket`, or an error. Must not call back into the stack.
  virtual void SocketReady(SocketId socket) = 0;
  virtual void SocketFailed(SocketId socket) { SocketReady(socket); }
  // For the record. An ICMP error is delivered to the socket that is told of it.
  virtual void Delivered(const Packet& packet, uint32_t interface_index, SocketId socket) = 0;
  // What the latest call to any of these told of `packet` and one socket holds for that one, too.
  virtual void DeliveredToo(const Packet& packet, SocketId socket) = 0;
  virtual void Dropped(const Packet& packet, uint32_t interface_index, DropCause cause) = 0;
  // The same, on account of one socket that the packet was for.
  virtual void Refused(const Packet& packet, uint32_t interface_index, DropCause cause,
                       SocketId /*socket*/) {
    Dropped(packet, interface_index, cause);
  }
  // The process did what its platform ends processes for. Prints `reason` and aborts, unless
  // overridden: a test that wants to observe the panic returns, and the call fails with
  // `OsError::kPermission`.
  virtual void Panic(absl::string_view reason);
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_STACK_HOST_H_
