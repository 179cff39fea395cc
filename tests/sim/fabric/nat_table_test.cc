// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/nat_table.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;
using enum NatBehaviour;

Endpoint At(absl::string_view text) { return *Endpoint::Parse(text); }

const Endpoint kInside = At("10.0.0.5:4000");
const Endpoint kServer = At("203.0.113.9:3478");
const Endpoint kServerOtherPort = At("203.0.113.9:3479");
const Endpoint kOther = At("203.0.113.8:3478");

class NatTableTest : public ::testing::Test {
 protected:
  explicit NatTableTest(const NatRules& rules = {}) { Use(rules); }

  void Use(const NatRules& rules) { table_.emplace(rules, *IpAddress::Parse("198.51.100.1")); }
  // The endpoint outside, "none" if no port was left.
  std::string Out(const Endpoint& inside, const Endpoint& remote) {
    const auto external =
        table_->Outbound(inside, remote, now_, [&](uint64_t bound) { return draw_ % bound; });
    return external ? external->ToString() : "none";
  }
  // Where it goes, or why nowhere.
  std::string In(const Endpoint& remote, absl::string_view external) {
    const NatTable::Answer answer = table_->Inbound(At(external), remote, now_);
    if (answer.inside) return answer.inside->ToString();
    return answer.refusal == NatTable::Refusal::kFiltered ? "filtered" : "no mapping";
  }

  std::optional<NatTable> table_;
  absl::Time now_ = absl::UnixEpoch();
  uint64_t draw_ = 7;
};

// RFC 4787 4.1: what a mapping depends on.
TEST_F(NatTableTest, AMappingIsUsedAgainAsItsBehaviourSays) {
  struct Case {
    NatBehaviour mapping;
    bool same_for_other_port;
    bool same_for_other_address;
  };
  for (const Case& c : {Case{kEndpointIndependent, true, true},
                        {kAddressDependent, true, false},
                        {kAddressAndPortDependent, false, false}}) {
    Use({.mapping = c.mapping});
    const std::string first = Out(kInside, kServer);
    EXPECT_EQ(first, "198.51.100.1:4000");
    EXPECT_EQ(Out(kInside, kServer), first);
    EXPECT_EQ(Out(kInside, kServerOtherPort) == first, c.same_for_other_port);
    EXPECT_EQ(Out(kInside, kOther) == first, c.same_for_other_address);
  }
}

// RFC 4787 5: who may answer.
TEST_F(NatTableTest, AnswersAreFilteredAsItsBehaviourSays) {
  struct Case {
    NatBehaviour filtering;
    const char* from_other_port;
    const char* from_other_address;
  };
  for (const Case& c : {Case{kEndpointIndependent, "10.0.0.5:4000", "10.0.0.5:4000"},
                        {kAddressDependent, "10.0.0.5:4000", "filtered"},
                        {kAddressAndPortDependent, "filtered", "filtered"}}) {
    Use({.filtering = c.filtering});
    const std::string external = Out(kInside, kServer);
    EXPECT_EQ(In(kServer, external), "10.0.0.5:4000");
    EXPECT_EQ(In(kServerOtherPort, external), c.from_other_port);
    EXPECT_EQ(In(kOther, external), c.from_other_address);
  }
}

TEST_F(NatTableTest, WhoIsSentToMayAnswerToo) {
  const std::string external = Out(kInside, kServer);
  EXPECT_EQ(In(kOther, external), "filtered");
  Out(kInside, kOther);
  EXPECT_EQ(In(kOther, external), "10.0.0.5:4000");
}

TEST_F(NatTableTest, WhatIsNotMappedGoesNowhere) {
  EXPECT_EQ(In(kServer, "198.51.100.1:4000"), "no mapping");
  Out(kInside, kServer);
  EXPECT_EQ(In(kServer, "198.51.100.1:4001"), "no mapping");
  EXPECT_EQ(In(kServer, "198.51.100.2:4000"), "no mapping");
}

// REQ-5, REQ-6: what goes out keeps a mapping alive, what comes in only where asked for.
TEST_F(NatTableTest, AMappingThatIsNotUsedDies) {
  for (const bool inbound : {false, true}) {
    Use({.timeout = absl::Minutes(5), .inbound_refreshes = inbound});
    const std::string external = Out(kInside, kServer);
    now_ += absl::Minutes(4);
    EXPECT_EQ(In(kServer, external), "10.0.0.5:4000");
    now_ += absl::Minutes(4);
    EXPECT_EQ(In(kServer, external), inbound ? "10.0.0.5:4000" : "no mapping");
    Out(kInside, kServer);
    now_ += absl::Minutes(4);
    Out(kInside, kServer);
    now_ += absl::Minutes(4);
    EXPECT_EQ(In(kServer, external), "10.0.0.5:4000");
    EXPECT_EQ(table_->size(now_), 1u);
    now_ += absl::Minutes(5);
    EXPECT_EQ(table_->size(now_), 0u);
  }
}

