// SPDX-License-Identifier: Apache-2.0
//
// Three hosts on a segment, with a socket each, for tests of what links do to datagrams.

#ifndef POLLUX_TESTS_SIM_FABRIC_LINK_BED_H_
#define POLLUX_TESTS_SIM_FABRIC_LINK_BED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {

// A host with one socket, and what that has heard.
class Speaker {
 public:
  static constexpr uint16_t kPort = 7755;

  Speaker(Network& net, absl::string_view name)
      : net_(net), host(net.AddHost(name)), socket(host.engine()) {}
  void Open() {
    EXPECT_TRUE(socket.Bind(kPort).ok());
    socket.OnReadyRead([this] {
      while (socket.HasPendingDatagrams()) {
        heard.push_back(socket.ReceiveDatagram()->payload);
        when.push_back(net_.elapsed());
      }
    });
  }
  void Say(absl::string_view text, const Speaker& to) {
    EXPECT_TRUE(socket.WriteDatagram(text, Endpoint(to.host.address(), kPort)).ok());
  }
  void Say(absl::string_view text, const IpAddress& to) {
    EXPECT_TRUE(socket.WriteDatagram(text, Endpoint(to, kPort)).ok());
  }

 private:
  Network& net_;

 public:
  Host& host;
  UdpSocket socket;
  std::vector<std::string> heard;
  std::vector<absl::Duration> when;  // Since the simulation began.
};

class LinkBed : public ::testing::Test {
 protected:
  LinkBed() {
    for (Speaker* speaker : {&alice, &bob, &carol}) {
      lan.Attach(speaker->host);
      speaker->Open();
    }
  }
  // Runs on, and returns the story of what happened meanwhile.
  std::string Run(absl::Duration duration = absl::Seconds(10)) {
    net.RunFor(duration);
    const std::string text = trace.text();
    trace.Clear();
    return text;
  }

  Network net{{.seed = 7}};
  bool tells = true;  // Whether there is a story.
  TextTrace trace{net.trace(), [this](const TraceEvent&) { return tells; }};
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(10)});
  Speaker alice{net, "alice"};
  Speaker bob{net, "bob"};
  Speaker carol{net, "carol"};
};

}  // namespace pollux::sim

#endif  // POLLUX_TESTS_SIM_FABRIC_LINK_BED_H_
