// SPDX-License-Identifier: Apache-2.0
//
// Faults of a host that last while a guard lives, interfaces that change, and machines that stand
// still. What interfaces do on Linux is in tests/conformance/interface_test.cc.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using Strings = std::vector<std::string>;

constexpr uint16_t kPort = 7755;

class HostFaultsTest : public ::testing::Test {
 protected:
  HostFaultsTest() {
    for (Host* host : {&alice_, &bob_}) lan_.Attach(*host);
  }

  void Run(absl::Duration duration = absl::Milliseconds(10)) { net_.RunFor(duration); }
  // Whether a datagram from one host to the other's socket arrives.
  bool Arrives(Host& from, Host& to) {
    UdpSocket sender(from.engine()), receiver(to.engine());
    EXPECT_THAT(receiver.Bind(kPort), IsOk());
    EXPECT_THAT(sender.WriteDatagram("x", Endpoint(to.address(), kPort)), IsOk());
    Run();
    return receiver.HasPendingDatagrams();
  }
  NetworkInterface Eth0(Host& host) { return *FindInterface(*host.engine().Interfaces(), "eth0"); }
  Strings Notes() {
    Strings notes;
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind != EventKind::kFault) continue;
      std::string where(entry.event.host);
      if (!entry.event.interface.empty()) where += "/" + std::string(entry.event.interface);
      notes.push_back(where + " " + entry.note);
    }
    return notes;
  }
  size_t Dropped(DropCause cause) {
    size_t count = 0;
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind == EventKind::kDropped && entry.event.cause == cause) ++count;
    }
    return count;
  }

  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};
  Segment& lan_ = net_.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
};

TEST_F(HostFaultsTest, AGuardEndsItsFaultWhenItGoes) {
  {
    const FaultGuard down = bob_.HoldDown();
    EXPECT_TRUE(bob_.is_down());
  }
  EXPECT_FALSE(bob_.is_down());
  {
    const FaultGuard paused = bob_.HoldPaused();
    EXPECT_TRUE(bob_.is_paused());
  }
  EXPECT_FALSE(bob_.is_paused());
  EXPECT_EQ(Notes(), (Strings{"bob crashed", "bob restarted", "bob paused", "bob resumed"}));
}

TEST_F(HostFaultsTest, GuardsThatOverlapHoldUntilTheLastIsLifted) {
  FaultGuard first = bob_.HoldPaused();
  FaultGuard second = bob_.HoldPaused();
  first.Lift();
  EXPECT_FALSE(first.in_force());
  EXPECT_TRUE(bob_.is_paused());
  FaultGuard third = bob_.HoldPaused();
  second.Lift();
  second.Lift();
  EXPECT_TRUE(bob_.is_paused());
  third = FaultGuard();
  EXPECT_FALSE(bob_.is_paused());
  EXPECT_EQ(Notes(), (Strings{"bob paused", "bob resumed"}));
}

TEST_F(HostFaultsTest, TheLastGuardLeavesWhatWasBefore) {
  bob_.Pause();
  {
    const FaultGuard guard = bob_.HoldPaused();
    EXPECT_TRUE(bob_.is_paused());
  }
  EXPECT_TRUE(bob_.is_paused());
  bob_.Crash();
  { const FaultGuard guard = bob_.HoldDown(); }
  EXPECT_TRUE(bob_.is_down());
}

TEST_F(HostFaultsTest, WhatAGuardHoldsNoCallEnds) {
  const FaultGuard down = bob_.HoldDown();
  bob_.Restart();
  EXPECT_TRUE(bob_.is_down());
  const FaultGuard off = alice_.HoldInterfaceDown("eth0");
  alice_.BringUp("eth0");
  EXPECT_FALSE(Eth0(alice_).up);
}

TEST_F(HostFaultsTest, APauseByAGuardOutlivesARestart) {
  FaultGuard paused = bob_.HoldPaused();
  bob_.Restart();
  int ran = 0;
  bob_.loop().Post([&] { ++ran; });
  Run();
  EXPECT_EQ(ran, 0);
  paused.Lift();
  Run();
  EXPECT_EQ(ran, 1);
}

