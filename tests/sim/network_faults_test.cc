// SPDX-License-Identifier: Apache-2.0
//
// Faults of a network: partitions, links that are worse for a while, plans, and an end of it all.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/fault_plan.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using Strings = std::vector<std::string>;

constexpr uint16_t kPort = 7755;

class NetworkFaultsTest : public ::testing::Test {
 protected:
  NetworkFaultsTest() {
    for (Host* host : {&alice_, &bob_, &carol_}) lan_.Attach(*host);
  }

  void Run(absl::Duration duration = absl::Milliseconds(10)) { net_.RunFor(duration); }
  bool Arrives(Host& from, Host& to) {
    UdpSocket sender(from.engine()), receiver(to.engine());
    EXPECT_THAT(receiver.Bind(kPort), IsOk());
    EXPECT_THAT(sender.WriteDatagram("x", Endpoint(to.address(), kPort)), IsOk());
    Run();
    return receiver.HasPendingDatagrams();
  }
  // How long a datagram takes.
  absl::Duration Takes(Host& from, Host& to) {
    UdpSocket sender(from.engine()), receiver(to.engine());
    EXPECT_THAT(receiver.Bind(kPort), IsOk());
    const absl::Duration start = net_.elapsed();
    EXPECT_THAT(sender.WriteDatagram("x", Endpoint(to.address(), kPort)), IsOk());
    EXPECT_TRUE(net_.RunUntil([&] { return receiver.HasPendingDatagrams(); }, absl::Seconds(10)));
    return net_.elapsed() - start;
  }
  absl::Status Apply(absl::string_view text) {
    const absl::StatusOr<FaultPlan> plan = FaultPlan::Parse(text, "my.plan");
    return plan.ok() ? net_.Apply(*plan) : plan.status();
  }
  Strings Notes() {
    Strings notes;
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind != EventKind::kFault) continue;
      notes.push_back(absl::FormatDuration(entry.event.time) + " " + std::string(entry.event.host) +
                      " " + entry.note);
    }
    return notes;
  }

  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};
  Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
  Host& carol_ = net_.AddHost("carol");
};

TEST_F(NetworkFaultsTest, APartitionCutsItsSidesFromEachOtherAndNoOneElse) {
  {
    const FaultGuard cut = net_.Partition({&alice_}, {&bob_});
    EXPECT_FALSE(Arrives(alice_, bob_));
    EXPECT_FALSE(Arrives(bob_, alice_));
    EXPECT_TRUE(Arrives(alice_, carol_));
    EXPECT_TRUE(Arrives(carol_, bob_));
    EXPECT_TRUE(Arrives(alice_, alice_));
  }
  EXPECT_TRUE(Arrives(alice_, bob_));
  EXPECT_EQ(Notes().front(), "0 network partition alice | bob");
  EXPECT_EQ(Notes().back(), "50ms network no more partition alice | bob");
}

TEST_F(NetworkFaultsTest, GroupsAndBroadcastsDoNotCrossAPartition) {
  const IpAddress group = IpAddress::Ipv4(239, 1, 1, 1);
  UdpSocket sender(alice_.engine()), bob(bob_.engine()), carol(carol_.engine());
  for (UdpSocket* socket : {&bob, &carol}) {
    ASSERT_THAT(socket->Bind(kPort), IsOk());
    ASSERT_THAT(socket->JoinMulticastGroup(group), IsOk());
  }
  const FaultGuard cut = net_.Partition({&alice_, &carol_}, {&bob_});
  ASSERT_THAT(sender.WriteDatagram("group", Endpoint(group, kPort)), IsOk());
  ASSERT_THAT(sender.WriteDatagram("all", Endpoint(IpAddress::Broadcast(), kPort)), IsOk());
  Run();
  EXPECT_FALSE(bob.HasPendingDatagrams());
  EXPECT_EQ(carol.ReceiveDatagram()->payload, "group");
  EXPECT_EQ(carol.ReceiveDatagram()->payload, "all");
}

