// SPDX-License-Identifier: Apache-2.0
//
// Bits that arrive as others, and whether anybody finds out.

#include "sim/fabric/damage.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/random.h"
#include "tests/sim/fabric/link_bed.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The sum of RFC 1071 over the payload; 0 and 0xffff are both its zero.
uint16_t SumOf(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? uint32_t{byte} << 8 : byte;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff ? uint16_t{0} : static_cast<uint16_t>(sum);
}

std::string DamagedBytes(absl::string_view text, const std::vector<uint64_t>& bits) {
  Packet packet;
  packet.payload = Payload::Copy(text);
  return std::string(Damaged(packet, bits).payload.bytes());
}

TEST(Damage, FlipsTheBitsThatItIsTold) {
  EXPECT_EQ(DamagedBytes("aaa", {7}), "`aa");
  EXPECT_EQ(DamagedBytes("aaa", {2, 18}), "AaA");
}

TEST(Damage, TheOriginalStaysAsItIs) {
  Packet packet;
  packet.payload = Payload::Copy("same");
  Damaged(packet, std::vector<uint64_t>{3});
  EXPECT_EQ(packet.payload.bytes(), "same");
}

// Two bits of one column that go opposite ways leave the sum alone.
TEST(ChecksumMisses, WhatCancelsOut) {
  EXPECT_TRUE(ChecksumMisses("b.a.", std::vector<uint64_t>{6, 22}));
  EXPECT_FALSE(ChecksumMisses("b.b.", std::vector<uint64_t>{6, 22}));
  EXPECT_FALSE(ChecksumMisses("b.a.", std::vector<uint64_t>{6, 23}));
}

TEST(ChecksumMisses, IsWhatTheSumSays) {
  Random random(5);
  int missed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text(1 + random.Below(7), ' ');
    for (char& c : text) c = static_cast<char>(random.Below(256));
    std::vector<uint64_t> bits;
    for (uint64_t bit = 0; bit < text.size() * 8; ++bit) {
      if (random.Below(16) == 0) bits.push_back(bit);
    }
    const bool misses = ChecksumMisses(text, bits);
    EXPECT_EQ(misses, SumOf(text) == SumOf(DamagedBytes(text, bits)));
    missed += misses && !bits.empty() ? 1 : 0;
  }
  EXPECT_GT(missed, 50);
}

class DamageOnALink : public LinkBed {};

TEST_F(DamageOnALink, IsFoundOutByTheChecksum) {
  lan.SetProfile({.corrupt = Ratio::Always()});
  alice.Say("hello", bob);
  const std::string story = Run();
  EXPECT_THAT(story, HasSubstr("(corrupt lan/alice->bob #1: bit "));
  EXPECT_THAT(story, HasSubstr("(bad checksum)"));
  EXPECT_THAT(bob.heard, IsEmpty());
}

TEST_F(DamageOnALink, OnRequestNobodyFindsOut) {
  lan.SetProfile({.corrupt = Ratio::Always(), .undetected = Ratio::Always()});
  const uint64_t before = net.Fingerprint();
  alice.Say("hello", bob);
  EXPECT_THAT(Run(), HasSubstr(", undetected)"));
  ASSERT_EQ(bob.heard.size(), 1u);
  EXPECT_NE(bob.heard[0], "hello");
  EXPECT_EQ(bob.heard[0].size(), 5u);
  int bits = 0;
  for (size_t i = 0; i < 5; ++i) bits += __builtin_popcount((bob.heard[0][i] ^ "hello"[i]) & 0xff);
  EXPECT_EQ(bits, 1);
  EXPECT_NE(net.Fingerprint(), before);
}

TEST_F(DamageOnALink, TwoBitsThatCancelOutAreNotFoundOut) {
  lan.SetProfile({.corrupt = Ratio::Always(), .corrupt_bits = 2});
  for (int i = 0; i < 2000; ++i) alice.Say("abcdefgh", bob);
  Run();
  // Of two bits of 64 both are in one column in 3 cases of 63, and go opposite ways in some of
  // them: here, 20 of the 16 columns' 96 pairs.
  EXPECT_GT(bob.heard.size(), 10u);
  EXPECT_LT(bob.heard.size(), 100u);
  for (const std::string& text : bob.heard) {
    EXPECT_NE(text, "abcdefgh");
    EXPECT_EQ(SumOf(text), SumOf("abcdefgh"));
  }
}

TEST_F(DamageOnALink, AnEmptyDatagramHasNothingButWhatIsFoundOut) {
  lan.SetProfile({.corrupt = Ratio::Always(), .undetected = Ratio::Always()});
  alice.Say("", bob);
  EXPECT_THAT(Run(), HasSubstr("(bad checksum)"));
}

// A story says which packets, and the bits follow from the seed.
TEST_F(DamageOnALink, AStoryMakesItAgain) {
  lan.SetProfile({.corrupt = Ratio(1, 2), .undetected = Ratio(1, 2)});
  for (int i = 0; i < 20; ++i) alice.Say("hello", bob);
  Run();
  StoryPlayer player(net.Story());
  Network again({.seed = 7, .choices = &player});
  Segment& segment = again.AddSegment("lan", "10.0.0.0/24", {});
  Speaker sender(again, "alice");
  Speaker receiver(again, "bob");
  segment.Attach(sender.host);
  segment.Attach(receiver.host);
  sender.Open();
  receiver.Open();
  for (int i = 0; i < 20; ++i) sender.Say("hello", receiver);
  again.RunFor(absl::Seconds(1));
  EXPECT_TRUE(player.CheckFits().ok()) << player.CheckFits();
  EXPECT_EQ(receiver.heard, bob.heard);
}

}  // namespace
}  // namespace pollux::sim
