// SPDX-License-Identifier: Apache-2.0
//
// File: two_hosts.h
//
// Two stacks on two wires, without time and without faults: the topology on which the facts about
// real kernels were observed. Host A: `va` 10.77.0.1/24 and 10.77.0.11, fd77::1; `wa` 10.78.0.1,
// fd78::1. Host B: the same with .2. A's default route goes by `va` to B.
//
//   TwoHosts net;
//   Sock server = net.a.Bound("10.77.0.1:7000");
//   net.b.Open().SendTo("10.77.0.1:7000", "hello");
//   EXPECT_EQ(server.Take(), "hello");

#ifndef POLLUX_TESTS_SIM_KERNEL_TWO_HOSTS_H_
#define POLLUX_TESTS_SIM_KERNEL_TWO_HOSTS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/udp_stack.h"

namespace pollux::sim {

class TwoHosts;
class TestHost;

// The address or endpoint of a text; CHECKs that it is one. Addresses can be "*".
IpAddress Address(absl::string_view text);
Endpoint At(absl::string_view text);

// "ok", or the platform's name of the error.
std::string Text(const PlatformRules& rules, const Outcome<>& outcome);

// What a receive gave.
struct Taken {
  std::string text;  // The payload, "(none)", or the name of an error.
  DatagramInfo info;
};

// A socket of a test. Copies name the same socket; closing is asked for.
class Sock {
 public:
  Sock(TestHost& host, SocketId id) : host_(&host), id_(id) {}

  SocketId id() const { return id_; }
  Sock& Set(SocketOption option, int value);
  std::string TrySet(SocketOption option, int value);
  // The value, or the name of the error.
  std::string Get(SocketOption option) const;
  std::string Bind(absl::string_view local);
  std::string Connect(absl::string_view peer);
  std::string Disconnect();
  std::string Local() const;
  std::string Peer() const;
  // Sends, and lets the wires come to rest. An empty `to` means the peer.
  std::string SendTo(absl::string_view to, absl::string_view payload, SendOptions options = {});
  std::string Send(absl::string_view payload) { return SendTo("", payload); }
  // The next datagram.
  std::string Take() { return Receive().text; }
  Taken Receive(size_t room = 70000);
  std::string TakeError();
  std::string Join(absl::string_view group, uint32_t interface_index = 0,
                   absl::string_view source = "");
  std::string Leave(absl::string_view group, uint32_t interface_index = 0,
                    absl::string_view source = "");
  std::string MulticastInterface(uint32_t interface_index);
  void Close();

 private:
  TestHost* host_;
  SocketId id_;
};

class TestHost : public StackHost {
 public:
  TestHost(TwoHosts& net, const PlatformRules& rules, Capabilities capabilities = {});

  Sock Open(AddressFamily family = AddressFamily::kIpv4, UserId user = 0);
  // A new socket with options of "A", "P", "AP", "E" or "", bound. EXPECTs that the bind succeeds.
  Sock Bound(absl::string_view local, absl::string_view options = "",
             AddressFamily family = AddressFamily::kIpv4);

  void Transmit(uint32_t interface_index, const Packet& packet) override;
  uint32_t Draw(StackDraw what, uint32_t bound) override;
  void StartTimer(StackTimer what, uint64_t number, absl::Duration delay) override {
    timers[{what, number}] = delay;
  }
  void StopTimer(StackTimer what, uint64_t number) override { timers.erase({what, number}); }
  void SocketReady(SocketId socket) override { ready.push_back(socket); }
  void Delivered(const Packet& packet, uint32_t interface_index, SocketId socket) override;
  void DeliveredToo(const Packet& /*packet*/, SocketId socket) override {
    delivered.push_back(socket);
  }
  void Dropped(const Packet& packet, uint32_t interface_index, DropCause cause) override;
  void Settle();
  void Panic(absl::string_view reason) override { panics.push_back(std::string(reason)); }

  struct Sent {
    uint32_t interface_index;
    Packet packet;
  };
  std::vector<Sent> sent;  // All that was transmitted.
  std::vector<DropCause> drops;
  std::vector<SocketId> delivered;
  std::vector<SocketId> ready;
  std::vector<std::string> panics;
  std::map<std::pair<StackTimer, uint64_t>, absl::Duration> timers;  // That are running.
  uint32_t next_draw = 0;  // What a draw gives, modulo its bound.
  UdpStack stack;

 private:
  TwoHosts& net_;
};

class TwoHosts {
 public:
  explicit TwoHosts(const PlatformRules& rules = RulesFor(Platform::kLinux),
                    Capabilities capabilities = {});
  // Carries packets until none is under way.
  void Settle();
  void Carry(TestHost& from, uint32_t interface_index, const Packet& packet);

  absl::Time now = absl::UnixEpoch();
  TestHost a;
  TestHost b;

 private:
  struct Underway {
    TestHost* to;
    uint32_t interface_index;
    Packet packet;
  };
  std::deque<Underway> underway_;
};

// Interfaces of both hosts.
inline constexpr uint32_t kLo = 1;
inline constexpr uint32_t kV = 2;  // va, vb
inline constexpr uint32_t kW = 3;  // wa, wb

}  // namespace pollux::sim

#endif  // POLLUX_TESTS_SIM_KERNEL_TWO_HOSTS_H_
