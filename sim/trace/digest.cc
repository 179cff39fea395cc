// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/digest.h"

#include <array>
#include <bit>
#include <cstddef>

#include "absl/base/optimization.h"
#include "sim/choice/random.h"

// What may use the instruction is only called where it is there.
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>      // lint: allow(include) whether there is
#include <wmmintrin.h>  // lint: allow(include) the instruction of x86
#define POLLUX_MAY_USE_AES __attribute__((target("aes")))
#else
#define POLLUX_MAY_USE_AES
#if defined(__AARCH64EL__) && defined(__ARM_FEATURE_AES)
#include <arm_neon.h>  // lint: allow(include) the instruction of ARM
#endif
#endif

namespace pollux::sim {
namespace {

// ---- A round of AES (FIPS 197, 5.1): substitute, shift rows, mix columns, add the key ----

constexpr uint8_t Double(uint8_t x) {
  return static_cast<uint8_t>(x << 1 ^ ((x & 0x80) != 0 ? 0x1b : 0));
}

// The table of substitutions, by its definition: the inverse in the field, and an affine map.
constexpr std::array<uint8_t, 256> MakeSubstitutes() {
  std::array<uint8_t, 256> substitutes = {};
  // All but 0 are powers of 3, and the inverse of 3^n is 3^-n.
  std::array<uint8_t, 255> powers = {};
  uint8_t power = 1;
  for (uint8_t& each : powers) {
    each = power;
    power = static_cast<uint8_t>(power ^ Double(power));
  }
  for (size_t n = 0; n < 256; ++n) {
    const uint8_t inverse = n < 255 ? powers[(255 - n) % 255] : 0;
    uint8_t mapped = 0x63;
    for (int turn = 0; turn < 5; ++turn) mapped ^= std::rotl(inverse, turn);
    substitutes[n < 255 ? powers[n] : 0] = mapped;
  }
  return substitutes;
}

// What a byte of the first row adds to its column, the first row in the lowest bits. Of another row
// it is the same, turned by as many bytes.
constexpr std::array<uint32_t, 256> MakeColumns() {
  const std::array<uint8_t, 256> substitutes = MakeSubstitutes();
  std::array<uint32_t, 256> columns = {};
  for (size_t n = 0; n < 256; ++n) {
    const uint32_t once = substitutes[n];
    const uint32_t twice = Double(substitutes[n]);
    columns[n] = twice | once << 8 | once << 16 | (twice ^ once) << 24;
  }
  return columns;
}
constexpr std::array<uint32_t, 256> kColumns = MakeColumns();

// Sixteen bytes, column by column.
struct TableVector {
  std::array<uint32_t, 4> columns;

  static bool IsSupported() { return true; }

  static TableVector Load(const char* bytes) {
    TableVector vector = {};
    for (size_t i = 0; i < 16; ++i) {
      vector.columns[i / 4] |= uint32_t{static_cast<uint8_t>(bytes[i])} << 8 * (i % 4);
    }
    return vector;
  }
  static TableVector Of(uint64_t low, uint64_t high) {
    return {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
             static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)}};
  }
  static TableVector Round(const TableVector& state, const TableVector& key) {
    TableVector next = key;
    for (size_t column = 0; column < 4; ++column) {
      for (int row = 0; row < 4; ++row) {
        const uint32_t from = state.columns[(column + static_cast<size_t>(row)) % 4];
        next.columns[column] ^= std::rotl(kColumns[from >> 8 * row & 0xff], 8 * row);
      }
    }
    return next;
  }
  Digest value() const {
    return {columns[0] | uint64_t{columns[1]} << 32, columns[2] | uint64_t{columns[3]} << 32};
  }
};

#if defined(__x86_64__) && defined(__GNUC__)
struct Vector {
  __m128i bits;

