// SPDX-License-Identifier: Apache-2.0
//
// The options of a socket.

#include <string>

#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

class OptionTest : public EngineTest, public ::testing::WithParamInterface<AddressFamily> {
 protected:
  int Kernel(EngineSocket& socket, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    EXPECT_EQ(
        calls_->GetSockOpt(static_cast<int>(*socket.native_handle()), level, name, &value, &length),
        0);
    return value;
  }
  std::unique_ptr<EngineSocket> socket_ = NewSocket(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Families, OptionTest,
                         ::testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6,
                                           AddressFamily::kDual),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(OptionTest, BooleansReadBackAndTakeNothingElse) {
  for (const SocketOption option :
       {SocketOption::kReuseAddress, SocketOption::kReusePort, SocketOption::kBroadcast,
        SocketOption::kFreeBind, SocketOption::kDontFragment, SocketOption::kMulticastLoopback,
        SocketOption::kMulticastAll, SocketOption::kReportUnreachable}) {
    SCOPED_TRACE(ToString(option));
    for (const int value : {1, 0, 1}) {
      EXPECT_THAT(socket_->SetOption(option, value), IsOk());
      EXPECT_EQ(*socket_->GetOption(option), value);
    }
    EXPECT_THAT(socket_->SetOption(option, 2), HasCause(SocketError::kOperation));
    EXPECT_THAT(socket_->SetOption(option, -1), HasCause(SocketError::kOperation));
    EXPECT_EQ(*socket_->GetOption(option), 1);
  }
}

TEST_P(OptionTest, RangesAreKeptAndNamed) {
  struct Case {
    SocketOption option;
    int least;
    int most;
    bool resets;
  };
  for (const Case& c : {Case{SocketOption::kHopLimit, 1, 255, true},
                        Case{SocketOption::kTypeOfService, 0, 255, false},
                        Case{SocketOption::kMulticastHopLimit, 0, 255, true}}) {
    SCOPED_TRACE(ToString(c.option));
    const int before = *socket_->GetOption(c.option);
    for (const int value : {c.least, c.most}) {
      EXPECT_THAT(socket_->SetOption(c.option, value), IsOk());
      EXPECT_EQ(*socket_->GetOption(c.option), value);
    }
    const absl::Status status = socket_->SetOption(c.option, 256);
    EXPECT_THAT(status, HasCause(SocketError::kOperation));
    EXPECT_THAT(status, Says(std::string(ToString(c.option)) + " to 256"));
    EXPECT_EQ(socket_->SetOption(c.option, -1).ok(), c.resets);
    EXPECT_EQ(*socket_->GetOption(c.option), c.resets ? before : c.most);
    EXPECT_FALSE(socket_->SetOption(c.option, c.least - (c.least == 0 ? 2 : 1)).ok());
  }
}

TEST_P(OptionTest, BuffersReadBackWhatTheKernelGranted) {
  for (const SocketOption option :
       {SocketOption::kSendBufferSize, SocketOption::kReceiveBufferSize}) {
    ASSERT_THAT(socket_->SetOption(option, 20000), IsOk());
    EXPECT_EQ(*socket_->GetOption(option), 40000);
    EXPECT_THAT(socket_->SetOption(option, -1), HasCause(SocketError::kOperation));
  }
}

TEST_P(OptionTest, WhatLinuxLacksIsUnsupported) {
  EXPECT_THAT(socket_->SetOption(SocketOption::kExclusiveAddress, 1),
              HasCause(SocketError::kUnsupportedOperation));
  EXPECT_THAT(socket_->GetOption(SocketOption::kExclusiveAddress),
              HasCause(SocketError::kUnsupportedOperation));
}

TEST_P(OptionTest, WhatTheFamilyDecidesIsReadOnly) {
  if (GetParam() == AddressFamily::kIpv4) {
    EXPECT_THAT(socket_->GetOption(SocketOption::kIpv6Only),
                HasCause(SocketError::kUnsupportedOperation));
    return;
  }
  EXPECT_EQ(*socket_->GetOption(SocketOption::kIpv6Only),
            GetParam() == AddressFamily::kIpv6 ? 1 : 0);
  EXPECT_THAT(socket_->SetOption(SocketOption::kIpv6Only, 1), HasCause(SocketError::kOperation));
}

TEST_P(OptionTest, ThePathMtuIsKnownWhileConnected) {
  EXPECT_THAT(socket_->GetOption(SocketOption::kPathMtu), HasCause(SocketError::kNetwork));
  ASSERT_THAT(socket_->Connect(ClosedEndpoint(GetParam())), IsOk());
  // Loopback's 65536 is more than an IPv4 packet can have.
  EXPECT_EQ(*socket_->GetOption(SocketOption::kPathMtu),
            GetParam() == AddressFamily::kIpv6 ? 65536 : 65535);
  EXPECT_THAT(socket_->SetOption(SocketOption::kPathMtu, 1500), HasCause(SocketError::kOperation));
}

TEST_P(OptionTest, ABoundInterfaceIsAnIndex) {
  EXPECT_EQ(*socket_->GetOption(SocketOption::kBoundInterface), 0);
  ASSERT_THAT(socket_->SetOption(SocketOption::kBoundInterface, 1), IsOk());
  EXPECT_EQ(*socket_->GetOption(SocketOption::kBoundInterface), 1);
  ASSERT_THAT(socket_->SetOption(SocketOption::kBoundInterface, 0), IsOk());
  const absl::Status status = socket_->SetOption(SocketOption::kBoundInterface, 4242);
  EXPECT_THAT(status, HasCause(SocketError::kNetwork));
  EXPECT_THAT(status, Says("BoundInterface to 4242"));
}

TEST_P(OptionTest, BothProtocolsOfADualSocketAreSet) {
  if (GetParam() != AddressFamily::kDual) return;
  ASSERT_THAT(socket_->SetOption(SocketOption::kHopLimit, 7), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kMulticastHopLimit, 8), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kTypeOfService, 0x28), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kMulticastLoopback, 0), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kMulticastAll, 0), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kDontFragment, 1), IsOk());
  ASSERT_THAT(socket_->SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_TTL), 7);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 7);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_MULTICAST_TTL), 8);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 8);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_TOS), 0x28);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_TCLASS), 0x28);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_MULTICAST_ALL), 0);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_MULTICAST_ALL), 0);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DO);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_RECVERR), 1);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_RECVERR), 1);
}

