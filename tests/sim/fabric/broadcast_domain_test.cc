// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/broadcast_domain.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/scripted_choices.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/station.h"
#include "sim/fabric/world.h"
#include "sim/timeline.h"
#include "sim/trace/trace.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A host that only notes what arrives.
class Listener final : public Station {
 public:
  Listener(Timeline& timeline, absl::string_view name, absl::string_view interface = "eth0")
      : timeline_(timeline), name_(name), interface_(interface) {}

  Name host_name() const override { return Name(name_); }
  Name interface_name() const override { return Name(interface_); }
  bool Wants(const IpAddress& group) const override { return groups.count(group) > 0; }
  bool AnswersFor(const IpAddress& address) const override { return answers.count(address) > 0; }
  bool ShoutsTo(const IpAddress& address) const override { return shouts.count(address) > 0; }
  uint64_t addresses_version() const override { return shouts.size(); }
  void Arrive(const Packet& packet, const Name& origin) override {
    arrivals.push_back(
        absl::StrCat(origin, "#", packet.id, " at ", absl::FormatDuration(timeline_.elapsed())));
    payloads.push_back(packet.payload.bytes().data());
  }

  std::set<IpAddress> groups;
  std::set<IpAddress> answers;
  std::set<IpAddress> shouts;  // Only grows.
  std::vector<std::string> arrivals;
  std::vector<const char*> payloads;  // Where they were.

 private:
  Timeline& timeline_;
  const std::string name_;
  const std::string interface_;
};

class BroadcastDomainTest : public ::testing::Test {
 protected:
  BroadcastDomainTest() {
    for (const char* name : {"alice", "bob", "carol"}) {
      listeners_.push_back(std::make_unique<Listener>(timeline_, name));
      const auto number = lan_.Attach(*listeners_.back());
      lan_.AddAddress(number, IpAddress::Ipv4(10, 0, 0, static_cast<uint8_t>(number + 1)));
    }
    lan_.AddBroadcastAddress(IpAddress::Ipv4(10, 0, 0, 255));
  }

  void Send(size_t from, const IpAddress& to, const IpAddress& gateway = IpAddress()) {
    Packet packet;
    packet.id = ++ids_;
    packet.source = Endpoint(IpAddress::Ipv4(10, 0, 0, static_cast<uint8_t>(from + 1)), 1);
    packet.destination = Endpoint(to, 2);
    packet.payload = Payload::Copy("payload");
    lan_.Send(from, packet, listeners_[from]->host_name(), gateway);
  }
  void Run() { timeline_.Run(timeline_.now() + absl::Hours(2), nullptr, nullptr); }
  const std::vector<std::string>& ArrivalsOf(size_t number) { return listeners_[number]->arrivals; }

  Trace trace_;
  Timeline timeline_{trace_, 1000};
  Courier courier_{timeline_, 100};
  ScriptedChoices script_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  BroadcastDomain lan_{"lan", World{timeline_, courier_, script_, trace_},
                       LinkProfile{.latency = absl::Nanoseconds(1234567),
                                   .loss = Ratio(1, 10),
                                   .duplicate_delay = absl::Nanoseconds(3)}};
  uint64_t ids_ = 0;
};

TEST_F(BroadcastDomainTest, UnicastReachesTheOwnerAfterTheLatency) {
  Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  Run();
  EXPECT_THAT(ArrivalsOf(0), IsEmpty());
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), IsEmpty());
}

TEST_F(BroadcastDomainTest, NobodysAddressIsOnRecord) {
  TextTrace text(trace_);
  Send(0, IpAddress::Ipv4(10, 0, 0, 9));
  Run();
  EXPECT_THAT(text.text(), HasSubstr("alice/eth0 unclaimed  alice#1"));
}

