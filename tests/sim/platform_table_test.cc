// SPDX-License-Identifier: Apache-2.0
//
// The tables of docs/platforms.md, as a program meets them that moves from one simulated platform
// to another: which options there are, what a datagram tells, how many groups a socket joins, whom
// an ICMP error reaches. Rules that need a look into the kernel are in tests/sim/kernel.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/platform.h"
#include "udp/socket_error.h"
#include "udp/socket_option.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using ::testing::AllOf;

// Two hosts of one platform on one wire. Programs on Symbian have all capabilities.
struct Pair {
  explicit Pair(Platform platform, UserId user = 1000)
      : a(net.AddHost("a", Options(platform, user))), b(net.AddHost("b", Options(platform, user))) {
    for (Host* host : {&a, &b}) lan.Attach(*host);
  }
  static HostOptions Options(Platform platform, UserId user) {
    return {.platform = platform,
            .user = user,
            .capabilities = {.network_services = true, .network_control = true}};
  }
  void Run() { net.RunFor(absl::Milliseconds(50)); }

  Network net;
  Segment& lan = net.AddSegment("lan", {.ipv4 = "10.0.0.0/24", .ipv6 = "fd00::/64"});
  Host& a;
  Host& b;
};

// One letter for each platform that has it: Linux, macOS, FreeBSD, Windows, Symbian.
constexpr char kLetters[] = "LMFWS";

char LetterOf(Platform platform) { return kLetters[static_cast<size_t>(platform)]; }

// What shares a port, and what can be bound at all, is the platform's: so is what to do about it.
TEST(PlatformTable, AnErrorsAdviceIsThePlatforms) {
  const std::pair<Platform, const char*> sharing[] = {
      {Platform::kLinux, "have both bind with BindMode::kShareAddress"},
      {Platform::kMacOs, "have both bind with BindMode::kShareAddress"},
      {Platform::kFreeBsd, "have both bind with BindMode::kShareAddress"},
      {Platform::kWindows, "share it by BindMode::kReuseAddressHint"}};
  for (const auto& [platform, advice] : sharing) {
    Pair pair(platform);
    UdpSocket holder(pair.a.engine()), other(pair.a.engine());
    ASSERT_THAT(holder.Bind(IpAddress::AnyIpv4(), 7755), IsOk());
    const absl::Status status = other.Bind(IpAddress::AnyIpv4(), 7755);
    EXPECT_THAT(status, HasCause(SocketError::kAddressInUse));
    EXPECT_THAT(status, Says(advice)) << ToString(platform);
  }
  Pair pair(Platform::kWindows);
  const IpAddress group = IpAddress::Ipv4(239, 1, 1, 1);
  UdpSocket socket(pair.a.engine());
  EXPECT_THAT(socket.Bind(group, 7755), Says("bind a wildcard address, and join groups"));
  ASSERT_THAT(socket.Bind(IpAddress::AnyIpv4(), 7755, BindMode::kDontShareAddress), IsOk());
  UdpSocket thief(pair.a.engine());
  EXPECT_THAT(thief.Bind(IpAddress::AnyIpv4(), 7755, BindMode::kReuseAddressHint),
              AllOf(HasCause(SocketError::kSocketAccess), Says("bind another port")));
  ASSERT_THAT(socket.JoinMulticastGroup(group), IsOk());
  EXPECT_THAT(socket.JoinMulticastGroup(group),
              AllOf(HasCause(SocketError::kSocketAddressNotAvailable),
                    Says("this socket is a member already")));
}

