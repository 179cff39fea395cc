// SPDX-License-Identifier: Apache-2.0
//
// Compares the simulated Linux with a real kernel by random programs, without end if need be:
//
//   bazel run -c opt //tests/differential -- --programs=100000 --seed=7
//
// Divergences are shrunk and printed, each with the seed and number that make it again. Exit code
// 1 if there was one, 2 if it cannot run here.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/differential/differ.h"
#include "tests/differential/generator.h"
#include "tests/differential/shrink.h"
#include "tools/program/native_target.h"
#include "tools/program/sim_target.h"

ABSL_FLAG(uint64_t, programs, 10000, "how many programs");
ABSL_FLAG(uint64_t, seed, 1, "what the programs are made from");
ABSL_FLAG(uint64_t, first, 0, "the number of the first program");
ABSL_FLAG(std::string, against, "native", "the kernel that is right: native");
ABSL_FLAG(uint64_t, divergences, 10, "after how many divergences to stop");
ABSL_FLAG(bool, verbose, false, "whether to print every program");

namespace pollux::differential {
namespace {

using program::Program;
using program::Target;

struct Totals {
  uint64_t programs = 0;
  uint64_t calls = 0;
  uint64_t divergences = 0;
  uint64_t unrepeated = 0;
};

void Report(Differ& differ, const Program& program, const Comparison& comparison, uint64_t seed,
            uint64_t number, Totals& totals) {
  if (!differ.Compare(program).first_difference) {
    ++totals.unrepeated;
    std::cout << "\nprogram " << number << " of seed " << seed
              << " differed once, and not when it was repeated:\n"
              << Show(program, comparison) << std::endl;
    return;
  }
  ++totals.divergences;
  const Program small = Shrink(program, [&](const Program& candidate) {
    return differ.Compare(candidate).first_difference.has_value();
  });
  std::cout << "\nDIVERGENCE: program " << number << " of seed " << seed << " comes down to\n"
            << Show(small, differ.Compare(small)) << std::endl;
}

int RunAll(Target& native, const GeneratorOptions& options) {
  Differ differ(native,
                [](uint64_t seed) { return program::NewSimTarget(Platform::kLinux, seed); });
  if (absl::Status status = differ.Build(program::LabTopology()); !status.ok()) {
    std::cerr << status << '\n';
    return 2;
  }
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  const uint64_t first = absl::GetFlag(FLAGS_first);
  Totals totals;
  const absl::Time start = absl::Now();
  for (uint64_t i = first; i < first + absl::GetFlag(FLAGS_programs); ++i) {
    const Program program = Generate(seed, i, options);
    const Comparison comparison = differ.Compare(program);
    ++totals.programs;
    totals.calls += program.calls.size();
    if (absl::GetFlag(FLAGS_verbose)) std::cout << "# " << i << '\n' << Show(program, comparison);
    if (comparison.first_difference) Report(differ, program, comparison, seed, i, totals);
    if (totals.divergences >= absl::GetFlag(FLAGS_divergences)) break;
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("%llu programs of seed %llu, %llu calls, in %.1f s: %.0f programs a second\n",
              static_cast<unsigned long long>(totals.programs),
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(totals.calls),
              seconds, static_cast<double>(totals.programs) / seconds);
  std::printf("%llu divergences, %llu that did not repeat\n",
              static_cast<unsigned long long>(totals.divergences),
              static_cast<unsigned long long>(totals.unrepeated));
  return totals.divergences + totals.unrepeated == 0 ? 0 : 1;
}

int Main() {
  if (absl::GetFlag(FLAGS_against) != "native") {
    std::cerr << "--against=" << absl::GetFlag(FLAGS_against) << ": there is only \"native\"\n";
    return 2;
  }
  absl::StatusOr<std::unique_ptr<Target>> native = program::NewNativeTarget();
  if (!native.ok()) {
    std::cerr << native.status() << '\n';
    return 2;
  }
  return RunAll(**native, {.users = program::NativeUsersPermitted()});
}

}  // namespace
}  // namespace pollux::differential

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("compares the simulated Linux with this machine's kernel");
  absl::ParseCommandLine(argc, argv);
  return pollux::differential::Main();
}
