// SPDX-License-Identifier: Apache-2.0
//
// Endpoints, interfaces, bind modes and socket errors.

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/bind_mode.h"
#include "udp/endpoint.h"
#include "udp/network_interface.h"
#include "udp/socket_error.h"
#include "udp/socket_option.h"

namespace pollux {
namespace {

using ::testing::HasSubstr;

TEST(EndpointTest, ReadsWhatItWrites) {
  for (const char* text :
       {"10.0.0.1:7755", "0.0.0.0:0", "[::]:65535", "[fe80::1%2]:53", "*:7755"}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
}

TEST(EndpointTest, RefusesWhatIsNoEndpointAndQuotesIt) {
  for (const char* text : {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "::1:53",
                           "[::1]", "[10.0.0.1]:53", "[::1:53", "host:53", "10.0.0.1:0x35"}) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_THAT(std::string(endpoint.status().message()),
                HasSubstr("\"" + std::string(text) + "\""));
  }
}

TEST(EndpointTest, AnErrorSaysWhatIsMissing) {
  const std::pair<const char*, const char*> cases[] = {{"[::1]", "it has no port"},
                                                       {"10.0.0.1", "it has no port"},
                                                       {":80", "\"*\" stands for all of the host"},
                                                       {"host:80", "looked up by"},
                                                       {"::1:80", "stand in brackets"}};
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(std::string(Endpoint::Parse(text).status().message()), HasSubstr(why)) << text;
  }
}

TEST(NetworkInterfaceTest, IsFoundByNameOrNumberAndTheErrorNamesWhatThereIs) {
  NetworkInterface lo;
  lo.name = "lo";
  lo.index = 1;
  NetworkInterface eth;
  eth.name = "eth0";
  eth.display_name = "Ethernet";
  eth.index = 7;
  eth.addresses = {{IpAddress::LoopbackIpv6(), 128, {}}, {IpAddress::Ipv4(10, 0, 0, 2), 24, {}}};
  const std::vector<NetworkInterface> all = {lo, eth};
  EXPECT_EQ(FindInterface(all, "eth0")->index, 7u);
  EXPECT_EQ(FindInterface(all, "Ethernet")->name, "eth0");
  EXPECT_EQ(FindInterface(all, "7")->name, "eth0");
  EXPECT_EQ(eth.PrimaryIpv4(), IpAddress::Ipv4(10, 0, 0, 2));
  EXPECT_FALSE(lo.PrimaryIpv4().is_set());
  const absl::Status status = FindInterface(all, "wlan9").status();
  EXPECT_EQ(SocketErrorOf(status), SocketError::kNetwork);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("\"wlan9\"; this host has: lo, eth0 (Ethernet)"));
}

// The contract page, "PySide.QtNetwork.QUdpSocket.BindFlag", and udp-semantics 5 "flag mapping".
struct MappingRow {
  Platform platform;
  BindMode mode;
  BindOptions options;
};

TEST(BindModeTest, BecomesThePlatformsOptions) {
  constexpr BindMode kDefault = BindMode::kDefaultForPlatform;
  constexpr BindMode kShare = BindMode::kShareAddress;
  constexpr BindMode kDontShare = BindMode::kDontShareAddress;
  constexpr BindMode kHint = BindMode::kReuseAddressHint;
  constexpr BindOptions kNone = {};
  constexpr BindOptions kReuse = {.reuse_address = true};
  constexpr BindOptions kReuseBoth = {.reuse_address = true, .reuse_port = true};
  constexpr BindOptions kExclusive = {.exclusive_address = true};
  const MappingRow rows[] = {
      {Platform::kLinux, kDefault, kNone},
      {Platform::kLinux, kShare, kReuse},
      {Platform::kLinux, kDontShare, kNone},
      {Platform::kLinux, kHint, kNone},
      {Platform::kLinux, kShare | kHint, kReuse},
      {Platform::kMacOs, kDefault, kNone},
      {Platform::kMacOs, kShare, kReuseBoth},
      {Platform::kMacOs, kDontShare | kHint, kNone},
      {Platform::kFreeBsd, kShare, kReuseBoth},
      {Platform::kWindows, kDefault, kNone},
      {Platform::kWindows, kShare, kNone},
      {Platform::kWindows, kDontShare, kExclusive},
      {Platform::kWindows, kHint, kReuse},
      {Platform::kWindows, kShare | kHint, kReuse},
      {Platform::kWindows, kDontShare | kHint, kExclusive},
      {Platform::kSymbian, kDefault, kNone},
      {Platform::kSymbian, kShare, kNone},
      {Platform::kSymbian, kDontShare, kNone},
      {Platform::kSymbian, kHint, kReuse},
  };
  for (const MappingRow& row : rows) {
    const absl::StatusOr<BindOptions> options = BindOptionsFor(row.platform, row.mode);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(*options, row.options) << ToString(row.platform) << " " << ToString(row.mode);
  }
}

TEST(BindModeTest, TheDefaultIsWhatThePageSaysItIs) {
  EXPECT_EQ(
      *BindOptionsFor(Platform::kLinux, BindMode::kDefaultForPlatform),
      *BindOptionsFor(Platform::kLinux, BindMode::kDontShareAddress | BindMode::kReuseAddressHint));
  EXPECT_EQ(
      *BindOptionsFor(Platform::kMacOs, BindMode::kDefaultForPlatform),
      *BindOptionsFor(Platform::kMacOs, BindMode::kDontShareAddress | BindMode::kReuseAddressHint));
  EXPECT_EQ(*BindOptionsFor(Platform::kWindows, BindMode::kDefaultForPlatform),
            *BindOptionsFor(Platform::kWindows, BindMode::kShareAddress));
}

