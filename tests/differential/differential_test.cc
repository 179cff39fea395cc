// SPDX-License-Identifier: Apache-2.0
//
// A short run of what main.cc does for long.

#include <cstdint>
#include <iostream>
#include <memory>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/differential/differ.h"
#include "tests/differential/generator.h"
#include "tests/differential/shrink.h"
#include "tools/program/native_target.h"
#include "tools/program/sim_target.h"

namespace pollux::differential {
namespace {

using program::Program;

TEST(Differential, SimulatedLinuxAnswersAsThisKernelDoes) {
  constexpr uint64_t kSeed = 20260101;
  constexpr uint64_t kPrograms = 2000;
  absl::StatusOr<std::unique_ptr<program::Target>> native = program::NewNativeTarget();
  if (!native.ok()) {
    std::cerr << "\n*** NOT COMPARED: this machine does not permit network namespaces. ***\n\n";
    GTEST_SKIP() << native.status();
  }
  const GeneratorOptions options = {.users = program::NativeUsersPermitted()};
  Differ differ(**native,
                [](uint64_t seed) { return program::NewSimTarget(sim::Release::kLinux, seed); });
  const absl::Status built = differ.Build(program::LabTopology());
  ASSERT_TRUE(built.ok()) << built;
  for (uint64_t i = 0; i < kPrograms; ++i) {
    const Program program = Generate(kSeed, i, options);
    if (!differ.Compare(program).first_difference) continue;
    const Program small = Shrink(program, [&](const Program& candidate) {
      return differ.Compare(candidate).first_difference.has_value();
    });
    ADD_FAILURE() << "program " << i << " comes down to\n" << Show(small, differ.Compare(small));
  }
}

}  // namespace
}  // namespace pollux::differential
