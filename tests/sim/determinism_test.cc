// SPDX-License-Identifier: Apache-2.0
//
// The same seed gives the same run, another seed another one, and more hosts and segments leave
// what happens to the others as it was.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/scripted_choices.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

constexpr uint16_t kPort = 7755;

// Asks again and again until it is answered, and answers what it is asked.
class Chatter {
 public:
  Chatter(Host& host, absl::Duration patience)
      : socket_(host.engine()), retry_(host.loop(), [this] { Ask(); }), patience_(patience) {
    EXPECT_TRUE(socket_.Bind(kPort).ok());
    asking_ = std::make_unique<UdpSocket>(host.engine());
    socket_.OnReadyRead([this] {
      while (socket_.HasPendingDatagrams()) {
        const Datagram asked = *socket_.ReceiveDatagram();
        EXPECT_TRUE(
            socket_.WriteDatagram(absl::StrCat("re:", asked.payload), asked.info.source).ok());
      }
    });
    asking_->OnReadyRead([this] {
      while (asking_->HasPendingDatagrams()) {
        if (asking_->ReceiveDatagram()->payload == absl::StrCat("re:", question_)) ++question_;
      }
    });
  }

  void Start(const Endpoint& peer) {
    peer_ = peer;
    Ask();
  }
  int answered() const { return question_; }

 private:
  void Ask() {
    EXPECT_TRUE(asking_->WriteDatagram(absl::StrCat(question_), peer_).ok());
    retry_.Start(patience_);
  }

  UdpSocket socket_;
  std::unique_ptr<UdpSocket> asking_;  // On a port that the kernel draws.
  Timer retry_;
  const absl::Duration patience_;
  Endpoint peer_;
  int question_ = 0;
};

struct Result {
  uint64_t fingerprint = 0;
  std::string events;  // Of alice, bob and carol.
  FaultStory story;
};

// Three hosts talk over a bad segment; `before` and `after` add things around them.
Result RunOnce(const NetworkOptions& options, const std::function<void(Network&)>& before = nullptr,
               const std::function<void(Network&, Segment&)>& after = nullptr) {
  Network net(options);
  TextTrace events(net.trace(), [](const TraceEvent& event) {
    return event.host == "alice" || event.host == "bob" || event.host == "carol";
  });
  if (before) before(net);
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob", {.platform = Platform::kWindows});
  Host& carol = net.AddHost("carol", {.platform = Platform::kMacOs});
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                {.latency = absl::Microseconds(1500),
                                 .loss = Ratio(1, 5),
                                 .duplicate = Ratio(1, 7),
                                 .duplicate_delay = absl::Microseconds(3100)});
  lan.Attach(alice);
  lan.Attach(bob);
  lan.Attach(carol);
  if (after) after(net, lan);
  Chatter a(alice, absl::Milliseconds(5)), b(bob, absl::Milliseconds(6)),
      c(carol, absl::Microseconds(7001));
  a.Start(Endpoint(bob.address(), kPort));
  b.Start(Endpoint(carol.address(), kPort));
  c.Start(Endpoint(alice.address(), kPort));
  net.RunFor(absl::Seconds(1));
  EXPECT_GT(a.answered(), 50);
  return {net.Fingerprint(), events.text(), net.Story()};
}

TEST(Determinism, TheSameSeedGivesTheSameRun) {
  const Result first = RunOnce({.seed = 7});
  const Result second = RunOnce({.seed = 7});
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  EXPECT_EQ(first.events, second.events);
}

// Equal for every compiler, machine and process. A change of the simulation's behaviour changes it;
// then the new value belongs here.
TEST(Determinism, TheFingerprintIsTheSameEverywhere) {
  EXPECT_EQ(RunOnce({.seed = 7}).fingerprint, 7228594947420634744u);
}

TEST(Determinism, AnotherSeedGivesAnotherRun) {
  EXPECT_NE(RunOnce({.seed = 7}).fingerprint, RunOnce({.seed = 8}).fingerprint);
}

TEST(Determinism, AnIdleHostChangesNothingForTheOthers) {
  const Result plain = RunOnce({.seed = 7});
  const Result more = RunOnce({.seed = 7}, nullptr,
                              [](Network& net, Segment& lan) { lan.Attach(net.AddHost("idle")); });
  EXPECT_EQ(plain.events, more.events);
  EXPECT_EQ(plain.fingerprint, more.fingerprint);
}

TEST(Determinism, ARouterAndWhatIsBehindItChangeNothingForTheOthers) {
  const Result plain = RunOnce({.seed = 7});
  const Result more = RunOnce({.seed = 7}, nullptr, [](Network& net, Segment& lan) {
    Segment& yard = net.AddSegment("yard", "10.8.0.0/24");
    net.AddRouter("router", {lan, yard});
    yard.Attach(net.AddHost("dave"));
  });
  EXPECT_EQ(plain.events, more.events);
  EXPECT_EQ(plain.fingerprint, more.fingerprint);
}

