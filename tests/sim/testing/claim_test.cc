// SPDX-License-Identifier: Apache-2.0
//
// That unreached claims are known, on which the end of a program with SIM_TESTs relies. This
// program has none, so that its own unreached claims fail nothing.

#include "sim/testing/claim.h"

#include <string>

#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

// Nobody calls this.
[[maybe_unused]] void NeverCalled() { SOMETIMES("the code is never run"); }

void ComeBy(bool inside) {
  if (inside) SOMETIMES("the branch is taken");
}

TEST(Claim, IsKnownThoughNobodyComesByAndGoneOnceSomebodyDid) {
  const auto unreached = [] {
    std::string all;
    for (const internal::Claim* claim : internal::UnreachedClaims()) {
      all += claim->what();
      all += "; ";
    }
    return all;
  };
  EXPECT_EQ(unreached(), "the code is never run; the branch is taken; ");
  ComeBy(false);
  EXPECT_EQ(unreached(), "the code is never run; the branch is taken; ");
  ComeBy(true);
  EXPECT_EQ(unreached(), "the code is never run; ");
  const internal::Claim& left = *internal::UnreachedClaims().front();
  EXPECT_EQ(std::string(left.file()), "tests/sim/testing/claim_test.cc");
  EXPECT_EQ(left.line(), 16);
}

}  // namespace
}  // namespace pollux::sim
