// SPDX-License-Identifier: Apache-2.0
//
// File: echo_server.h
//
// Sends every datagram back to where it came from: many at a time, so that it keeps up with a
// sender that does the same.
//
//   EchoServer server(engine, {.local = Endpoint(IpAddress::AnyIpv4(), 7777)});
//   if (absl::Status s = server.Start(); !s.ok()) return s;
//   engine.loop().Run();

#ifndef POLLUX_EXAMPLES_ECHO_ECHO_SERVER_H_
#define POLLUX_EXAMPLES_ECHO_ECHO_SERVER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "udp/datagram.h"
#include "udp/datagram_batch.h"
#include "udp/endpoint.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Loop thread only. The engine must outlive it.
class EchoServer {
 public:
  struct Options {
    Endpoint local;  // Port 0: one that is free.
    // Share the port with others that say so too: Linux and FreeBSD spread the senders over them,
    // and always give one sender to the same one.
    bool one_of_many = false;
  };

  EchoServer(SocketEngine& engine, const Options& options) : options_(options), socket_(engine) {}

  // Errors: those of `UdpSocket::Bind`, and kUnsupportedOperation where ports cannot be shared so.
  absl::Status Start();
  Endpoint endpoint() const { return socket_.local_endpoint(); }

  uint64_t received() const { return received_; }
  // Of these: sent back. The network had no room for the others.
  uint64_t answered() const { return answered_; }

 private:
  void AnswerSome();

  const Options options_;
  UdpSocket socket_;
  DatagramBatch batch_;
  std::vector<SendSlot> answers_;
  uint64_t received_ = 0;
  uint64_t answered_ = 0;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_ECHO_ECHO_SERVER_H_