TEST_F(NatTableTest, TheLeaveToAnswerDiesWithoutUse) {
  const std::string external = Out(kInside, kServer);
  now_ += absl::Minutes(3);
  Out(kInside, kOther);
  now_ += absl::Minutes(3);
  EXPECT_EQ(In(kOther, external), "10.0.0.5:4000");
  EXPECT_EQ(In(kServer, external), "filtered");
}

TEST_F(NatTableTest, APortIsPreservedIfItIsFree) {
  EXPECT_EQ(Out(kInside, kServer), "198.51.100.1:4000");
  EXPECT_EQ(Out(At("10.0.0.6:4000"), kServer), "198.51.100.1:1031");
  // Privileged ports are not in the range.
  draw_ = 0;
  EXPECT_EQ(Out(At("10.0.0.7:53"), kServer), "198.51.100.1:1024");
  Use({.preserves_ports = false});
  draw_ = 100;
  EXPECT_EQ(Out(kInside, kServer), "198.51.100.1:1124");
  EXPECT_EQ(Out(At("10.0.0.6:4000"), kServer), "198.51.100.1:1125");
}

TEST_F(NatTableTest, PortsComeToAnEndAndDeadOnesAreUsedAgain) {
  Use({.first_port = 5000, .last_port = 5001});
  EXPECT_EQ(Out(At("10.0.0.1:1"), kServer), "198.51.100.1:5001");
  now_ += absl::Minutes(1);
  EXPECT_EQ(Out(At("10.0.0.2:1"), kServer), "198.51.100.1:5000");
  EXPECT_EQ(Out(At("10.0.0.3:1"), kServer), "none");
  now_ += absl::Minutes(4);
  EXPECT_EQ(Out(At("10.0.0.3:1"), kServer), "198.51.100.1:5001");
  EXPECT_EQ(Out(At("10.0.0.1:1"), kServer), "none");
  EXPECT_EQ(In(kServer, "198.51.100.1:5001"), "10.0.0.3:1");
}

// REQ-10: errors are about what is there, and use nothing.
TEST_F(NatTableTest, ErrorsFindTheirWayAndKeepNothingAlive) {
  const Endpoint external = At(Out(kInside, kServer));
  now_ += absl::Minutes(4);
  EXPECT_EQ(table_->InsideOf(external, now_), kInside);
  EXPECT_EQ(table_->ExternalOf(kInside, kOther, now_), external);
  EXPECT_EQ(table_->ExternalOf(At("10.0.0.9:1"), kOther, now_), std::nullopt);
  now_ += absl::Minutes(1);
  EXPECT_EQ(table_->InsideOf(external, now_), std::nullopt);
}

TEST_F(NatTableTest, ARebootForgetsEverything) {
  const std::string external = Out(kInside, kServer);
  table_->Clear();
  EXPECT_EQ(In(kServer, external), "no mapping");
  EXPECT_EQ(table_->size(now_), 0u);
}

TEST(NatRulesTest, TheFourKindsAreWhatRfc3489SaysTheyAre) {
  EXPECT_EQ(RulesOf(NatKind::kFullCone).filtering, kEndpointIndependent);
  EXPECT_EQ(RulesOf(NatKind::kAddressRestricted).filtering, kAddressDependent);
  EXPECT_EQ(RulesOf(NatKind::kPortRestricted).filtering, kAddressAndPortDependent);
  EXPECT_EQ(RulesOf(NatKind::kSymmetric).filtering, kAddressAndPortDependent);
  for (const NatKind kind : kAllNatKinds) {
    EXPECT_EQ(RulesOf(kind).mapping == kEndpointIndependent, kind != NatKind::kSymmetric);
    EXPECT_TRUE(Validate(RulesOf(kind)).ok());
  }
}

TEST(NatRulesTest, ContradictionsAreRefused) {
  EXPECT_THAT(std::string(Validate(NatRules{.timeout = absl::Seconds(-1)}).message()),
              HasSubstr("timeout -1s"));
  EXPECT_THAT(std::string(Validate(NatRules{.first_port = 0}).message()),
              HasSubstr("ports from 0 to 65535"));
  EXPECT_THAT(std::string(Validate(NatRules{.first_port = 9, .last_port = 8}).message()),
              HasSubstr("ports from 9 to 8"));
}

}  // namespace
}  // namespace pollux::sim
