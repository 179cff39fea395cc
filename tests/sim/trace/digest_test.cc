// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/digest.h"

#include <bit>
#include <string>

#include "gtest/gtest.h"
#include "sim/choice/random.h"

namespace pollux::sim {
namespace {

std::string RandomBytes(size_t size) {
  Random random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

// The processor's instruction and the table have to agree, wherever in memory the bytes are:
// fingerprints are compared between machines of all kinds.
TEST(Digest, IsTheSameWithAndWithoutTheInstruction) {
  for (size_t size = kDigestBytesMin; size < 1600; ++size) {
    const std::string bytes = RandomBytes(size + size % 16);
    const absl::string_view part = absl::string_view(bytes).substr(size % 16);
    ASSERT_EQ(DigestOf(part), DigestByTable(part)) << size << " bytes";
  }
}

// Fingerprints are kept in files: these values never change.
TEST(Digest, StaysTheSame) {
  const Digest zeros = DigestOf(std::string(kDigestBytesMin, '\0'));
  EXPECT_EQ(zeros.low, 16162297448478460771u);
  EXPECT_EQ(zeros.high, 8612487735425741054u);
  const Digest random = DigestOf(RandomBytes(1200));
  EXPECT_EQ(random.low, 11795337298419573932u);
  EXPECT_EQ(random.high, 10276410461370805711u);
}

// One changed bit changes about half of all bits, wherever it is.
TEST(Digest, EachBitCountsForAllBits) {
  for (const size_t size : {kDigestBytesMin, size_t{129}, size_t{300}}) {
    std::string bytes = RandomBytes(size);
    const Digest before = DigestOf(bytes);
    for (char& byte : bytes) {
      const char was = byte;
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(was ^ 1 << bit);
        const Digest after = DigestOf(bytes);
        const int changed =
            std::popcount(before.low ^ after.low) + std::popcount(before.high ^ after.high);
        EXPECT_GT(changed, 30) << "byte " << &byte - bytes.data() << " of " << size;
      }
      byte = was;
    }
  }
}

}  // namespace
}  // namespace pollux::sim
