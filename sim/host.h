// SPDX-License-Identifier: Apache-2.0
//
// File: host.h
//
// `Host` is one simulated machine: a kernel that plays a platform, an engine for the program on it,
// and interfaces on the segments it is attached to. `Network::AddHost` makes it.
// docs/simulation.md tells how hosts crash and come back.

#ifndef POLLUX_SIM_HOST_H_
#define POLLUX_SIM_HOST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/choice/choices.h"
#include "sim/choice/name.h"
#include "sim/fabric/broadcast_domain.h"
#include "sim/fabric/link.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/world.h"
#include "sim/fault_guard.h"
#include "sim/host_clock.h"
#include "sim/host_engine.h"
#include "sim/host_options.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/udp_stack.h"
#include "sim/partitions.h"
#include "udp/event_loop.h"
#include "udp/network_interface.h"
#include "udp/platform.h"
#include "udp/socket_engine.h"

namespace pollux::sim {

struct FqOptions;  // sim/fair_queue.h

// Loop thread only. Owned by its network.
class Host : private StackHost {
 public:
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() override;

  const std::string& name() const { return luck_.name(); }
  Platform platform() const { return rules_.platform; }
  // What the program on this host is handed. Sockets and timers must be gone before the network is.
  // Each boot has an engine of its own: after a restart this is another one.
  SocketEngine& engine() { return *engine_; }
  EventLoop& loop() { return engine_->loop(); }
  // The system calls of this host, for who wants the platform's own ones: those of the engine are
  // portable. A socket that is made here is closed here.
  UdpStack& kernel() { return stack_; }

  // The host's addresses in the order in which it got them: without loopback and link-local ones.
  std::vector<IpAddress> addresses() const;
  // The first of them. A host without an address has none: this is checked.
  IpAddress address() const;

  // Has packets for `prefix`, as "10.9.0.0/16" or "::/0", leave by a router, whose address is on
  // one of the host's segments. Of routes to one prefix that of the smallest metric counts, then
  // the one that was added first; while its interface is down, the next one takes over. Routes that
  // are added come before those that follow from routers' places. Bad arguments are the
  // programmer's error: `ValidateRoute` says which, and is checked.
  void AddRoute(absl::string_view prefix, absl::string_view gateway, int metric = 0);
  // Errors: kInvalidArgument, naming the value.
  absl::Status ValidateRoute(absl::string_view prefix, absl::string_view gateway,
                             int metric = 0) const;

  // The open sockets in the manner of `ss -u`, a line for each, for people to read:
  // sim/kernel/socket_table.h has the columns.
  std::string SocketTable() const;

  // What the loopback interface does to packets that are sent from now on: by default nothing, as a
  // link does by default. Its MTU stays what the platform gives it, whatever `profile` says. Bad
  // options are the programmer's error: this is checked.
  void SetLoopbackProfile(const LinkProfile& profile);
  const LinkProfile& loopback_profile() const { return loopback_profile_; }

  // ---- Crashes and pauses. All are on record in the trace. ----

  // Makes a program and starts it; what it returns is kept until the host crashes, or the network
  // is destroyed.
  using Boot = absl::AnyInvocable<std::shared_ptr<void>(SocketEngine& engine)>;

  // Has `boot` run from this host's loop, now and after each restart.
  void OnBoot(Boot boot);

  // The machine stops dead. Packets of it that are under way arrive; those to it are lost, with
  // nobody to answer. What `OnBoot` gave is destroyed, once no callback of it is running. Nothing
  // that a program has on this engine does anything any more: no callback runs but those of the
  // socket or timer whose callback this was called from; calls fail with SocketError::kOperation
  // (EBADF), timers do not fire, and all of it can be destroyed at any time before the network is.
  // A host that is down stays so.
  void Crash();
  // The machine comes up again: with its interfaces and addresses, and without a socket. Others
  // that send to ports of before are told that these are unreachable. A host that is up crashes
  // first.
  void Restart();
  // Whether it has crashed.
  bool is_down() const { return engine_->dead(); }

  // The same while the guard that is returned lives: the host is down while it does.
  FaultGuard HoldDown();