  static bool IsSupported() {
    static const bool kSupported = [] {
      unsigned a = 0, b = 0, c = 0, d = 0;
      return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0;
    }();
    return kSupported;
  }
  POLLUX_MAY_USE_AES static Vector Load(const char* bytes) {
    return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))};
  }
  POLLUX_MAY_USE_AES static Vector Of(uint64_t low, uint64_t high) {
    return {_mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low))};
  }
  POLLUX_MAY_USE_AES static Vector Round(const Vector& state, const Vector& key) {
    return {_mm_aesenc_si128(state.bits, key.bits)};
  }
  POLLUX_MAY_USE_AES Digest value() const {
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(bits)),
            static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bits, bits)))};
  }
};
#elif defined(__AARCH64EL__) && defined(__ARM_FEATURE_AES)
struct Vector {
  uint8x16_t bits;

  static bool IsSupported() { return true; }
  static Vector Load(const char* bytes) {
    return {vld1q_u8(reinterpret_cast<const uint8_t*>(bytes))};
  }
  static Vector Of(uint64_t low, uint64_t high) {
    return {vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)))};
  }
  // The instruction adds its key before all else.
  static Vector Round(const Vector& state, const Vector& key) {
    return {veorq_u8(vaesmcq_u8(vaeseq_u8(state.bits, vdupq_n_u8(0))), key.bits)};
  }
  Digest value() const {
    const uint64x2_t words = vreinterpretq_u64_u8(bits);
    return {vgetq_lane_u64(words, 0), vgetq_lane_u64(words, 1)};
  }
};
#else
using Vector = TableVector;
#endif

// ---- The digest ----

constexpr size_t kPiece = 16;
constexpr size_t kLanes = 8;
static_assert(kLanes * kPiece == kDigestBytesMin);

// The pieces of a block go each into a lane of its own, as the key of a round: so that one that
// changes changes its lane for certain, and no lane waits for another.
template <typename V>
struct Lanes {
  V a = V::Of(MixBits(1), MixBits(2)), b = V::Of(MixBits(3), MixBits(4));
  V c = V::Of(MixBits(5), MixBits(6)), d = V::Of(MixBits(7), MixBits(8));
  V e = V::Of(MixBits(9), MixBits(10)), f = V::Of(MixBits(11), MixBits(12));
  V g = V::Of(MixBits(13), MixBits(14)), h = V::Of(MixBits(15), MixBits(16));

  POLLUX_MAY_USE_AES void Take(const char* block) {
    a = V::Round(a, V::Load(block));
    b = V::Round(b, V::Load(block + kPiece));
    c = V::Round(c, V::Load(block + 2 * kPiece));
    d = V::Round(d, V::Load(block + 3 * kPiece));
    e = V::Round(e, V::Load(block + 4 * kPiece));
    f = V::Round(f, V::Load(block + 5 * kPiece));
    g = V::Round(g, V::Load(block + 6 * kPiece));
    h = V::Round(h, V::Load(block + 7 * kPiece));
  }
  // All lanes as one, two by two, and two rounds more, after which each bit depends on all bits.
  POLLUX_MAY_USE_AES V Sum() const {
    const V sum = Join(Join(Join(a, b), Join(c, d)), Join(Join(e, f), Join(g, h)));
    return Join(sum, V::Of(MixBits(17), MixBits(18)));
  }
  // By two rounds: after a single one, a changed byte of one and of the other would look alike.
  POLLUX_MAY_USE_AES static V Join(const V& one, const V& other) {
    return V::Round(V::Round(one, other), other);
  }
};

template <typename V>
POLLUX_MAY_USE_AES Digest DigestBy(absl::string_view bytes) {
  Lanes<V> lanes;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= ptrdiff_t{kDigestBytesMin}; at += kDigestBytesMin) lanes.Take(at);
  // The end, part of which was seen.
  if (at != end) lanes.Take(end - kDigestBytesMin);
  return lanes.Sum().value();
}

}  // namespace

Digest DigestByTable(absl::string_view bytes) { return DigestBy<TableVector>(bytes); }

Digest DigestOf(absl::string_view bytes) {
  return ABSL_PREDICT_TRUE(Vector::IsSupported()) ? DigestBy<Vector>(bytes) : DigestByTable(bytes);
}

}  // namespace pollux::sim
