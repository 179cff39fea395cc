// SPDX-License-Identifier: Apache-2.0
//
// File: multicast_receiver.h
//
// Joins a multicast group and receives what is sent to it.
//
//   MulticastReceiver receiver(engine, {.group = group, .on_datagram = Print});
//   if (absl::Status s = receiver.Start(); !s.ok()) return s;
//   engine.loop().Run();

#ifndef POLLUX_EXAMPLES_MULTICAST_RECEIVER_MULTICAST_RECEIVER_H_
#define POLLUX_EXAMPLES_MULTICAST_RECEIVER_MULTICAST_RECEIVER_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Loop thread only. The engine must outlive it.
class MulticastReceiver {
 public:
  struct Options {
    Endpoint group = {};              // Port 0: one that is free.
    NetworkInterface interface = {};  // Where to join; index 0: the platform chooses.
    // Told of each datagram. Must not destroy the receiver.
    absl::AnyInvocable<void(const Datagram&)> on_datagram = nullptr;
  };

  MulticastReceiver(SocketEngine& engine, Options options);

  // Errors: those of `UdpSocket::Bind` and `JoinMulticastGroup`.
  absl::Status Start();
  Endpoint endpoint() const { return socket_.local_endpoint(); }

 private:
  void ReadAll();

  Options options_;
  UdpSocket socket_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_MULTICAST_RECEIVER_MULTICAST_RECEIVER_H_