// The sender decides, by its own interfaces:
// Neighbours.LinuxShoutsToEveryBroadcastAddressOnEveryInterface.
TEST_F(BroadcastDomainTest, WhatTheSenderTakesForABroadcastReachesAllThoughOneHasThatAddress) {
  const IpAddress of_bob = IpAddress::Ipv4(10, 0, 0, 2);
  Send(0, of_bob);
  listeners_[0]->shouts.insert(of_bob);
  Send(0, of_bob);
  Run();
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms", "alice#2 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), ElementsAre("alice#2 at 1.234567ms"));
}

TEST_F(BroadcastDomainTest, BroadcastsReachAllOthers) {
  Send(1, IpAddress::Broadcast());
  Send(1, IpAddress::Ipv4(10, 0, 0, 255));
  Run();
  EXPECT_THAT(ArrivalsOf(0), ElementsAre("bob#1 at 1.234567ms", "bob#2 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(1), IsEmpty());
  EXPECT_THAT(ArrivalsOf(2), ElementsAre("bob#1 at 1.234567ms", "bob#2 at 1.234567ms"));
}

// A host can join while a packet is under way; only who wants it when it is sent has luck to draw.
TEST_F(BroadcastDomainTest, GroupsReachAllAndDrawForMembers) {
  const IpAddress group = IpAddress::Ipv4(239, 1, 2, 3);
  listeners_[1]->groups.insert(group);
  Send(0, group);
  Run();
  EXPECT_EQ(ArrivalsOf(1).size(), 1u);
  EXPECT_EQ(ArrivalsOf(2).size(), 1u);
  EXPECT_EQ(listeners_[1]->payloads, listeners_[2]->payloads);
  EXPECT_THAT(script_.drawn(),
              ElementsAre("loss lan/alice->bob #1", "corrupt lan/alice->bob #1",
                          "overtake lan/alice->bob #1", "duplicate lan/alice->bob #1",
                          "late lan/alice->bob #1"));
}

TEST_F(BroadcastDomainTest, LuckIsDrawnPerLinkInTheMomentOfSending) {
  script_.Happen(DrawKind::kLoss, "lan/alice->bob", 2).Happen(DrawKind::kLoss, "lan/bob->alice", 1);
  TextTrace text(trace_);
  Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  Send(1, IpAddress::Ipv4(10, 0, 0, 1));
  Send(0, IpAddress::Ipv4(10, 0, 0, 3));
  EXPECT_THAT(text.text(), HasSubstr("0.000000000 alice/eth0 lost       alice#2"));
  EXPECT_THAT(text.text(), HasSubstr("(loss lan/alice->bob #2)"));
  Run();
  EXPECT_THAT(ArrivalsOf(0), IsEmpty());
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), ElementsAre("alice#4 at 1.234567ms"));
}

TEST_F(BroadcastDomainTest, DuplicatesComeLater) {
  script_.Happen(DrawKind::kDuplicate, "lan/alice->carol", 1);
  Send(0, IpAddress::Broadcast());
  Run();
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), ElementsAre("alice#1 at 1.234567ms", "alice#1 at 1.23457ms"));
  Send(0, IpAddress::Ipv4(10, 0, 0, 3));
  Run();
  EXPECT_EQ(ArrivalsOf(2).size(), 3u);
}

TEST_F(BroadcastDomainTest, FlightsAreUsedAgain) {
  for (int i = 0; i < 500; ++i) {
    Send(0, IpAddress::Ipv4(10, 0, 0, 2));
    Run();
    timeline_.Run(timeline_.now() + absl::Seconds(1), nullptr, nullptr);
  }
  EXPECT_EQ(courier_.in_flight(), 0u);
  EXPECT_EQ(ArrivalsOf(1).size(), 500u);
}

TEST_F(BroadcastDomainTest, TheSecondInterfaceOfAHostHasLuckOfItsOwn) {
  Listener second(timeline_, "alice", "eth1");
  lan_.AddAddress(lan_.Attach(second), IpAddress::Ipv4(10, 0, 0, 4));
  Send(1, IpAddress::Ipv4(10, 0, 0, 4));
  EXPECT_THAT(script_.drawn().front(), "loss lan/bob->alice.eth1 #1");
  Run();
}

