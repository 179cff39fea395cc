// SPDX-License-Identifier: Apache-2.0
//
// Who takes a packet on a segment whose hosts have several interfaces: gateways, addresses that a
// host answers for on another interface, and broadcast addresses of another interface.

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/kernel/udp_stack.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint16_t kPort = 7755;

// Two hosts of a platform on two segments, as in the lab: 10.77.0.0/24 and 10.78.0.0/24.
class Neighbours {
 public:
  explicit Neighbours(Platform platform)
      : a(net_.AddHost("a", {.platform = platform})),
        b(net_.AddHost("b", {.platform = platform})),
        receiver(b.engine()) {
    Segment& v = net_.AddSegment("v", "10.77.0.0/24", {});
    Segment& w = net_.AddSegment("w", "10.78.0.0/24", {});
    v.Attach(a, {.name = "va", .addresses = {"10.77.0.1"}});
    w.Attach(a, {.name = "wa", .addresses = {"10.78.0.1"}});
    v.Attach(b, {.name = "vb", .addresses = {"10.77.0.2"}});
    w.Attach(b, {.name = "wb", .addresses = {"10.78.0.2"}});
    EXPECT_TRUE(receiver.RequestMetadata(Metadata::kDestination).ok());
    EXPECT_TRUE(receiver.Bind(IpAddress::AnyIpv4(), kPort).ok());
  }

  // Sends from A by that interface, and gives what B heard, each with the interface it came on.
  std::vector<std::string> Heard(const char* to, uint32_t interface_index) {
    UdpSocket sender(a.engine());
    EXPECT_TRUE(sender.Bind(IpAddress::AnyIpv4(), 0).ok());
    EXPECT_TRUE(sender.SetOption(SocketOption::kBroadcast, 1).ok());
    EXPECT_TRUE(sender
                    .WriteDatagram("x", Endpoint(*IpAddress::Parse(to), kPort),
                                   {.interface_index = interface_index})
                    .ok());
    net_.RunFor(absl::Seconds(1));
    std::vector<std::string> heard;
    while (receiver.HasPendingDatagrams()) {
      const uint32_t index = *receiver.ReceiveDatagram()->info.interface_index;
      heard.push_back(index == kV ? "vb" : "wb");
    }
    return heard;
  }

  static constexpr uint32_t kV = 2;
  static constexpr uint32_t kW = 3;

 private:
  Network net_;

 public:
  Host& a;
  Host& b;
  UdpSocket receiver;
};

TEST(Neighbours, AnAddressIsOnItsOwnSegment) {
  for (Platform platform : kAllPlatforms) {
    if (platform == Platform::kSymbian) continue;
    Neighbours hosts(platform);
    EXPECT_THAT(hosts.Heard("10.77.0.2", 0), ElementsAre("vb"));
    EXPECT_THAT(hosts.Heard("10.78.0.2", 0), ElementsAre("wb"));
  }
}

// Linux answers ARP requests for all its addresses on every interface (arp_ignore 0).
TEST(Neighbours, LinuxAnswersForAllItsAddressesOnEveryInterface) {
  Neighbours linux_hosts(Platform::kLinux);
  EXPECT_THAT(linux_hosts.Heard("10.78.0.2", Neighbours::kV), ElementsAre("vb"));
  EXPECT_THAT(linux_hosts.Heard("10.78.0.9", Neighbours::kV), IsEmpty());
  EXPECT_FALSE(linux_hosts.b.kernel().AnswersEverywhere(IpAddress::LoopbackIpv4()));
  EXPECT_FALSE(linux_hosts.b.kernel().AnswersEverywhere(IpAddress::LoopbackIpv6()));
  EXPECT_TRUE(linux_hosts.b.kernel().AnswersEverywhere(IpAddress::Ipv4(10, 78, 0, 2)));
  Neighbours mac_hosts(Platform::kMacOs);
  EXPECT_FALSE(mac_hosts.b.kernel().AnswersEverywhere(IpAddress::Ipv4(10, 78, 0, 2)));
}