TEST(BindModeTest, ContradictionsAndUnknownFlagsAreRefusedByName) {
  const absl::Status both =
      BindOptionsFor(Platform::kLinux, BindMode::kShareAddress | BindMode::kDontShareAddress)
          .status();
  EXPECT_THAT(std::string(both.message()), HasSubstr("ShareAddress|DontShareAddress"));
  const absl::Status unknown = BindOptionsFor(Platform::kLinux, static_cast<BindMode>(64)).status();
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("64"));
}

TEST(SocketErrorTest, AStatusCarriesCauseErrorAndNumber) {
  const absl::Status status = OsStatus(Platform::kLinux, OsError::kAddressInUse, "bind *:53");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), "bind *:53: address already in use (EADDRINUSE 98)");
  EXPECT_EQ(SocketErrorOf(status), SocketError::kAddressInUse);
  EXPECT_EQ(OsErrorOf(status), OsError::kAddressInUse);
  EXPECT_EQ(OsErrorNumberOf(status), 98);
}

TEST(SocketErrorTest, TheSameErrorHasEachPlatformsNameAndNumber) {
  EXPECT_EQ(OsStatus(Platform::kWindows, OsError::kAddressInUse, "bind").message(),
            "bind: address already in use (WSAEADDRINUSE 10048)");
  EXPECT_EQ(OsErrorNumber(Platform::kMacOs, OsError::kAddressInUse), 48);
  EXPECT_EQ(OsErrorNumber(Platform::kMacOs, OsError::kOperationNotSupported), 102);
  EXPECT_EQ(OsErrorNumber(Platform::kFreeBsd, OsError::kOperationNotSupported), 45);
  EXPECT_EQ(OsErrorFromNumber(Platform::kWindows, 10054), OsError::kConnectionReset);
  // Winsock tells of an unreachable port by a reset.
  EXPECT_EQ(CauseOf(OsError::kConnectionReset), SocketError::kConnectionRefused);
}

TEST(SocketErrorTest, NumbersAreDistinctWithinAPlatformAndLeadBackToTheirError) {
  for (Platform platform : kAllPlatforms) {
    std::set<int> seen;
    for (int number = 1; number < 11000; ++number) {
      const OsError error = OsErrorFromNumber(platform, number);
      if (error == OsError::kUnknown) continue;
      EXPECT_EQ(OsErrorNumber(platform, error), number) << ToString(platform);
      seen.insert(number);
    }
    EXPECT_GE(seen.size(), 30u) << ToString(platform);
  }
}

TEST(SocketErrorTest, ANumberThatTheTableDoesNotHaveIsKeptAndShown) {
  const absl::Status status = OsStatusFromNumber(Platform::kLinux, 4242, "send");
  EXPECT_EQ(SocketErrorOf(status), SocketError::kUnknown);
  EXPECT_EQ(OsErrorOf(status), OsError::kUnknown);
  EXPECT_EQ(OsErrorNumberOf(status), 4242);
  EXPECT_THAT(std::string(status.message()), HasSubstr("4242"));
}

TEST(SocketErrorTest, CodesOfWindowsWithoutAPosixMeaningHaveACauseAndTheirOwnName) {
  const absl::Status status = OsStatusFromNumber(Platform::kWindows, 10093, "bind 0.0.0.0:7");
  EXPECT_EQ(SocketErrorOf(status), SocketError::kOperation);
  EXPECT_EQ(OsErrorOf(status), OsError::kUnknown);
  EXPECT_EQ(OsErrorNumberOf(status), 10093);
  EXPECT_EQ(std::string(status.message()),
            "bind 0.0.0.0:7: Winsock was not started (WSANOTINITIALISED 10093)");
  EXPECT_EQ(SocketErrorOf(OsStatusFromNumber(Platform::kWindows, 1234, "receive")),
            SocketError::kConnectionRefused);
  EXPECT_EQ(SocketErrorOf(OsStatusFromNumber(Platform::kLinux, 10093, "bind 0.0.0.0:7")),
            SocketError::kUnknown);
}

TEST(SocketErrorTest, ErrorsFoundAboveTheSystemHaveACauseAndNoNumber) {
  const absl::Status status = SocketStatus(SocketError::kHostNotFound, "no such host");
  EXPECT_EQ(SocketErrorOf(status), SocketError::kHostNotFound);
  EXPECT_EQ(OsErrorOf(status), std::nullopt);
  EXPECT_EQ(OsErrorNumberOf(status), std::nullopt);
}

TEST(SocketErrorTest, OtherPeoplesStatusesHaveNoCause) {
  EXPECT_EQ(SocketErrorOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(SocketErrorOf(absl::InternalError("x")), std::nullopt);
}

TEST(SocketOptionTest, EachHasANameOfItsOwn) {
  std::set<std::string> names;
  for (SocketOption option : kAllSocketOptions) names.insert(std::string(ToString(option)));
  EXPECT_EQ(names.size(), std::size(kAllSocketOptions));
  EXPECT_EQ(names.count("unknown"), 0u);
}

}  // namespace
}  // namespace pollux
