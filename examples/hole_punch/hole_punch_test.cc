// SPDX-License-Identifier: Apache-2.0
//
// Who gets through to whom. The theory (RFC 5128 3.3, 3.4): the first datagram of each peer opens
// its own translator for the endpoint that it is sent to, which is where the server saw the other
// one. That is where the other one's come from, unless its translator is symmetric: then they come
// from another port, which is let in where ports do not matter.

#include "examples/hole_punch/hole_punch.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/common/program.h"
#include "examples/hole_punch/simulated.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"

namespace pollux::examples {
namespace {

using sim::NatKind;
using ::testing::HasSubstr;

// Rows and columns in the order of kAllNatKinds.
constexpr bool kTheory[4][4] = {
    // full cone, address-restricted, port-restricted, symmetric
    {true, true, true, true},
    {true, true, true, true},
    {true, true, true, false},
    {true, true, false, false},
};

TEST(HolePunchTest, GetsThroughWhereTheorySaysSo) {
  for (int alice = 0; alice < 4; ++alice) {
    for (int bob = 0; bob < 4; ++bob) {
      const NatKind alice_nat = sim::kAllNatKinds[alice];
      const NatKind bob_nat = sim::kAllNatKinds[bob];
      for (uint64_t seed = 1; seed <= 5; ++seed) {
        EXPECT_EQ(GetsThrough(alice_nat, bob_nat, seed), kTheory[alice][bob])
            << ToString(alice_nat) << ", " << ToString(bob_nat) << ", seed " << seed;
      }
    }
  }
}

// One who is alone says so.
TEST(HolePunchTest, APeerThatIsAloneGivesUp) {
  sim::Network net({.seed = 1});
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  sim::Host& host = net.AddHost("server");
  lan.Attach(host);
  Rendezvous server(host.engine(), 3478);
  ASSERT_TRUE(server.Start().ok());
  Peer alice(host.engine(), {.server = {host.address(), 3478}, .room = "tea"});
  absl::Status result;
  ASSERT_TRUE(alice.Start([&](const absl::StatusOr<Endpoint>& r) { result = r.status(); }).ok());
  net.RunFor(absl::Seconds(11));
  EXPECT_EQ(result.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(result.message()), HasSubstr("nobody came to room tea"));
}

TEST(HolePunchTest, ARoomIsAWord) {
  sim::Network net({.seed = 1});
  sim::Host& host = net.AddHost("alone");
  Peer nameless(host.engine(), {.room = ""});
  EXPECT_EQ(nameless.Start(nullptr).code(), absl::StatusCode::kInvalidArgument);
  Peer wordy(host.engine(), {.room = "two words"});
  EXPECT_THAT(std::string(wordy.Start(nullptr).message()), HasSubstr("\"two words\" is no room"));
}

TEST(HolePunchProgramTest, PrintsTheTable) {
  Program program("examples/hole_punch/hole_punch", {});
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(program.output(),
              HasSubstr("port-restricted     through            through            through        "
                        "    -"));
  EXPECT_THAT(program.output(),
              HasSubstr("symmetric           through            through            -              "
                        "    -"));
}

TEST(HolePunchProgramTest, PeersOnThisMachineReachEachOther) {
  Program program("examples/hole_punch/hole_punch_native", {});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("reached 127.0.0.1:"));
  Program unknown("examples/hole_punch/hole_punch_native", {"--role=king"});
  EXPECT_EQ(unknown.Wait(), 2);
  EXPECT_THAT(unknown.output(), HasSubstr("--role=king"));
}

}  // namespace
}  // namespace pollux::examples
