// SPDX-License-Identifier: Apache-2.0
//
// File: link_luck.h
//
// `LinkLuck` is the luck of one way from a host to another: it draws what becomes of each packet on
// it, and knows nothing of what is in one.

#ifndef POLLUX_SIM_FABRIC_LINK_LUCK_H_
#define POLLUX_SIM_FABRIC_LINK_LUCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/choice/choices.h"
#include "sim/fabric/correlated_word.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/loss_model.h"

namespace pollux::sim {

// What becomes of one packet.
struct Fate {
  bool lost = false;
  bool corrupted = false;   // Some of its bits arrive as others.
  bool overtakes = false;   // It is there at once, before others that left before it.
  bool late = false;        // It comes later than usual.
  bool duplicated = false;  // It arrives once more.
  absl::Duration delay;     // From sending to arriving.
};

// Loop thread only.
class LinkLuck {
 public:
  // `name` is what its draws are labelled with: "lan/alice->bob".
  explicit LinkLuck(absl::string_view name) : owner_(name) {}
  LinkLuck(const LinkLuck&) = delete;
  LinkLuck& operator=(const LinkLuck&) = delete;

  const DrawOwner& owner() const { return owner_; }
  Name name() const { return owner_.label(); }
  // That were sent this way, lost ones included: the number of the latest, from 1.
  uint64_t packets() const { return packets_; }

  // Counts a packet that nobody waits for, and whose fate is nobody's luck.
  void Skip() { ++packets_; }
  // The same for one whose profile leaves nothing to luck.
  void Pass() {
    ++packets_;
    ++since_overtaking_;
  }
  // Draws the fate of the next packet.
  Fate Decide(const LinkProfile& profile, Choices& choices);

  // Draws which bits of the latest packet's payload, of that many bytes, are others: ascending,
  // `LinkProfile::corrupt_bits` of them or all there are.
  std::vector<uint64_t> DrawBits(const LinkProfile& profile, size_t bytes, Choices& choices);
  // Whether nobody finds out that the latest packet was corrupted.
  bool DrawUndetected(const LinkProfile& profile, Choices& choices);

 private:
  // Whether a fault happens to the latest packet; `state` is the kind of the draws that correlate
  // those of kind `kind`.
  bool Happens(Choices& choices, DrawKind kind, Ratio chance, DrawKind state, Ratio correlation,
               CorrelatedWord& word);
  bool Overtakes(const LinkProfile& profile, Choices& choices);
  absl::Duration DelayOf(const LinkProfile& profile, Choices& choices);

  const DrawOwner owner_;
  uint64_t packets_ = 0;
  LossState losses_;
  CorrelatedWord loss_word_;
  CorrelatedWord duplicate_word_;
  CorrelatedWord corrupt_word_;
  CorrelatedWord overtake_word_;
  CorrelatedWord jitter_word_;
  uint32_t since_overtaking_ = 0;  // How many packets were sent since one overtook others.
  uint64_t bits_drawn_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_LUCK_H_
