// SPDX-License-Identifier: Apache-2.0
//
// How fast a simulation is: datagrams per second of processor time, so per core, that go all the
// way from one `UdpSocket` through both kernels and the segment between them to another
// `UdpSocket`.
//
//   ./bazelw run -c opt //tests/bench:sim_speed [-- SECONDS PER ROW]
//
// Each receiver answers what it gets, so that the number of datagrams under way stays the same.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux {
namespace {

struct Row {
  const char* traffic;
  int sockets;    // On each of the two hosts.
  int in_flight;  // Of each pair of sockets.
  size_t payload;
};

constexpr Row kRows[] = {
    {"one pair, ping-pong", 1, 1, 64},      {"one pair, ping-pong", 1, 1, 1200},
    {"one pair, windows", 1, 64, 64},       {"one pair, windows", 1, 64, 1200},
    {"1000 pairs, ping-pong", 1000, 1, 64}, {"1000 pairs, ping-pong", 1000, 1, 1200},
    {"1000 pairs, windows", 1000, 10, 64},  {"1000 pairs, windows", 1000, 10, 1200},
};

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

// A socket that answers everything, and counts.
class Echo {
 public:
  Echo(SocketEngine& engine, const IpAddress& address, uint64_t& count)
      : socket_(engine), count_(count) {
    Require(socket_.Bind(address, 0));
    socket_.OnReadyRead([this] { Answer(); });
  }

  Endpoint endpoint() const { return socket_.local_endpoint(); }
  void Send(absl::string_view payload, const Endpoint& to) {
    Require(socket_.WriteDatagram(payload, to));
  }

 private:
  void Answer() {
    static char buffer[2048];
    DatagramInfo info;
    while (socket_.HasPendingDatagrams()) {
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer), &info);
      Require(size.status());
      ++count_;
      Send(absl::string_view(buffer, *size), info.source);
    }
  }

  UdpSocket socket_;
  uint64_t& count_;
};

// Processor time: other work on the machine does not count.
double SecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void Measure(const Row& row, double seconds) {
  sim::Network net({.seed = 1});
  sim::Host& alice = net.AddHost("alice");
  sim::Host& bob = net.AddHost("bob");
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  lan.Attach(alice);
  lan.Attach(bob);

  uint64_t count = 0;
  std::vector<std::unique_ptr<Echo>> sockets;
  const std::string payload(row.payload, 'x');
  for (int i = 0; i < row.sockets; ++i) {
    sockets.push_back(std::make_unique<Echo>(alice.engine(), alice.address(), count));
    Echo& left = *sockets.back();
    sockets.push_back(std::make_unique<Echo>(bob.engine(), bob.address(), count));
    for (int n = 0; n < row.in_flight; ++n) left.Send(payload, sockets.back()->endpoint());
    // Spreads the arrivals of the pairs over the latency.
    if (row.sockets > 1) net.RunFor(absl::Nanoseconds(999));
  }

  net.RunFor(absl::Milliseconds(20));
  count = 0;
  const std::clock_t start = std::clock();
  do {
    net.RunFor(absl::Milliseconds(10));
  } while (SecondsSince(start) < seconds);
  const double elapsed = SecondsSince(start);
  std::printf("%-24s %6zu %8d %14.0f %10.0f\n", row.traffic, row.payload,
              row.sockets * row.in_flight, static_cast<double>(count) / elapsed,
              elapsed * 1e9 / static_cast<double>(count));
}

}  // namespace
}  // namespace pollux

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  std::printf("%-24s %6s %8s %14s %10s\n", "traffic", "bytes", "flying", "delivered/s", "ns each");
  for (const pollux::Row& row : pollux::kRows) pollux::Measure(row, seconds);
  return 0;
}
