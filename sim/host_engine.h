// SPDX-License-Identifier: Apache-2.0
//
// File: host_engine.h
//
// The socket engine of a simulated host: the contract of `SocketEngine`, over the host's simulated
// kernel. Programs get it from `Host::engine()` and know it as `SocketEngine` only.

#ifndef POLLUX_SIM_HOST_ENGINE_H_
#define POLLUX_SIM_HOST_ENGINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/host_clock.h"
#include "sim/host_loop.h"
#include "sim/kernel/id_table.h"
#include "sim/kernel/udp_stack.h"
#include "sim/timeline.h"
#include "udp/socket_engine.h"

namespace pollux::sim {

class HostSocket;

// Loop thread only.
class HostEngine final : public SocketEngine, private ReadySockets {
 public:
  // Tells the addresses behind a name; none when nobody has it.
  using NameService = absl::AnyInvocable<std::vector<IpAddress>(absl::string_view name)>;

  struct Options {
    UserId user = 0;  // Who owns the sockets.
    bool ipv6 = true;
    absl::Duration resolve_delay;
  };

  // `timeline`, `clock` and `stack` must outlive the engine.
  HostEngine(Timeline& timeline, const HostClock& clock, UdpStack& stack, const Options& options,
             NameService names);
  ~HostEngine() override;

  absl::string_view name() const override { return name_; }
  Platform platform() const override { return stack_.rules().platform; }
  EventLoop& loop() override { return loop_; }
  absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) override;
  absl::StatusOr<std::vector<NetworkInterface>> Interfaces() override;
  void Resolve(absl::string_view name, ResolveCallback callback) override;

  // The stack has queued a datagram on a socket, or an error.
  void SocketReady(SocketId id);
  void SocketFailed(SocketId id);

  // The program's machine has crashed: its sockets are gone, and no callback runs any more. Calls
  // on what is left of the program fail with `OsError::kBadDescriptor`.
  void Kill();
  bool dead() const { return loop_.dead(); }
  HostLoop& host_loop() { return loop_; }

  // Destroys the callbacks that wait, without running them, while what they own can still use the
  // engine. Returns whether there were any.
  bool DropCallbacks();

  // ---- For HostSocket ----

  UdpStack& stack() { return stack_; }
  // The failure of a call on a machine that has crashed.
  absl::Status Gone(absl::string_view what) const;
  // Has `HostSocket::RunReady` run in the next turn. Once per turn and socket.
  void AddReady(SocketId id) { loop_.AddReady(id); }
  void Forget(SocketId id) { sockets_.Remove(id); }

 private:
  class Lookup;

  void RunReady(SocketId id) override;
  void Approach(SocketId id) override;
  void Finish(Lookup& lookup);

  UdpStack& stack_;
  const Options options_;
  const std::string name_;
  NameService names_;
  HostLoop loop_;
  IdTable<HostSocket*> sockets_;
  std::vector<std::unique_ptr<Lookup>> lookups_;  // Those that are under way.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_ENGINE_H_
