// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/ratio.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

TEST(Ratio, IsNeverByDefault) {
  EXPECT_TRUE(Ratio().is_never());
  EXPECT_FALSE(Ratio().is_always());
  EXPECT_TRUE(Ratio::Always().is_always());
  EXPECT_EQ(Ratio(), Ratio(0, 7));
}

TEST(Ratio, ComparesAsFraction) {
  EXPECT_EQ(Ratio(1, 2), Ratio(2, 4));
  EXPECT_NE(Ratio(1, 2), Ratio(1, 3));
  EXPECT_EQ(Ratio(4294967295, 4294967295), Ratio::Always());
}

TEST(Ratio, ParsesWhatItPrints) {
  for (const char* text : {"1/100", "0/1", "1/1", "3/4294967295"}) {
    const absl::StatusOr<Ratio> ratio = Ratio::Parse(text);
    ASSERT_TRUE(ratio.ok()) << ratio.status();
    EXPECT_EQ(ratio->ToString(), text);
  }
  EXPECT_EQ(*Ratio::Parse("0"), Ratio::Never());
  EXPECT_EQ(*Ratio::Parse("1"), Ratio::Always());
}

TEST(Ratio, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "1/", "/2", "3/2", "1/0", "0/0", "-1/2", "+1/2", " 1/2", "1/2 ",
                           "0.5", "1%", "1/2/3", "2", "1/4294967296", "99999999999999999999/1"}) {
    const absl::StatusOr<Ratio> ratio = Ratio::Parse(text);
    ASSERT_FALSE(ratio.ok()) << text;
    EXPECT_EQ(ratio.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(ratio.status().message()), HasSubstr(text));
  }
}

TEST(RatioDeathTest, NamesTheValue) {
  EXPECT_DEATH(Ratio(3, 2), "3/2 is not a ratio");
  EXPECT_DEATH(Ratio(-1, 2), "-1/2 is not a ratio");
  EXPECT_DEATH(Ratio(0, 0), "0/0 is not a ratio");
  EXPECT_DEATH(Ratio(1, int64_t{1} << 32), "1/4294967296 is not a ratio");
}

}  // namespace
}  // namespace pollux::sim
