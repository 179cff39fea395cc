// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/ratio.h"

#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/choice/quote.h"
#include "udp/internal/check.h"

namespace pollux::sim {

absl::StatusOr<Ratio> Ratio::Parse(absl::string_view text) {
  const size_t slash = text.find('/');
  const absl::string_view above = text.substr(0, slash);
  const absl::string_view below = slash == text.npos ? "1" : text.substr(slash + 1);
  // SimpleAtoi skips spaces and takes signs, which have no place in a story's text.
  const bool digits = text.find_first_not_of("0123456789/") == text.npos;
  int64_t numerator = 0;
  int64_t denominator = 0;
  if (!digits || !absl::SimpleAtoi(above, &numerator) || !absl::SimpleAtoi(below, &denominator) ||
      !IsValid(numerator, denominator)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quote(text), " is not a ratio; write a fraction from 0 to 1, such as 1/100"));
  }
  return Ratio(numerator, denominator);
}

std::string Ratio::ToString() const { return absl::StrCat(numerator_, "/", denominator_); }

void Ratio::Refuse(int64_t numerator, int64_t denominator) {
  POLLUX_CHECK(IsValid(numerator, denominator),
               absl::StrCat(numerator, "/", denominator,
                            " is not a ratio; it takes 0 <= numerator <= denominator, and "
                            "0 < denominator < 2^32"));
  std::abort();
}

}  // namespace pollux::sim
