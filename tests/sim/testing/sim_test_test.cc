// SPDX-License-Identifier: Apache-2.0
//
// What SIM_TEST makes of bodies that fail now and then, always, never, and for reasons of their
// own. The bodies are a client that asks a server a few times, or not often enough.

#include "sim/testing/sim_test.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "tests/sim/testing/environment.h"
#include "udp/event_loop.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::RemoveVariable;
using ::pollux::testing::SetVariable;

constexpr uint16_t kPort = 7755;

// How many of `asks` questions a server was asked, on a segment that loses one in ten.
int QuestionsHeard(Network& net, int asks) {
  Host& client = net.AddHost("client");
  Host& server = net.AddHost("server");
  Segment& lan =
      net.AddSegment("lan", "10.0.0.0/24", {.loss = Ratio(1, 10), .duplicate = Ratio(1, 10)});
  lan.Attach(client);
  lan.Attach(server);
  UdpSocket service(server.engine());
  EXPECT_TRUE(service.Bind(kPort).ok());
  UdpSocket socket(client.engine());
  for (int i = 0; i < asks; ++i) {
    EXPECT_TRUE(socket.WriteDatagram("?", Endpoint(server.address(), kPort)).ok());
    net.RunFor(absl::Seconds(1));
  }
  int heard = 0;
  while (service.HasPendingDatagrams()) {
    EXPECT_TRUE(service.ReceiveDatagram().ok());
    ++heard;
  }
  return heard;
}

SIM_TEST(Asking, TenTimesIsEnough) {
  const int heard = QuestionsHeard(net, 10);
  if (heard < 10) SOMETIMES("a question was lost");
  if (heard > 10) SOMETIMES("a question was heard twice");
  EXPECT_GT(heard, 0);
}

// A test as the tests below ask for it. What it says is looked at, so it gets its own environment.
class SimTestTest : public ::testing::Test {
 protected:
  SimTestTest() { Forget(); }
  ~SimTestTest() override { Forget(); }

  static void Forget() {
    for (const char* variable : {"POLLUX_SIM_RUNS", "POLLUX_SIM_SEED", "POLLUX_SIM_STORY",
                                 "TEST_RUN_NUMBER", "TEST_UNDECLARED_OUTPUTS_DIR", "TEST_TARGET"}) {
      RemoveVariable(variable);
    }
  }

  // The failures of a run, of which there is at most one.
  static std::string FailureOf(void (*body)(Network&)) {
    ::testing::TestPartResultArray parts;
    {
      const ::testing::ScopedFakeTestPartResultReporter reporter(
          ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &parts);
      RunSimTest({"Suite.Name", body});
    }
    EXPECT_LE(parts.size(), 1);
    return parts.size() == 0 ? "" : parts.GetTestPartResult(0).message();
  }
};

void FailsWhenTheFirstTwoAreLost(Network& net) {
  EXPECT_GT(QuestionsHeard(net, 2), 0) << "nobody asked";
}

// A server that must not be away for more than 100 ms at a time, and a plan of luck that has other
// faults in it as well.
void FailsWhenTheServerIsAway(Network& net) {
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24");
  Host& server = net.AddHost("server");
  lan.Attach(server);
  lan.Attach(net.AddHost("client"));
  const FaultPlan plan =
      net.DrawPlan({.end = absl::Seconds(5),
                    .faults = 6,
                    .verbs = {FaultPlan::Verb::kPause, FaultPlan::Verb::kUnplug}});
  ASSERT_TRUE(net.Apply(plan).ok());
  absl::Duration away = absl::ZeroDuration();
  absl::Duration longest = absl::ZeroDuration();
  for (int i = 0; i < 5000; ++i) {
    net.RunFor(absl::Milliseconds(1));
    away = server.is_paused() ? away + absl::Milliseconds(1) : absl::ZeroDuration();
    longest = std::max(longest, away);
  }
  EXPECT_LE(longest, absl::Milliseconds(100)) << "the server was away";
}

