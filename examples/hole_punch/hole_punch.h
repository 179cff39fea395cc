// SPDX-License-Identifier: Apache-2.0
//
// File: hole_punch.h
//
// Two peers behind network address translators, and the server where they meet, on any engine:
//
//   Rendezvous server(server_engine, 3478);
//   Peer alice(alice_engine, {.server = {server_address, 3478}, .room = "tea"});
//   if (absl::Status s = server.Start(); !s.ok()) return s;
//   if (absl::Status s = alice.Start(Print); !s.ok()) return s;   // And so bob, elsewhere.
//
// The server tells each peer from where the other one's datagrams come: its endpoint outside. Then
// both send there until one gets through, and answer what comes to where it came from. What the
// first ones are good for is that each lets the other's in, on its own translator.
//
// They say one line of text in each datagram:
//
//   MEET <room>        peer -> server: who else is there?
//   PEER <endpoint>    server -> peer: that one.
//   PUNCH <room>       peer -> peer: can you hear me?
//   HEARD <room>       peer -> who said PUNCH.

#ifndef POLLUX_EXAMPLES_HOLE_PUNCH_HOLE_PUNCH_H_
#define POLLUX_EXAMPLES_HOLE_PUNCH_HOLE_PUNCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Loop thread only. The engine must outlive it.
class Rendezvous {
 public:
  // Port 0: one that is free.
  Rendezvous(SocketEngine& engine, uint16_t port);

  // Errors: those of `UdpSocket::Bind`.
  absl::Status Start();
  Endpoint endpoint() const { return socket_.local_endpoint(); }

 private:
  // Rooms beyond this many are not opened, and none has more than two in it.
  static constexpr size_t kRoomsMax = 1000;

  void ReadAll();
  void Meet(const std::string& room, const Endpoint& who);

  const uint16_t port_;
  UdpSocket socket_;
  std::map<std::string, std::vector<Endpoint>> rooms_;
};

// Loop thread only. The engine must outlive it.
class Peer {
 public:
  struct Options {
    Endpoint server = {};
    std::string room = "";                              // Not empty, and without a space.
    absl::Duration interval = absl::Milliseconds(250);  // Between what is sent again.
    absl::Duration timeout = absl::Seconds(10);         // When it gives up.
  };
  // Told the endpoint that the other peer is reached by, or why there is none: kDeadlineExceeded.
  using Done = absl::AnyInvocable<void(const absl::StatusOr<Endpoint>&)>;

  Peer(SocketEngine& engine, Options options);

  // Errors: kInvalidArgument for an option, and those of `UdpSocket::Bind`.
  absl::Status Start(Done done);

 private:
  void Tick();
  void ReadAll();
  void Take(const Datagram& datagram);
  void Say(absl::string_view what, const Endpoint& to);
  void End(const absl::StatusOr<Endpoint>& result);

  const Options options_;
  EventLoop& loop_;
  UdpSocket socket_;
  Timer tick_;
  absl::Time deadline_;
  Endpoint other_;  // Where the other one is thought to be; unset until something is known.
  Done done_;       // Null once it was told.
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_HOLE_PUNCH_HOLE_PUNCH_H_
