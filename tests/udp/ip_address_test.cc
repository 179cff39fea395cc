// SPDX-License-Identifier: Apache-2.0

#include "udp/ip_address.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux {
namespace {

using ::testing::HasSubstr;

IpAddress Address(const std::string& text) {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(IpAddress());
}

struct TextCase {
  const char* text;
  const char* canonical;
};

class AcceptedTextTest : public ::testing::TestWithParam<TextCase> {};

TEST_P(AcceptedTextTest, IsFormattedInTheCanonicalForm) {
  EXPECT_EQ(Address(GetParam().text).ToString(), GetParam().canonical);
  EXPECT_EQ(Address(Address(GetParam().text).ToString()), Address(GetParam().text));
}

// RFC 4291 section 2.2 for what is read, RFC 5952 sections 4 and 5 for what is written.
INSTANTIATE_TEST_SUITE_P(
    Rfc, AcceptedTextTest,
    ::testing::Values(
        TextCase{"0.0.0.0", "0.0.0.0"}, TextCase{"255.255.255.255", "255.255.255.255"},
        TextCase{"10.77.0.1", "10.77.0.1"}, TextCase{"::", "::"}, TextCase{"::1", "::1"},
        TextCase{"1::", "1::"},
        TextCase{"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
                 "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
        TextCase{"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        TextCase{"0:0:0:0:0:0:0:0", "::"}, TextCase{"2001:0db8::0001", "2001:db8::1"},
        // A single zero group is not shortened; the longest run is, and the first of equals.
        TextCase{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        TextCase{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        TextCase{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        TextCase{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        TextCase{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        TextCase{"0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"},
        TextCase{"::13.1.68.3", "::d01:4403"}, TextCase{"64:ff9b::10.0.0.1", "64:ff9b::a00:1"},
        TextCase{"fe80::1%3", "fe80::1%3"}, TextCase{"ff02::1%4294967295", "ff02::1%4294967295"}));

class RefusedTextTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RefusedTextTest, IsNamedInTheError) {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(GetParam());
  ASSERT_FALSE(address.ok()) << address->ToString();
  EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(address.status().message()),
              HasSubstr("\"" + std::string(GetParam()) + "\" is not an IP address"));
}

INSTANTIATE_TEST_SUITE_P(BadInput, RefusedTextTest,
                         ::testing::Values("", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04",
                                           "1.2.3.-4", "0x7f.0.0.1", "1.2.3.4 ", " 1.2.3.4",
                                           "1..2.3", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
                                           "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::",
                                           "g::", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", "fe80::1%",
                                           "fe80::1%eth0", "fe80::1%0", "fe80::1%4294967296",
                                           "::1%-1", "[::1]", "1.2.3.4%1", "localhost"));

TEST(IpAddressTest, WhoMeantSomethingElseIsToldWhereThatIsRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.1:80", "Endpoint::Parse"}, {"[::1]", "Endpoint::Parse"},
      {"[::1]:80", "Endpoint::Parse"},    {"10.0.0.0/24", "prefix length"},
      {"fd77::/64", "prefix length"},     {"localhost", "SocketEngine::Resolve"},
      {"fe80::1%eth0", "FindInterface"}};
  for (const auto& [text, where] : cases) {
    EXPECT_THAT(std::string(IpAddress::Parse(text).status().message()), HasSubstr(where)) << text;
  }
}

TEST(IpAddressTest, TheDefaultIsUnsetAndIsNoWildcard) {
  const IpAddress unset;
  EXPECT_FALSE(unset.is_set());
  EXPECT_FALSE(unset.is_unspecified());
  EXPECT_EQ(unset.family(), AddressFamily::kNone);
  EXPECT_EQ(unset.ToString(), "(unset)");
}

TEST(IpAddressTest, TheWildcardsOfBothFamiliesAreThreeDifferentValues) {
  EXPECT_NE(IpAddress::Any(), IpAddress::AnyIpv4());
  EXPECT_NE(IpAddress::Any(), IpAddress::AnyIpv6());
  EXPECT_NE(IpAddress::AnyIpv4(), IpAddress::AnyIpv6());
  for (const IpAddress& any : {IpAddress::Any(), IpAddress::AnyIpv4(), IpAddress::AnyIpv6()}) {
    EXPECT_TRUE(any.is_unspecified()) << any;
  }
}

TEST(IpAddressTest, MappedAndPlainIpv4ConvertIntoEachOtherAndAreNotEqual) {
  const IpAddress plain = IpAddress::Ipv4(10, 0, 0, 1);
  const IpAddress mapped = Address("::ffff:10.0.0.1");
  EXPECT_NE(plain, mapped);
  EXPECT_EQ(plain.Mapped(), mapped);
  EXPECT_EQ(mapped.Unmapped(), plain);
  EXPECT_EQ(mapped.Mapped(), mapped);
  EXPECT_EQ(plain.Unmapped(), plain);
  EXPECT_EQ(plain.ipv6_bytes(), mapped.ipv6_bytes());
}

TEST(IpAddressTest, ScopeTellsLinkLocalAddressesApart) {
  EXPECT_NE(Address("fe80::1%2"), Address("fe80::1%3"));
  EXPECT_EQ(Address("fe80::1%2").WithScope(3), Address("fe80::1%3"));
  EXPECT_EQ(IpAddress::LoopbackIpv4().WithScope(3), IpAddress::LoopbackIpv4());
}

struct ClassCase {
  const char* text;
  const char* classes;  // One letter for each predicate that holds, in the order below.
};

class ClassificationTest : public ::testing::TestWithParam<ClassCase> {};

TEST_P(ClassificationTest, FollowsTheRegistries) {
  const IpAddress a = Address(GetParam().text);
  std::string classes;
  if (a.is_unspecified()) classes += 'u';
  if (a.is_loopback()) classes += 'l';
  if (a.is_multicast()) classes += 'm';
  if (a.is_limited_broadcast()) classes += 'b';
  if (a.is_link_local()) classes += 'k';
  if (a.is_private()) classes += 'p';
  if (a.is_mapped()) classes += 'M';
  if (a.needs_scope()) classes += 's';
  EXPECT_EQ(classes, GetParam().classes) << a;
}

INSTANTIATE_TEST_SUITE_P(
    Registries, ClassificationTest,
    ::testing::Values(
        ClassCase{"0.0.0.0", "u"}, ClassCase{"::", "u"}, ClassCase{"127.0.0.1", "l"},
        ClassCase{"127.255.0.9", "l"}, ClassCase{"128.0.0.1", ""}, ClassCase{"::1", "l"},
        ClassCase{"::2", ""}, ClassCase{"223.255.255.255", ""}, ClassCase{"224.0.0.1", "m"},
        ClassCase{"239.255.255.255", "m"}, ClassCase{"240.0.0.1", ""},
        ClassCase{"255.255.255.255", "b"}, ClassCase{"169.254.3.4", "k"},
        ClassCase{"10.0.0.1", "p"}, ClassCase{"172.15.0.1", ""}, ClassCase{"172.16.0.1", "p"},
        ClassCase{"172.31.255.1", "p"}, ClassCase{"172.32.0.1", ""}, ClassCase{"192.168.9.9", "p"},
        ClassCase{"fd77::1", "p"}, ClassCase{"fe80::1", "ks"}, ClassCase{"febf::1", "ks"},
        ClassCase{"fec0::1", ""}, ClassCase{"ff01::1", "ms"}, ClassCase{"ff02::fb", "ms"},
        ClassCase{"ff05::2", "m"}, ClassCase{"ff12::1", "ms"}, ClassCase{"::ffff:127.0.0.1", "lM"},
        ClassCase{"::ffff:239.1.1.1", "mM"}, ClassCase{"::ffff:0.0.0.0", "uM"},
        ClassCase{"::ffff:255.255.255.255", "bM"}, ClassCase{"::ffff:192.168.0.1", "pM"},
        ClassCase{"2001:db8::1", ""}));

TEST(IpAddressTest, PrefixesCompareBitByBitAndNeverAcrossFamilies) {
  EXPECT_TRUE(Address("10.77.0.1").IsIn(Address("10.77.0.0"), 24));
  EXPECT_TRUE(Address("10.77.0.1").IsIn(Address("10.77.0.2"), 30));
  EXPECT_FALSE(Address("10.77.0.1").IsIn(Address("10.77.0.2"), 31));
  EXPECT_TRUE(Address("10.77.0.1").IsIn(Address("0.0.0.0"), 0));
  EXPECT_FALSE(Address("10.77.0.1").IsIn(Address("::"), 0));
  EXPECT_TRUE(Address("fd77::1").IsIn(Address("fd77::ffff"), 112));
  EXPECT_FALSE(Address("fd77::1").IsIn(Address("fd77::ffff"), 113));
  EXPECT_TRUE(Address("10.0.0.1").IsIn(Address("10.0.0.1"), 32));
}

TEST(IpAddressTest, WorksAsAHashKey) {
  const std::vector<IpAddress> distinct = {
      IpAddress(),          IpAddress::Any(),           IpAddress::AnyIpv4(),
      IpAddress::AnyIpv6(), Address("::ffff:10.0.0.1"), Address("10.0.0.1"),
      Address("fe80::1%1"), Address("fe80::1")};
  absl::flat_hash_set<IpAddress> set(distinct.begin(), distinct.end());
  EXPECT_EQ(set.size(), distinct.size());
  for (const IpAddress& address : distinct) EXPECT_TRUE(set.contains(address)) << address;
}

}  // namespace
}  // namespace pollux
