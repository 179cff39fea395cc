// SPDX-License-Identifier: Apache-2.0
//
// What Winsock is asked for when a socket joins or leaves a group: by the requests of Windows, and
// by the older ones where a system lacks these. Wine does, so that here it is a Winsock of the
// test's own that takes them.

#include "udp/membership.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/platform/windows/engine_test.h"
#include "udp/socket_engine.h"

namespace pollux::windows_engine {
namespace {

using ::testing::SizeIs;

// Takes every request about memberships, and refuses those of RFC 3678 if it shall.
class GroupWinsock final : public Winsock {
 public:
  struct Request {
    int level;
    int name;
    std::string bytes;

    template <typename T>
    T As() const {
      T value = {};
      EXPECT_EQ(bytes.size(), sizeof(value));
      std::memcpy(&value, bytes.data(), std::min(sizeof(value), bytes.size()));
      return value;
    }
  };

  Result SetOption(SOCKET socket, int level, int name, const void* value, int length) override {
    const bool of_rfc_3678 =
        level != SOL_SOCKET && name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP;
    const bool older =
        level == IPPROTO_IP && name >= IP_ADD_MEMBERSHIP && name <= IP_DROP_SOURCE_MEMBERSHIP;
    if (of_rfc_3678 && old_) return -WSAENOPROTOOPT;
    if (!of_rfc_3678 && !older) return Winsock::SetOption(socket, level, name, value, length);
    requests.push_back(
        {level, name, std::string(static_cast<const char*>(value), static_cast<size_t>(length))});
    return 0;
  }
  void BeOld() { old_ = true; }

  std::vector<Request> requests;

 private:
  bool old_ = false;
};

class MembershipTest : public ::testing::Test {
 protected:
  UdpSocket Bound(const IpAddress& address) {
    UdpSocket socket(*engine_);
    EXPECT_THAT(socket.Bind(address, 0), IsOk());
    return socket;
  }
  static IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
  static std::string AddressIn(const SOCKADDR_STORAGE& address) {
    char text[INET6_ADDRSTRLEN] = {};
    const void* const bytes =
        address.ss_family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    EXPECT_NE(::inet_ntop(address.ss_family, bytes, text, sizeof(text)), nullptr);
    return text;
  }

  const std::shared_ptr<GroupWinsock> calls_ = std::make_shared<GroupWinsock>();
  const std::unique_ptr<WindowsEngine> engine_ = *WindowsEngine::Create(calls_);
};

TEST_F(MembershipTest, AGroupAndASourceAreRequestsOfRfc3678) {
  UdpSocket socket = Bound(IpAddress::AnyIpv4());
  const GroupMembership plain{.group = Ip("239.1.2.3"), .interface_index = 7};
  const GroupMembership specific{
      .group = Ip("232.1.2.3"), .interface_index = 7, .source = Ip("10.1.2.3")};
  EXPECT_THAT(socket.JoinMulticastGroup(plain), IsOk());
  EXPECT_THAT(socket.JoinMulticastGroup(specific), IsOk());
  EXPECT_THAT(socket.LeaveMulticastGroup(specific), IsOk());
  EXPECT_THAT(socket.LeaveMulticastGroup(plain), IsOk());
  ASSERT_THAT(calls_->requests, SizeIs(4));
  for (const size_t i : {0, 3}) {
    EXPECT_EQ(calls_->requests[i].level, IPPROTO_IP);
    EXPECT_EQ(calls_->requests[i].name, i == 0 ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP);
    const auto request = calls_->requests[i].As<GROUP_REQ>();
    EXPECT_EQ(request.gr_interface, 7u);
    EXPECT_EQ(AddressIn(request.gr_group), "239.1.2.3");
  }
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(calls_->requests[i].level, IPPROTO_IP);
    EXPECT_EQ(calls_->requests[i].name,
              i == 1 ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP);
    const auto request = calls_->requests[i].As<GROUP_SOURCE_REQ>();
    EXPECT_EQ(request.gsr_interface, 7u);
    EXPECT_EQ(AddressIn(request.gsr_group), "232.1.2.3");
    EXPECT_EQ(AddressIn(request.gsr_source), "10.1.2.3");
  }
}

TEST_F(MembershipTest, OfIpv6ASourceIsOneOfThem) {
  UdpSocket socket = Bound(IpAddress::AnyIpv6());
  EXPECT_THAT(socket.JoinMulticastGroup(
                  {.group = Ip("ff35::1"), .interface_index = 5, .source = Ip("2001:db8::1")}),
              IsOk());
  ASSERT_THAT(calls_->requests, SizeIs(1));
  EXPECT_EQ(calls_->requests[0].level, IPPROTO_IPV6);
  EXPECT_EQ(calls_->requests[0].name, MCAST_JOIN_SOURCE_GROUP);
  const auto request = calls_->requests[0].As<GROUP_SOURCE_REQ>();
  EXPECT_EQ(request.gsr_interface, 5u);
  EXPECT_EQ(AddressIn(request.gsr_group), "ff35::1");
  EXPECT_EQ(AddressIn(request.gsr_source), "2001:db8::1");
}

TEST_F(MembershipTest, WhereTheyAreMissingTheOlderOnesServe) {
  calls_->BeOld();
  UdpSocket socket = Bound(IpAddress::AnyIpv4());
  EXPECT_THAT(socket.JoinMulticastGroup(Ip("239.1.2.3")), IsOk());
  EXPECT_THAT(socket.JoinMulticastGroup({.group = Ip("232.1.2.3"), .source = Ip("10.1.2.3")}),
              IsOk());
  ASSERT_THAT(calls_->requests, SizeIs(2));
  EXPECT_EQ(calls_->requests[0].name, IP_ADD_MEMBERSHIP);
  EXPECT_EQ(calls_->requests[0].As<IP_MREQ>().imr_multiaddr.s_addr, htonl(0xef010203));
  EXPECT_EQ(calls_->requests[1].name, IP_ADD_SOURCE_MEMBERSHIP);
  // Group, source, interface: ip_mreq_source's page.
  EXPECT_EQ(calls_->requests[1].bytes, std::string("\xe8\x01\x02\x03\x0a\x01\x02\x03\0\0\0\0", 12));
}

}  // namespace
}  // namespace pollux::windows_engine
