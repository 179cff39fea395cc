// SPDX-License-Identifier: Apache-2.0
//
// File: sim_test.h
//
// `SIM_TEST` is a GoogleTest test that is run many times, each time in a network of its own with
// other luck. What fails in one of them is made smaller until only the faults are left that it
// takes, and is told with the story that makes it happen again.
//
//   SIM_TEST(Discovery, FindsTheServiceThoughPacketsAreLost) {
//     sim::Host& client = net.AddHost("client");
//     sim::Host& server = net.AddHost("server");
//     sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.loss = sim::Ratio(1, 10)});
//     lan.Attach(client);
//     lan.Attach(server);
//     ...
//     if (retries > 0) SOMETIMES("asked again");
//     EXPECT_TRUE(found);
//   }
//
// The body is given `net`, an empty sim::Network. It can use all of GoogleTest; it must not keep
// anything from one run to the next, nor ask a clock or an own source of randomness: a failure that
// its own story does not repeat is told as such. It runs on the thread of the test alone.
//
// Where the test runner collects files (Bazel does: bazel-testlogs/.../test.outputs), a run that is
// told is there too, as a capture file for Wireshark and as a web page.
//
// The environment says how much, and what:
//
//   POLLUX_SIM_RUNS=1000    how many runs; 100 if it is not set
//   POLLUX_SIM_SEED=7       the first run's seed; the next have the next. 1 if it is not set. With
//                           Bazel's --runs_per_test each repetition goes on where the last ended.
//   POLLUX_SIM_STORY=FILE   one run only, as the story of that file says, or, where the value
//                           begins with "seed", as it says itself, with ';' between the lines

#ifndef POLLUX_SIM_TESTING_SIM_TEST_H_
#define POLLUX_SIM_TESTING_SIM_TEST_H_

#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/testing/claim.h"

// A test whose body is run with `net` in many ways.
#define SIM_TEST(suite, name)                                                     \
  static void SimTestBody_##suite##_##name(::pollux::sim::Network& net);          \
  TEST(suite, name) {                                                             \
    ::pollux::sim::RunSimTest({#suite "." #name, &SimTestBody_##suite##_##name}); \
  }                                                                               \
  static void SimTestBody_##suite##_##name([[maybe_unused]] ::pollux::sim::Network& net)

namespace pollux::sim {

struct SimTest {
  const char* name;  // "Suite.Name"
  void (*body)(Network& net);
};

// What SIM_TEST does: runs the body as the environment says, and adds one failure to the current
// test if a run of it failed.
void RunSimTest(const SimTest& test);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TESTING_SIM_TEST_H_