  // Stops the program, as SIGSTOP does, and has it go on. The kernel goes on meanwhile: queues fill
  // and overflow. Then the timers that came due fire first, in order. Pauses do not count: one
  // `Resume` ends all. A crash ends them, too, and nothing happens to a host that is down but that
  // the trace says so. What a guard holds, it holds over crashes: what boots then is paused.
  void Pause();
  void Resume();
  bool is_paused() const { return paused_; }
  FaultGuard HoldPaused();

  // The same with the whole machine, as a virtual one is suspended: what arrives is lost, and its
  // monotonic clock stands still, so that timers fire as much later. Its time of day goes on.
  void Freeze();
  void Thaw();
  bool is_frozen() const { return frozen_; }
  FaultGuard HoldFrozen();

  // ---- Clocks ----

  const HostClock& clock() const { return clock_; }
  // Sets the time of day on, or back with a negative duration. Neither it nor what the clock then
  // shows is infinite: this is checked.
  void StepClock(absl::Duration by);
  // How many parts per billion faster than the network's the clock runs from now on, as in
  // `ClockOptions`.
  void SetClockDrift(int64_t ppb);

  // ---- Interfaces that change. The program sees it in `SocketEngine::Interfaces`. ----
  //
  // What the kernel does to addresses, routes and sockets is its platform's: Linux's was observed,
  // that of others is not known (docs/not_modelled.md). Segment::AddAddress and RemoveAddress
  // change addresses. Names that no interface on a segment has are the programmer's error: this is
  // checked.

  // Whether an interface, on a segment, has that name. Errors: kNotFound, naming those there are.
  absl::Status ValidateInterface(absl::string_view name) const;
  // What happens behind the kernel's back when an interface comes up.
  enum class AfterUp : uint8_t {
    kReconfigure,  // It gets addresses and routes again that it lost, as from a network manager.
    kNothing,
  };
  // Takes an interface administratively down, as `ip link set` does, and up again.
  void TakeDown(absl::string_view interface);
  void BringUp(absl::string_view interface, AfterUp after = AfterUp::kReconfigure);
  FaultGuard HoldInterfaceDown(absl::string_view interface);
  // Pulls the cable of an interface, and puts it in again: packets that leave by it or arrive are
  // lost, and nobody but who looks at the interface is told.
  void Unplug(absl::string_view interface);
  void PlugIn(absl::string_view interface);
  FaultGuard HoldUnplugged(absl::string_view interface);

  // Has `observer` run instead of ending this process when the simulated platform ends the program:
  // on Symbian, when it uses the network without NetworkServices. The call that panicked then fails
  // with `SocketError::kSocketAccess`.
  void OnPanic(absl::AnyInvocable<void(absl::string_view reason)> observer);

 private:
  friend class Nat;
  friend class Network;
  friend class Router;
  friend class Segment;
  friend class Topology;

  // What the host is to others on its way.
  struct Routing {
    bool forwards = false;       // It is a router.
    bool gateway = true;         // By which others have their default route.
    bool learns = true;          // It knows the way to every segment, and others that through it.
    uint32_t outside = 0;        // Of a NAT, the interface outside.
    std::vector<Route> learned;  // The routes that it was given.
  };

  class Interface;  // One interface, as the fabric sees it.
  class Timer;      // Something that the stack waits for.

  static constexpr uint32_t kLoopback = 1;
  static constexpr size_t kStackDraws = 2;

  Host(const World& world, absl::string_view name, const HostOptions& options,
       absl::Time wall_start, absl::Duration resolve_delay, HostEngine::NameService names);

  // The index of the next interface, and the name it gets unless told.
  uint32_t NextInterfaceIndex() const;
  std::string NextInterfaceName() const;
  bool HasInterface(absl::string_view name) const;
  // By which interface an address is a neighbour's; 0 for none.
  uint32_t FindNeighbour(const IpAddress& address) const;
  // Its interface on that domain; 0 for none.
  uint32_t InterfaceOn(const BroadcastDomain& domain) const;
  // Adds an interface, whose index is `NextInterfaceIndex()`, on a domain that knows its addresses.
  void AddInterface(const NetworkInterface& interface, BroadcastDomain& domain);
  // Puts the queue fq before one that was added.
  void Pace(const NetworkInterface& interface, const FqOptions& options);
  void SetMtu(const BroadcastDomain& domain, uint32_t mtu);

