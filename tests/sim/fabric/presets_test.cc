// SPDX-License-Identifier: Apache-2.0
//
// Presets do what their sources measured: throughput and round trip.

#include "sim/fabric/presets.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/fabric/link_bed.h"

namespace pollux::sim {
namespace {

class Presets : public LinkBed {
 protected:
  Presets() { tells = false; }
  // Alice has an access, bob is the world.
  void Use(const presets::Access& access) {
    lan.SetProfile({});
    lan.SetUplink(alice.host, access.up);
    lan.SetDownlink(alice.host, access.down);
  }
  // The round trips of packets that are sent one by one, in milliseconds, ascending.
  std::vector<double> RoundTrips(int count = 1000) {
    std::vector<double> trips;
    bob.socket.OnReadyRead([&] {
      while (bob.socket.HasPendingDatagrams())
        bob.Say(bob.socket.ReceiveDatagram()->payload, alice);
    });
    for (int i = 0; i < count; ++i) {
      const absl::Duration start = net.elapsed();
      alice.Say("ping", bob);
      net.RunFor(absl::Seconds(2));
      if (alice.when.empty()) continue;
      trips.push_back(absl::ToDoubleMilliseconds(alice.when.back() - start));
      alice.when.clear();
    }
    std::sort(trips.begin(), trips.end());
    return trips;
  }
  static double At(const std::vector<double>& sorted, int percent) {
    return sorted[sorted.size() * static_cast<size_t>(percent) / 100];
  }
  // Megabits of IP packets per second that get through when so many packets are sent in each
  // millisecond of a time.
  double Throughput(Speaker& from, Speaker& to, int packets, int milliseconds) {
    to.when.clear();
    EXPECT_TRUE(to.socket.SetOption(SocketOption::kReceiveBufferSize, 4 << 20).ok());
    const std::string text(1472, 'x');
    const absl::Duration step = absl::Milliseconds(1);
    for (int i = 0; i < milliseconds; ++i) {
      for (int k = 0; k < packets; ++k) from.Say(text, to);
      net.RunFor(step);
    }
    net.RunFor(absl::Seconds(10));
    const absl::Duration time = to.when.back() - to.when.front();
    return static_cast<double>(to.when.size() - 1) * 1500 * 8 / 1e6 / absl::ToDoubleSeconds(time);
  }
};

TEST_F(Presets, AreValid) {
  const presets::Access accesses[] = {presets::Lte(), presets::GeoSatellite(),
                                      presets::LeoSatellite()};
  std::vector<LinkProfile> all = {presets::Loopback(), presets::Ethernet(), presets::Wifi()};
  for (const presets::Access& access : accesses) {
    all.push_back(access.up);
    all.push_back(access.down);
  }
  for (const LinkProfile& profile : all) {
    for (const bool ipv6 : {false, true}) {
      EXPECT_TRUE(Validate(profile, ipv6).ok()) << Validate(profile, ipv6);
    }
  }
}

TEST_F(Presets, LoopbackDoesNothingToPackets) {
  alice.host.SetLoopbackProfile(presets::Loopback());
  alice.Say("me", alice);
  Run(absl::ZeroDuration());
  EXPECT_EQ(alice.heard.size(), 1u);
}

TEST_F(Presets, EthernetTakes38BytesMoreForAPacket) {
  lan.SetProfile(presets::Ethernet());
  EXPECT_NEAR(Throughput(alice, bob, 100, 50), 1000.0 * 1500 / 1538, 0.5);
  EXPECT_LT(At(RoundTrips(100), 99), 0.03);
}

TEST_F(Presets, WifiHasTheMeasuredMedianAndTail) {
  lan.SetProfile(presets::Wifi());
  EXPECT_NEAR(Throughput(alice, bob, 10, 500), 100, 4);
  const std::vector<double> trips = RoundTrips();
  EXPECT_NEAR(At(trips, 50), 3, 1);
  EXPECT_NEAR(At(trips, 90), 20, 4);
}

TEST_F(Presets, LteHasTheMeasuredRatesAndRoundTrip) {
  Use(presets::Lte());
  EXPECT_NEAR(Throughput(alice, bob, 2, 1000), 13.6, 0.1);
  EXPECT_NEAR(Throughput(bob, alice, 2, 1000), 14.7, 0.1);
  EXPECT_NEAR(At(RoundTrips(), 50), 53.1, 1);
}

TEST_F(Presets, AGeostationarySatelliteTakes600Milliseconds) {
  Use(presets::GeoSatellite());
  EXPECT_NEAR(Throughput(alice, bob, 1, 1000), 10, 0.1);
  EXPECT_NEAR(Throughput(bob, alice, 9, 500), 100, 0.5);
  EXPECT_NEAR(At(RoundTrips(50), 50), 600, 1);
}

TEST_F(Presets, AConstellationHasTheMeasuredQuartiles) {
  Use(presets::LeoSatellite());
  EXPECT_NEAR(Throughput(bob, alice, 9, 500), 100, 4);
  const std::vector<double> trips = RoundTrips();
  EXPECT_NEAR(At(trips, 25), 40, 2);
  EXPECT_NEAR(At(trips, 50), 50, 1);
  EXPECT_NEAR(At(trips, 75), 60, 2);
}

}  // namespace
}  // namespace pollux::sim
