// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/fingerprint.h"

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

uint64_t Of(absl::string_view bytes) {
  Fingerprint fingerprint;
  fingerprint.Add(bytes);
  return fingerprint.value();
}

// Fingerprints are kept in files and compared between machines: these values never change.
TEST(Fingerprint, StaysTheSame) {
  Fingerprint numbers;
  numbers.Add(uint64_t{1});
  numbers.Add(uint64_t{2});
  EXPECT_EQ(numbers.value(), 7033940664954256984u);
  EXPECT_EQ(Of(""), 3595248874869577223u);
  EXPECT_EQ(Of("hello"), 7744102210617974822u);
  EXPECT_EQ(Of(std::string(100, 'x')), 14504688193595344655u);
}

TEST(Fingerprint, OrderAndBoundariesMatter) {
  Fingerprint a;
  a.Add(uint64_t{1});
  a.Add(uint64_t{2});
  Fingerprint b;
  b.Add(uint64_t{2});
  b.Add(uint64_t{1});
  EXPECT_NE(a.value(), b.value());
  Fingerprint c;
  c.Add("ab");
  c.Add("c");
  Fingerprint d;
  d.Add("a");
  d.Add("bc");
  EXPECT_NE(c.value(), d.value());
}

// One changed bit anywhere, at any length, is seen.
TEST(Fingerprint, SeesEveryBit) {
  std::set<uint64_t> seen;
  size_t count = 0;
  for (size_t size = 0; size <= 150; ++size) {
    std::string bytes(size, '\0');
    seen.insert(Of(bytes));
    ++count;
    for (char& byte : bytes) {
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(1 << bit);
        seen.insert(Of(bytes));
        ++count;
      }
      byte = 0;
    }
  }
  EXPECT_EQ(seen.size(), count);
}

// Pieces that change places are seen, wherever they stand.
TEST(Fingerprint, SeesWhatChangesPlaces) {
  constexpr size_t kPiece = 16;
  std::string bytes(400, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i ^ i >> 4);
  std::set<uint64_t> seen = {Of(bytes)};
  size_t count = 1;
  for (size_t a = 0; a + kPiece <= bytes.size(); a += kPiece) {
    for (size_t b = a + kPiece; b + kPiece <= bytes.size(); b += kPiece) {
      std::string changed = bytes;
      changed.replace(a, kPiece, bytes, b, kPiece);
      changed.replace(b, kPiece, bytes, a, kPiece);
      seen.insert(Of(changed));
      ++count;
    }
  }
  EXPECT_EQ(seen.size(), count);
}

// What changes alike in two places does not cancel out, wherever they are.
TEST(Fingerprint, SeesTwoEqualChanges) {
  constexpr size_t kWord = 8;
  const std::string zeros(256, '\0');
  std::set<uint64_t> seen = {Of(zeros)};
  size_t count = 1;
  for (const std::string& word :
       {std::string(kWord, '\xff'), std::string("\1\0\0\0\0\0\0\0", kWord),
        std::string("\0\0\0\0\0\0\0\x80", kWord)}) {
    for (size_t a = 0; a < zeros.size(); a += kWord) {
      for (size_t b = a; b < zeros.size(); b += kWord) {
        std::string changed = zeros;
        changed.replace(a, kWord, word);
        changed.replace(b, kWord, word);
        seen.insert(Of(changed));
        ++count;
      }
    }
  }
  EXPECT_EQ(seen.size(), count);
}

}  // namespace
}  // namespace pollux::sim
