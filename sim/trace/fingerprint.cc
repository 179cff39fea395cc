// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/fingerprint.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "sim/choice/random.h"
#include "sim/trace/fold.h"

namespace pollux::sim {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kLanes = 4;
constexpr size_t kBlock = kLanes * 2 * kWord;
// Any odd-looking numbers: what each lane, and the rest, begin with, and what every second word
// goes with. One for all: with more a processor has not the registers to keep them at hand.
constexpr uint64_t kFirst[kLanes + 1] = {MixBits(1), MixBits(2), MixBits(3), MixBits(4),
                                         MixBits(5)};
constexpr uint64_t kKey = MixBits(6);

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

// The next state of a lane, by two words.
uint64_t FoldWords(const char* words, uint64_t state) {
  return Fold(Load<uint64_t>(words) ^ state, Load<uint64_t>(words + kWord) ^ kKey);
}

}  // namespace

void Fingerprint::Add(absl::string_view bytes) {
  Add(bytes.size());
  const char* data = bytes.data();
  const char* const end = data + bytes.size();
  // Long inputs go through four states side by side, two words at a time, since each step has to
  // wait for the one before in its own state only; and not for what was added before, either.
  if (bytes.size() >= kBlock) {
    uint64_t a = kFirst[0], b = kFirst[1], c = kFirst[2], d = kFirst[3];
    for (const char* const blocks_end = data + bytes.size() / kBlock * kBlock; data != blocks_end;
         data += kBlock) {
      a = FoldWords(data, a);
      b = FoldWords(data + 2 * kWord, b);
      c = FoldWords(data + 4 * kWord, c);
      d = FoldWords(data + 6 * kWord, d);
    }
    for (const uint64_t lane : {a, b, c, d}) Add(lane);
  }
  uint64_t rest = kFirst[4];
  for (; end - data >= static_cast<ptrdiff_t>(2 * kWord); data += 2 * kWord) {
    rest = FoldWords(data, rest);
  }
  Add(rest);
  if (end - data >= static_cast<ptrdiff_t>(kWord)) {
    Add(Load<uint64_t>(data));
    data += kWord;
  }
  if (data != end) Add(LoadRest({data, static_cast<size_t>(end - data)}));
}

uint64_t Fingerprint::value() const { return Scatter(state_); }

}  // namespace pollux::sim
