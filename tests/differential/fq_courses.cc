// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/fq_courses.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::differential {
namespace {

// Without an arrival, longer than any gap there is: all have come.
constexpr absl::Duration kSilence = absl::Milliseconds(400);

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "fq: %s\n", status.ToString().c_str());
  std::exit(1);
}

std::string PayloadOf(size_t number, size_t size) {
  std::string payload(std::max(size, sizeof(number)), 'x');
  payload.replace(0, sizeof(number), reinterpret_cast<const char*>(&number), sizeof(number));
  return payload;
}

size_t NumberIn(const std::string& payload) {
  size_t number = 0;
  std::copy_n(payload.data(), sizeof(number), reinterpret_cast<char*>(&number));
  return number;
}

Burst Untimed(size_t count) { return Burst(count, std::nullopt); }

Burst Timed(std::initializer_list<int> milliseconds) {
  Burst burst;
  for (const int number : milliseconds) burst.push_back(absl::Milliseconds(number));
  return burst;
}

}  // namespace

absl::Span<const Course> Courses() {
  static const auto& courses = *new std::vector<Course>({
      {.what = "a rate below 68,750 bytes a second: 30 datagrams at 50,000",
       .rates = {50'000},
       .bursts = {Untimed(30)}},
      {.what = "a rate above it: 45 datagrams at 100,000",
       .rates = {100'000},
       .bursts = {Untimed(45)}},
      {.what = "a rate that is taken back: 50,000, then none",
       .rates = {50'000, -1},
       .bursts = {Untimed(10)}},
      {.what = "a rate after a while of silence",
       .rates = {50'000},
       .bursts = {Untimed(1), Untimed(5)}},
      {.what = "more than one flow may have: 150 datagrams at 2,000",
       .rates = {2'000},
       .bursts = {Untimed(150)},
       .payload = 8},
      {.what = "transmit times in their order",
       .bursts = {Timed({10, 20, 30, 40, 50, 60, 70, 80})}},
      {.what = "transmit times in another order",
       .bursts = {Timed({40, 10, 60, 20, 50, 80, 30, 70})}},
      {.what = "times, none, and one too far ahead",
       .bursts = {{absl::Milliseconds(30), std::nullopt, absl::Milliseconds(60), absl::Seconds(11),
                   std::nullopt}}},
      {.what = "times with a rate: 50,000",
       .rates = {50'000},
       .bursts = {{std::nullopt, std::nullopt, absl::Milliseconds(30), absl::Milliseconds(35),
                   std::nullopt, absl::Milliseconds(90)}}},
  });
  return courses;
}

std::vector<std::vector<CourseArrival>> RunCourse(const Course& course, SocketEngine& from,
                                                  SocketEngine& to, const IpAddress& address) {
  UdpSocket sender(from), receiver(to);
  Check(receiver.RequestMetadata(Metadata::kKernelTime));
  Check(receiver.Bind(address, 0));
  Check(sender.Bind(IpAddress::AnyIpv4(), 0));
  for (const int rate : course.rates) {
    Check(sender.SetOption(SocketOption::kMaxPacingRate, rate));
  }
  EventLoop& loop = to.loop();
  absl::Time start;
  std::vector<CourseArrival> arrivals;
  receiver.OnReadyRead([&] {
    while (receiver.HasPendingDatagrams()) {
      const Datagram datagram = *receiver.ReceiveDatagram();
      // The kernel's times are of the wall clock. That is read first: what comes in between makes a
      // datagram look late, never early.
      const absl::Time wall = loop.WallNow();
      const absl::Time at = loop.Now() - (wall - *datagram.info.kernel_time);
      arrivals.push_back({NumberIn(datagram.payload), at - start});
    }
  });
  std::vector<std::vector<CourseArrival>> all;
  for (const Burst& burst : course.bursts) {
    start = loop.Now();
    for (size_t number = 0; number < burst.size(); ++number) {
      SendOptions options;
      if (burst[number]) options.transmit_time = start + *burst[number];
      Check(sender.WriteDatagram(PayloadOf(number, course.payload), receiver.local_endpoint(),
                                 options));
    }
    size_t before = 0;
    do {
      before = arrivals.size();
      static_cast<void>(loop.RunUntil([&] { return arrivals.size() > before; }, kSilence));
    } while (arrivals.size() > before);
    all.push_back(std::exchange(arrivals, {}));
  }
  return all;
}

std::vector<std::vector<CourseArrival>> SimulateCourse(const Course& course) {
  sim::Network net;
  sim::Segment& wire = net.AddSegment("wire", "10.0.0.0/24");
  sim::Host& from = net.AddHost("from");
  sim::Host& to = net.AddHost("to");
  wire.Attach(from, {.fq = sim::FqOptions{}});
  wire.Attach(to);
  return RunCourse(course, from.engine(), to.engine(), to.address());
}

}  // namespace pollux::differential
