// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/fingerprint.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace pollux::sim {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kLanes = 4;

// The first bytes of `bytes` as a number, the least significant one first on every machine.
template <typename Word>
Word Load(const char* bytes) {
  Word word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, sizeof(word));
  } else {
    for (size_t i = 0; i < sizeof(word); ++i) {
      word |= static_cast<Word>(Word{static_cast<unsigned char>(bytes[i])} << (8 * i));
    }
  }
  return word;
}

// Fewer bytes than a word, as the low bytes of one.
uint64_t LoadRest(absl::string_view bytes) {
  const char* const data = bytes.data();
  const size_t size = bytes.size();
  uint64_t word = 0;
  size_t at = 0;
  if ((size & 4) != 0) {
    word = Load<uint32_t>(data);
    at = 4;
  }
  if ((size & 2) != 0) {
    word |= uint64_t{Load<uint16_t>(data + at)} << (8 * at);
    at += 2;
  }
  if ((size & 1) != 0) word |= uint64_t{static_cast<unsigned char>(data[at])} << (8 * at);
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
      for (size_t i = 0; i < kLanes; ++i) {
        lane[i] = Step(lane[i], Load<uint64_t>(bytes.data() + i * kWord));
      }
      bytes.remove_prefix(kLanes * kWord);
    }
    state_ = lane[0];
    // Scattered, since the same change in two of them must not have the same effect.
    for (size_t i = 1; i < kLanes; ++i) Add(Scatter(lane[i]));
  }
  while (bytes.size() >= kWord) {
    Add(Load<uint64_t>(bytes.data()));
    bytes.remove_prefix(kWord);
  }
  if (!bytes.empty()) Add(LoadRest(bytes));
}

uint64_t Fingerprint::value() const { return Scatter(state_); }

}  // namespace pollux::sim
