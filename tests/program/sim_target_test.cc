// SPDX-License-Identifier: Apache-2.0
//
// Answers of simulated targets: their words, and that no program breaks them. What the platforms do
// is the matter of tests/sim/kernel.

#include "tools/program/sim_target.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/program/random_program.h"
#include "tools/program/answer.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::program {
namespace {

// The answers to the calls behind the lab's declarations, "|" between them.
std::string Answers(sim::Release release, absl::string_view calls) {
  Program lab;
  lab.hosts = LabTopology();
  const absl::StatusOr<Program> program =
      Program::Parse(absl::StrCat(lab.ToString(), calls), "test");
  if (!program.ok()) return std::string(program.status().message());
  const std::unique_ptr<Target> target = NewSimTarget(release);
  const absl::StatusOr<std::vector<Answer>> answers = Run(*target, *program);
  return answers.ok() ? absl::StrJoin(*answers, "|") : std::string(answers.status().message());
}

TEST(SimTarget, HasItsReleasesName) {
  EXPECT_EQ(NewSimTarget(sim::Release::kLinux)->name(), "sim:linux");
  EXPECT_EQ(NewSimTarget(sim::Release::kMacOs)->name(), "sim:macos");
  EXPECT_EQ(NewSimTarget(sim::Release::kFreeBsd)->name(), "sim:freebsd");
  EXPECT_EQ(NewSimTarget(sim::Release::kFreeBsd14)->name(), "sim:freebsd14");
  EXPECT_EQ(NewSimTarget(sim::Release::kWindows)->name(), "sim:windows");
  EXPECT_EQ(NewSimTarget(sim::Release::kWindowsXp)->name(), "sim:windowsxp");
  EXPECT_EQ(NewSimTarget(sim::Release::kSymbian)->name(), "sim:symbian");
}

TEST(SimTarget, WordsWhatCallsReturn) {
  EXPECT_EQ(Answers(sim::Release::kLinux, R"(
socket s a ipv4
bind s 10.77.0.1:5000
bind s 10.77.0.1:5000
socket c b ipv4
receive s
pending s
send c 10.77.0.1:5000 "hello"
pending s
receive s
send c 10.77.0.1:5000 ""
receive s
send c 10.77.0.1:5000 "hello"
receive s 2
send c 10.77.0.1:5000 size 100
receive s
local s
local c
peer c
error c
get s ReuseAddress
get s BoundInterface
set s BoundInterface va
get s BoundInterface
set s BoundInterface 9
advance 1s
close s)"),
            "ok|ok|EINVAL|ok|nothing|nothing|5|5|5 \"hello\" from 10.77.0.2:port#1|0|"
            "0 \"\" from 10.77.0.2:port#1|5|2 \"he\" from 10.77.0.2:port#1 truncated|100|"
            "100 checksum da30caa1 from 10.77.0.2:port#1|10.77.0.1:5000|0.0.0.0:port#1|ENOTCONN|"
            "none|0|none|ok|va|ENODEV|ok|ok");
}

TEST(SimTarget, ShowsDualAndScopedEndpoints) {
  EXPECT_EQ(Answers(sim::Release::kLinux, R"(
socket s a dual
bind s *:5000
local s
socket c b dual
connect c 10.77.0.1:5000
send c "x"
receive s
local c
socket l b ipv6
send l [fe80::aff:fe4d:1%vb]:5000 "y"
receive s
local l)"),
            "ok|ok|*:5000|ok|ok|1|1 \"x\" from 10.77.0.2:port#1|10.77.0.2:port#1|ok|1|"
            "1 \"y\" from [fe80::aff:fe4d:2%va]:port#2|[::]:port#2");
}

TEST(SimTarget, ErrorsTakeThePlatformsNames) {
  constexpr absl::string_view kProgram = R"(
socket s a ipv4
bind s 10.77.0.1:5000
socket t a ipv4
bind t 10.77.0.1:5000
peer t
set t ReusePort 1)";
  EXPECT_EQ(Answers(sim::Release::kLinux, kProgram), "ok|ok|ok|EADDRINUSE|ENOTCONN|ok");
  EXPECT_EQ(Answers(sim::Release::kWindows, kProgram),
            "ok|ok|ok|WSAEADDRINUSE|WSAENOTCONN|WSAENOPROTOOPT");
}

TEST(SimTarget, PendingErrorsAreTakenOnce) {
  EXPECT_EQ(Answers(sim::Release::kLinux, R"(
socket c b ipv4
connect c 10.77.0.1:5000
send c "x"
error c
error c
send c "y"
send c "z"
send c "z")"),
            "ok|ok|1|ECONNREFUSED|none|1|ECONNREFUSED|1");
}

