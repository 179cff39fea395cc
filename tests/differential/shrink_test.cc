// SPDX-License-Identifier: Apache-2.0
//
// The generator, the comparison and the shrinker, on simulated kernels alone: one of them has a
// fault planted in it.

#include "tests/differential/shrink.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/differential/differ.h"
#include "tests/differential/generator.h"
#include "tests/differential/normalise.h"
#include "tools/program/sim_target.h"

namespace pollux::differential {
namespace {

using program::Answer;
using program::Call;
using program::Program;
using program::Target;
using program::Verb;

// The simulated Linux, of which some answers are changed.
class FaultyTarget final : public Target {
 public:
  using Fault = std::function<void(const Call&, Answer&)>;

  FaultyTarget(uint64_t seed, Fault fault)
      : target_(program::NewSimTarget(sim::Release::kLinux, seed)), fault_(std::move(fault)) {}

  std::string name() const override { return "faulty"; }
  absl::Status Build(const std::vector<program::HostSpec>& hosts) override {
    return target_->Build(hosts);
  }
  Answer Do(const Call& call) override {
    Answer answer = target_->Do(call);
    fault_(call, answer);
    return answer;
  }
  void Reset() override { target_->Reset(); }

 private:
  std::unique_ptr<Target> target_;
  Fault fault_;
};

// A program among the first thousand that shows the fault, shrunk; empty if there is none.
Program FindAndShrink(const FaultyTarget::Fault& fault) {
  const std::unique_ptr<Target> good = program::NewSimTarget(sim::Release::kLinux);
  Differ differ(*good, [&](uint64_t seed) { return std::make_unique<FaultyTarget>(seed, fault); });
  EXPECT_TRUE(differ.Build(program::LabTopology()).ok());
  const auto differs = [&](const Program& program) {
    return differ.Compare(program).first_difference.has_value();
  };
  for (uint64_t i = 0; i < 1000; ++i) {
    const Program program = Generate(1, i, {});
    if (differs(program)) return Shrink(program, differs);
  }
  return Program();
}

TEST(Shrink, APlantedFaultOfOneCallComesDownToTwo) {
  const Program small = FindAndShrink([](const Call& call, Answer& answer) {
    if (call.verb == Verb::kJoin && answer == "ok") answer = "ENODEV";
  });
  ASSERT_EQ(small.calls.size(), 2u) << small.ToString();
  EXPECT_EQ(small.calls[0].verb, Verb::kSocket);
  EXPECT_EQ(small.calls[1].verb, Verb::kJoin);
}

TEST(Shrink, APlantedFaultOfDeliveryComesDownToFourCalls) {
  const Program small = FindAndShrink([](const Call& call, Answer& answer) {
    const bool data = call.verb == Verb::kReceive && absl::StrContains(answer, " from ");
    if (data) answer = "nothing";
  });
  ASSERT_FALSE(small.calls.empty());
  EXPECT_LE(small.calls.size(), 4u) << small.ToString();
}

TEST(Shrink, ASocketTakesItsCallsAlong) {
  Program program = Generate(3, 1, {});
  Program small = Shrink(program, [](const Program& candidate) {
    std::set<std::string> open;
    for (const Call& call : candidate.calls) {
      if (call.verb == Verb::kSocket) open.insert(call.socket);
      EXPECT_TRUE(call.verb == Verb::kAdvance || open.count(call.socket) == 1)
          << candidate.ToString();
    }
    return !candidate.calls.empty();
  });
  EXPECT_EQ(small.calls.size(), 1u);
}

TEST(Generator, ProgramsReadBackFromTheirText) {
  for (uint64_t i = 0; i < 300; ++i) {
    const Program program = Generate(2, i, {});
    EXPECT_GE(program.calls.size(), 5u);
    const absl::StatusOr<Program> read = Program::Parse(program.ToString(), "generated");
    ASSERT_TRUE(read.ok()) << read.status() << '\n' << program.ToString();
    EXPECT_EQ(read->ToString(), program.ToString());
  }
}

TEST(Generator, TheSameNumberGivesTheSameProgramAndOthersOthers) {
  EXPECT_EQ(Generate(7, 5, {}).ToString(), Generate(7, 5, {}).ToString());
  std::set<std::string> programs;
  for (uint64_t i = 0; i < 100; ++i) programs.insert(Generate(7, i, {}).ToString());
  EXPECT_GT(programs.size(), 95u);
  EXPECT_NE(Generate(8, 5, {}).ToString(), Generate(7, 5, {}).ToString());
}

TEST(Generator, UsersAreLeftOutWhereTheyAreNotPermitted) {
  for (uint64_t i = 0; i < 100; ++i) {
    for (const Call& call : Generate(4, i, {.users = false}).calls) EXPECT_EQ(call.uid, 0u);
  }
}

TEST(Normalise, TimeIsGivenToSendsAlone) {
  Call call;
  call.verb = Verb::kSend;
  EXPECT_TRUE(TimeFor(call).has_value());
  call.verb = Verb::kReceive;
  EXPECT_FALSE(TimeFor(call).has_value());
}

TEST(Normalise, ChosenPortsThatCoincideAreToldFromOtherDifferences) {
  const std::vector<Answer> expected = {"ok", "10.77.0.1:port#1", "1 \"x\" from [::1]:port#1"};
  std::vector<Answer> actual = {"ok", "10.77.0.1:port#1", "1 \"x\" from [::1]:port#12"};
  EXPECT_TRUE(OnlyChosenPortsDiffer(expected, actual));
  actual[2] = "1 \"y\" from [::1]:port#1";
  EXPECT_FALSE(OnlyChosenPortsDiffer(expected, actual));
  actual[2] = "1 \"x\" from [::1]:5000";
  EXPECT_FALSE(OnlyChosenPortsDiffer(expected, actual));
}

}  // namespace
}  // namespace pollux::differential