TEST_F(BroadcastDomainTest, AProfileIsForWhatIsSentFromThenOn) {
  Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  lan_.SetProfile(LinkProfile{.latency = absl::Nanoseconds(5)});
  Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  Run();
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#2 at 5ns", "alice#1 at 1.234567ms"));
}

TEST_F(BroadcastDomainTest, AGatewayTakesWhatIsForOthers) {
  Send(0, IpAddress::Ipv4(192, 0, 2, 1), IpAddress::Ipv4(10, 0, 0, 2));
  Send(0, IpAddress::Ipv4(192, 0, 2, 1), IpAddress::Ipv4(10, 0, 0, 9));
  Run();
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), IsEmpty());
}

// The owner of an address comes first, then the first who answers for it; nobody answers himself.
TEST_F(BroadcastDomainTest, AnAddressCanBeAnsweredForByWhoDoesNotOwnIt) {
  const IpAddress elsewhere = IpAddress::Ipv4(10, 9, 0, 1);
  for (size_t i = 0; i < 3; ++i) {
    listeners_[i]->answers = {elsewhere, IpAddress::Ipv4(10, 0, 0, 3)};
  }
  Send(0, elsewhere);
  Send(0, IpAddress::Ipv4(10, 0, 0, 3));
  Run();
  EXPECT_THAT(ArrivalsOf(0), IsEmpty());
  EXPECT_THAT(ArrivalsOf(1), ElementsAre("alice#1 at 1.234567ms"));
  EXPECT_THAT(ArrivalsOf(2), ElementsAre("alice#2 at 1.234567ms"));
}

TEST_F(BroadcastDomainTest, WhoShoutsReachesAllOthers) {
  const IpAddress elsewhere = IpAddress::Ipv4(10, 9, 0, 255);
  listeners_[0]->shouts = {elsewhere};
  Send(0, elsewhere);
  Send(1, elsewhere);
  Run();
  EXPECT_THAT(ArrivalsOf(0), IsEmpty());
  EXPECT_EQ(ArrivalsOf(1).size(), 1u);
  EXPECT_EQ(ArrivalsOf(2).size(), 1u);
}

using BroadcastDomainDeathTest = BroadcastDomainTest;

TEST_F(BroadcastDomainDeathTest, AnAddressHasOneOwner) {
  EXPECT_DEATH(lan_.AddAddress(2, IpAddress::Ipv4(10, 0, 0, 1)),
               "10.0.0.1 is twice on segment lan");
}

TEST_F(BroadcastDomainDeathTest, PacketsUnderWayAreLimited) {
  for (int i = 0; i < 100; ++i) Send(0, IpAddress::Ipv4(10, 0, 0, 2));
  EXPECT_DEATH(Send(0, IpAddress::Ipv4(10, 0, 0, 2)), "more than 100 packets are under way");
}

TEST(LinkProfile, IsValidated) {
  const auto message = [](const LinkProfile& profile, bool ipv6) {
    return std::string(Validate(profile, ipv6).message());
  };
  EXPECT_EQ(message(LinkProfile(), true), "");
  EXPECT_EQ(message({.mtu = 576}, false), "");
  EXPECT_THAT(message({.mtu = 575}, false), HasSubstr("mtu 575"));
  EXPECT_THAT(message({.mtu = 1279}, true), HasSubstr("mtu 1279"));
  EXPECT_THAT(message({.mtu = 70000}, true), HasSubstr("mtu 70000"));
  EXPECT_THAT(message({.latency = absl::Milliseconds(-2)}, false), HasSubstr("latency -2ms"));
  EXPECT_THAT(message({.latency = absl::InfiniteDuration()}, false), HasSubstr("latency inf"));
  EXPECT_THAT(message({.duplicate_delay = absl::Hours(2)}, false), HasSubstr("duplicate_delay 2h"));
}

}  // namespace
}  // namespace pollux::sim
