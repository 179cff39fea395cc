// SPDX-License-Identifier: Apache-2.0
//
// File: ratio.h
//
// `Ratio` is a probability as a fraction of two integers. Simulations compute chances with it and
// never with floating point, whose results differ between compilers and machines.
//
//   LinkProfile lossy = {.loss = Ratio(1, 100)};

#ifndef POLLUX_SIM_CHOICE_RATIO_H_
#define POLLUX_SIM_CHOICE_RATIO_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {

// A value type; thread-compatible. Always 0 <= numerator <= denominator, and denominator > 0.
class Ratio {
 public:
  // 0/1: never.
  constexpr Ratio() = default;
  // numerator/denominator, as given: 2/4 stays 2/4. Both must fit 32 bits. A fraction that is no
  // probability, as 3/2, is the programmer's error: this is checked.
  constexpr Ratio(int64_t numerator, int64_t denominator)
      : numerator_(static_cast<uint32_t>(numerator)),
        denominator_(static_cast<uint32_t>(denominator)) {
    if (!IsValid(numerator, denominator)) Refuse(numerator, denominator);
  }
  static constexpr Ratio Never() { return Ratio(); }
  static constexpr Ratio Always() { return Ratio(1, 1); }

  // Reads "1/100", "0" or "1". Errors: kInvalidArgument, quoting `text`.
  static absl::StatusOr<Ratio> Parse(absl::string_view text);
  // The form that `Parse` reads: "1/100", also for 0 and 1: "0/1", "1/1".
  std::string ToString() const;

  constexpr uint32_t numerator() const { return numerator_; }
  constexpr uint32_t denominator() const { return denominator_; }
  constexpr bool is_never() const { return numerator_ == 0; }
  constexpr bool is_always() const { return numerator_ == denominator_; }

  // Whether both are the same fraction: 1/2 equals 2/4.
  friend constexpr bool operator==(Ratio a, Ratio b) {
    return uint64_t{a.numerator_} * b.denominator_ == uint64_t{b.numerator_} * a.denominator_;
  }
  friend constexpr bool operator!=(Ratio a, Ratio b) { return !(a == b); }
  friend std::ostream& operator<<(std::ostream& out, Ratio ratio) {
    return out << ratio.ToString();
  }

 private:
  static constexpr bool IsValid(int64_t numerator, int64_t denominator) {
    return 0 <= numerator && numerator <= denominator && 0 < denominator &&
           denominator <= int64_t{UINT32_MAX};
  }
  [[noreturn]] static void Refuse(int64_t numerator, int64_t denominator);

  uint32_t numerator_ = 0;
  uint32_t denominator_ = 1;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_RATIO_H_