  // StackHost.
  void Transmit(uint32_t interface_index, const Packet& packet) override;
  void Forward(uint32_t interface_index, const Packet& packet) override;
  bool Enqueue(uint32_t interface_index, const Packet& packet, const PacedSend& send) override;
  uint32_t Draw(StackDraw what, uint32_t bound) override;
  void StartTimer(StackTimer what, uint64_t number, absl::Duration delay) override;
  void StopTimer(StackTimer what, uint64_t number) override;
  void GroupChanged(uint32_t interface_index, const IpAddress& group, bool wanted) override;
  void SocketReady(SocketId socket) override;
  void SocketFailed(SocketId socket) override;
  void Delivered(const Packet& packet, uint32_t interface_index, SocketId socket) override;
  void DeliveredToo(const Packet& packet, SocketId socket) override;
  void Dropped(const Packet& packet, uint32_t interface_index, DropCause cause) override;
  void Refused(const Packet& packet, uint32_t interface_index, DropCause cause,
               SocketId socket) override;
  void Panic(absl::string_view reason) override;

  // Before the network goes: destroys the program, and the callbacks of all boots that wait.
  void EndProgram() { program_ = nullptr; }
  bool DropCallbacks();

  void RecordFault(absl::string_view note, absl::string_view interface = "");
  void StartEngine();
  void StartProgram();
  void EndBoot();
  void StopTimers();
  // Switches a fault on until the guard goes; `apply` brings about what it says.
  FaultGuard Hold(FaultSwitch& fault, std::function<void()> apply);
  void Quiesce();
  // Bring about what calls and guards want.
  void ApplyDown();
  void ApplyPause();
  void ApplyFreeze();
  void StopOrRun();
  // Tells the queues that pace that the clock runs at another speed, or stands still.
  void TellQueues();
  // Tells the switches that the host is on whether it can send and hear.
  void TellAwake();
  void ApplyOff(Interface& interface, AfterUp after);
  void ApplyCarrier(Interface& interface);
  Interface& FindInterface(absl::string_view name);
  // The host has crashed: what it knew is gone.
  virtual void Forget() {}
  // Puts a packet on the segment of an interface.
  void Put(uint32_t interface_index, const Packet& packet, const Name& origin);
  void AddDefaultRoutes(uint32_t interface_index);
  void RecordSent(uint32_t interface_index, const Packet& packet);
  TraceEvent NewEvent(EventKind kind, uint32_t interface_index, const Packet& packet) const;

  const World world_;
  const DrawOwner luck_;  // Under the host's name.
  const HostOptions options_;
  const PlatformRules rules_;
  std::array<uint64_t, kStackDraws> draws_ = {};  // How many there were, by StackDraw.
  absl::AnyInvocable<void(absl::string_view)> panic_;
  HostClock clock_;
  const absl::Duration resolve_delay_;
  HostEngine::NameService names_;
  UdpStack stack_;
  Routing routing_;
  std::vector<std::unique_ptr<HostEngine>> engines_;  // One for each boot.
  HostEngine* engine_ = nullptr;                      // The latest.
  Boot boot_;
  std::shared_ptr<void> program_;      // What `boot_` gave; null while down.
  FaultSwitch down_, pause_, freeze_;  // What is wanted,
  bool paused_ = false;                // and what is; `is_down` for the first.
  bool frozen_ = false;
  FaultEra era_;
  const Partitions* partitions_ = nullptr;              // The network's.
  std::vector<std::unique_ptr<Interface>> interfaces_;  // That of index i is at i - 1.
  LinkProfile loopback_profile_;
  std::unique_ptr<Link> loopback_;  // From the loopback interface to itself: "alice/lo".
  uint64_t lost_packet_ = 0;        // The last one that was sent before the latest crash.
  Name origin_;                     // Who sent the packet that the stack has in hand.
  absl::btree_map<std::pair<StackTimer, uint64_t>, std::unique_ptr<Timer>> timers_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_H_
