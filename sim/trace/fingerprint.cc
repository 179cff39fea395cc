// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/fingerprint.h"

#include <cstddef>

namespace pollux::sim {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kLanes = 4;

// The first word of `bytes`, least significant byte first on every machine.
uint64_t Load(const char* bytes) {
  uint64_t word = 0;
  for (size_t i = 0; i < kWord; ++i) {
    word |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

// Scatters the bits of a word; a bijection.
uint64_t Scatter(uint64_t word) {
  word = (word ^ (word >> 32)) * 0xd6e8feb86659fd93;
  word = (word ^ (word >> 32)) * 0xd6e8feb86659fd93;
  return word ^ (word >> 32);
}

}  // namespace

void Fingerprint::Add(absl::string_view bytes) {
  Add(bytes.size());
  // Long inputs go through four states side by side, since each step has to wait for the one before
  // in its own state only.
  if (bytes.size() >= kLanes * kWord) {
    uint64_t lane[kLanes] = {state_, 1, 2, 3};
    while (bytes.size() >= kLanes * kWord) {
      for (size_t i = 0; i < kLanes; ++i) lane[i] = Step(lane[i], Load(bytes.data() + i * kWord));
      bytes.remove_prefix(kLanes * kWord);
    }
    state_ = lane[0];
    // Scattered, since the same change in two of them must not have the same effect.
    for (size_t i = 1; i < kLanes; ++i) Add(Scatter(lane[i]));
  }
  while (bytes.size() >= kWord) {
    Add(Load(bytes.data()));
    bytes.remove_prefix(kWord);
  }
  if (bytes.empty()) return;
  uint64_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    word |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  Add(word);
}

uint64_t Fingerprint::value() const { return Scatter(state_); }

}  // namespace pollux::sim
