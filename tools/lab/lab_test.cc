// SPDX-License-Identifier: Apache-2.0

#include "tools/lab/lab.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/datagram.h"
#include "udp/network_interface.h"
#include "udp/testing/listen.h"
#include "udp/testing/matchers.h"

namespace pollux::lab {
namespace {

using ::pollux::testing::IsOk;
using ::pollux::testing::Listen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LabTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!lab_.ok()) GTEST_SKIP() << lab_.status();
    a_ = *lab_->NewEngine(Host::kA);
    b_ = *lab_->NewEngine(Host::kB);
  }

  const absl::StatusOr<Lab> lab_ = EnterLab();
  std::unique_ptr<SocketEngine> a_;
  std::unique_ptr<SocketEngine> b_;
};

std::vector<std::string> Describe(const std::vector<NetworkInterface>& interfaces) {
  std::vector<std::string> lines;
  for (const NetworkInterface& interface : interfaces) {
    std::vector<std::string> addresses;
    for (const InterfaceAddress& address : interface.addresses) {
      addresses.push_back(absl::StrCat(address.address.ToString(), "/", address.prefix_length));
    }
    lines.push_back(absl::StrCat(interface.index, " ", interface.name, " ",
                                 interface.up && interface.running ? "up" : "down", " ",
                                 absl::StrJoin(addresses, " ")));
  }
  return lines;
}

TEST_F(LabTest, EachHostHasItsInterfaces) {
  EXPECT_THAT(Describe(*a_->Interfaces()),
              ElementsAre("1 lo up 127.0.0.1/8 ::1/128",
                          "11 va up 10.77.0.1/24 10.77.0.11/24 fd77::1/64 fe80::11%11/64",
                          "12 wa up 10.78.0.1/24 fd78::1/64 fe80::12%12/64"));
  EXPECT_THAT(
      Describe(*b_->Interfaces()),
      ElementsAre("1 lo up 127.0.0.1/8 ::1/128", "21 vb up 10.77.0.2/24 fd77::2/64 fe80::21%21/64",
                  "22 wb up 10.78.0.2/24 fd78::2/64 fe80::22%22/64"));
}

TEST_F(LabTest, ADatagramCrossesEachWireAtOnce) {
  for (const char* address : {"10.77.0.2", "10.78.0.2", "fd77::2", "fd78::2", "fe80::21%11"}) {
    SCOPED_TRACE(address);
    const IpAddress to = *IpAddress::Parse(address);
    auto receiver = *b_->NewUdpSocket(to.family());
    ASSERT_THAT(receiver->Bind(Endpoint(IpAddress(), 0)), IsOk());
    auto sender = *a_->NewUdpSocket(to.family());
    const SendSlot out{.payload = "ping",
                       .destination = Endpoint(to, receiver->LocalEndpoint().port),
                       .options = {}};
    ASSERT_THAT(sender->Send({&out, 1}), IsOk());
    bool ready = false;
    Listen(*receiver, [&] { ready = true; });
    EXPECT_TRUE(b_->loop().RunUntil([&] { return ready; }, absl::Seconds(5)));
    std::array<char, 16> buffer;
    ReceiveSlot in{.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}};
    ASSERT_THAT(receiver->Receive({&in, 1}), IsOk());
    EXPECT_EQ(in.payload(), "ping");
  }
}

TEST_F(LabTest, HostsShareNoPorts) {
  auto on_a = *a_->NewUdpSocket(AddressFamily::kIpv4);
  auto on_b = *b_->NewUdpSocket(AddressFamily::kIpv4);
  ASSERT_THAT(on_a->Bind(Endpoint(IpAddress::AnyIpv4(), 0)), IsOk());
  EXPECT_THAT(on_b->Bind(on_a->LocalEndpoint()), IsOk());
}

TEST_F(LabTest, AVisitIsAsLongAsItsBody) {
  std::optional<std::string> seen;
  ASSERT_THAT(lab_->RunOn(Host::kB,
                          [&] {
                            linux_engine::SystemCalls calls;
                            std::array<char, IF_NAMESIZE> name = {};
                            seen = calls.IfIndexToName(21, name.data());
                          }),
              IsOk());
  EXPECT_EQ(seen, "vb");
  linux_engine::SystemCalls calls;
  std::array<char, IF_NAMESIZE> name = {};
  EXPECT_EQ(calls.IfIndexToName(21, name.data()), nullptr);
}

TEST_F(LabTest, TheProcessIsRootOverIt) {
  auto socket = *a_->NewUdpSocket(AddressFamily::kIpv4);
  // A port that needs a privilege; nobody else is on this host.
  EXPECT_THAT(socket->Bind(Endpoint(IpAddress::AnyIpv4(), 7)), IsOk());
}

}  // namespace
}  // namespace pollux::lab
