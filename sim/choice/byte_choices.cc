// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/byte_choices.h"

namespace pollux::sim {

bool ByteChoices::Flip(const Draw& /*draw*/, Ratio chance) {
  constexpr uint8_t kNone = 255;
  if (chance.is_never() || next_ == bytes_.size()) return false;
  const uint8_t wait = bytes_[next_];
  if (past_ < wait) {
    ++past_;
    // The last of 255: the next byte counts from here.
    if (wait == kNone && past_ == kNone) {
      ++next_;
      past_ = 0;
    }
    return false;
  }
  ++next_;
  past_ = 0;
  ++faults_;
  return true;
}

}  // namespace pollux::sim
