// SPDX-License-Identifier: Apache-2.0
//
// File: chatter.h
//
// A program that has much to say, for runs in which much happens.

#ifndef POLLUX_TESTS_GOLDEN_CHATTER_H_
#define POLLUX_TESTS_GOLDEN_CHATTER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/choice/random.h"
#include "sim/host.h"
#include "udp/internal/check.h"
#include "udp/udp_socket.h"

namespace pollux::golden {

inline constexpr uint16_t kPort = 7755;

inline void Check(const absl::Status& status) { POLLUX_CHECK(status.ok(), status.message()); }

// Answers what it hears, and asks a peer at intervals; each question is another length.
class Chatter {
 public:
  Chatter(sim::Host& host, absl::Duration interval)
      : socket_(host.engine()), timer_(host.loop(), [this] { Ask(); }), interval_(interval) {
    Check(socket_.Bind(kPort));
    socket_.OnReadyRead([this] { Read(); });
  }

  void Start(const Endpoint& peer) {
    peer_ = peer;
    Ask();
  }
  UdpSocket& socket() { return socket_; }

 private:
  void Ask() {
    const std::string question = absl::StrCat("?", std::string(sizes_.Below(3000), 'q'));
    Say(question, peer_);
    timer_.Start(interval_);
  }
  void Read() {
    while (socket_.HasPendingDatagrams()) {
      const auto datagram = socket_.ReceiveDatagram();
      if (!datagram.ok() || datagram->payload[0] != '?') continue;
      Say(absl::StrCat("!", datagram->payload.size()), datagram->info.source);
    }
  }
  // Whether the platform lets it go is part of the story.
  void Say(absl::string_view payload, const Endpoint& to) {
    socket_.WriteDatagram(payload, to).IgnoreError();
  }

  UdpSocket socket_;
  Timer timer_;
  const absl::Duration interval_;
  Endpoint peer_;
  sim::Random sizes_{42};
};

}  // namespace pollux::golden

#endif  // POLLUX_TESTS_GOLDEN_CHATTER_H_
