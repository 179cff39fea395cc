// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/fingerprint.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "sim/choice/random.h"
#include "sim/trace/digest.h"
#include "sim/trace/fold.h"

namespace pollux::sim {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kPiece = 2 * kWord;
constexpr size_t kLanes = 4;
constexpr size_t kBlock = kLanes * kPiece;
static_assert(2 * kBlock == kDigestBytesMin);  // There is one block at most.
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
uint64_t FoldWords(uint64_t first, uint64_t second, uint64_t state) {
  return Fold(first ^ state, second ^ kKey);
}

uint64_t FoldPiece(const char* piece, uint64_t state) {
  return FoldWords(Load<uint64_t>(piece), Load<uint64_t>(piece + kWord), state);
}

// The end of `bytes`, of which no whole number of pieces is left: their last piece, which may have
// been seen in part, or all there are.
uint64_t FoldEnd(absl::string_view bytes) {
  const size_t size = bytes.size();
  const char* const end = bytes.data() + size;
  if (size >= kPiece) return FoldPiece(end - kPiece, kFirst[kLanes]);
  const bool word = size >= kWord;
  return FoldWords(word ? Load<uint64_t>(bytes.data()) : LoadRest(bytes),
                   word ? Load<uint64_t>(end - kWord) : 0, kFirst[kLanes]);
}

}  // namespace

// Few bytes go through four lanes side by side, a piece at a time, since each step has to wait for
// the one before in its own lane only, and not for what was added before.
void Fingerprint::Add(absl::string_view bytes) {
  Add(bytes.size());
  if (bytes.size() >= kDigestBytesMin) {
    const Digest digest = DigestOf(bytes);
    Add(digest.low);
    Add(digest.high);
    return;
  }
  uint64_t a = kFirst[0], b = kFirst[1], c = kFirst[2], d = kFirst[3];
  const char* rest = bytes.data();
  if (bytes.size() >= kBlock) {
    a = FoldPiece(rest, a);
    b = FoldPiece(rest + kPiece, b);
    c = FoldPiece(rest + 2 * kPiece, c);
    d = FoldPiece(rest + 3 * kPiece, d);
    rest += kBlock;
  }
  const size_t pieces = bytes.size() % kBlock / kPiece;
  if (pieces > 0) a = FoldPiece(rest, a);
  if (pieces > 1) b = FoldPiece(rest + kPiece, b);
  if (pieces > 2) c = FoldPiece(rest + 2 * kPiece, c);
  uint64_t sum = a + b + c + d;
  if (bytes.size() % kPiece != 0) sum += FoldEnd(bytes);
  Add(sum);
}

uint64_t Fingerprint::value() const { return Scatter(state_); }

}  // namespace pollux::sim