TEST_F(NetworkFaultsTest, PartitionsOverlap) {
  FaultGuard first = net_.Partition({&alice_}, {&bob_, &carol_});
  FaultGuard second = net_.Partition({&alice_, &carol_}, {&bob_});
  first.Lift();
  EXPECT_FALSE(Arrives(alice_, bob_));
  EXPECT_TRUE(Arrives(alice_, carol_));
  second.Lift();
  EXPECT_TRUE(Arrives(alice_, bob_));
}

using NetworkFaultsDeathTest = NetworkFaultsTest;

TEST_F(NetworkFaultsDeathTest, APartitionHasHostsOnEachSideAndNoneTwice) {
  using Sides = std::vector<Strings>;
  const auto cut = [this](const Sides& sides) { net_.Partition(sides).Lift(); };
  const auto cut_hosts = [this](std::vector<const Host*> side, std::vector<const Host*> other) {
    net_.Partition(side, other).Lift();
  };
  EXPECT_DEATH(cut({}), "a partition has at least two sides");
  EXPECT_DEATH(cut({{"alice"}}), "a partition has at least two sides");
  EXPECT_DEATH(cut({{"alice"}, {}}), "side 2 of a partition has no host");
  EXPECT_DEATH(cut_hosts({}, {&bob_}), "side 1 of a partition has no host");
  EXPECT_DEATH(cut({{"alice"}, {"bob", "Alice"}}), "host Alice is in a partition twice");
  EXPECT_DEATH(cut_hosts({&bob_}, {&bob_}), "host bob is in a partition twice");
  EXPECT_DEATH(cut({{"alice"}, {"dave"}}),
               "a partition: there is no host \"dave\"; there is alice, bob, carol");
  EXPECT_DEATH(cut_hosts({&alice_}, {nullptr}), "a host of a partition is null");
  Network other;
  const Host& stranger = other.AddHost("alice");
  EXPECT_DEATH(cut_hosts({&stranger}, {&bob_}), "has a host of another network, alice");
}

TEST_F(NetworkFaultsDeathTest, AHostHasNoLinkToItself) {
  EXPECT_DEATH(lan_.Fault(&bob_, &bob_, {.loss = Ratio(1, 2)}).Lift(),
               "segment lan has no link from bob to itself; Host::SetLoopbackProfile");
  EXPECT_DEATH(lan_.SetProfile(bob_, bob_, {}), "no link from bob to itself");
  lan_.Attach(bob_);
  lan_.Fault(&bob_, &bob_, {.loss = Ratio(1, 2)}).Lift();
}

TEST(FaultGuard, MayOutliveTheNetwork) {
  std::vector<FaultGuard> guards;
  {
    Network net;
    Host& alice = net.AddHost("alice");
    Host& bob = net.AddHost("bob");
    Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .snooping = SnoopingOptions{}});
    lan.Attach(alice);
    lan.Attach(bob);
    guards.push_back(net.Partition({&alice}, {&bob}));
    guards.push_back(alice.HoldDown());
    guards.push_back(alice.HoldFrozen());
    guards.push_back(bob.HoldInterfaceDown("eth0"));
    guards.push_back(lan.Fault(nullptr, nullptr, {.loss = Ratio(1, 2)}));
    guards.push_back(lan.HoldQuerierOff());
  }
  EXPECT_TRUE(guards.front().in_force());
  guards.clear();
}

TEST_F(NetworkFaultsTest, ALinkFaultChangesOneDirectionWhileItLasts) {
  {
    const FaultGuard slow = lan_.Fault(&alice_, &bob_, {.delay = absl::Milliseconds(20)});
    EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(21));
    EXPECT_EQ(Takes(bob_, alice_), absl::Milliseconds(1));
    EXPECT_EQ(Takes(alice_, carol_), absl::Milliseconds(1));
  }
  EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(1));
  {
    const FaultGuard deaf = lan_.Fault(nullptr, &bob_, {.loss = Ratio::Always()});
    EXPECT_FALSE(Arrives(alice_, bob_));
    EXPECT_FALSE(Arrives(carol_, bob_));
    EXPECT_TRUE(Arrives(bob_, carol_));
  }
  EXPECT_TRUE(Arrives(alice_, bob_));
}

