// SPDX-License-Identifier: Apache-2.0
//
// What goes to Winsock beside a datagram, and comes from it, as its pages have it (WSASendMsg,
// "IPPROTO_IP socket options", "IPPROTO_IPV6 socket options"). The test plays Winsock's part, for
// Wine leaves most of it out.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/windows/windows_engine.h"
#include "platform/windows/winsock.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::windows_engine {
namespace {

using ::pollux::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Keeps the control messages of what is sent, as text, and gives those that the test has made up
// to what is received.
class ControlWinsock final : public Winsock {
 public:
  std::vector<std::string> sent;
  bool ipv6 = false;  // What arrives.
  int ecn = 0;
  int hop_limit = 0;

  Result SendMsg(SOCKET, WSAMSG* message) override {
    for (WSACMSGHDR* header = WSA_CMSG_FIRSTHDR(message); header != nullptr;
         header = WSA_CMSG_NXTHDR(message, header)) {
      sent.push_back(Text(header));
    }
    return static_cast<Result>(message->lpBuffers[0].len);
  }

  Result SetOption(SOCKET socket, int level, int name, const void* value, int length) override {
    // Wine lacks the options that ask for some of them.
    const Result result = Winsock::SetOption(socket, level, name, value, length);
    return result == -WSAENOPROTOOPT ? 0 : result;
  }

  Result ReceiveMsg(SOCKET socket, WSAMSG* message, DWORD* size) override {
    int length = message->namelen;
    const Result result = ReceiveFrom(socket, message->lpBuffers[0].buf, message->lpBuffers[0].len,
                                      0, message->name, &length);
    if (result < 0) return result;
    *size = static_cast<DWORD>(result);
    message->namelen = length;
    WSACMSGHDR* header = WSA_CMSG_FIRSTHDR(message);
    const int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    Put(header, level, ipv6 ? IPV6_HOPLIMIT : IP_TTL, hop_limit);
    header = WSA_CMSG_NXTHDR(message, header);
    Put(header, level, ipv6 ? IPV6_ECN : IP_ECN, ecn);
    message->Control.len = 2 * WSA_CMSG_SPACE(sizeof(int));
    return 0;
  }

 private:
  template <typename T>
  static T Value(WSACMSGHDR* header) {
    T value = {};
    std::memcpy(&value, WSA_CMSG_DATA(header), sizeof(value));
    return value;
  }
  static std::string Text(WSACMSGHDR* header) {
    const auto is = [&](int level, int type, size_t size) {
      return header->cmsg_level == level && header->cmsg_type == type &&
             header->cmsg_len == WSA_CMSG_LEN(size);
    };
    if (is(IPPROTO_IP, IP_PKTINFO, sizeof(in_pktinfo))) {
      const auto packet = Value<in_pktinfo>(header);
      IpAddress::Ipv4Bytes bytes;
      std::memcpy(bytes.data(), &packet.ipi_addr, bytes.size());
      return absl::StrCat("from ", IpAddress::Ipv4(bytes).ToString(), " by ", packet.ipi_ifindex);
    }
    if (is(IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo))) {
      const auto packet = Value<in6_pktinfo>(header);
      IpAddress::Ipv6Bytes bytes;
      std::memcpy(bytes.data(), &packet.ipi6_addr, bytes.size());
      return absl::StrCat("from ", IpAddress::Ipv6(bytes).ToString(), " by ", packet.ipi6_ifindex);
    }
    if (is(IPPROTO_IP, IP_TTL, sizeof(int)) || is(IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof(int))) {
      return absl::StrCat("hop limit ", Value<int>(header));
    }
    if (is(IPPROTO_IP, IP_ECN, sizeof(int)) || is(IPPROTO_IPV6, IPV6_ECN, sizeof(int))) {
      return absl::StrCat("ECN ", Value<int>(header));
    }
    return "unknown";
  }
  static void Put(WSACMSGHDR* header, int level, int type, int value) {
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = WSA_CMSG_LEN(sizeof(value));
    std::memcpy(WSA_CMSG_DATA(header), &value, sizeof(value));
  }
};

class ControlTest : public ::testing::Test {
 protected:
  const std::shared_ptr<ControlWinsock> calls_ = std::make_shared<ControlWinsock>();
  const std::unique_ptr<WindowsEngine> engine_ = *WindowsEngine::Create(calls_);
};

TEST_F(ControlTest, OptionsOfADatagramAreMessagesOfItsProtocol) {
  UdpSocket socket(*engine_);
  ASSERT_THAT(socket.Bind(), IsOk());
  SendOptions options = {.interface_index = 7, .hop_limit = 9, .ecn = Ecn::kCapable0};
  options.source = IpAddress::LoopbackIpv4();
  ASSERT_THAT(socket.WriteDatagram("x", {IpAddress::LoopbackIpv4(), 9}, options), IsOk());
  EXPECT_THAT(calls_->sent, ElementsAre("from 127.0.0.1 by 7", "hop limit 9", "ECN 2"));
  calls_->sent.clear();
  options.source = IpAddress::LoopbackIpv6();
  ASSERT_THAT(socket.WriteDatagram("x", {IpAddress::LoopbackIpv6(), 9}, options), IsOk());
  EXPECT_THAT(calls_->sent, ElementsAre("from ::1 by 7", "hop limit 9", "ECN 2"));
  calls_->sent.clear();
  ASSERT_THAT(socket.WriteDatagram("x", {IpAddress::LoopbackIpv4(), 9}), IsOk());
  EXPECT_THAT(calls_->sent, IsEmpty());
}

TEST_F(ControlTest, MessagesBecomeMetadata) {
  for (const IpAddress& loopback : {IpAddress::LoopbackIpv4(), IpAddress::LoopbackIpv6()}) {
    UdpSocket socket(*engine_), peer(*engine_);
    calls_->ipv6 = loopback.is_ipv6();
    calls_->ecn = 3;
    calls_->hop_limit = 33;
    ASSERT_THAT(socket.RequestMetadata(Metadata::kHopLimit | Metadata::kEcn), IsOk());
    ASSERT_THAT(socket.Bind(loopback, 0), IsOk());
    ASSERT_THAT(peer.WriteDatagram("x", socket.local_endpoint()), IsOk());
    ASSERT_TRUE(
        engine_->loop().RunUntil([&] { return socket.HasPendingDatagrams(); }, absl::Seconds(20)));
    const absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
    ASSERT_THAT(datagram, IsOk());
    EXPECT_EQ(datagram->info.hop_limit, 33);
    EXPECT_EQ(datagram->info.ecn, Ecn::kCongestion);
    EXPECT_EQ(datagram->info.destination, std::nullopt);
  }
}

}  // namespace
}  // namespace pollux::windows_engine
