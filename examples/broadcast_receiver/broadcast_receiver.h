// SPDX-License-Identifier: Apache-2.0
//
// File: broadcast_receiver.h
//
// Receives what is sent to a port, broadcasts among it.
//
//   BroadcastReceiver receiver(engine, {.port = 45454, .on_datagram = Print});
//   if (absl::Status s = receiver.Start(); !s.ok()) return s;
//   engine.loop().Run();

#ifndef POLLUX_EXAMPLES_BROADCAST_RECEIVER_BROADCAST_RECEIVER_H_
#define POLLUX_EXAMPLES_BROADCAST_RECEIVER_BROADCAST_RECEIVER_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Loop thread only. The engine must outlive it.
class BroadcastReceiver {
 public:
  struct Options {
    uint16_t port = 45454;  // 0: one that is free.
    // Told of each datagram. Must not destroy the receiver.
    absl::AnyInvocable<void(const Datagram&)> on_datagram = nullptr;
  };

  BroadcastReceiver(SocketEngine& engine, Options options);

  // Errors: those of `UdpSocket::Bind`.
  absl::Status Start();
  Endpoint endpoint() const { return socket_.local_endpoint(); }

 private:
  void ReadAll();

  Options options_;
  UdpSocket socket_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_BROADCAST_RECEIVER_BROADCAST_RECEIVER_H_
