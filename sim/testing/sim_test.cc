// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/sim_test.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest-spi.h"
#include "sim/choice/fault_story.h"
#include "sim/testing/fault_notes.h"
#include "sim/testing/run_files.h"
#include "sim/testing/shrink_story.h"
#include "sim/testing/sweep_options.h"
#include "sim/testing/weaken_story.h"

namespace pollux::sim {
namespace {

constexpr int kShrinkRunsMax = 2000;

// What came of one run.
struct Report {
  bool failed = false;
  bool skipped = false;
  std::string messages;  // All failures, or why it was skipped.
  std::string file;      // Of the first of them.
  int line = -1;
  std::string scene;   // The network as it was when the first of them was found.
  std::string faults;  // When which of them happened, where that was kept.
  std::string files;   // What there is to say of files that hold the run.
  FaultStory story;
  std::string plans;  // Of faults, that were applied.
  uint64_t fingerprint = 0;

  bool IsLike(const Report& other) const {
    return failed && file == other.file && line == other.line;
  }
};

// Keeps what the body finds from the test, and looks at the network at once: when the body has
// returned, its sockets are gone.
class Watch final : private ::testing::TestPartResultArray,
                    private ::testing::ScopedFakeTestPartResultReporter {
 public:
  Watch(const Network& net, Report& report)
      : ScopedFakeTestPartResultReporter(INTERCEPT_ONLY_CURRENT_THREAD, this),
        net_(net),
        report_(report) {}

 private:
  void ReportTestPartResult(const ::testing::TestPartResult& part) override {
    if (part.skipped()) report_.skipped = true;
    if (!part.failed()) {
      if (part.skipped()) report_.messages = part.message();
      return;
    }
    if (!report_.failed) {
      report_.failed = true;
      report_.file = part.file_name() == nullptr ? "" : part.file_name();
      report_.line = part.line_number();
      report_.messages.clear();
      const std::string tables = net_.SocketTables();
      report_.scene = absl::StrCat("After ", absl::FormatDuration(net_.elapsed()),
                                   ", when that was found, the latest events were\n\n",
                                   net_.trace().LatestEvents(), "\nand the open sockets\n\n",
                                   tables.empty() ? "none\n" : tables);
    } else {
      absl::StrAppend(&report_.messages, part.file_name() == nullptr ? "" : part.file_name(), ":",
                      part.line_number(), ": ");
    }
    absl::StrAppend(&report_.messages, part.message(), "\n");
  }

  const Network& net_;
  Report& report_;
};

// Whether a run that fails is written down.
enum class Keep { kNot, kFiles };

Report RunOnce(const SimTest& test, uint64_t seed, Choices* driver, Keep keep = Keep::kNot) {
  Report report;
  Network net({.seed = seed, .choices = driver});
  std::optional<RunFiles> files;
  std::optional<FaultNotes> faults;
  if (keep == Keep::kFiles) {
    files.emplace(net);
    faults.emplace(net.trace());
  }
  {
    const Watch watch(net, report);
    test.body(net);
  }
  report.story = net.Story();
  report.plans = net.Plans();
  report.fingerprint = net.Fingerprint();
  if (faults) report.faults = faults->ToString();
  if (files && report.failed) report.files = files->Write(test.name);
  return report;
}

Report Play(const SimTest& test, const FaultStory& story, Keep keep = Keep::kNot) {
  StoryPlayer player(story);
  return RunOnce(test, story.seed, &player, keep);
}

// The story with fewer faults and weaker ones that fails as `first` does.
FaultStory Simplest(const SimTest& test, const Report& first) {
  const FaultStory story = ShrinkStory(
      first.story, [&](const FaultStory& shorter) { return Play(test, shorter).IsLike(first); },
      kShrinkRunsMax);
  StoryPlayer player(story);
  AmountNotes notes(player);
  RunOnce(test, story.seed, &notes);
  return WeakenStory(
      story, notes.amounts(),
      [&](const FaultStory& weaker) {
        const Report report = Play(test, weaker);
        return report.IsLike(first) ? std::make_optional(report.fingerprint) : std::nullopt;
      },
      kShrinkRunsMax);
}

std::string Faults(const Report& report) {
  if (report.faults.empty()) return "";
  return absl::StrCat("\nWhat went wrong in it, and when:\n\n", report.faults);
}

// The command that has a story told again, by this test alone: another test's is another story.
std::string CommandFor(const SimTest& test, const FaultStory& story) {
  std::string text = story.ToString();
  text.pop_back();
  const std::string variable =
      absl::StrCat("POLLUX_SIM_STORY='", absl::StrReplaceAll(text, {{"\n", "; "}}), "'");
  // lint: allow(environment) it says how the test was begun, and is in no run
  const char* target = std::getenv("TEST_TARGET");
  if (target == nullptr) return absl::StrCat(variable, " PROGRAM --gtest_filter=", test.name);
  return absl::StrCat("bazel test ", target, " --test_filter=", test.name,
                      " --test_env=", variable);
}

void Tell(const SimTest& test, const Report& first, const std::string& how) {
  const Report again = Play(test, first.story);
  if (again.fingerprint != first.fingerprint) {
    ADD_FAILURE_AT(first.file.c_str(), first.line)
        << first.messages << "\nThis is " << how
        << ". It is not the same when the same story is told again: what the test does depends on "
           "something else than the network, as a clock, an address in memory, or an earlier "
           "run.\n\n"
        << first.scene;
    return;
  }
  const Report last = Play(test, Simplest(test, first), Keep::kFiles);
  const auto amounts =
      std::count_if(last.story.decisions.begin(), last.story.decisions.end(),
                    [](const FaultStory::Decision& d) { return d.kind == DrawKind::kChaos; });
  ADD_FAILURE_AT(first.file.c_str(), first.line)
      << last.messages << "\nThis is " << how << ". Its story, of which "
      << last.story.decisions.size() - amounts << " of " << first.story.decisions.size()
      << " faults and choices are left"
      << (amounts == 0 ? "" : ", and in which the plan of faults was drawn weaker") << ":\n\n"
      << last.story.ToString() << Faults(last)
      << (last.plans.empty() ? "" : absl::StrCat("\nIts plan of faults:\n\n", last.plans))
      << "\nTo have it told again:\n\n  " << CommandFor(test, last.story) << "\n"
      << last.files << "\n"
      << last.scene;
}

void RunStory(const SimTest& test, const FaultStory& story) {
  StoryPlayer player(story);
  const Report report = RunOnce(test, story.seed, &player, Keep::kFiles);
  if (report.failed) {
    ADD_FAILURE_AT(report.file.c_str(), report.line)
        << report.messages << Faults(report) << report.files << '\n'
        << report.scene;
  }
  if (absl::Status fits = player.CheckFits(); !fits.ok()) ADD_FAILURE() << fits.message();
}

bool swept = false;  // Whether any test ran with luck of its own.

void Sweep(const SimTest& test, const SweepOptions& options) {
  swept = true;
  for (uint64_t i = 0; i < options.runs; ++i) {
    const uint64_t seed = options.first_seed + i;
    const Report report = RunOnce(test, seed, nullptr);
    if (report.failed) {
      Tell(test, report,
           absl::StrCat("run ", i + 1, " of ", options.runs, ", with the seed ", seed));
      return;
    }
    if (report.skipped) GTEST_SKIP() << report.messages;
  }
}

// Looks after all tests whether every claim was reached.
class ClaimsEnvironment final : public ::testing::Environment {
 public:
  void TearDown() override {
    // A filter, or a shard, leaves tests out.
    const ::testing::UnitTest& unit = *::testing::UnitTest::GetInstance();
    const int left_out =
        unit.total_test_count() - unit.disabled_test_count() - unit.test_to_run_count();
    if (!swept || left_out > 0 || unit.Failed()) return;
    for (const internal::Claim* claim : internal::UnreachedClaims()) {
      ADD_FAILURE_AT(claim->file(), claim->line())
          << "SOMETIMES(\"" << claim->what() << "\"): it never happened";
    }
  }
};

[[maybe_unused]] const ::testing::Environment* const claims_environment =
    ::testing::AddGlobalTestEnvironment(new ClaimsEnvironment);

}  // namespace

void RunSimTest(const SimTest& test) {
  const absl::StatusOr<SweepOptions> options = SweepOptionsFromEnvironment();
  if (!options.ok()) {
    ADD_FAILURE() << options.status().message();
  } else if (options->story) {
    RunStory(test, *options->story);
  } else {
    Sweep(test, *options);
  }
}

}  // namespace pollux::sim
