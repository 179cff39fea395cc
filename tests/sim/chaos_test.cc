// SPDX-License-Identifier: Apache-2.0
//
// Plans that luck draws.

#include "sim/chaos.h"

#include <set>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/testing/matchers.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Says;

struct World3 {
  explicit World3(uint64_t seed) : net({.seed = seed}) {
    Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
    for (const char* name : {"alice", "bob", "carol"}) lan.Attach(net.AddHost(name));
  }
  Network net;
};

TEST(Chaos, ADrawnPlanFitsItsNetworkAndEndsQuiet) {
  std::set<FaultPlan::Verb> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    World3 world(seed);
    const FaultPlan plan = world.net.DrawPlan({.end = absl::Seconds(5), .faults = 8});
    EXPECT_LE(plan.entries.size(), 9);
    for (const FaultPlan::Entry& entry : plan.entries) seen.insert(entry.verb);
    const absl::StatusOr<FaultPlan> read = FaultPlan::Parse(plan.ToString());
    ASSERT_THAT(read, IsOk()) << plan.ToString();
    EXPECT_EQ(read->entries, plan.entries);
    ASSERT_THAT(world.net.Apply(plan), IsOk()) << plan.ToString();
    EXPECT_EQ(plan.entries.back().verb, FaultPlan::Verb::kQuiesce);
    EXPECT_EQ(plan.End(), absl::Seconds(5));
    world.net.RunFor(absl::Seconds(6));
    for (const char* name : {"alice", "bob", "carol"}) {
      Host& host = *world.net.FindHost(name);
      EXPECT_FALSE(host.is_down() || host.is_paused() || host.is_frozen()) << plan.ToString();
      const NetworkInterface eth0 = *FindInterface(*host.engine().Interfaces(), "eth0");
      EXPECT_TRUE(eth0.up && eth0.running) << plan.ToString();
    }
  }
  // All that can be drawn was, and the end.
  EXPECT_EQ(seen.size(), ChaosOptions().verbs.size() + 1);
}

TEST(Chaos, TheSameSeedDrawsTheSamePlan) {
  const auto draw = [](uint64_t seed) { return World3(seed).net.DrawPlan().ToString(); };
  EXPECT_EQ(draw(3), draw(3));
  EXPECT_NE(draw(3), draw(4));
}

TEST(Chaos, NothingIsDoneToSparedHosts) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    World3 world(seed);
    const FaultPlan plan = world.net.DrawPlan({.faults = 20, .spared = {"Carol"}});
    EXPECT_EQ(plan.ToString().find("carol"), std::string::npos) << plan.ToString();
  }
}

TEST(ChaosDeathTest, WhoIsSparedHasToBeThere) {
  World3 world(7);
  EXPECT_DEATH(world.net.DrawPlan({.spared = {"carlo"}}),
               "spared: there is no host \"carlo\"; there is alice, bob, carol");
}

TEST(Chaos, OptionsThatCannotBeAreNamed) {
  EXPECT_THAT(Validate(ChaosOptions{.end = absl::ZeroDuration()}), Says("begin 0 and end 0"));
  EXPECT_THAT(Validate(ChaosOptions{.end = absl::Hours(24 * 365 * 200)}),
              Says("end 1752000h is in more than a century"));
  EXPECT_THAT(Validate(ChaosOptions{.faults = 101}), Says("faults 101"));
  EXPECT_THAT(Validate(ChaosOptions{.longest = absl::ZeroDuration()}), Says("longest 0"));
  EXPECT_THAT(Validate(ChaosOptions{.verbs = {}}), Says("verbs"));
  EXPECT_THAT(Validate(ChaosOptions{.verbs = {FaultPlan::Verb::kRestart}}),
              Says("verbs restart cannot be drawn"));
}

}  // namespace
}  // namespace pollux::sim