TEST_F(NetworkFaultsTest, LinkFaultsAddUpAndLeaveTheProfileThatIsThereByThen) {
  FaultGuard slow = lan_.Fault(nullptr, nullptr, {.delay = absl::Milliseconds(20)});
  FaultGuard slower = lan_.Fault(&alice_, nullptr, {.delay = absl::Milliseconds(300)});
  EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(321));
  lan_.SetProfile({.latency = absl::Milliseconds(5)});
  EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(325));
  slow.Lift();
  EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(305));
  slower.Lift();
  EXPECT_EQ(Takes(alice_, bob_), absl::Milliseconds(5));
  EXPECT_EQ(lan_.profile().latency, absl::Milliseconds(5));
}

TEST_F(NetworkFaultsTest, APlanIsCarriedOutAtItsTimes) {
  ASSERT_THAT(Apply("from 10ms to 20ms partition alice | bob carol\n"
                    "at 30ms crash bob\n"
                    "at 40ms restart bob\n"
                    "from 50ms to 60ms link lan alice->* loss 1 delay 3ms\n"
                    "at 70ms clock carol step -3s\n"
                    "at 70ms clock carol drift 1000\n"
                    "from 80ms to 90ms pause alice\n"
                    "from 80ms to 90ms down carol/eth0\n"),
              IsOk());
  Run(absl::Seconds(1));
  EXPECT_EQ(
      Notes(),
      (Strings{"10ms network partition alice | bob carol",
               "20ms network no more partition alice | bob carol", "30ms bob crashed",
               "40ms bob restarted", "50ms lan alice->*: loss 1/1 delay 3ms",
               "60ms lan alice->*: no more loss 1/1 delay 3ms", "70ms carol clock set back by 3s",
               "70ms carol clock drifts by 1000 ppb", "80ms alice paused",
               "80ms carol interface down", "90ms alice resumed", "90ms carol interface up"}));
}

TEST_F(NetworkFaultsTest, APlanMakesTheSameRunAgain) {
  const auto run = [] {
    Network net({.seed = 7});
    Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
    Host& a = net.AddHost("a");
    Host& b = net.AddHost("b");
    lan.Attach(a);
    lan.Attach(b);
    EXPECT_THAT(net.Apply(*FaultPlan::Parse("from 1ms to 50ms link lan a->b loss 1/2\n"
                                            "from 20ms to 30ms pause b")),
                IsOk());
    UdpSocket sender(a.engine()), receiver(b.engine());
    EXPECT_THAT(receiver.Bind(kPort), IsOk());
    for (int i = 0; i < 50; ++i) {
      EXPECT_THAT(sender.WriteDatagram("x", Endpoint(b.address(), kPort)), IsOk());
      net.RunFor(absl::Milliseconds(1));
    }
    return net.Fingerprint();
  };
  EXPECT_EQ(run(), run());
}

TEST_F(NetworkFaultsTest, APlanThatDoesNotFitTheNetworkIsRefusedWhole) {
  Host& elsewhere = net_.AddHost("elsewhere");
  net_.AddSegment("wan", "10.1.0.0/24").Attach(elsewhere);
  Run(absl::Seconds(3));
  const std::pair<std::string, std::string> cases[] = {
      {"at 5s crash dave", "there is no host \"dave\"; there is alice, bob, carol, elsewhere"},
      {"from 5s to 6s partition alice | dave", "there is no host \"dave\""},
      {"from 5s to 6s link man alice->bob loss 1/2", "there is no segment \"man\""},
      {"from 5s to 6s link wan alice->elsewhere loss 1/2",
       "host alice is not attached to segment wan"},
      {"at 5s down alice/eth7", "host alice has no interface \"eth7\""},
      {"at 2s crash alice", "its time has passed: it is 3s"},
  };
  for (const auto& [line, message] : cases) {
    const absl::Status status = Apply("at 4s crash bob\n" + line);
    EXPECT_THAT(status, Says("my.plan:2: \"" + line + "\""));
    EXPECT_THAT(status, Says(message));
  }
  Run(absl::Seconds(3));
  EXPECT_FALSE(bob_.is_down());
}

TEST_F(NetworkFaultsTest, APlanNamesHostsInAnyCase) {
  ASSERT_THAT(Apply("at 1s crash ALICE\nfrom 2s to 3s partition Bob | caroL\n"
                    "from 2s to 3s link lan *->BOB delay 4ms"),
              IsOk());
  Run(absl::Seconds(2));
  EXPECT_TRUE(alice_.is_down());
  EXPECT_FALSE(Arrives(bob_, carol_));
}