// What is the broadcast address of one interface is one for Linux on all.
TEST(Neighbours, LinuxShoutsToEveryBroadcastAddressOnEveryInterface) {
  Neighbours linux_hosts(Platform::kLinux);
  EXPECT_THAT(linux_hosts.Heard("10.78.0.255", Neighbours::kV), ElementsAre("vb"));
  EXPECT_THAT(linux_hosts.Heard("10.78.0.255", Neighbours::kW), ElementsAre("wb"));
  EXPECT_FALSE(linux_hosts.a.kernel().ShoutsEverywhere(IpAddress::Ipv4(127, 255, 255, 255)));
  EXPECT_FALSE(linux_hosts.a.kernel().ShoutsEverywhere(IpAddress::Ipv4(10, 78, 0, 2)));
  Neighbours mac_hosts(Platform::kMacOs);
  EXPECT_FALSE(mac_hosts.a.kernel().ShoutsEverywhere(IpAddress::Ipv4(10, 78, 0, 255)));
}

// What a gateway is handed it does not forward: hosts are no routers.
TEST(Neighbours, AGatewayTakesWhatIsForElsewhereAndDropsIt) {
  Neighbours hosts(Platform::kLinux);
  hosts.a.kernel().AddRoute({IpAddress::AnyIpv4(), 0, IpAddress::Ipv4(10, 77, 0, 2), 2});
  EXPECT_THAT(hosts.Heard("192.0.2.1", 0), IsEmpty());
  // An address of the gateway itself it takes, though it came by a route.
  EXPECT_THAT(hosts.Heard("10.77.0.2", 0), ElementsAre("vb"));
}

// Whether a socket that asks to be told is told of an address that nobody has, and when.
class Stranger {
 public:
  explicit Stranger(Platform platform) : host_(net_.AddHost("a", {.platform = platform})) {
    Segment& lan = net_.AddSegment("lan", {.ipv4 = "10.77.0.0/24", .ipv6 = "fd77::/64"});
    lan.Attach(host_, {.addresses = {"10.77.0.1", "fd77::1"}});
  }

  std::optional<PendingError> ErrorAfter(const char* address, absl::Duration time) {
    UdpStack& kernel = host_.kernel();
    const SocketId socket = *kernel.Socket(AddressFamily::kDual, 0);
    EXPECT_TRUE(kernel.SetOption(socket, SocketOption::kIpv6Only, 0).ok());
    // Not all platforms have it.
    const bool asked = kernel.SetOption(socket, SocketOption::kReportUnreachable, 1).ok();
    EXPECT_EQ(asked,
              host_.platform() == Platform::kLinux || host_.platform() == Platform::kWindows);
    SendSlot slot;
    slot.payload = "anybody there?";
    slot.destination = Endpoint(*IpAddress::Parse(address), kPort);
    EXPECT_TRUE(kernel.Send(socket, slot).ok());
    net_.RunFor(time);
    const std::optional<PendingError> error = kernel.TakeError(socket);
    kernel.Close(socket);
    return error;
  }

 private:
  Network net_;
  Host& host_;
};

// facts 1.4 "ICMP": Linux asks thrice, a second apart, and then says so itself.
TEST(Neighbour, WhoDoesNotAnswerIsUnreachableAfterThreeSeconds) {
  Stranger on_linux(Platform::kLinux);
  EXPECT_FALSE(on_linux.ErrorAfter("10.77.0.99", absl::Milliseconds(2999)));
  for (const char* address : {"10.77.0.99", "fd77::99"}) {
    const std::optional<PendingError> error = on_linux.ErrorAfter(address, absl::Seconds(3));
    ASSERT_TRUE(error) << address;
    EXPECT_EQ(error->error, OsError::kHostUnreachable);
    EXPECT_EQ(error->destination.address.ToString(), address);
    EXPECT_EQ(error->reporter,
              *IpAddress::Parse(error->reporter.is_ipv4() ? "10.77.0.1" : "fd77::1"));
  }
  EXPECT_FALSE(Stranger(Platform::kWindows).ErrorAfter("10.77.0.99", absl::Minutes(1)));
  EXPECT_FALSE(Stranger(Platform::kFreeBsd).ErrorAfter("10.77.0.99", absl::Minutes(1)));
}

}  // namespace
}  // namespace pollux::sim
