// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/reassembly.h"

#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/kernel/fragment.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using Step = Reassembly::Step;

constexpr uint32_t kWire = 2;

Packet Datagram(size_t payload, absl::string_view from = "10.0.0.1:1",
                absl::string_view to = "10.0.0.2:2", uint64_t id = 7) {
  std::string bytes(payload, '\0');
  std::iota(bytes.begin(), bytes.end(), '\1');
  Packet packet;
  packet.id = id;
  packet.source = At(from);
  packet.destination = At(to);
  packet.payload = Payload::Copy(bytes);
  return packet;
}

std::vector<Packet> Split(const Packet& packet, uint32_t mtu) {
  std::vector<Packet> fragments;
  ForEachFragment(packet, mtu, [&](const Packet& fragment) { fragments.push_back(fragment); });
  return fragments;
}

std::vector<size_t> Sizes(const std::vector<Packet>& fragments) {
  std::vector<size_t> sizes;
  for (const Packet& fragment : fragments) sizes.push_back(fragment.fragment_size);
  return sizes;
}

// RFC 791 3.2: as much as fits, in units of eight bytes, and the rest.
TEST(Fragments, OfIpv4FillTheWire) {
  const std::vector<Packet> fragments = Split(Datagram(4000), 1500);
  EXPECT_THAT(Sizes(fragments), ElementsAre(1480, 1480, 1048));
  EXPECT_EQ(fragments[0].wire_size(), 1500u);
  EXPECT_EQ(fragments[2].fragment_offset, 2960u);
  EXPECT_TRUE(fragments[2].is_last());
  EXPECT_FALSE(fragments[1].is_last());
}

// RFC 8200 4.5: with a header more in each.
TEST(Fragments, OfIpv6HaveAHeaderMore) {
  const std::vector<Packet> fragments = Split(Datagram(4000, "[fd00::1]:1", "[fd00::2]:2"), 1500);
  EXPECT_THAT(Sizes(fragments), ElementsAre(1448, 1448, 1112));
  EXPECT_EQ(fragments[0].wire_size(), 1496u);
}

TEST(Fragments, WhatFitsIsGivenAsItIs) {
  const std::vector<Packet> fragments = Split(Datagram(1472), 1500);
  ASSERT_EQ(fragments.size(), 1u);
  EXPECT_FALSE(fragments[0].is_fragment());
  EXPECT_EQ(Split(Datagram(1473), 1500).size(), 2u);
}

TEST(Fragments, AreSplitFurther) {
  const Packet large = Split(Datagram(4000), 1500)[1];
  const std::vector<Packet> fragments = Split(large, 576);
  EXPECT_THAT(Sizes(fragments), ElementsAre(552, 552, 376));
  EXPECT_EQ(fragments[0].fragment_offset, 1480u);
  EXPECT_FALSE(fragments[2].is_last());
}