TEST_F(HostFaultsTest, GuardsCanBeMoved) {
  std::vector<FaultGuard> guards;
  guards.push_back(bob_.HoldUnplugged("eth0"));
  guards.push_back(bob_.HoldFrozen());
  std::vector<FaultGuard> others = std::move(guards);
  EXPECT_TRUE(bob_.is_frozen());
  EXPECT_FALSE(Eth0(bob_).running);
  others.clear();
  EXPECT_FALSE(bob_.is_frozen());
  EXPECT_TRUE(Eth0(bob_).running);
}

TEST_F(HostFaultsTest, AnInterfaceThatWasHeldDownHasAllAgainThatItHad) {
  const NetworkInterface before = Eth0(bob_);
  {
    const FaultGuard down = bob_.HoldInterfaceDown("eth0");
    EXPECT_FALSE(Eth0(bob_).up);
    EXPECT_EQ(Eth0(bob_).addresses.size(), 1);
    UdpSocket socket(bob_.engine());
    EXPECT_EQ(OsErrorOf(socket.WriteDatagram("x", Endpoint(alice_.address(), kPort))),
              OsError::kNetworkUnreachable);
    Run();
  }
  EXPECT_EQ(Eth0(bob_), before);
  EXPECT_TRUE(Arrives(alice_, bob_));
  UdpSocket socket(bob_.engine());
  EXPECT_THAT(socket.WriteDatagram("x", Endpoint(IpAddress::Ipv4(239, 1, 1, 1), kPort)), IsOk());
}

TEST_F(HostFaultsTest, WhatArrivesAtAnInterfaceThatIsDownIsDropped) {
  const FaultGuard down = bob_.HoldInterfaceDown("eth0");
  EXPECT_FALSE(Arrives(alice_, bob_));
  EXPECT_EQ(Dropped(DropCause::kInterfaceDown), 1);
}

TEST_F(HostFaultsTest, WithoutACableSendsSucceedAndNothingArrives) {
  bob_.Unplug("eth0");
  EXPECT_TRUE(Eth0(bob_).up);
  EXPECT_FALSE(Eth0(bob_).running);
  EXPECT_FALSE(Arrives(alice_, bob_));
  EXPECT_FALSE(Arrives(bob_, alice_));
  EXPECT_EQ(Dropped(DropCause::kNoCarrier), 2);
  EXPECT_TRUE(Arrives(bob_, bob_));
  bob_.PlugIn("eth0");
  EXPECT_TRUE(Arrives(alice_, bob_));
  EXPECT_EQ(Notes(), (Strings{"bob/eth0 cable pulled", "bob/eth0 cable put in"}));
}

TEST_F(HostFaultsTest, APulledCableIsStillPulledWhenTheInterfaceWasDown) {
  bob_.Unplug("eth0");
  { const FaultGuard down = bob_.HoldInterfaceDown("eth0"); }
  EXPECT_TRUE(Eth0(bob_).up);
  EXPECT_FALSE(Eth0(bob_).running);
}

TEST_F(HostFaultsTest, AnotherPlatformKeepsItsIpv6Addresses) {
  Host& mac = net_.AddHost("mac", {.platform = Platform::kMacOs});
  lan_.Attach(mac);
  const size_t count = Eth0(mac).addresses.size();
  mac.TakeDown("eth0");
  EXPECT_EQ(Eth0(mac).addresses.size(), count);
}