TEST_F(SimTestTest, APlanThatLuckDrewIsToldAsWeakAsItMayBe) {
  const std::string failure = FailureOf(&FailsWhenTheServerIsAway);
  EXPECT_THAT(failure, ::testing::HasSubstr("Its plan of faults:\n\n"
                                            "from 1ms to 102ms pause server\n"
                                            "at 5s quiesce\n\n"));
  EXPECT_THAT(failure, ::testing::HasSubstr("chaos chaos #"));
  // The story alone brings the failure back.
  const size_t begin = failure.find("POLLUX_SIM_STORY=\'") + 18;
  SetVariable("POLLUX_SIM_STORY", failure.substr(begin, failure.find("\'", begin) - begin).c_str());
  EXPECT_THAT(FailureOf(&FailsWhenTheServerIsAway), ::testing::HasSubstr("the server was away"));
}

TEST_F(SimTestTest, AFailureIsToldWithTheFaultsThatItTakesAndNoOthers) {
  SetVariable("POLLUX_SIM_RUNS", "1000");
  const std::string failure = FailureOf(&FailsWhenTheFirstTwoAreLost);
  EXPECT_THAT(failure, ::testing::HasSubstr("nobody asked"));
  EXPECT_THAT(failure, ::testing::HasSubstr("of 1000, with the seed "));
  EXPECT_THAT(failure, ::testing::HasSubstr("of which 2 of "));
  EXPECT_THAT(failure,
              ::testing::HasSubstr("\nloss lan/client->server #1\nloss lan/client->server #2\n\n"));
  EXPECT_THAT(failure, ::testing::HasSubstr("After 2s, when that was found"));
  EXPECT_THAT(failure, ::testing::ContainsRegex("\nWhat went wrong in it, and when:\n\n"
                                                "0.0+ client/eth0 lost .*#1\\)\n"
                                                "1.0+ client/eth0 lost .*#2\\)\n\n"));
}

TEST_F(SimTestTest, TheCommandThatTellsItAgainNamesTheTest) {
  SetVariable("POLLUX_SIM_RUNS", "1000");
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::ContainsRegex("  POLLUX_SIM_STORY='seed .+; .*#2' PROGRAM "
                                       "--gtest_filter=Suite.Name\n"));
  SetVariable("TEST_TARGET", "//my:test");
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::ContainsRegex("  bazel test //my:test --test_filter=Suite.Name "
                                       "--test_env=POLLUX_SIM_STORY='seed .+; .*#2'\n"));
}

TEST_F(SimTestTest, ARunThatIsToldIsKeptAsFilesWhereTheRunnerCollectsThem) {
  SetVariable("POLLUX_SIM_RUNS", "1000");
  const std::string folder = ::testing::TempDir();
  SetVariable("TEST_UNDECLARED_OUTPUTS_DIR", folder.c_str());
  const std::string failure = FailureOf(&FailsWhenTheFirstTwoAreLost);
  for (const char* file : {"Suite.Name.pcapng", "Suite.Name.html"}) {
    const std::string path = absl::StrCat(folder, "/", file);
    EXPECT_THAT(failure, ::testing::HasSubstr(path));
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)),
                            std::istreambuf_iterator<char>());
    EXPECT_THAT(bytes, ::testing::HasSubstr("server #2")) << file << " has the second loss";
  }
  // Bazel's folder is gone when somebody reads the message.
  const std::string logs = absl::StrCat(folder, "/testlogs/my/test/test.outputs");
  std::filesystem::create_directories(logs);
  SetVariable("TEST_UNDECLARED_OUTPUTS_DIR", logs.c_str());
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::HasSubstr("\n  bazel-testlogs/my/test/test.outputs/Suite.Name.html\n"));
  SetVariable("TEST_UNDECLARED_OUTPUTS_DIR", absl::StrCat(folder, "/no/such").c_str());
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::HasSubstr("The run could not be kept: cannot write "));
  RemoveVariable("TEST_UNDECLARED_OUTPUTS_DIR");
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::Not(::testing::HasSubstr(".pcapng")));
}