TEST(ReassemblyTest, TheOrderOfFragmentsDoesNotMatter) {
  const Packet datagram = Datagram(4000);
  std::vector<Packet> fragments = Split(datagram, 1500);
  std::vector<size_t> order = {0, 1, 2};
  do {
    Reassembly reassembly;
    EXPECT_EQ(reassembly.Add(fragments[order[0]], kWire).step, Step::kBegun);
    EXPECT_EQ(reassembly.Add(fragments[order[1]], kWire).step, Step::kAdded);
    const Reassembly::Result last = reassembly.Add(fragments[order[2]], kWire);
    ASSERT_EQ(last.step, Step::kComplete);
    const Packet whole = Reassembly::Whole(reassembly.Take(last.number));
    EXPECT_EQ(whole.payload.bytes(), datagram.payload.bytes());
    EXPECT_FALSE(whole.is_fragment());
    EXPECT_FALSE(whole.corrupted);
    EXPECT_EQ(reassembly.waiting(), 0u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ReassemblyTest, DatagramsAreKnownByTheirEndsAndIdentification) {
  Reassembly reassembly;
  const auto begun = [&](const Packet& datagram) {
    return reassembly.Add(Split(datagram, 1500)[0], kWire).step == Step::kBegun;
  };
  EXPECT_TRUE(begun(Datagram(2000)));
  EXPECT_FALSE(begun(Datagram(2000)));
  EXPECT_TRUE(begun(Datagram(2000, "10.0.0.3:1")));
  EXPECT_TRUE(begun(Datagram(2000, "10.0.0.1:1", "10.0.0.4:2")));
  EXPECT_TRUE(begun(Datagram(2000, "10.0.0.1:1", "10.0.0.2:2", 8)));
  // Ports are no part of that, and IPv4 has 16 bits for it.
  EXPECT_FALSE(begun(Datagram(2000, "10.0.0.1:9", "10.0.0.2:9")));
  EXPECT_FALSE(begun(Datagram(2000, "10.0.0.1:1", "10.0.0.2:2", 0x10007)));
  EXPECT_TRUE(begun(Datagram(2000, "[fd00::1]:1", "[fd00::2]:2", 7)));
  EXPECT_TRUE(begun(Datagram(2000, "[fd00::1]:1", "[fd00::2]:2", 0x10007)));
}

TEST(ReassemblyTest, TheSameFragmentAgainIsADuplicate) {
  Reassembly reassembly;
  const std::vector<Packet> fragments = Split(Datagram(4000), 1500);
  reassembly.Add(fragments[1], kWire);
  EXPECT_EQ(reassembly.Add(fragments[1], kWire).step, Step::kDuplicate);
  // And so is a part of it, which another router made smaller.
  EXPECT_EQ(reassembly.Add(Split(fragments[1], 576)[1], kWire).step, Step::kDuplicate);
  reassembly.Add(fragments[0], kWire);
  EXPECT_EQ(reassembly.Add(fragments[2], kWire).step, Step::kComplete);
}

// RFC 5722: nothing is put together of fragments that overlap.
TEST(ReassemblyTest, OverlappingFragmentsAreNotBelieved) {
  const std::vector<Packet> coarse = Split(Datagram(4000), 1500);
  const std::vector<Packet> fine = Split(Datagram(4000), 1000);
  for (const auto& [first, second] :
       {std::pair(coarse[0], fine[1]), std::pair(fine[1], coarse[0]), std::pair(coarse[1], fine[1]),
        std::pair(fine[2], coarse[1])}) {
    Reassembly reassembly;
    reassembly.Add(first, kWire);
    const Reassembly::Result result = reassembly.Add(second, kWire);
    EXPECT_EQ(result.step, Step::kOverlaps) << first.fragment_offset;
    EXPECT_EQ(reassembly.Take(result.number).size(), 1u);
    EXPECT_EQ(reassembly.waiting(), 0u);
  }
}

TEST(ReassemblyTest, ThereIsOneEnd) {
  Reassembly reassembly;
  reassembly.Add(Split(Datagram(2000), 1500)[1], kWire);
  EXPECT_EQ(reassembly.Add(Split(Datagram(9000), 1500)[3], kWire).step, Step::kOverlaps);
  Reassembly other;
  other.Add(Split(Datagram(9000), 1500)[3], kWire);
  EXPECT_EQ(other.Add(Split(Datagram(2000), 1500)[1], kWire).step, Step::kOverlaps);
}

// The danger of RFC 4963: an identification is used again before the first datagram's time is over.
TEST(ReassemblyTest, PartsOfTwoDatagramsMakeACorruptedOne) {
  Packet other = Datagram(4000, "10.0.0.1:1", "10.0.0.2:2", 0x10007);
  other.payload = Payload::Copy(std::string(4000, 'x'));
  const std::vector<Packet> fragments = Split(Datagram(4000), 1500);
  Reassembly reassembly;
  reassembly.Add(fragments[0], kWire);
  reassembly.Add(Split(other, 1500)[1], kWire);
  const Reassembly::Result last = reassembly.Add(fragments[2], kWire);
  ASSERT_EQ(last.step, Step::kComplete);
  EXPECT_TRUE(Reassembly::Whole(reassembly.Take(last.number)).corrupted);
}

TEST(ReassemblyTest, OneCorruptedFragmentCorruptsTheDatagram) {
  std::vector<Packet> fragments = Split(Datagram(2000), 1500);
  fragments[1].corrupted = true;
  Reassembly reassembly;
  reassembly.Add(fragments[0], kWire);
  const Reassembly::Result last = reassembly.Add(fragments[1], kWire);
  EXPECT_TRUE(Reassembly::Whole(reassembly.Take(last.number)).corrupted);
}

// RFC 3168 5.3.
TEST(ReassemblyTest, ACongestionMarkOnAnyFragmentCounts) {
  std::vector<Packet> fragments = Split(Datagram(2000), 1500);
  fragments[0].traffic_class = fragments[1].traffic_class = 2;
  fragments[0].hop_limit = 60;
  fragments[1].hop_limit = 9;
  fragments[1].traffic_class = 3;
  Reassembly reassembly;
  reassembly.Add(fragments[1], kWire);
  const Reassembly::Result last = reassembly.Add(fragments[0], kWire);
  const Packet whole = Reassembly::Whole(reassembly.Take(last.number));
  EXPECT_EQ(whole.traffic_class, 3);
  EXPECT_EQ(whole.hop_limit, 60);
}

TEST(ReassemblyTest, SomeMegabytesMayWaitAndNoMore) {
  Reassembly reassembly;
  uint64_t id = 0;
  Reassembly::Result result;
  do {
    result =
        reassembly.Add(Split(Datagram(2000, "[fd00::1]:1", "[fd00::2]:2", ++id), 1500)[0], kWire);
    ASSERT_LT(id, 10000u);
  } while (result.step == Step::kBegun);
  EXPECT_EQ(result.step, Step::kFull);
  EXPECT_EQ(id, Reassembly::kMemoryMax / 2304 + 2);
  // What goes makes room.
  reassembly.Take(1);
  EXPECT_EQ(reassembly.Add(Split(Datagram(2000), 1500)[0], kWire).step, Step::kBegun);
}

}  // namespace
}  // namespace pollux::sim
