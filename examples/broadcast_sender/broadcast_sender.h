// SPDX-License-Identifier: Apache-2.0
//
// File: broadcast_sender.h
//
// Sends a numbered text to every host of a network, at intervals.
//
//   BroadcastSender sender(engine, {.destination = Endpoint(IpAddress::Broadcast(), 45454)});
//   sender.Start([&] { engine.loop().Stop(); });
//   engine.loop().Run();

#ifndef POLLUX_EXAMPLES_BROADCAST_SENDER_BROADCAST_SENDER_H_
#define POLLUX_EXAMPLES_BROADCAST_SENDER_BROADCAST_SENDER_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// The broadcast address of the network that `interface` is on: 10.0.0.255 for 10.0.0.1/24. Errors:
// kNotFound where it has none, as a loopback interface.
absl::StatusOr<IpAddress> BroadcastAddressOf(const NetworkInterface& interface);

// Loop thread only. The engine must outlive it.
class BroadcastSender {
 public:
  struct Options {
    Endpoint destination = {};
    std::string text = "Broadcast message";  // A number follows it.
    int count = 0;                           // How many to send; 0: no end.
    absl::Duration interval = absl::Seconds(1);
    // Told of each datagram: its payload, and whether it was sent.
    absl::AnyInvocable<void(absl::string_view payload, const absl::Status& status)> on_sent =
        nullptr;
  };

  BroadcastSender(SocketEngine& engine, Options options);

  // Sends the first one in the next turn of the loop. `done` runs after the last one; it may
  // destroy the sender.
  void Start(absl::AnyInvocable<void()> done);

 private:
  void SendNext();

  Options options_;
  UdpSocket socket_;
  Timer next_;
  int sent_ = 0;
  absl::AnyInvocable<void()> done_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_BROADCAST_SENDER_BROADCAST_SENDER_H_
