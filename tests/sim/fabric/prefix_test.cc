// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/prefix.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;

std::string HostText(const Prefix& prefix, uint32_t number) {
  const std::optional<IpAddress> address = prefix.Host(number);
  return address.has_value() ? address->ToString() : "none";
}

TEST(Prefix, NumbersIpv4Hosts) {
  const Prefix prefix = *Prefix::Parse("10.1.2.0/24");
  EXPECT_EQ(prefix.ToString(), "10.1.2.0/24");
  EXPECT_EQ(HostText(prefix, 0), "none");
  EXPECT_EQ(HostText(prefix, 1), "10.1.2.1");
  EXPECT_EQ(HostText(prefix, 254), "10.1.2.254");
  EXPECT_EQ(HostText(prefix, 255), "none");
  EXPECT_EQ(HostText(prefix, 256), "none");
  EXPECT_EQ(prefix.Broadcast()->ToString(), "10.1.2.255");
}

TEST(Prefix, CrossesBytes) {
  const Prefix prefix = *Prefix::Parse("172.16.0.0/12");
  EXPECT_EQ(HostText(prefix, 0x12345), "172.17.35.69");
  EXPECT_EQ(prefix.Broadcast()->ToString(), "172.31.255.255");
  const Prefix small = *Prefix::Parse("10.0.0.4/30");
  EXPECT_EQ(HostText(small, 2), "10.0.0.6");
  EXPECT_EQ(HostText(small, 3), "none");
}

TEST(Prefix, NumbersIpv6Hosts) {
  const Prefix prefix = *Prefix::Parse("fd00:1::/64");
  EXPECT_EQ(HostText(prefix, 1), "fd00:1::1");
  EXPECT_EQ(HostText(prefix, UINT32_MAX), "fd00:1::ffff:ffff");
  EXPECT_FALSE(prefix.Broadcast().has_value());
  EXPECT_EQ(HostText(*Prefix::Parse("fd00::/126"), 3), "fd00::3");
  EXPECT_EQ(HostText(*Prefix::Parse("fd00::/126"), 4), "none");
}

TEST(Prefix, ContainsAndOverlaps) {
  const Prefix wide = *Prefix::Parse("10.0.0.0/8");
  const Prefix narrow = *Prefix::Parse("10.9.0.0/16");
  EXPECT_TRUE(wide.Contains(IpAddress::Ipv4(10, 255, 0, 1)));
  EXPECT_FALSE(wide.Contains(IpAddress::Ipv4(11, 0, 0, 1)));
  EXPECT_TRUE(wide.Overlaps(narrow));
  EXPECT_TRUE(narrow.Overlaps(wide));
  EXPECT_FALSE(narrow.Overlaps(*Prefix::Parse("10.10.0.0/16")));
  EXPECT_FALSE(wide.Overlaps(*Prefix::Parse("fd00::/8")));
}

TEST(Prefix, RefusesWhatIsNone) {
  const struct {
    const char* text;
    const char* why;
  } kCases[] = {
      {"", "no length"},
      {"10.0.0.0", "no length"},
      {"10.0.0/24", "10.0.0"},
      {"10.0.0.1/24", "bits behind its first 24"},
      {"10.0.0.0/31", "from 1 to 30"},
      {"10.0.0.0/0", "from 1 to 30"},
      {"10.0.0.0/", "from 1 to 30"},
      {"10.0.0.0/x", "from 1 to 30"},
      {"10.0.0.0/ 24", "from 1 to 30"},
      {"10.0.0.0/24/7", "from 1 to 30"},
      {"fd00::/127", "from 1 to 126"},
      {"fd00::1/64", "bits behind its first 64"},
      {"fe80::%3/64", "no scope"},
      {"224.0.0.0/8", "hosts cannot have"},
      {"127.0.0.0/8", "hosts cannot have"},
      {"0.0.0.0/8", "hosts cannot have"},
      {"ff02::/64", "hosts cannot have"},
      {"fe80::/64", "hosts have link-local addresses beside"},
  };
  for (const auto& c : kCases) {
    const absl::StatusOr<Prefix> prefix = Prefix::Parse(c.text);
    ASSERT_FALSE(prefix.ok()) << c.text;
    EXPECT_EQ(prefix.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(prefix.status().message()), HasSubstr(c.why));
    EXPECT_THAT(std::string(prefix.status().message()), HasSubstr(c.text));
  }
}

}  // namespace
}  // namespace pollux::sim
