// SPDX-License-Identifier: Apache-2.0
//
// Plans of faults as text: what is read, what is printed, and what is refused.

#include "sim/fault_plan.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "udp/testing/matchers.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Says;

constexpr char kWhole[] = R"(# All there is.
at 2s             crash server
at 5s             restart server     # which begins anew
from 10s to 12s   partition alice | bob carol
from 3s to 4s     link lan alice->bob loss 1/2 delay 20ms
from 3s to 4s     link lan *->carol duplicate 1/3 corrupt 1/4 jitter 1ms
at 7s             clock bob step -3s
at 7s             clock bob drift -250000
from 20s to 21s   pause bob
from 20s to 21s   freeze carol
at 22s            pause bob
at 23s            resume bob
at 22s            freeze carol
at 23s            thaw carol
at 30s            down alice/eth0
at 31s            up alice/eth0
from 32s to 33s   unplug alice/eth0
at 34s            unplug alice/eth0
at 35s            plug alice/eth0
from 36s to 37s   crash server
from 36s to 37s   down bob/eth0
from 40s to 50s   switch lan querier off
at 51s            switch lan querier off
at 52s            switch lan querier on
at 53s            switch lan restart
at 1m             quiesce
)";

TEST(FaultPlan, IsReadAndPrintedAsTheSame) {
  const absl::StatusOr<FaultPlan> plan = FaultPlan::Parse(kWhole, "whole.plan");
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->entries.size(), 25);
  EXPECT_EQ(plan->End(), absl::Minutes(1));
  const std::string printed = plan->ToString();
  EXPECT_EQ(printed.substr(0, printed.find("\nfrom 3s to 4s link lan *")),
            "at 2s crash server\n"
            "at 5s restart server\n"
            "from 10s to 12s partition alice | bob carol\n"
            "from 3s to 4s link lan alice->bob loss 1/2 delay 20ms");
  const absl::StatusOr<FaultPlan> again = FaultPlan::Parse(printed);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->entries, plan->entries);
  EXPECT_EQ(again->ToString(), printed);
}

TEST(FaultPlan, AnEntryHasWhatItsLineSays) {
  const FaultPlan plan = *FaultPlan::Parse("\n from 3s to 4.5s link lan a->b loss 1/2 delay 20ms");
  const FaultPlan::Entry& entry = plan.entries.front();
  EXPECT_EQ(entry.verb, FaultPlan::Verb::kLink);
  EXPECT_EQ(entry.begin, absl::Seconds(3));
  EXPECT_EQ(entry.end, absl::Milliseconds(4500));
  EXPECT_EQ(entry.segment, "lan");
  EXPECT_EQ(entry.host, "a");
  EXPECT_EQ(entry.to, "b");
  EXPECT_EQ(entry.change, (LinkChange{.loss = Ratio(1, 2), .delay = absl::Milliseconds(20)}));
  EXPECT_EQ(entry.line, 2);
}

TEST(FaultPlan, AnEmptyTextIsAPlanOfNothing) {
  EXPECT_THAT(FaultPlan::Parse(""), IsOk());
  EXPECT_TRUE(FaultPlan::Parse("# nothing\n\n")->entries.empty());
}

