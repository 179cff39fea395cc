// SPDX-License-Identifier: Apache-2.0
//
// What `UdpSocket` and its seam cannot say, or say the same on every platform: users, privileged
// ports, shutdown, which call reports an error, what memory a socket has. It stands in
// programs/*.pollux as calls of the kernel, each with what Linux answers to it behind "#"; here the
// simulated Linux and this machine's kernel have to answer so, too.
//
// To print a program with what the kernel of this machine answers:
//
//   bazel run //tools:pollux -- run FILE --on=native

#include "tools/program/program.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tools/program/native_target.h"
#include "tools/program/sim_target.h"
#include "tools/program/target.h"

namespace pollux::program {
namespace {

// A program, and what its file says that each call answers.
struct Expectation {
  std::string text;
  Program program;
  std::vector<Answer> answers;
};

std::string Folder() {
  return absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                      "/tests/conformance/programs/");
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() == ".pollux") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Expectation Read(const std::string& name) {
  std::ifstream stream(absl::StrCat(Folder(), name, ".pollux"));
  Expectation expectation;
  expectation.text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  absl::StatusOr<Program> program = Program::Parse(expectation.text, name);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return expectation;
  expectation.program = *std::move(program);
  const std::vector<std::string> lines = absl::StrSplit(expectation.text, '\n');
  for (const Call& call : expectation.program.calls) {
    const std::string& line = lines[call.line - 1];
    const size_t comment = line.rfind(" # ");
    EXPECT_NE(comment, line.npos) << name << ":" << call.line << " has no answer";
    expectation.answers.push_back(comment == line.npos ? "" : line.substr(comment + 3));
  }
  return expectation;
}

bool HasUsers(const Program& program) {
  return std::any_of(program.calls.begin(), program.calls.end(),
                     [](const Call& call) { return call.uid != 0; });
}

void ExpectAnswers(Target& target, const std::string& name) {
  const Expectation expected = Read(name);
  const absl::StatusOr<std::vector<Answer>> answers = Run(target, expected.program);
  ASSERT_TRUE(answers.ok()) << answers.status();
  for (size_t i = 0; i < answers->size(); ++i) {
    const Call& call = expected.program.calls[i];
    EXPECT_EQ((*answers)[i], expected.answers[i])
        << name << ".pollux:" << call.line << ": " << call.ToString() << " on " << target.name();
  }
}

class ConformanceProgram : public testing::TestWithParam<std::string> {};

TEST_P(ConformanceProgram, OnTheSimulatedLinux) {
  ExpectAnswers(*NewSimTarget(sim::Release::kLinux), GetParam());
}

TEST_P(ConformanceProgram, OnThisKernel) {
  // A process makes one.
  static const auto& native = *new absl::StatusOr<std::unique_ptr<Target>>(NewNativeTarget());
  if (!native.ok()) GTEST_SKIP() << native.status();
  if (HasUsers(Read(GetParam()).program) && !NativeUsersPermitted()) {
    GTEST_SKIP() << "it has several users";
  }
  ExpectAnswers(**native, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Files, ConformanceProgram, testing::ValuesIn(Names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace pollux::program
