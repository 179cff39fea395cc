// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/loss_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

constexpr uint64_t kWhole = uint64_t{1} << 32;  // Steps are drawn as parts of this.

uint64_t PartOf(Ratio chance) { return kWhole * chance.numerator() / chance.denominator(); }

Ratio AlwaysIf(bool yes) { return yes ? Ratio::Always() : Ratio::Never(); }

// Two ways out of one state.
absl::Status ValidateSum(absl::string_view a, Ratio chance_a, absl::string_view b, Ratio chance_b) {
  if (PartOf(chance_a) + PartOf(chance_b) <= kWhole) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(a, " ", chance_a.ToString(), " and ", b, " ",
                                                 chance_b.ToString(), " are more than 1 together"));
}

struct Validator {
  absl::Status operator()(const std::monostate&) const { return absl::OkStatus(); }
  absl::Status operator()(const GilbertElliott&) const { return absl::OkStatus(); }
  absl::Status operator()(const FourStates& model) const {
    if (absl::Status s = ValidateSum("gap_to_burst_loss", model.gap_to_burst_loss,
                                     "gap_to_single_loss", model.gap_to_single_loss);
        !s.ok()) {
      return s;
    }
    return ValidateSum("burst_loss_to_gap", model.burst_loss_to_gap, "burst_loss_to_burst",
                       model.burst_loss_to_burst);
  }
  absl::Status operator()(const EveryNth& model) const {
    if (model.n > 0) return absl::OkStatus();
    return absl::InvalidArgumentError("EveryNth 0: the number must be 1 or more");
  }
  absl::Status operator()(const ListedLosses& model) const {
    const std::vector<uint64_t>& packets = model.packets;
    if (!packets.empty() && packets.front() == 0) {
      return absl::InvalidArgumentError("ListedLosses: there is no packet 0, they count from 1");
    }
    const auto twice = std::adjacent_find(packets.begin(), packets.end(),
                                          [](uint64_t a, uint64_t b) { return a >= b; });
    if (twice == packets.end()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("ListedLosses: packet ", *(twice + 1),
                                                   " stands behind ", *twice,
                                                   "; they must be in ascending order"));
  }
  absl::Status operator()(const RecordedLosses& model) const {
    if (!model.lost.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("RecordedLosses: nothing was recorded");
  }
};

}  // namespace

absl::Status Validate(const LossModel& model) { return std::visit(Validator(), model); }

Ratio LossState::Step(const GilbertElliott& model, Choices& choices, const Draw& draw) {
  const bool bad = state_ == 2;
  const Ratio loss = bad ? model.loss_in_bad : model.loss_in_good;
  const Ratio change = bad ? model.out_of_bad : model.into_bad;
  if (choices.Below(draw, kWhole) < PartOf(change)) state_ = bad ? 1 : 2;
  return loss;
}

Ratio LossState::Step(const FourStates& model, Choices& choices, const Draw& draw) {
  const uint64_t drawn = choices.Below(draw, kWhole);
  // The first way out of the state, then the second, else it stays.
  const auto choose = [&](Ratio first, uint8_t first_state, Ratio second, uint8_t second_state) {
    if (drawn < PartOf(first)) return first_state;
    return drawn < PartOf(first) + PartOf(second) ? second_state : state_;
  };
  switch (state_) {
    case 1:
      state_ = choose(model.gap_to_single_loss, 4, model.gap_to_burst_loss, 3);
      break;
    case 2:
      state_ = choose(model.burst_to_burst_loss, 3, Ratio::Never(), 3);
      break;
    case 3:
      state_ = choose(model.burst_loss_to_burst, 2, model.burst_loss_to_gap, 1);
      break;
    default:
      state_ = 1;
      break;
  }
  return AlwaysIf(state_ >= 3);
}

Ratio LossState::ChanceOfNext(const LossModel& model, Ratio coin, Choices& choices,
                              const DrawOwner& link, uint64_t number) {
  const Draw draw{DrawKind::kLossState, link, number};
  if (const auto* gilbert = std::get_if<GilbertElliott>(&model)) {
    return Step(*gilbert, choices, draw);
  }
  if (const auto* four = std::get_if<FourStates>(&model)) return Step(*four, choices, draw);
  if (const auto* nth = std::get_if<EveryNth>(&model)) return AlwaysIf(number % nth->n == 0);
  if (const auto* listed = std::get_if<ListedLosses>(&model)) {
    return AlwaysIf(std::binary_search(listed->packets.begin(), listed->packets.end(), number));
  }
  if (const auto* recorded = std::get_if<RecordedLosses>(&model)) {
    return AlwaysIf(recorded->lost[(number - 1) % recorded->lost.size()]);
  }
  return coin;
}

}  // namespace pollux::sim
