// SPDX-License-Identifier: Apache-2.0
//
// File: byte_choices.h
//
// `ByteChoices` lets bytes decide what goes wrong: those that a fuzzer makes up, so that it
// searches for the faults that break a program.
//
//   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
//     ByteChoices choices(absl::MakeConstSpan(data, std::min<size_t>(size, 16)));
//     Network net({.choices = &choices});
//     ...
//   }

#ifndef POLLUX_SIM_CHOICE_BYTE_CHOICES_H_
#define POLLUX_SIM_CHOICE_BYTE_CHOICES_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "sim/choice/choices.h"

namespace pollux::sim {

// Each byte says how many times nothing goes wrong that could, until a fault happens; 255 says that
// none happens after these, so that the next byte goes on. Behind the last byte nothing goes wrong
// any more. So few bytes are few faults, a byte less is a fault less, and a changed byte moves a
// fault: what a fuzzer does to its input makes sense. Loop thread only.
//
// A fault can happen where its chance is not 0. Choices among many are those of the seed.
class ByteChoices final : public Choices {
 public:
  // `bytes` must outlive this.
  explicit ByteChoices(absl::Span<const uint8_t> bytes, uint64_t seed = 0)
      : bytes_(bytes), luck_(seed) {}

  bool Flip(const Draw& draw, Ratio chance) override;
  uint64_t Below(const Draw& draw, uint64_t bound) override { return luck_.Below(draw, bound); }

  // How many faults have happened.
  size_t faults() const { return faults_; }

 private:
  const absl::Span<const uint8_t> bytes_;
  RandomChoices luck_;
  size_t next_ = 0;    // The byte that counts now.
  unsigned past_ = 0;  // What has gone well since that began to.
  size_t faults_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_BYTE_CHOICES_H_
