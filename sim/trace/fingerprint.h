// SPDX-License-Identifier: Apache-2.0
//
// File: fingerprint.h
//
// `Fingerprint` condenses a run to 64 bits: two runs with equal fingerprints did the same. It is
// the same for every compiler, machine and process, and tests/sim/trace pins it.

#ifndef POLLUX_SIM_TRACE_FINGERPRINT_H_
#define POLLUX_SIM_TRACE_FINGERPRINT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pollux::sim {

// Thread-compatible. Not for enemies: it has no secret.
class Fingerprint {
 public:
  // Adds a number.
  void Add(uint64_t word) { state_ = Step(state_, word); }
  // Adds bytes and their number, so that "ab", "c" and "a", "bc" differ.
  void Add(absl::string_view bytes);

  // The fingerprint of all that was added until now.
  uint64_t value() const;

 private:
  // The multiplication carries bits upwards, the shift brings them down again. A bijection of
  // either argument, so that one changed word always changes the result.
  static constexpr uint64_t Step(uint64_t state, uint64_t word) {
    const uint64_t product = (state ^ word) * 0x9e3779b97f4a7c15;
    return product ^ product >> 32;
  }

  uint64_t state_ = 0x2545f4914f6cdd1d;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_FINGERPRINT_H_