TEST(SimTarget, SaysWhereReadingEnds) {
  constexpr absl::string_view kProgram = R"(
socket s a ipv4
connect s 10.77.0.2:5000
shutdown s both
receive s
send s "x")";
  EXPECT_EQ(Answers(sim::Release::kLinux, kProgram), "ok|ok|ok|nothing|EPIPE");
  EXPECT_EQ(Answers(sim::Release::kMacOs, kProgram), "ok|ok|ok|end|EPIPE");
  EXPECT_EQ(Answers(sim::Release::kWindows, kProgram), "ok|ok|ok|WSAESHUTDOWN|WSAESHUTDOWN");
}

TEST(SimTarget, UsersAreThoseOfTheSockets) {
  EXPECT_EQ(Answers(sim::Release::kLinux, R"(
socket s a ipv4 uid 1000
bind s 10.77.0.1:80
socket r a ipv4
bind r 10.77.0.1:80)"),
            "ok|EACCES|ok|ok");
}

TEST(SimTarget, LacksWhatItCannotBuild) {
  const absl::StatusOr<Program> program = Program::Parse(
      "host a\ninterface a va 10.77.0.1/24 on v\nhost b\ninterface b vb fd77::1/64 on v\n", "t");
  ASSERT_TRUE(program.ok()) << program.status();
  const std::unique_ptr<Target> target = NewSimTarget(sim::Release::kLinux);
  const absl::Status status = target->Build(program->hosts);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(),
            "interface va of host a lacks an address of a protocol that segment v has; simulated "
            "interfaces have one of each");
}

// The two releases that only rules tell from their platforms.
TEST(SimTarget, PlaysTwoReleasesOfAPlatform) {
  constexpr absl::string_view kOldAndNew = R"(
socket old a ipv4
set old ReusePort 1
bind old *:5000
socket new a ipv4
set new ReusePort 1
bind new *:5000
socket s b ipv4
send s 10.77.0.1:5000 "x"
pending old
pending new)";
  EXPECT_EQ(Answers(sim::Release::kFreeBsd, kOldAndNew), "ok|ok|ok|ok|ok|ok|ok|1|1|nothing");
  EXPECT_EQ(Answers(sim::Release::kFreeBsd14, kOldAndNew), "ok|ok|ok|ok|ok|ok|ok|1|nothing|1");
  constexpr absl::string_view kThief = R"(
socket holder a ipv4 uid 1000
bind holder *:5000
socket thief a ipv4 uid 1001
set thief ReuseAddress 1
bind thief 10.77.0.1:5000)";
  EXPECT_EQ(Answers(sim::Release::kWindows, kThief), "ok|ok|ok|ok|WSAEACCES");
  EXPECT_EQ(Answers(sim::Release::kWindowsXp, kThief), "ok|ok|ok|ok|ok");
}

// Calls that no parser lets pass are answered, too.
TEST(SimTarget, AnswersCallsOnUnknownSockets) {
  const std::unique_ptr<Target> target = NewSimTarget(sim::Release::kWindows);
  ASSERT_TRUE(target->Build(LabTopology()).ok());
  Call call;
  call.verb = Verb::kLocal;
  call.socket = "nobody";
  EXPECT_EQ(target->Do(call), OsErrorName(Platform::kWindows, OsError::kBadDescriptor));
}

TEST(SimTarget, ResetForgetsEverything) {
  const std::unique_ptr<Target> target = NewSimTarget(sim::Release::kLinux);
  const Program program = RandomProgram(7);
  ASSERT_TRUE(target->Build(program.hosts).ok());
  std::vector<Answer> first, second;
  for (const Call& call : program.calls) first.push_back(target->Do(call));
  target->Reset();
  for (const Call& call : program.calls) second.push_back(target->Do(call));
  EXPECT_EQ(first, second);
}

TEST(SimTarget, NoProgramBreaksIt) {
  for (const sim::Release release : sim::kAllReleases) {
    const std::unique_ptr<Target> target = NewSimTarget(release);
    for (uint64_t seed = 0; seed < 100; ++seed) {
      SCOPED_TRACE(absl::StrCat(target->name(), " seed ", seed));
      const Program program = RandomProgram(seed);
      const absl::StatusOr<std::vector<Answer>> answers = program::Run(*target, program);
      ASSERT_TRUE(answers.ok()) << answers.status();
      ASSERT_EQ(answers->size(), program.calls.size());
      for (const Answer& answer : *answers) EXPECT_FALSE(answer.empty());
    }
  }
}

}  // namespace
}  // namespace pollux::program
