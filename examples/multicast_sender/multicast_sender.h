// SPDX-License-Identifier: Apache-2.0
//
// File: multicast_sender.h
//
// Sends a numbered text to a multicast group, at intervals.
//
//   MulticastSender sender(engine, {.group = Endpoint(IpAddress::Ipv4(239, 255, 43, 21), 45454)});
//   if (absl::Status s = sender.Start([&] { engine.loop().Stop(); }); !s.ok()) return s;
//   engine.loop().Run();

#ifndef POLLUX_EXAMPLES_MULTICAST_SENDER_MULTICAST_SENDER_H_
#define POLLUX_EXAMPLES_MULTICAST_SENDER_MULTICAST_SENDER_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Loop thread only. The engine must outlive it.
class MulticastSender {
 public:
  struct Options {
    Endpoint group = {};
    NetworkInterface interface = {};  // By which it leaves; index 0: the platform chooses.
    int ttl = 1;                      // How many networks far it goes; 0: for this host alone.
    std::string text = "Multicast message";  // A number follows it.
    int count = 0;                           // How many to send; 0: no end.
    absl::Duration interval = absl::Seconds(1);
    // Told of each datagram: its payload, and whether it was sent.
    absl::AnyInvocable<void(absl::string_view payload, const absl::Status& status)> on_sent =
        nullptr;
  };

  MulticastSender(SocketEngine& engine, Options options);

  // Sends the first one in the next turn of the loop. `done` runs after the last one; it may
  // destroy the sender. Errors: those of `UdpSocket::Bind`, `SetMulticastInterface` and
  // `SetOption`.
  absl::Status Start(absl::AnyInvocable<void()> done);

 private:
  void SendNext();

  Options options_;
  UdpSocket socket_;
  Timer next_;
  int sent_ = 0;
  absl::AnyInvocable<void()> done_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_MULTICAST_SENDER_MULTICAST_SENDER_H_
