// SPDX-License-Identifier: Apache-2.0
//
// The same server on a simulated host, and a client on another that asks it through loss.

#include <iostream>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/echo/echo_server.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

ABSL_FLAG(uint64_t, seed, 1, "which luck the network has");
ABSL_FLAG(int, count, 5, "how many datagrams the client sends");

namespace pollux::examples {
namespace {

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "An echo server and its client on simulated hosts.")) {
    return *exit_code;
  }
  const int count = absl::GetFlag(FLAGS_count);
  if (absl::Status s = CheckCount(count); !s.ok()) return UsageError(s);

  sim::Network net({.seed = absl::GetFlag(FLAGS_seed)});
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                     {.latency = absl::Milliseconds(2), .loss = sim::Ratio(1, 10)});
  sim::Host& server_host = net.AddHost("server");
  sim::Host& client_host = net.AddHost("client");
  lan.Attach(server_host);
  lan.Attach(client_host);

  EchoServer server(server_host.engine(), {.local = Endpoint(IpAddress::AnyIpv4(), 7777)});
  if (absl::Status s = server.Start(); !s.ok()) return Failure(s);
  UdpSocket client(client_host.engine());
  int answers = 0;
  client.OnReadyRead([&] {
    while (client.HasPendingDatagrams()) {
      std::cout << "answered: " << client.ReceiveDatagram()->payload << "\n";
      ++answers;
    }
  });
  for (int i = 1; i <= count; ++i) {
    const std::string text = absl::StrCat("datagram ", i);
    if (absl::Status s = client.WriteDatagram(text, {server_host.address(), 7777}); !s.ok()) {
      return Failure(s);
    }
    net.RunFor(absl::Milliseconds(10));
  }
  std::cout << "outcome: " << count << " sent, " << server.received() << " received, " << answers
            << " answered\n";
  return 0;
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
