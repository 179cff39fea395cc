// SPDX-License-Identifier: Apache-2.0
//
// The loss and duplicates of simulated links beside those of the kernel's netem with the same
// parameters: how much is lost, and in bursts of which length. Run by
//
//   tools/inside/inside uml tests/differential/netem [DATAGRAMS]
//
// Its exit code is 1 where the two differ by more than chance allows, and 0 as well where the
// kernel has no netem, which it says.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "sim/choice/choices.h"
#include "sim/fabric/link_luck.h"
#include "sim/fabric/link_profile.h"
#include "tests/differential/guest_queue.h"
#include "tests/differential/kernel_netem.h"

namespace pollux::differential {
namespace {

using sim::LinkProfile;
using sim::Ratio;

constexpr uint32_t kDatagrams = 100'000;
constexpr size_t kLengths = 5;  // Bursts of 1, 2, 3, 4, and of 5 and more.

struct Case {
  const char* netem;  // As tc(8) has it.
  LinkProfile profile;
};

const Case kCases[] = {
    {"loss 10%", {.loss = Ratio(1, 10)}},
    {"loss 30% 25%", {.loss = Ratio(3, 10), .loss_correlation = Ratio(1, 4)}},
    {"loss 40% 60%", {.loss = Ratio(4, 10), .loss_correlation = Ratio(6, 10)}},
    {"loss gemodel 2% 25%",
     {.loss_model = sim::GilbertElliott{.into_bad = Ratio(1, 50), .out_of_bad = Ratio(1, 4)}}},
    {"loss gemodel 1% 10% 70% 0.1%",
     {.loss_model = sim::GilbertElliott{.into_bad = Ratio(1, 100),
                                        .out_of_bad = Ratio(1, 10),
                                        .loss_in_bad = Ratio(7, 10),
                                        .loss_in_good = Ratio(1, 1000)}}},
    {"loss state 2% 30% 40% 50% 1%",
     {.loss_model = sim::FourStates{.gap_to_burst_loss = Ratio(2, 100),
                                    .burst_loss_to_gap = Ratio(30, 100),
                                    .burst_loss_to_burst = Ratio(40, 100),
                                    .burst_to_burst_loss = Ratio(50, 100),
                                    .gap_to_single_loss = Ratio(1, 100)}}},
    {"duplicate 20%", {.duplicate = Ratio(2, 10)}},
    {"duplicate 30% 50%", {.duplicate = Ratio(3, 10), .duplicate_correlation = Ratio(1, 2)}},
};

// What a run of a fault looks like.
struct Figures {
  double share = 0;                           // Of datagrams.
  double mean_burst = 0;                      // Datagrams in a row.
  double bursts = 0;                          // How many there were.
  std::array<double, kLengths> lengths = {};  // The shares of bursts by length.
};

Figures Measure(const std::vector<bool>& happened) {
  Figures figures;
  double datagrams = 0;
  size_t length = 0;
  const auto end_burst = [&] {
    if (length == 0) return;
    ++figures.bursts;
    ++figures.lengths[std::min(length, kLengths) - 1];
    length = 0;
  };
  for (const bool one : happened) {
    if (!one) {
      end_burst();
      continue;
    }
    ++length;
    ++datagrams;
  }
  end_burst();
  figures.share = datagrams / static_cast<double>(happened.size());
  if (figures.bursts == 0) return figures;
  figures.mean_burst = datagrams / figures.bursts;
  for (double& share : figures.lengths) share /= figures.bursts;
  return figures;
}

std::vector<bool> OnASimulatedLink(const LinkProfile& profile, uint32_t datagrams) {
  sim::RandomChoices choices(1);
  sim::LinkLuck luck("lan/a->b");
  std::vector<bool> happened;
  for (uint32_t i = 0; i < datagrams; ++i) {
    const sim::Fate fate = luck.Decide(profile, choices);
    happened.push_back(fate.lost || fate.duplicated);
  }
  return happened;
}

void Print(const char* who, const Figures& figures) {
  absl::PrintF("  %-8s %7.2f%% %8.3f ", who, 100 * figures.share, figures.mean_burst);
  for (const double share : figures.lengths) absl::PrintF(" %6.2f%%", 100 * share);
  absl::PrintF("\n");
}

// Whether two shares of so many agree: within five standard deviations of their difference, where
// bursts make neighbours count as one.
bool Agree(double a, double b, double count, double clustered) {
  const double mean = (a + b) / 2;
  return std::abs(a - b) <= 5 * std::sqrt(2 * mean * (1 - mean) * clustered / count) + 1e-9;
}

// Whether the two could be of one kind.
bool Compare(const Figures& ours, const Figures& netems, uint32_t datagrams) {
  // A burst of mean length b, in which the next is not independent: b/(1-share) counts as one, and
  // twice that is enough for all of these chains.
  const double clustered = 2 * std::max(ours.mean_burst, 1.0) / (1 - ours.share);
  bool agree = Agree(ours.share, netems.share, datagrams, clustered);
  const double bursts = std::min(ours.bursts, netems.bursts);
  for (size_t i = 0; i < kLengths; ++i) {
    agree = Agree(ours.lengths[i], netems.lengths[i], bursts, 1) && agree;
  }
  return agree;
}

int Run(uint32_t datagrams) {
  const absl::StatusOr<std::unique_ptr<KernelNetem>> netem = KernelNetem::Open();
  if (!netem.ok()) {
    absl::PrintF("%s\n", netem.status().message());
    return absl::IsUnimplemented(netem.status()) ? kNotHere : 1;
  }
  absl::PrintF("%u datagrams each\n", datagrams);
  absl::PrintF("%31s%9s %43s\n", "share", "burst", "bursts of 1, 2, 3, 4, 5 and more");
  int differ = 0;
  for (const Case& c : kCases) {
    const absl::StatusOr<std::vector<uint8_t>> arrivals = (*netem)->Send(c.profile, datagrams);
    if (!arrivals.ok()) {
      absl::PrintF("%s: %s\n", c.netem, arrivals.status().message());
      return 1;
    }
    std::vector<bool> happened;
    for (const uint8_t count : *arrivals) happened.push_back(count != 1);
    const Figures ours = Measure(OnASimulatedLink(c.profile, datagrams));
    const Figures netems = Measure(happened);
    const bool agree = Compare(ours, netems, datagrams);
    absl::PrintF("%s: %s\n", c.netem, agree ? "as here" : "DIFFERENT");
    Print("netem", netems);
    Print("link", ours);
    differ += agree ? 0 : 1;
  }
  absl::PrintF("%d of %d differ\n", differ, static_cast<int>(std::size(kCases)));
  return differ == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pollux::differential

int main(int argc, char** argv) {
  uint32_t datagrams = pollux::differential::kDatagrams;
  if (argc > 2 || (argc == 2 && (!absl::SimpleAtoi(argv[1], &datagrams) || datagrams == 0))) {
    std::fprintf(stderr, "usage: netem [DATAGRAMS]\n");
    return 2;
  }
  return pollux::differential::Run(datagrams);
}
