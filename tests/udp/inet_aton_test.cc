// SPDX-License-Identifier: Apache-2.0

#include "udp/internal/inet_aton.h"

#include <arpa/inet.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace pollux::internal {
namespace {

std::string Read(const std::string& text) {
  const std::optional<IpAddress> address = ReadAsInetAton(text);
  return address ? address->ToString() : "";
}

TEST(InetAton, ReadsShortOctalAndHexadecimalForms) {
  EXPECT_EQ(Read("127.1"), "127.0.0.1");
  EXPECT_EQ(Read("10.1.2"), "10.1.0.2");
  EXPECT_EQ(Read("10.65536"), "10.1.0.0");
  EXPECT_EQ(Read("2130706433"), "127.0.0.1");
  EXPECT_EQ(Read("0x7f000001"), "127.0.0.1");
  EXPECT_EQ(Read("0X7F.1"), "127.0.0.1");
  EXPECT_EQ(Read("0177.0.0.1"), "127.0.0.1");
  EXPECT_EQ(Read("010.0.0.1"), "8.0.0.1");
  EXPECT_EQ(Read("0"), "0.0.0.0");
  EXPECT_EQ(Read("4294967295"), "255.255.255.255");
}

TEST(InetAton, LeavesNamesAlone) {
  for (const char* text :
       {"",          ".",          "1.", ".1",   "1..1",      "1.2.3.4.5", "256.1",
        "1.2.3.256", "4294967296", "0x", "0x.1", "09",        "1a",        "0xg",
        "-1",        "+1",         " 1", "1 ",   "7.example", "a.1"}) {
    EXPECT_EQ(Read(text), "") << text;
  }
}

// The C library's own, on texts that are nearly numbers.
TEST(InetAton, IsThatOfTheCLibrary) {
  constexpr char kLetters[] = "0123456789abfxX..";
  std::minstd_rand random(7);
  const auto below = [&](size_t bound) { return random() / 64 % bound; };
  int addresses = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (size_t size = 1 + below(12); size > 0; --size) {
      // Digits more often than others.
      text.push_back(kLetters[below(3) == 0 ? below(sizeof(kLetters) - 1) : below(10)]);
    }
    in_addr wanted = {};
    std::string answer;
    if (inet_aton(text.c_str(), &wanted) != 0) {
      char dotted[INET_ADDRSTRLEN];
      answer = inet_ntop(AF_INET, &wanted, dotted, sizeof(dotted));
      ++addresses;
    }
    ASSERT_EQ(Read(text), answer) << text;
  }
  EXPECT_GT(addresses, 10'000);
}

}  // namespace
}  // namespace pollux::internal