TEST(Determinism, AnotherSegmentWithItsOwnTrafficChangesNothingForTheOthers) {
  const Result plain = RunOnce({.seed = 7});
  std::vector<std::unique_ptr<Chatter>> others;
  const Result more = RunOnce({.seed = 7}, [](Network& net) {
    Segment& other = net.AddSegment("other", "10.9.0.0/24", {.loss = Ratio(1, 2)});
    Host& dave = net.AddHost("dave");
    Host& erin = net.AddHost("erin");
    other.Attach(dave);
    other.Attach(erin);
    for (int i = 0; i < 100; ++i) {
      UdpSocket socket(dave.engine());
      EXPECT_TRUE(socket.WriteDatagram("noise", Endpoint(erin.address(), kPort)).ok());
    }
  });
  EXPECT_EQ(plain.events, more.events);
  EXPECT_NE(plain.fingerprint, more.fingerprint);
}

TEST(Determinism, SinksAreNotAskedAndChangeNothing) {
  const Result plain = RunOnce({.seed = 7});
  std::unique_ptr<EventLog> log;
  const Result watched =
      RunOnce({.seed = 7}, [&](Network& net) { log = std::make_unique<EventLog>(net.trace()); });
  EXPECT_EQ(plain.fingerprint, watched.fingerprint);
  EXPECT_GT(log->Count(EventKind::kLost), 0u);
  EXPECT_GT(log->Count(EventKind::kDuplicated), 0u);
}

// A script makes happen what it says, whatever the profile says.
TEST(Determinism, ChoicesCanBeDrivenByAScript) {
  ScriptedChoices script;
  script.Happen(DrawKind::kLoss, "lan/alice->bob", 3);
  Network net({.choices = &script});
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  lan.Attach(alice);
  lan.Attach(bob);
  UdpSocket server(bob.engine());
  ASSERT_TRUE(server.Bind(kPort).ok());
  std::string heard;
  server.OnReadyRead([&] {
    while (server.HasPendingDatagrams()) heard += server.ReceiveDatagram()->payload;
  });
  UdpSocket client(alice.engine());
  for (const char* payload : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(client.WriteDatagram(payload, Endpoint(bob.address(), kPort)).ok());
  }
  net.RunFor(absl::Seconds(1));
  EXPECT_EQ(heard, "124");
  EXPECT_TRUE(script.CheckUsed().ok()) << script.CheckUsed();
  EXPECT_THAT(net.Story().ToString(), ::testing::HasSubstr("loss lan/alice->bob #3\n"));
}

TEST(Story, PlayedAgainItIsTheSameRun) {
  const Result first = RunOnce({.seed = 7});
  EXPECT_GT(first.story.decisions.size(), 50u);
  StoryPlayer player(*FaultStory::Parse(first.story.ToString()));
  const Result again = RunOnce({.seed = 7, .choices = &player});
  EXPECT_EQ(again.fingerprint, first.fingerprint);
  EXPECT_EQ(again.story.ToString(), first.story.ToString());
  EXPECT_TRUE(player.CheckFits().ok()) << player.CheckFits();
}

TEST(Story, WithoutItsFaultsNothingGoesWrong) {
  StoryPlayer player(*FaultStory::Parse("seed 7"));
  const Result calm = RunOnce({.seed = 7, .choices = &player});
  EXPECT_TRUE(calm.story.decisions.empty());
  EXPECT_EQ(calm.events.find("lost"), std::string::npos);
  EXPECT_NE(calm.fingerprint, RunOnce({.seed = 7}).fingerprint);
}

TEST(Story, EditedByHandItHappensAsItSays) {
  StoryPlayer player(
      *FaultStory::Parse("seed 7\n"
                         "# Bob is asked twice.\n"
                         "loss lan/alice->bob #2\n"
                         "ephemeral port alice #1: 1000\n"));
  const Result run = RunOnce({.seed = 7, .choices = &player});
  EXPECT_TRUE(player.CheckFits().ok()) << player.CheckFits();
  EXPECT_THAT(run.events, ::testing::HasSubstr("10.0.0.1:33768 > 10.0.0.2:7755"));
  EXPECT_EQ(run.story.decisions.size(), 2u);
}

TEST(Story, OfAnotherProgramSaysWhereItDoesNotFit) {
  StoryPlayer player(*FaultStory::Parse("seed 7\nloss lan/alice->dave #1\n", "old.story"));
  RunOnce({.seed = 7, .choices = &player});
  EXPECT_THAT(std::string(player.CheckFits().message()),
              ::testing::HasSubstr("old.story:2: the story does not fit this run"));
}

}  // namespace
}  // namespace pollux::sim