TEST_F(HostFaultsTest, AHostMovesToAnotherAddress) {
  lan_.AddAddress(bob_, "10.0.0.99");
  lan_.RemoveAddress(bob_, "10.0.0.2");
  // On Linux, the first one took the other with it: they are of one subnet.
  EXPECT_EQ(bob_.addresses(), std::vector<IpAddress>{*IpAddress::Parse("fd00::2")});
  lan_.AddAddress(bob_, "10.0.0.99");
  EXPECT_EQ(bob_.addresses().back(), IpAddress::Ipv4(10, 0, 0, 99));
  UdpSocket sender(alice_.engine()), receiver(bob_.engine());
  ASSERT_THAT(receiver.Bind(kPort), IsOk());
  ASSERT_THAT(sender.WriteDatagram("old", Endpoint(IpAddress::Ipv4(10, 0, 0, 2), kPort)), IsOk());
  ASSERT_THAT(sender.WriteDatagram("new", Endpoint(IpAddress::Ipv4(10, 0, 0, 99), kPort)), IsOk());
  Run();
  EXPECT_EQ(receiver.ReceiveDatagram()->payload, "new");
  EXPECT_FALSE(receiver.HasPendingDatagrams());
  // What was given up can be had by another.
  lan_.AddAddress(alice_, "10.0.0.2");
  EXPECT_EQ(Notes(), (Strings{"bob/eth0 has 10.0.0.99 as well", "bob/eth0 has 10.0.0.2 no more",
                              "bob/eth0 has 10.0.0.99 no more", "bob/eth0 has 10.0.0.99 as well",
                              "alice/eth0 has 10.0.0.2 as well"}));
}

TEST_F(HostFaultsTest, ChangesThatCannotBeAreNamed) {
  EXPECT_THAT(bob_.ValidateInterface("eth7"), Says("host bob has no interface \"eth7\""));
  EXPECT_THAT(bob_.ValidateInterface("eth7"), Says("it has eth0"));
  EXPECT_THAT(bob_.ValidateInterface("lo"), Says("no interface \"lo\" on a segment"));
  EXPECT_THAT(lan_.ValidateAddAddress(bob_, "10.0.0.1"), Says("is taken"));
  EXPECT_THAT(lan_.ValidateAddAddress(bob_, "10.0.1.1"), Says("10.0.1.1"));
  EXPECT_THAT(lan_.ValidateAddAddress(net_.AddHost("carol"), "10.0.0.7"), Says("not attached"));
  EXPECT_THAT(lan_.ValidateRemoveAddress(bob_, "10.0.0.1"), Says("does not have it"));
  EXPECT_THAT(lan_.ValidateRemoveAddress(bob_, "x"), Says("from host bob: \"x\" is not an IP"));
  EXPECT_THAT(lan_.ValidateAddAddress(bob_, "fd00::9%1"),
              Says("address fd00::9%1 has a scope; write it as fd00::9"));
}

using HostFaultsDeathTest = HostFaultsTest;

TEST_F(HostFaultsDeathTest, AClockShowsATimeOfDay) {
  const absl::Duration ages = absl::Hours(24 * 365) * 200'000'000'000;
  EXPECT_DEATH(bob_.StepClock(absl::InfiniteDuration()), "a clock cannot be set by inf");
  bob_.StepClock(ages);
  EXPECT_DEATH(bob_.StepClock(ages), "host bob: a clock that is set by .* shows no time of day");
  bob_.StepClock(-ages);
  EXPECT_EQ(bob_.loop().WallNow(), net_.AddHost("carol").loop().WallNow());
}

TEST_F(HostFaultsTest, AFrozenMachineHearsNothingAndItsTimersWait) {
  UdpSocket server(bob_.engine()), client(alice_.engine());
  ASSERT_THAT(server.Bind(kPort), IsOk());
  absl::Duration fired;
  Timer timer(bob_.loop(), [&] { fired = net_.elapsed(); });
  timer.Start(absl::Seconds(3));
  Run(absl::Seconds(1));
  const absl::Time wall = bob_.loop().WallNow();
  {
    const FaultGuard frozen = bob_.HoldFrozen();
    ASSERT_THAT(client.WriteDatagram("x", Endpoint(bob_.address(), kPort)), IsOk());
    Run(absl::Seconds(10));
  }
  EXPECT_EQ(Dropped(DropCause::kHostFrozen), 1);
  EXPECT_EQ(bob_.loop().WallNow(), wall + absl::Seconds(10));
  Run(absl::Seconds(10));
  EXPECT_EQ(fired, absl::Seconds(13));
  EXPECT_FALSE(server.HasPendingDatagrams());
}

}  // namespace
}  // namespace pollux::sim
