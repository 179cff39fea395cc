// SPDX-License-Identifier: Apache-2.0
//
// File: fq_courses.h
//
// What sockets send through an interface whose queue is fq, as courses that run on any engine: on a
// kernel that has the queue, and in the simulator.

#ifndef POLLUX_TESTS_DIFFERENTIAL_FQ_COURSES_H_
#define POLLUX_TESTS_DIFFERENTIAL_FQ_COURSES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"

namespace pollux::differential {

// The quanta, in bytes, that fq has before an Ethernet, as the simulated interface is one.
inline constexpr int kEthernetQuantum = 2 * 1514;
inline constexpr int kEthernetFirstQuantum = 10 * 1514;

// Datagrams that are sent at once, each with a transmit time so much later, or with none.
using Burst = std::vector<std::optional<absl::Duration>>;

// One socket's life.
struct Course {
  const char* what;
  std::vector<int> rates = {};  // kMaxPacingRate, one after the other, before it sends.
  // Each is sent when what came of the one before has arrived.
  std::vector<Burst> bursts = {};
  size_t payload = 1000;
};
absl::Span<const Course> Courses();

// A datagram that arrived: which of its burst, and how long after that began.
struct CourseArrival {
  size_t number = 0;
  absl::Duration after;
};

// Runs a course between two sockets, of which the second is bound to `address`, and tells what
// arrived of each burst, in its order. Ends this process where an engine cannot do that at all.
std::vector<std::vector<CourseArrival>> RunCourse(const Course& course, SocketEngine& from,
                                                  SocketEngine& to, const IpAddress& address);
// The same between two simulated hosts, the first of which has the queue.
std::vector<std::vector<CourseArrival>> SimulateCourse(const Course& course);

}  // namespace pollux::differential

#endif  // POLLUX_TESTS_DIFFERENTIAL_FQ_COURSES_H_
