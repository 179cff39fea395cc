// SPDX-License-Identifier: Apache-2.0

#include "gtest/gtest.h"
#include "sim/testing/sim_test.h"
#include "udp/udp_socket.h"

namespace pollux {

SIM_TEST(Ping, IsAnsweredThoughDatagramsAreLost) {
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.loss = sim::Ratio(1, 5)});
  sim::Host& client = net.AddHost("client");
  sim::Host& server = net.AddHost("server");
  lan.Attach(client);
  lan.Attach(server);

  UdpSocket pong(server.engine());
  ASSERT_TRUE(pong.Bind(7755).ok());
  pong.OnReadyRead([&] {
    const Datagram question = *pong.ReceiveDatagram();
    EXPECT_TRUE(pong.WriteDatagram(question.payload, question.info.source).ok());
  });

  UdpSocket ping(client.engine());
  Timer timer(client.engine().loop(), [&] {
    EXPECT_TRUE(ping.WriteDatagram("ping", {server.address(), 7755}).ok());
    timer.Start(absl::Milliseconds(100));  // Without this line the test fails.
  });
  timer.Start(absl::ZeroDuration());
  EXPECT_TRUE(net.RunUntil([&] { return ping.HasPendingDatagrams(); }, absl::Seconds(30)));
}

}  // namespace pollux