TEST_F(SimTestTest, AStoryIsToldAgainAsItStands) {
  SetVariable("POLLUX_SIM_STORY", "seed 3; loss lan/client->server #1; loss lan/client->server #2");
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost), ::testing::HasSubstr("nobody asked"));
  SetVariable("POLLUX_SIM_STORY", "seed 3; loss lan/client->server #1");
  EXPECT_EQ(FailureOf(&FailsWhenTheFirstTwoAreLost), "");
}

TEST_F(SimTestTest, AStoryCanBeAFile) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/my.story");
  std::ofstream(path) << "seed 3\nloss lan/client->server #1\nloss lan/client->server #9\n";
  SetVariable("POLLUX_SIM_STORY", path.c_str());
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::HasSubstr("my.story:3: the story does not fit this run"));
  SetVariable("POLLUX_SIM_STORY", "/does/not/exist");
  EXPECT_THAT(FailureOf(&FailsWhenTheFirstTwoAreLost),
              ::testing::HasSubstr("the file cannot be read"));
}

TEST_F(SimTestTest, WhatFailsAlwaysTakesNoFault) {
  const std::string failure = FailureOf([](Network& net) {
    QuestionsHeard(net, 20);
    ADD_FAILURE() << "as ever";
  });
  EXPECT_THAT(failure,
              ::testing::HasSubstr("run 1 of 100, with the seed 1. Its story, of which 0 "));
}

// The place counts, not that something fails: else a story could shrink to another failure's.
TEST_F(SimTestTest, ShrinkingStaysWithTheFailureThatWasFound) {
  SetVariable("POLLUX_SIM_RUNS", "1000");
  const std::string failure = FailureOf([](Network& net) {
    const int heard = QuestionsHeard(net, 3);
    if (heard == 1) {
      ADD_FAILURE() << "one was heard";
    } else if (heard == 0) {
      ADD_FAILURE() << "none was heard";
    }
  });
  EXPECT_THAT(failure, ::testing::HasSubstr("one was heard"));
  EXPECT_THAT(failure, ::testing::HasSubstr("of which 2 of "));
}

int runs_so_far = 0;

TEST_F(SimTestTest, WhatDependsOnEarlierRunsIsNotShrunkButNamed) {
  runs_so_far = 0;
  const std::string failure =
      FailureOf([](Network& net) { EXPECT_NE(QuestionsHeard(net, ++runs_so_far), 3); });
  EXPECT_THAT(failure,
              ::testing::HasSubstr("It is not the same when the same story is told again"));
}

TEST_F(SimTestTest, TheEnvironmentSaysWhichSeedsAndHowMany) {
  SetVariable("POLLUX_SIM_RUNS", "3");
  SetVariable("POLLUX_SIM_SEED", "40");
  runs_so_far = 0;
  EXPECT_EQ(FailureOf([](Network& net) {
              ++runs_so_far;
              EXPECT_EQ(net.Story().seed, 39u + static_cast<uint64_t>(runs_so_far));
            }),
            "");
  EXPECT_EQ(runs_so_far, 3);
  // The third repetition goes on where two of three runs each have ended.
  SetVariable("TEST_RUN_NUMBER", "3");
  EXPECT_EQ(FailureOf([](Network& net) { EXPECT_GE(net.Story().seed, 46u); }), "");
  EXPECT_THAT(FailureOf([](Network& net) { EXPECT_GT(net.Story().seed, 46u); }),
              ::testing::HasSubstr("seed 46"));
  SetVariable("POLLUX_SIM_RUNS", "0");
  EXPECT_THAT(FailureOf([](Network&) {}), ::testing::HasSubstr("would test nothing"));
  SetVariable("POLLUX_SIM_RUNS", "many");
  EXPECT_THAT(FailureOf([](Network&) {}),
              ::testing::HasSubstr("POLLUX_SIM_RUNS=many is no number"));
}

}  // namespace
}  // namespace pollux::sim