TEST_P(OptionTest, WhereTheSecondProtocolRefusesTheFirstIsPutBack) {
  if (GetParam() != AddressFamily::kDual) return;
  ASSERT_THAT(socket_->SetOption(SocketOption::kTypeOfService, 4), IsOk());
  calls_->Fail(Call::kSetSockOpt, ENOMEM, 1, /*after=*/1);
  EXPECT_THAT(socket_->SetOption(SocketOption::kTypeOfService, 8),
              HasCause(SocketError::kSocketResource));
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IPV6, IPV6_TCLASS), 4);
  EXPECT_EQ(Kernel(*socket_, IPPROTO_IP, IP_TOS), 4);
}

TEST_P(OptionTest, ADatagramKeepsTheSocketsTypeOfServiceBesideItsEcn) {
  auto receiver = NewBound(GetParam());
  const int fd = static_cast<int>(*receiver->native_handle());
  const int on = 1;
  // Our metadata tells ECN alone; the kernel is asked for the whole.
  const bool ipv4 = GetParam() != AddressFamily::kIpv6;
  ASSERT_EQ(calls_->SetSockOpt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
                               ipv4 ? IP_RECVTOS : IPV6_RECVTCLASS, &on, sizeof(on)),
            0);
  ASSERT_THAT(socket_->SetOption(SocketOption::kTypeOfService, 0xb8), IsOk());
  ASSERT_THAT(SendOne(*socket_, "x", LoopbackOf(*receiver, GetParam()), {.ecn = Ecn::kCapable1}),
              IsOk());
  alignas(cmsghdr) char control[256];
  msghdr message = {};
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ASSERT_GE(calls_->RecvMsg(fd, &message, MSG_DONTWAIT), 0);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(*CMSG_DATA(header), 0xb9);
}

TEST_P(OptionTest, DontFragmentLimitsToThePathAndItsAbsenceDoesNot) {
  const Endpoint closed = ClosedEndpoint(GetParam());
  const std::string payload(65500, 'x');  // With headers more than the 65536 of loopback, in IPv6.
  const int mtu = 65536;
  const int headers = GetParam() == AddressFamily::kIpv6 ? 48 : 28;
  ASSERT_THAT(socket_->SetOption(SocketOption::kDontFragment, 1), IsOk());
  EXPECT_EQ(SendOne(*socket_, payload, closed).ok(), 65500 + headers <= mtu);
  ASSERT_THAT(socket_->SetOption(SocketOption::kDontFragment, 0), IsOk());
  EXPECT_THAT(SendOne(*socket_, payload, closed), IsOk());
}

TEST_P(OptionTest, AFreeBindTakesAnAddressOfAnotherHost) {
  const IpAddress foreign = GetParam() == AddressFamily::kIpv6 ? *IpAddress::Parse("2001:db8::1")
                                                               : IpAddress::Ipv4(192, 0, 2, 1);
  EXPECT_THAT(socket_->Bind(Endpoint(foreign, 0)),
              HasCause(SocketError::kSocketAddressNotAvailable));
  ASSERT_THAT(socket_->SetOption(SocketOption::kFreeBind, 1), IsOk());
  EXPECT_THAT(socket_->Bind(Endpoint(foreign, 0)), IsOk());
}

TEST_P(OptionTest, MetadataThatTheKernelLacksStaysEmpty) {
  calls_->Fail(Call::kSetSockOpt, ENOPROTOOPT, 100);
  EXPECT_THAT(socket_->RequestMetadata(Metadata::kAll), IsOk());
}

TEST_P(OptionTest, MetadataIsRequestedAsAWholeOrNotAtAll) {
  auto socket = NewBound(GetParam());
  ASSERT_THAT(socket->RequestMetadata(Metadata::kHopLimit), IsOk());
  calls_->Fail(Call::kSetSockOpt, ENOMEM, 1, /*after=*/2);
  EXPECT_THAT(socket->RequestMetadata(Metadata::kAll), HasCause(SocketError::kSocketResource));
  ASSERT_THAT(SendOne(*socket, "x", LoopbackOf(*socket, GetParam())), IsOk());
  const DatagramInfo info = ReceiveOne(*socket)->info;
  EXPECT_TRUE(info.hop_limit.has_value());
  EXPECT_FALSE(info.destination.has_value());
  EXPECT_FALSE(info.ecn.has_value());
}

}  // namespace
}  // namespace pollux::linux_engine