TEST(FaultPlan, WhatIsDamagedIsNamedWithFileLineAndValue) {
  const std::pair<std::string, std::string> cases[] = {
      {"crash server", "it begins with \"crash\""},
      {"\x01\xfe \x1b[2J", "my.plan:2: \"\\x01\\xfe \\x1b[2J\": it begins with \"\\x01\\xfe\""},
      {"at", "\"\" is no time"},
      {"at soon crash server", "\"soon\" is no time"},
      {"at -1s crash server", "time -1s is before the beginning"},
      {"at inf crash server", "\"inf\" is no time"},
      {"at 2s", "\"\" is nothing that can happen"},
      {"at 2s explode server", "\"explode\" is nothing that can happen"},
      {"at 2s crash", "there is no host"},
      {"at 2s crash ser/ver", "\"ser/ver\" is no name for a host"},
      {"at 2s crash server now", "\"now\" is one word too many"},
      {"from 2s crash server", "\"crash\" is where \"to\" has to be"},
      {"from 2s to 2s crash server", "the span ends before it has begun"},
      {"from 3s to 2s pause bob", "the span ends before it has begun"},
      {"from 2s to 3s restart server", "\"restart\" happens at one time"},
      {"from 2s to 3s clock bob step 1s", "\"clock\" happens at one time"},
      {"at 2s partition a | b", "a partition lasts"},
      {"from 1s to 2s partition a b", "at least two sides"},
      {"from 1s to 2s partition a | ", "at least two sides"},
      {"from 1s to 2s partition a | b a", "host a is in the partition twice"},
      {"from 1s to 2s partition bob | Bob", "host Bob is in the partition twice"},
      {"at 2s link lan a->b loss 1/2", "a link lasts"},
      {"from 1s to 2s link lan a-b loss 1/2", "\"a-b\" is no direction"},
      {"from 1s to 2s link lan a->a loss 1/2", "goes from a host to itself"},
      {"from 1s to 2s link lan a->A loss 1/2", "\"a->A\" goes from a host to itself"},
      {"from 1s to 2s link lan a->b", "it changes nothing"},
      {"from 1s to 2s link lan a->b loss 3/2", "\"3/2\" is not a ratio"},
      {"from 1s to 2s link lan a->b loss 1/2 loss 1/3", "loss is given twice"},
      {"from 1s to 2s link lan a->b delay -1ms", "delay -1ms is not from 0 to 1h"},
      {"from 1s to 2s link lan a->b delay 2h", "delay 2h is not from 0 to 1h"},
      {"from 1s to 2s link lan a->b speed 3", "\"speed\" is nothing that links do"},
      {"at 2s down alice", "\"alice\" is no interface"},
      {"at 2s clock bob sleep 1s", "\"sleep\" is nothing that clocks do"},
      {"at 2s clock bob step three", "\"three\" is no duration"},
      {"at 2s clock bob drift fast", "\"fast\" is no number"},
      {"at 2s clock bob drift 600000000", "drift_ppb 600000000"},
      {"at 2s switch", "there is no segment"},
      {"at 2s switch lan", "\"\" is nothing that switches do"},
      {"at 2s switch lan crash", "\"crash\" is nothing that switches do"},
      {"at 2s switch lan querier", "\"\" is no state of a querier"},
      {"at 2s switch lan querier gone", "\"gone\" is no state of a querier"},
      {"from 1s to 2s switch lan restart", "\"restart\" happens at one time"},
      {"from 1s to 2s switch lan querier on", "\"querier on\" happens at one time"},
  };
  for (const auto& [line, message] : cases) {
    const absl::StatusOr<FaultPlan> plan =
        FaultPlan::Parse("at 1s pause alice\n" + line + "\n", "my.plan");
    EXPECT_THAT(plan, Says(message)) << line;
    EXPECT_THAT(plan, Says("my.plan:2: ")) << line;
  }
}

