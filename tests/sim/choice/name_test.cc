// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/name.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/choice/random.h"

namespace pollux::sim {
namespace {

TEST(Name, IsATextThatKnowsItsHash) {
  const Name bob("bob");
  EXPECT_EQ(bob, "bob");
  EXPECT_EQ(absl::StrCat(bob, "/eth0"), "bob/eth0");
  EXPECT_EQ(bob.hash(), StableHash("bob"));
  EXPECT_EQ(Name(absl::string_view("bobby").substr(0, 3)).hash(), bob.hash());
}

TEST(Name, TheEmptyOneHasAHashToo) {
  EXPECT_TRUE(Name().empty());
  EXPECT_EQ(Name().hash(), StableHash(""));
}

}  // namespace
}  // namespace pollux::sim
