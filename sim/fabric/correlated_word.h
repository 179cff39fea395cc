// SPDX-License-Identifier: Apache-2.0
//
// File: correlated_word.h

#ifndef POLLUX_SIM_FABRIC_CORRELATED_WORD_H_
#define POLLUX_SIM_FABRIC_CORRELATED_WORD_H_

#include <cstdint>

#include "sim/choice/ratio.h"

namespace pollux::sim {

// Numbers of which each resembles the one before: netem's way to have packets share luck, an
// autoregressive process of first order in integers. With the correlation rho and fresh, even and
// independent numbers u, it is x' = rho x + (1 - rho) u, whose neighbours correlate by rho.
//
// Its numbers keep the mean of u, but gather around it: their variance is (1-rho)/(1+rho) of that
// of u. So what happens below some number happens more rarely than it says where that is small,
// with rho = 1/4 half as often as 1 in 100, as it does with netem.
//
// A value type; thread-compatible.
class CorrelatedWord {
 public:
  // The next number; `fresh` is any of 2^32, and so is the result. The first is `fresh` itself.
  uint32_t Next(uint32_t fresh, Ratio correlation) {
    const uint64_t rho = (uint64_t{1} << 32) * correlation.numerator() / correlation.denominator();
    if (!begun_) last_ = fresh;
    begun_ = true;
    last_ = static_cast<uint32_t>((fresh * ((uint64_t{1} << 32) - rho) + last_ * rho) >> 32);
    return last_;
  }

 private:
  uint32_t last_ = 0;
  bool begun_ = false;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_CORRELATED_WORD_H_