TEST(FaultPlan, WhatContradictsItselfIsNamedWithBothLines) {
  const std::pair<std::string, std::string> cases[] = {
      {"from 1s to 5s crash a", "from 4s to 6s crash a"},
      {"from 1s to 5s crash a", "at 3s restart a"},
      {"at 3s crash a", "from 1s to 5s crash a"},
      {"from 1s to 5s pause a", "at 1s resume a"},
      {"from 1s to 5s down a/eth0", "at 2s up a/eth0"},
      {"at 2s crash a", "at 2s crash a"},
      {"at 2s resume a", "at 2s pause a"},
      {"at 2s clock a drift 5", "at 2s clock a drift 6"},
      {"from 1s to 3s switch lan querier off", "at 2s switch lan querier on"},
      {"from 1s to 3s switch lan querier off", "from 2s to 4s switch lan querier off"},
      {"from 1s to 3s link lan a->b loss 1/2", "from 2s to 4s link lan a->b loss 1/3"},
      {"from 1s to 3s link lan *->b delay 1s", "from 2s to 4s link lan a->* delay 2s"},
      {"from 1s to 5s crash a", "at 3s restart A"},
      {"from 1s to 3s link lan a->b loss 1/2", "from 2s to 4s link lan A->B loss 1/3"},
      {"at 2s quiesce", "at 3s crash a"},
      {"at 3s crash a", "at 2s quiesce"},
      {"at 2s quiesce", "at 2s crash a"},
      {"at 2s quiesce", "at 3s quiesce"},
  };
  for (const auto& [first, second] : cases) {
    const absl::StatusOr<FaultPlan> plan = FaultPlan::Parse(first + "\n" + second, "my.plan");
    EXPECT_THAT(plan,
                Says("my.plan:2: \"" + second + "\" contradicts \"" + first + "\" (my.plan:1)"));
  }
}

TEST(FaultPlan, NothingIsPausedThatThePlanHasDown) {
  const std::pair<std::string, std::string> refused[] = {
      {"at 1s crash a\nat 2s pause a",
       "crash a\" (my.plan:1): the host is down then, with nothing to pause"},
      {"from 1s to 5s crash A\nat 2s freeze a",
       "crash A\" (my.plan:1): the host is down then, with nothing to freeze"},
      {"at 3s freeze a\nfrom 1s to 5s crash a", "my.plan:1: \"at 3s freeze a\" contradicts"},
      {"at 1s restart a\nat 2s crash a\nat 3s pause a", "at 2s crash a\" (my.plan:2)"},
      {"at 3s restart a\nat 2s pause a\nat 1s crash a", "my.plan:2"},
      {"at 1s crash a\nat 1s pause a", "my.plan:2"},
      {"at 2s pause a\nfrom 1s to 2s crash a", "my.plan:1"},
      {"at 1s crash a\nfrom 2s to 3s crash a\nat 4s pause a", "(my.plan:1)"},
  };
  for (const auto& [text, message] : refused) {
    EXPECT_THAT(FaultPlan::Parse(text, "my.plan"), Says(message)) << text;
  }
  const std::string meant[] = {
      "at 1s crash a\nat 2s restart a\nat 3s pause a",
      "at 1s pause a\nat 2s crash a",
      "at 1s pause a\nat 1s crash a",
      "from 1s to 2s crash a\nat 2s pause a",
      "from 1s to 4s crash a\nat 2s pause b",
      "from 1s to 4s pause a\nfrom 2s to 3s crash a",
      "at 1s crash a\nat 2s down a/eth0",
  };
  for (const std::string& text : meant) {
    EXPECT_THAT(FaultPlan::Parse(text, "my.plan"), IsOk()) << text;
  }
}

