// SPDX-License-Identifier: Apache-2.0
//
// Clocks that are off, drift, and are set: alone, and as a program on a host sees them.

#include "sim/host_clock.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Says;

const absl::Time kStart = absl::UnixEpoch();
const absl::Time kWall = absl::FromUnixSeconds(946684800);

TEST(HostClock, IsTheNetworksUnlessToldOtherwise) {
  const HostClock clock(kWall, {});
  const absl::Time later = kStart + absl::Hours(1);
  EXPECT_EQ(clock.Monotonic(later), later);
  EXPECT_EQ(clock.Wall(later), kWall + absl::Hours(1));
  EXPECT_EQ(clock.NetworkTime(later), later);
  EXPECT_EQ(clock.NetworkTime(absl::InfiniteFuture()), absl::InfiniteFuture());
}

// One part per billion is one nanosecond in a second, and after 300 hours still is.
TEST(HostClock, DriftsExactlyOverHours) {
  for (const int64_t ppb : {int64_t{1}, int64_t{-1}, int64_t{37}, int64_t{100'000},
                            HostClock::kMaxDriftPpb, -HostClock::kMaxDriftPpb}) {
    const HostClock clock(kWall, {.drift_ppb = ppb});
    for (const int64_t seconds : {1, 3600, 86'400, 300 * 3600}) {
      const absl::Duration passed = absl::Seconds(seconds);
      EXPECT_EQ(clock.Monotonic(kStart + passed) - kStart,
                passed + absl::Nanoseconds(seconds * ppb))
          << ppb << " ppb, " << seconds << " s";
    }
  }
}

TEST(HostClock, NetworkTimeIsTheFirstAtWhichItShowsATime) {
  const absl::Duration kTick = absl::Nanoseconds(1) / 4;
  for (const int64_t ppb : {int64_t{1}, int64_t{-1}, int64_t{123'457}, int64_t{-333'333'333},
                            HostClock::kMaxDriftPpb}) {
    const HostClock clock(kWall, {.drift_ppb = ppb});
    absl::Duration wanted = absl::Nanoseconds(1);
    for (int i = 0; i < 60; ++i, wanted = wanted * 2 + kTick) {
      const absl::Time at = clock.NetworkTime(kStart + wanted);
      if (at == absl::InfiniteFuture()) break;
      EXPECT_GE(clock.Monotonic(at), kStart + wanted) << ppb << " " << wanted;
      EXPECT_LT(clock.Monotonic(at - kTick), kStart + wanted) << ppb << " " << wanted;
    }
  }
}

TEST(HostClock, TheMonotonicOneNeverGoesBack) {
  HostClock clock(kWall, {.wall_offset = -absl::Seconds(3), .drift_ppb = 250'000'000});
  absl::Time network = kStart;
  absl::Time before = clock.Monotonic(network);
  for (int i = 0; i < 1000; ++i) {
    network += absl::Nanoseconds(i * 7) / 4;
    if (i % 5 == 0) clock.SetDrift(network, (i % 3 - 1) * HostClock::kMaxDriftPpb);
    if (i % 7 == 0) clock.StepWall(-absl::Seconds(i));
    if (i % 11 == 0) clock.Stop(network);
    if (i % 11 == 4) clock.Go(network);
    const absl::Time now = clock.Monotonic(network);
    EXPECT_GE(now, before);
    before = now;
  }
}

TEST(HostClock, AMachineThatStoodStillHasLostMonotonicTimeAlone) {
  HostClock clock(kWall, {});
  clock.Stop(kStart + absl::Seconds(1));
  EXPECT_EQ(clock.Monotonic(kStart + absl::Seconds(9)), kStart + absl::Seconds(1));
  EXPECT_EQ(clock.NetworkTime(kStart + absl::Seconds(2)), absl::InfiniteFuture());
  clock.Go(kStart + absl::Seconds(10));
  EXPECT_EQ(clock.Monotonic(kStart + absl::Seconds(11)), kStart + absl::Seconds(2));
  EXPECT_EQ(clock.Wall(kStart + absl::Seconds(11)), kWall + absl::Seconds(11));
}

TEST(HostClock, OptionsThatCannotBeAreRefused) {
  EXPECT_THAT(Validate(ClockOptions{.drift_ppb = 500'000'001}), Says("drift_ppb 500000001"));
  EXPECT_THAT(Validate(ClockOptions{.wall_offset = absl::InfiniteDuration()}),
              Says("wall_offset inf"));
  EXPECT_THAT(Validate(ClockOptions{.wall_offset = -absl::Hours(1), .drift_ppb = -20'000}), IsOk());
}

class ClockedHostTest : public ::testing::Test {
 protected:
  Network net_{{.seed = 7}};
  Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24");
};

TEST_F(ClockedHostTest, TimersOfAFastClockFireEarlyInNetworkTime) {
  Host& fast = net_.AddHost("fast", {.clock = {.drift_ppb = 250'000'000}});
  Host& slow = net_.AddHost("slow", {.clock = {.drift_ppb = -200'000'000}});
  std::vector<std::string> story;
  const auto note = [&](std::string name) {
    return [&, name] { story.push_back(name + " " + absl::FormatDuration(net_.elapsed())); };
  };
  Timer a(fast.loop(), note("fast")), b(slow.loop(), note("slow"));
  a.Start(absl::Seconds(10));
  b.Start(absl::Seconds(10));
  net_.RunFor(absl::Seconds(20));
  EXPECT_EQ(story, (std::vector<std::string>{"fast 8s", "slow 12.5s"}));
}

TEST_F(ClockedHostTest, AHostRunsForAsLongAsItsOwnClockSays) {
  Host& fast = net_.AddHost("fast", {.clock = {.drift_ppb = 250'000'000}});
  fast.loop().RunFor(absl::Seconds(5));
  EXPECT_EQ(net_.elapsed(), absl::Seconds(4));
  EXPECT_FALSE(fast.loop().RunUntil([] { return false; }, absl::Seconds(5)));
  EXPECT_EQ(net_.elapsed(), absl::Seconds(8));
}

TEST_F(ClockedHostTest, ATimerIsMovedWhenTheClockChangesItsSpeed) {
  Host& host = net_.AddHost("host");
  absl::Duration fired;
  Timer timer(host.loop(), [&] { fired = net_.elapsed(); });
  timer.Start(absl::Seconds(10));
  net_.RunFor(absl::Seconds(4));
  host.SetClockDrift(500'000'000);
  net_.RunFor(absl::Seconds(20));
  EXPECT_EQ(fired, absl::Seconds(8));
}

TEST_F(ClockedHostTest, SteppingTheTimeOfDayMovesNoTimer) {
  Host& host = net_.AddHost("host", {.clock = {.wall_offset = absl::Seconds(30)}});
  absl::Duration fired;
  Timer timer(host.loop(), [&] { fired = net_.elapsed(); });
  timer.Start(absl::Seconds(10));
  net_.RunFor(absl::Seconds(5));
  EXPECT_EQ(host.loop().WallNow(), kWall + absl::Seconds(35));
  host.StepClock(-absl::Hours(1));
  EXPECT_EQ(host.loop().WallNow(), kWall + absl::Seconds(35) - absl::Hours(1));
  net_.RunFor(absl::Seconds(10));
  EXPECT_EQ(fired, absl::Seconds(10));
}

TEST_F(ClockedHostTest, KernelTimestampsAreTheHostsTimeOfDay) {
  Host& alice = net_.AddHost("alice");
  Host& bob = net_.AddHost("bob", {.clock = {.wall_offset = -absl::Seconds(3)}});
  lan_.Attach(alice);
  lan_.Attach(bob);
  UdpSocket sender(alice.engine()), receiver(bob.engine());
  ASSERT_THAT(receiver.RequestMetadata(Metadata::kKernelTime), IsOk());
  ASSERT_THAT(receiver.Bind(7755), IsOk());
  ASSERT_THAT(sender.WriteDatagram("x", Endpoint(bob.address(), 7755)), IsOk());
  net_.RunFor(absl::Seconds(1));
  EXPECT_EQ(receiver.ReceiveDatagram()->info.kernel_time, kWall - absl::Seconds(3));
}

}  // namespace
}  // namespace pollux::sim