// A plan that a program made, and no text: it can say what none can be read from.
TEST_F(NetworkFaultsTest, APlanThatIsNoneIsRefusedBeforeAnythingHappens) {
  FaultPlan plan;
  plan.entries = {{.begin = absl::Seconds(1), .verb = FaultPlan::Verb::kCrash, .host = "bob"},
                  {.begin = absl::Seconds(2),
                   .verb = FaultPlan::Verb::kLink,
                   .host = "alice",
                   .segment = "lan",
                   .to = "bob",
                   .change = {.loss = Ratio(1, 2)}}};
  EXPECT_THAT(net_.Apply(plan), Says("a link lasts"));
  Run(absl::Seconds(3));
  EXPECT_FALSE(bob_.is_down());
}

// So a test has something happen at the very packet that it is about.
TEST_F(NetworkFaultsTest, ARuleMayBringFaultsAbout) {
  const std::pair<const char*, std::function<void()>> deeds[] = {
      {"the sender crashes", [this] { alice_.Crash(); }},
      {"the sender restarts", [this] { alice_.Restart(); }},
      {"the sender is paused", [this] { alice_.Pause(); }},
      {"the sender freezes", [this] { alice_.Freeze(); }},
      {"the sender's interface goes down", [this] { alice_.TakeDown("eth0"); }},
      {"the sender's cable is pulled", [this] { alice_.Unplug("eth0"); }},
      {"the receiver crashes", [this] { bob_.Crash(); }},
      {"the receiver's interface goes down", [this] { bob_.TakeDown("eth0"); }},
      {"all is over", [this] { net_.Quiesce(); }},
  };
  for (const auto& [name, deed] : deeds) {
    SCOPED_TRACE(name);
    net_.Quiesce();
    UdpSocket sender(alice_.engine()), receiver(bob_.engine());
    ASSERT_THAT(receiver.Bind(kPort), IsOk());
    int crossed = 0;
    RuleGuard rule = net_.AddRule(name, [&, &deed = deed](const Crossing& /*crossing*/) {
      if (++crossed == 2) deed();
      return Verdict::Pass();
    });
    for (int i = 0; i < 4; ++i) {
      sender.WriteDatagram("x", Endpoint(bob_.address(), kPort)).IgnoreError();
      Run();
    }
    EXPECT_GE(crossed, 2);
    rule.Uninstall();
    net_.Quiesce();
    EXPECT_TRUE(Arrives(carol_, alice_));
    EXPECT_TRUE(Arrives(alice_, carol_));
  }
}

TEST_F(NetworkFaultsTest, QuiesceEndsAllFaultsWhateverHoldsThem) {
  std::vector<FaultGuard> guards;
  guards.push_back(alice_.HoldDown());
  guards.push_back(bob_.HoldPaused());
  guards.push_back(carol_.HoldFrozen());
  guards.push_back(carol_.HoldInterfaceDown("eth0"));
  guards.push_back(net_.Partition({&alice_}, {&bob_, &carol_}));
  guards.push_back(lan_.Fault(nullptr, nullptr, {.loss = Ratio::Always()}));
  bob_.Unplug("eth0");
  bob_.SetClockDrift(5);
  ASSERT_THAT(Apply("at 1s crash alice\nfrom 0s to 1s freeze bob"), IsOk());
  Run();
  net_.Quiesce();
  for (Host* host : {&alice_, &bob_, &carol_}) {
    EXPECT_FALSE(host->is_down() || host->is_paused() || host->is_frozen());
  }
  EXPECT_EQ(bob_.clock().drift_ppb(), 0);
  EXPECT_TRUE(Arrives(alice_, bob_));
  EXPECT_TRUE(Arrives(bob_, carol_));
  // What held them holds nothing any more, and undoes nothing.
  bob_.Pause();
  guards.clear();
  EXPECT_TRUE(bob_.is_paused());
  Run(absl::Seconds(2));
  EXPECT_FALSE(alice_.is_down());
}

}  // namespace
}  // namespace pollux::sim
