// SPDX-License-Identifier: Apache-2.0
//
// File: loss_model.h
//
// Losses that know of each other: in bursts, at regular places, or as they were recorded. What each
// packet's own coin says is `LinkProfile::loss`; a model takes its place.
//
//   LinkProfile wifi = {.loss_model = GilbertElliott{.into_bad = Ratio(1, 100),
//                                                    .out_of_bad = Ratio(1, 4)}};

#ifndef POLLUX_SIM_FABRIC_LOSS_MODEL_H_
#define POLLUX_SIM_FABRIC_LOSS_MODEL_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "sim/choice/choices.h"
#include "sim/choice/ratio.h"

namespace pollux::sim {

// A link that is good or bad, and changes with some chance behind each packet (Gilbert 1960,
// Elliott 1963; netem's "loss gemodel p r 1-h 1-k"). With the values that are given here for the
// rest, every packet of a bad time is lost and none of a good one: bursts are of 1/out_of_bad
// packets on average.
struct GilbertElliott {
  Ratio into_bad = Ratio::Never();      // p
  Ratio out_of_bad = Ratio::Always();   // r
  Ratio loss_in_bad = Ratio::Always();  // 1-h
  Ratio loss_in_good = Ratio::Never();  // 1-k
};

// The Markov chain of four states of netem's "loss state" (Salsano, Ludovici, Ordine 2012): packets
// get through in a gap (1) or in a burst (2), and are lost in a burst (3) or alone in a gap (4).
// Each is the chance that the packet behind one of the first state is one of the second.
struct FourStates {
  Ratio gap_to_burst_loss = Ratio::Never();     // p13
  Ratio burst_loss_to_gap = Ratio::Always();    // p31
  Ratio burst_loss_to_burst = Ratio::Never();   // p32
  Ratio burst_to_burst_loss = Ratio::Always();  // p23
  Ratio gap_to_single_loss = Ratio::Never();    // p14; the next packet is in the gap again.
};

// Packet n, 2n, 3n and so on of the link. `n` is not 0.
struct EveryNth {
  uint64_t n = 0;
};

// These packets of the link, by number from 1, in ascending order.
struct ListedLosses {
  std::vector<uint64_t> packets;
};

// As it was recorded: whether the first packet was lost, and so on. From behind its end it is told
// from the beginning again. Not empty.
struct RecordedLosses {
  std::vector<bool> lost;
};

// The first means none: each packet's coin alone.
using LossModel = std::variant<std::monostate, GilbertElliott, FourStates, EveryNth, ListedLosses,
                               RecordedLosses>;

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const LossModel& model);

// Where one link is in its model. Loop thread only.
class LossState {
 public:
  // The chance that packet `number` of the link is lost, and the step to the next packet. `coin` is
  // the chance without a model. Steps are neutral choices of the link's luck.
  Ratio ChanceOfNext(const LossModel& model, Ratio coin, Choices& choices, const DrawOwner& link,
                     uint64_t number);

 private:
  Ratio Step(const GilbertElliott& model, Choices& choices, const Draw& draw);
  Ratio Step(const FourStates& model, Choices& choices, const Draw& draw);

  uint8_t state_ = 1;  // GilbertElliott: 1 is good, 2 is bad. FourStates: as numbered there.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LOSS_MODEL_H_
