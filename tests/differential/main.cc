// SPDX-License-Identifier: Apache-2.0
//
// Compares the simulated Linux with a real kernel by random programs, without end if need be:
//
//   bazel run -c opt //tests/differential -- --programs=100000 --seed=7
//
// Divergences are shrunk and printed, each with the seed and number that make it again. Exit code
// 1 if there was one, 2 if it cannot run here. Differences of --against that are known are counted;
// docs/kernels.md tells how to run this on other kernels.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/differential/differ.h"
#include "tests/differential/generator.h"
#include "tests/differential/known_kernels.h"
#include "tests/differential/shrink.h"
#include "tools/program/native_target.h"
#include "tools/program/sim_target.h"

ABSL_FLAG(uint64_t, programs, 10000, "how many programs");
ABSL_FLAG(uint64_t, seed, 1, "what the programs are made from");
ABSL_FLAG(uint64_t, first, 0, "the number of the first program");
ABSL_FLAG(std::string, against, "native",
          "the kernel that is right: native, linux-6.1 or gvisor. It must run this");
ABSL_FLAG(uint64_t, divergences, 10, "after how many divergences to stop");
ABSL_FLAG(
    bool, kinds, false,
    "whether to shrink the first divergence of each kind alone, and only to count the others");
ABSL_FLAG(bool, common, false, "whether to leave out what other systems than Linux often lack");
ABSL_FLAG(bool, examples, false, "whether to print a small program for each known difference");
ABSL_FLAG(bool, verbose, false, "whether to print every program");

namespace pollux::differential {
namespace {

using program::Program;
using program::Target;

struct Totals {
  uint64_t programs = 0;
  uint64_t calls = 0;
  uint64_t agreed = 0;
  uint64_t divergences = 0;
  uint64_t unrepeated = 0;
  std::map<const KnownDifference*, uint64_t> known;  // Programs.
  std::map<std::string, uint64_t> kinds;             // Divergences.
};

unsigned long long Printable(uint64_t number) { return number; }

class Run {
 public:
  Run(Target& real, const KnownKernel& kernel, const GeneratorOptions& options)
      : kernel_(kernel),
        options_(options),
        differ_(
            real, [](uint64_t seed) { return program::NewSimTarget(sim::Release::kLinux, seed); },
            kernel) {}

  int All();

 private:
  void One(uint64_t number);
  void ReportDivergence(const Program& program, const Comparison& comparison, uint64_t number);
  void ReportKnown(const Program& program, const Comparison& comparison);
  void PrintTotals(absl::Duration duration) const;

