// SPDX-License-Identifier: Apache-2.0
//
// File: digest.h
//
// `DigestOf` makes 128 bits of many bytes: by rounds of AES, for which processors have an
// instruction, where multiplications take twice the time. It keeps no secret, and is no cipher.

#ifndef POLLUX_SIM_TRACE_DIGEST_H_
#define POLLUX_SIM_TRACE_DIGEST_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace pollux::sim {

struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const Digest& a, const Digest& b) {
    return a.low == b.low && a.high == b.high;
  }
};

// It takes this many bytes, or more.
inline constexpr size_t kDigestBytesMin = 128;

// The same on every machine. Some bytes count twice, by how many there are: who asks adds that.
Digest DigestOf(absl::string_view bytes);
// The same without the instruction, many times as slow: for processors that lack it.
Digest DigestByTable(absl::string_view bytes);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_DIGEST_H_