TEST(FaultPlan, ALongOneIsRefusedAndNotComparedForAges) {
  FaultPlan plan;
  plan.entries.resize(200'000, {.verb = FaultPlan::Verb::kStep, .host = "a"});
  EXPECT_THAT(plan.Validate(), Says("plan: a plan has at most 1000 lines, and this one 200000"));
  plan.entries.resize(1000);
  EXPECT_THAT(plan.Validate(), IsOk());
  EXPECT_THAT(FaultPlan::Parse(plan.ToString() + "at 0s clock a step 1s", "my.plan"),
              Says("my.plan:1001: \"at 0s clock a step 1s\": a plan has at most 1000 lines"));
}

// No text says these; a program that makes plans may.
TEST(FaultPlan, AnEntryThatMakesNoSenseByItselfIsRefused) {
  using Verb = FaultPlan::Verb;
  constexpr absl::Duration kFrom = absl::Seconds(1), kTo = absl::Seconds(2);
  const LinkChange loss = {.loss = Ratio(1, 2)};
  const std::pair<FaultPlan::Entry, std::string> cases[] = {
      {{.begin = absl::InfiniteDuration(), .verb = Verb::kCrash, .host = "a"}, "time inf is in"},
      {{.begin = kFrom, .end = absl::InfiniteDuration(), .verb = Verb::kCrash, .host = "a"},
       "time inf is in"},
      {{.begin = -kFrom, .verb = Verb::kCrash, .host = "a"}, "time -1s is before the beginning"},
      {{.begin = kFrom,
        .verb = Verb::kLink,
        .host = "a",
        .segment = "lan",
        .to = "b",
        .change = loss},
       "a link lasts"},
      {{.begin = kFrom, .verb = Verb::kPartition, .sides = {{"a"}, {"b"}}}, "a partition lasts"},
      {{.begin = kFrom, .end = kTo, .verb = Verb::kQuiesce}, "\"quiesce\" happens at one time"},
      {{.begin = kFrom, .end = kTo, .verb = Verb::kPlug, .host = "a", .interface = "eth0"},
       "\"plug\" happens at one time"},
      {{.begin = kFrom, .end = kTo, .verb = Verb::kPartition, .sides = {{"a"}, {}}},
       "at least two sides"},
      {{.begin = kFrom, .end = kTo, .verb = Verb::kPartition}, "at least two sides"},
      {{.begin = kFrom,
        .end = kTo,
        .verb = Verb::kLink,
        .host = "*",
        .segment = "lan",
        .to = "b",
        .change = {.delay = -kFrom}},
       "delay -1s"},
      {{.begin = kFrom, .end = kTo, .verb = Verb::kLink, .host = "*", .segment = "lan", .to = "b"},
       "it changes nothing"},
      {{.begin = kFrom, .verb = Verb::kDown, .host = "a"}, "there is no interface"},
      {{.begin = kFrom, .verb = Verb::kStep, .host = "a", .step = -absl::InfiniteDuration()},
       "step -inf"},
      {{.begin = kFrom, .verb = Verb::kDrift, .host = "a", .drift_ppb = 1'000'000'000},
       "drift_ppb 1000000000"},
  };
  for (const auto& [entry, message] : cases) {
    FaultPlan plan;
    plan.name = "made";
    plan.entries = {entry};
    EXPECT_THAT(plan.Validate(), Says("made: \"" + entry.ToString() + "\": "));
    EXPECT_THAT(plan.Validate(), Says(message)) << entry.ToString();
  }
}

TEST(FaultPlan, WhatOnlyTouchesDoesNotContradict) {
  for (const char* text :
       {"from 1s to 5s crash a\nfrom 5s to 6s crash a",
        "from 1s to 5s crash a\nfrom 2s to 3s crash b",
        "from 1s to 5s pause a\nfrom 2s to 3s freeze a", "at 2s crash a\nat 2s restart a",
        "from 1s to 3s link lan a->b loss 1/2\nfrom 1s to 3s link lan a->b "
        "delay 1s",
        "from 1s to 3s link lan a->b loss 1/2\nfrom 1s to 3s link wan a->b "
        "loss 1/3",
        "from 1s to 3s link lan a->b loss 1/2\nfrom 3s to 4s link lan a->b "
        "loss 1/3",
        "from 1s to 3s switch lan querier off\nfrom 2s to 4s switch wan querier off",
        "from 1s to 3s switch lan querier off\nat 2s switch lan restart",
        "from 1s to 3s partition a | b\nfrom 2s to 4s partition a | c",
        "at 2s crash a\nat 2s quiesce", "from 1s to 9s crash a\nat 2s quiesce"}) {
    EXPECT_THAT(FaultPlan::Parse(text), IsOk()) << text;
  }
}

}  // namespace
}  // namespace pollux::sim