  const KnownKernel& kernel_;
  const GeneratorOptions options_;
  const uint64_t seed_ = absl::GetFlag(FLAGS_seed);
  Differ differ_;
  Totals totals_;
};

void Run::ReportDivergence(const Program& program, const Comparison& comparison, uint64_t number) {
  const Comparison again = differ_.Compare(program);
  if (!again.first_difference) {
    ++totals_.unrepeated;
    std::cout << "\nprogram " << number << " of seed " << seed_
              << " differed once, and not when it was repeated:\n"
              << Show(program, comparison) << std::endl;
    return;
  }
  ++totals_.divergences;
  const std::string kind = KindOf({program, again.expected, again.actual, *again.first_difference});
  if (totals_.kinds[kind]++ > 0 && absl::GetFlag(FLAGS_kinds)) return;
  const Program small = Shrink(program, [&](const Program& candidate) {
    const Comparison found = differ_.Compare(candidate);
    return found.first_difference &&
           (!absl::GetFlag(FLAGS_kinds) ||
            kind == KindOf({candidate, found.expected, found.actual, *found.first_difference}));
  });
  std::cout << "\nDIVERGENCE: program " << number << " of seed " << seed_ << " comes down to\n"
            << Show(small, differ_.Compare(small)) << std::endl;
}

void Run::ReportKnown(const Program& program, const Comparison& comparison) {
  for (const KnownDifference* known : comparison.known) {
    if (totals_.known[known]++ > 0 || !absl::GetFlag(FLAGS_examples)) continue;
    // Of nothing else, if that can be had.
    const bool alone = comparison.known.size() == 1;
    const Program small = Shrink(program, [&](const Program& candidate) {
      const Comparison found = differ_.Compare(candidate);
      return !found.first_difference && found.known.count(known) == 1 &&
             (!alone || found.known.size() == 1);
    });
    std::cout << "\nKNOWN: " << known->name << ". " << known->reason << '\n'
              << Show(small, differ_.Compare(small)) << std::endl;
  }
}

void Run::One(uint64_t number) {
  const Program program = Generate(seed_, number, options_);
  const Comparison comparison = differ_.Compare(program);
  ++totals_.programs;
  totals_.calls += program.calls.size();
  if (absl::GetFlag(FLAGS_verbose))
    std::cout << "# " << number << '\n' << Show(program, comparison);
  if (comparison.first_difference) {
    ReportDivergence(program, comparison, number);
  } else if (comparison.known.empty()) {
    ++totals_.agreed;
  } else {
    ReportKnown(program, comparison);
  }
}

void Run::PrintTotals(absl::Duration duration) const {
  const double seconds = absl::ToDoubleSeconds(duration);
  std::printf("%llu programs of seed %llu, %llu calls, in %.1f s: %.0f programs a second\n",
              Printable(totals_.programs), Printable(seed_), Printable(totals_.calls), seconds,
              static_cast<double>(totals_.programs) / seconds);
  std::printf("%7llu agreed with %s\n", Printable(totals_.agreed), kernel_.name);
  for (const KnownDifference& known : kernel_.differences) {
    const auto found = totals_.known.find(&known);
    const uint64_t programs = found == totals_.known.end() ? 0 : found->second;
    std::printf("%7llu differed as known: %s\n", Printable(programs), known.name);
  }
  for (const auto& [kind, programs] : totals_.kinds) {
    std::printf("%7llu diverged: %s\n", Printable(programs), kind.c_str());
  }
  std::printf("%llu divergences, %llu that did not repeat\n", Printable(totals_.divergences),
              Printable(totals_.unrepeated));
}

int Run::All() {
  if (absl::Status status = differ_.Build(program::LabTopology()); !status.ok()) {
    std::cerr << status << '\n';
    return 2;
  }
  const uint64_t first = absl::GetFlag(FLAGS_first);
  const absl::Time start = absl::Now();
  for (uint64_t i = first; i < first + absl::GetFlag(FLAGS_programs); ++i) {
    One(i);
    const uint64_t shrunk = absl::GetFlag(FLAGS_kinds) ? totals_.kinds.size() : totals_.divergences;
    if (shrunk >= absl::GetFlag(FLAGS_divergences)) break;
  }
  PrintTotals(absl::Now() - start);
  return totals_.divergences + totals_.unrepeated == 0 ? 0 : 1;
}

int Main() {
  const KnownKernel* kernel = FindKernel(absl::GetFlag(FLAGS_against));
  if (kernel == nullptr) {
    std::cerr << "--against=" << absl::GetFlag(FLAGS_against)
              << ": there are native, linux-6.1 and gvisor\n";
    return 2;
  }
  if (absl::Status status = CheckRunsOn(*kernel); !status.ok()) {
    std::cerr << status << '\n';
    return 2;
  }
  absl::StatusOr<std::unique_ptr<Target>> real = program::NewNativeTarget(kernel->network);
  if (!real.ok()) {
    std::cerr << real.status() << '\n';
    return 2;
  }
  GeneratorOptions options = kernel->options;
  options.common = absl::GetFlag(FLAGS_common);
  options.users = options.users && program::NativeUsersPermitted();
  return Run(**real, *kernel, options).All();
}

}  // namespace
}  // namespace pollux::differential

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("compares the simulated Linux with a real kernel");
  absl::ParseCommandLine(argc, argv);
  return pollux::differential::Main();
}
