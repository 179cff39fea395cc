// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/digest.h"

#include <cstddef>

#include "absl/base/optimization.h"
#include "sim/choice/random.h"
#include "sim/trace/aes_round.h"

namespace pollux::sim {
namespace {

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

Digest DigestByTable(absl::string_view bytes) { return DigestBy<AesByTable>(bytes); }

Digest DigestOf(absl::string_view bytes) {
  return ABSL_PREDICT_TRUE(AesVector::IsSupported()) ? DigestBy<AesVector>(bytes)
                                                     : DigestByTable(bytes);
}

}  // namespace pollux::sim