// docs/platforms.md, "Options".
TEST(PlatformTable, AnOptionIsThereOrUnsupported) {
  struct Row {
    SocketOption option;
    int value;
    const char* has;
  };
  constexpr Row kRows[] = {
      {SocketOption::kReuseAddress, 1, "LMFWS"},
      {SocketOption::kReusePort, 1, "LMF"},
      {SocketOption::kExclusiveAddress, 1, "W"},
      {SocketOption::kBroadcast, 1, "LMFWS"},
      {SocketOption::kSendBufferSize, 20000, "LMFWS"},
      {SocketOption::kReceiveBufferSize, 20000, "LMFWS"},
      {SocketOption::kBoundInterface, 0, "LM"},
      {SocketOption::kHopLimit, 9, "LMFWS"},
      {SocketOption::kTypeOfService, 4, "LMFWS"},
      {SocketOption::kDontFragment, 1, "LMFWS"},
      {SocketOption::kMulticastHopLimit, 9, "LMFWS"},
      {SocketOption::kMulticastLoopback, 0, "LMFWS"},
      {SocketOption::kMulticastAll, 0, "L"},
      {SocketOption::kReportUnreachable, 1, "LWS"},
      {SocketOption::kMaxPacingRate, 125000, "L"},
      {SocketOption::kBusyPoll, 0, "L"},
      {SocketOption::kPreferBusyPoll, 0, "L"},
  };
  for (const Platform platform : kAllPlatforms) {
    Pair pair(platform);
    for (const Row& row : kRows) {
      SCOPED_TRACE(absl::StrCat(ToString(platform), " ", ToString(row.option)));
      UdpSocket socket(pair.a.engine());
      ASSERT_THAT(socket.Bind(), IsOk());
      const absl::Status set = socket.SetOption(row.option, row.value);
      if (absl::string_view(row.has).find(LetterOf(platform)) == absl::string_view::npos) {
        EXPECT_THAT(set, HasCause(SocketError::kUnsupportedOperation));
        EXPECT_THAT(socket.GetOption(row.option), HasCause(SocketError::kUnsupportedOperation));
        continue;
      }
      EXPECT_THAT(set, IsOk());
      EXPECT_THAT(socket.GetOption(row.option), IsOk());
    }
  }
}

// facts 1.1.4, 3.1 "freebind": FreeBSD's IP_BINDANY is root's.
TEST(PlatformTable, AForeignAddressIsBoundOnLinuxAndByRootOnFreeBsd) {
  const auto set = [](Platform platform, UserId user) {
    Pair pair(platform, user);
    UdpSocket socket(pair.a.engine());
    EXPECT_THAT(socket.Bind(), IsOk());
    return socket.SetOption(SocketOption::kFreeBind, 1);
  };
  EXPECT_THAT(set(Platform::kLinux, 1000), IsOk());
  EXPECT_THAT(set(Platform::kFreeBsd, 1000), HasCause(SocketError::kSocketAccess));
  EXPECT_THAT(set(Platform::kFreeBsd, 0), IsOk());
  for (const Platform platform : {Platform::kMacOs, Platform::kWindows, Platform::kSymbian}) {
    EXPECT_THAT(set(platform, 0), HasCause(SocketError::kUnsupportedOperation));
  }
}

// Two options that a program cannot set: one is read while there is a peer, one is the family's.
TEST(PlatformTable, WhatIsReadOnlyIsReadEverywhere) {
  for (const Platform platform : kAllPlatforms) {
    SCOPED_TRACE(ToString(platform));
    Pair pair(platform);
    UdpSocket socket(pair.a.engine());
    ASSERT_THAT(socket.Bind(IpAddress::AnyIpv6(), 0), IsOk());
    EXPECT_EQ(socket.GetOption(SocketOption::kIpv6Only).value_or(-1), 1);
    EXPECT_FALSE(socket.GetOption(SocketOption::kPathMtu).ok()) << "without a peer";
    UdpSocket connected(pair.a.engine());
    ASSERT_THAT(connected.ConnectToHost(pair.b.address(), 9), IsOk());
    EXPECT_EQ(connected.GetOption(SocketOption::kPathMtu).value_or(-1), 1500);
  }
}

