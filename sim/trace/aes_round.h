// SPDX-License-Identifier: Apache-2.0
//
// File: aes_round.h
//
// A round of AES (FIPS 197, 5.1) on sixteen bytes: substitute, shift rows, mix columns, add the
// key. By the processor's instruction, where compiler and processor have it, and by a table.

#ifndef POLLUX_SIM_TRACE_AES_ROUND_H_
#define POLLUX_SIM_TRACE_AES_ROUND_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/trace/digest.h"

// Which instruction the compiler knows. Functions that use it are marked, and called only where the
// processor has it, too. LLVM before 16 knows ARM's only where it may always use it.
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>      // lint: allow(include) whether there is
#include <wmmintrin.h>  // lint: allow(include) the instruction of x86
#define POLLUX_X86_AES
#define POLLUX_MAY_USE_AES __attribute__((target("aes")))
#elif defined(__AARCH64EL__) && defined(__ARM_FEATURE_AES)
#include <arm_neon.h>  // lint: allow(include) the instruction of ARM
#define POLLUX_ARM_AES
#define POLLUX_MAY_USE_AES
// lint: allow(platform) how to ask for it is the system's
#elif defined(__AARCH64EL__) && defined(__linux__) && __clang_major__ >= 16
#include <arm_neon.h>  // lint: allow(include) as above
#include <sys/auxv.h>  // lint: allow(include) whether there is
#define POLLUX_ARM_AES
#define POLLUX_MAY_USE_AES __attribute__((target("aes")))
// lint: allow(platform) as above
#elif defined(__AARCH64EL__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#include <arm_neon.h>  // lint: allow(include) as above
#include <sys/auxv.h>  // lint: allow(include) whether there is
#define POLLUX_ARM_AES
#define POLLUX_MAY_USE_AES __attribute__((target("+crypto")))
#else
#define POLLUX_MAY_USE_AES
#endif

namespace pollux::sim {

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
inline constexpr std::array<uint32_t, 256> kColumns = MakeColumns();

// Sixteen bytes, column by column: by the table, on any processor.
struct AesByTable {
  std::array<uint32_t, 4> columns;

  static bool IsSupported() { return true; }

  static AesByTable Load(const char* bytes) {
    AesByTable vector = {};
    for (size_t i = 0; i < 16; ++i) {
      vector.columns[i / 4] |= uint32_t{static_cast<uint8_t>(bytes[i])} << 8 * (i % 4);
    }
    return vector;
  }
  static AesByTable Of(uint64_t low, uint64_t high) {
    return {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
             static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)}};
  }
  static AesByTable Round(const AesByTable& state, const AesByTable& key) {
    AesByTable next = key;
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

// The same by the instruction.
#if defined(POLLUX_X86_AES)
struct AesVector {
  __m128i bits;

  static bool IsSupported() {
    static const bool kSupported = [] {
      unsigned a = 0, b = 0, c = 0, d = 0;
      return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0;
    }();
    return kSupported;
  }
  POLLUX_MAY_USE_AES static AesVector Load(const char* bytes) {
    return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))};
  }
  POLLUX_MAY_USE_AES static AesVector Of(uint64_t low, uint64_t high) {
    return {_mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low))};
  }
  POLLUX_MAY_USE_AES static AesVector Round(const AesVector& state, const AesVector& key) {
    return {_mm_aesenc_si128(state.bits, key.bits)};
  }
  POLLUX_MAY_USE_AES Digest value() const {
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(bits)),
            static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bits, bits)))};
  }
};
#elif defined(POLLUX_ARM_AES)
struct AesVector {
  uint8x16_t bits;

  static bool IsSupported() {
#ifdef __ARM_FEATURE_AES
    return true;
#else
    static const bool kSupported = (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
    return kSupported;
#endif
  }
  POLLUX_MAY_USE_AES static AesVector Load(const char* bytes) {
    return {vld1q_u8(reinterpret_cast<const uint8_t*>(bytes))};
  }
  POLLUX_MAY_USE_AES static AesVector Of(uint64_t low, uint64_t high) {
    return {vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)))};
  }
  // The instruction adds its key before all else.
  POLLUX_MAY_USE_AES static AesVector Round(const AesVector& state, const AesVector& key) {
    return {veorq_u8(vaesmcq_u8(vaeseq_u8(state.bits, vdupq_n_u8(0))), key.bits)};
  }
  POLLUX_MAY_USE_AES Digest value() const {
    const uint64x2_t words = vreinterpretq_u64_u8(bits);
    return {vgetq_lane_u64(words, 0), vgetq_lane_u64(words, 1)};
  }
};
#else
using AesVector = AesByTable;
#endif

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_AES_ROUND_H_
