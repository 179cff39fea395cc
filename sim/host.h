// SPDX-License-Identifier: Apache-2.0
//
// File: host.h
//
// `Host` is one simulated machine: a kernel that plays a platform, an engine for the program on it,
// and interfaces on the segments it is attached to. `Network::AddHost` makes it.

#ifndef POLLUX_SIM_HOST_H_
#define POLLUX_SIM_HOST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "sim/choice/choices.h"
#include "sim/fabric/broadcast_domain.h"
#include "sim/fabric/link.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/station.h"
#include "sim/fabric/world.h"
#include "sim/host_engine.h"
#include "sim/kernel/udp_stack.h"
#include "udp/event_loop.h"
#include "udp/network_interface.h"
#include "udp/platform.h"
#include "udp/socket_engine.h"

namespace pollux::sim {

// What a host is like; by default an ordinary user's program on Linux.
struct HostOptions {
  Platform platform = Platform::kLinux;
  UserId user = 1000;  // Who owns the sockets; 0 is root, who may bind privileged ports.
  Capabilities capabilities = {};  // Of the program, on platforms that ask: Symbian.
  bool ipv6 = true;                // Whether the host has IPv6.
  // Whether groups and limited broadcasts leave by the first interface where the program does not
  // say by which, as on a machine with a default route. Without, the program has to say it.
  bool group_routes = true;
};

// Loop thread only. Owned by its network.
class Host final : private StackHost {
 public:
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() override;

  const std::string& name() const { return luck_.name(); }
  Platform platform() const { return options_.platform; }
  // What the program on this host is handed. Sockets and timers must be gone before the network is.
  SocketEngine& engine() { return *engine_; }
  EventLoop& loop() { return engine_->loop(); }
  // The system calls of this host, for who wants the platform's own ones: those of the engine are
  // portable. A socket that is made here is closed here.
  UdpStack& kernel() { return stack_; }

  // The host's addresses in the order in which it got them: without loopback and link-local ones.
  std::vector<IpAddress> addresses() const;
  // The first of them. A host without an address has none: this is checked.
  IpAddress address() const;

  // The open sockets in the manner of `ss -u`, a line for each, for people to read.
  std::string SocketTable() const;

  // What the loopback interface does to packets that are sent from now on: by default nothing, as a
  // link does by default. Its MTU stays what the platform gives it, whatever `profile` says. Bad
  // options are the programmer's error: this is checked.
  void SetLoopbackProfile(const LinkProfile& profile);
  const LinkProfile& loopback_profile() const { return loopback_profile_; }

  // Has `observer` run instead of ending this process when the simulated platform ends the program:
  // on Symbian, when it uses the network without NetworkServices. The call that panicked then fails
  // with `SocketError::kSocketAccess`.
  void OnPanic(absl::AnyInvocable<void(absl::string_view reason)> observer);

 private:
  friend class Network;
  friend class Segment;

  // One interface, as the fabric sees it.
  class Interface final : public Station {
   public:
    Interface(Host& host, absl::string_view name, uint32_t index)
        : host_(host), name_(name), index_(index) {}

    absl::string_view host_name() const override { return host_.name(); }
    absl::string_view interface_name() const override { return name_; }
    bool Wants(const IpAddress& group) const override;
    bool AnswersFor(const IpAddress& address) const override;
    bool ShoutsTo(const IpAddress& address) const override;
    void Arrive(const Packet& packet, absl::string_view origin) override;

    BroadcastDomain* domain = nullptr;  // Null for loopback.
    BroadcastDomain::StationNumber number = 0;

   private:
    Host& host_;
    const std::string name_;
    const uint32_t index_;
  };

  static constexpr uint32_t kLoopback = 1;
  static constexpr size_t kStackDraws = 2;

  Host(const World& world, absl::string_view name, const HostOptions& options,
       absl::Time wall_start, absl::Duration resolve_delay, HostEngine::NameService names);

  // The index of the next interface, and the name it gets unless told.
  uint32_t NextInterfaceIndex() const;
  std::string NextInterfaceName() const;
  bool HasInterface(absl::string_view name) const;
  // Adds an interface, whose index is `NextInterfaceIndex()`, on a domain that knows its addresses.
  void AddInterface(const NetworkInterface& interface, BroadcastDomain& domain);
  void SetMtu(const BroadcastDomain& domain, uint32_t mtu);

  // StackHost.
  void Transmit(uint32_t interface_index, const Packet& packet) override;
  uint32_t Draw(StackDraw what, uint32_t bound) override;
  void SocketReady(SocketId socket) override;
  void Delivered(const Packet& packet, uint32_t interface_index, SocketId socket) override;
  void Dropped(const Packet& packet, uint32_t interface_index, DropCause cause) override;
  void Panic(absl::string_view reason) override;

  void AddDefaultRoutes(uint32_t interface_index);
  TraceEvent NewEvent(EventKind kind, uint32_t interface_index, const Packet& packet) const;

  const World world_;
  const DrawOwner luck_;  // Under the host's name.
  const HostOptions options_;
  std::array<uint64_t, kStackDraws> draws_ = {};  // How many there were, by StackDraw.
  absl::AnyInvocable<void(absl::string_view)> panic_;
  UdpStack stack_;
  std::unique_ptr<HostEngine> engine_;
  std::vector<std::unique_ptr<Interface>> interfaces_;  // That of index i is at i - 1.
  LinkProfile loopback_profile_;
  std::unique_ptr<Link> loopback_;  // From the loopback interface to itself: "alice/lo".
  absl::string_view origin_;        // Who sent the packet that the stack has in hand.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_H_