// docs/platforms.md, "Metadata of received datagrams".
TEST(PlatformTable, EverySimulatedPlatformTellsAllOfADatagram) {
  for (const Platform platform : kAllPlatforms) {
    SCOPED_TRACE(ToString(platform));
    Pair pair(platform);
    UdpSocket alice(pair.a.engine()), bob(pair.b.engine());
    ASSERT_THAT(bob.RequestMetadata(Metadata::kAll), IsOk());
    ASSERT_THAT(bob.Bind(7755), IsOk());
    ASSERT_THAT(alice.SetOption(SocketOption::kHopLimit, 33), IsOk());
    ASSERT_THAT(alice.SetOption(SocketOption::kTypeOfService, 2), IsOk());
    ASSERT_THAT(alice.WriteDatagram("x", Endpoint(pair.b.address(), 7755)), IsOk());
    pair.Run();
    const auto datagram = bob.ReceiveDatagram();
    ASSERT_THAT(datagram, IsOk());
    EXPECT_EQ(datagram->info.source.address, pair.a.address());
    EXPECT_EQ(datagram->info.destination, pair.b.address());
    EXPECT_EQ(datagram->info.interface_index,
              FindInterface(*pair.b.engine().Interfaces(), "eth0")->index);
    EXPECT_EQ(datagram->info.hop_limit, 33);
    EXPECT_EQ(datagram->info.ecn, Ecn::kCapable0);
    EXPECT_TRUE(datagram->info.kernel_time.has_value());
    EXPECT_EQ(datagram->info.drop_count, 0u);
  }
}

// facts 1.3.1, 2.4, 3.4, 4.4 "limit".
TEST(PlatformTable, ATwentyFirstIpv4GroupIsTooManyOnLinuxAndSymbian) {
  for (const Platform platform : kAllPlatforms) {
    SCOPED_TRACE(ToString(platform));
    const bool limited = platform == Platform::kLinux || platform == Platform::kSymbian;
    Pair pair(platform);
    UdpSocket socket(pair.a.engine());
    ASSERT_THAT(socket.Bind(IpAddress::AnyIpv4(), 7755), IsOk());
    for (uint8_t group = 1; group <= 21; ++group) {
      const absl::Status joined = socket.JoinMulticastGroup(IpAddress::Ipv4(239, 1, 2, group));
      if (group <= 20 || !limited) {
        EXPECT_THAT(joined, IsOk()) << int{group};
      } else {
        EXPECT_THAT(joined, HasCause(SocketError::kSocketResource));
      }
    }
  }
}

// facts 1.4 "ICMP", 2.3, 3.3, 4.3: of a port where nobody listens.
TEST(PlatformTable, AnIcmpErrorReachesWhomThePlatformSays) {
  for (const Platform platform : kAllPlatforms) {
    SCOPED_TRACE(ToString(platform));
    Pair pair(platform);
    const bool can_ask = platform != Platform::kMacOs && platform != Platform::kFreeBsd;
    const auto hears = [&](UdpSocket& socket) {
      bool heard = false;
      socket.OnError([&](const absl::Status& status) {
        heard = SocketErrorOf(status) == SocketError::kConnectionRefused;
      });
      EXPECT_THAT(socket.state() == SocketState::kConnected
                      ? socket.Write("x")
                      : socket.WriteDatagram("x", Endpoint(pair.b.address(), 9)),
                  IsOk());
      pair.Run();
      return heard;
    };
    UdpSocket connected(pair.a.engine()), unconnected(pair.a.engine()), asked(pair.a.engine());
    ASSERT_THAT(connected.ConnectToHost(pair.b.address(), 9), IsOk());
    EXPECT_TRUE(hears(connected));
    ASSERT_THAT(unconnected.Bind(), IsOk());
    EXPECT_EQ(hears(unconnected), platform == Platform::kWindows);
    ASSERT_THAT(asked.Bind(), IsOk());
    if (!can_ask) continue;
    ASSERT_THAT(asked.SetOption(SocketOption::kReportUnreachable, 1), IsOk());
    EXPECT_TRUE(hears(asked));
    ASSERT_THAT(asked.SetOption(SocketOption::kReportUnreachable, 0), IsOk());
    EXPECT_FALSE(hears(asked));
  }
}

}  // namespace
}  // namespace pollux::sim
