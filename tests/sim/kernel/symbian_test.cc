// SPDX-License-Identifier: Apache-2.0
//
// What Symbian decides: capabilities. Comments name the rows of qt-contract; udp-semantics 5 has
// the same.

#include <string>

#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"
#include "udp/bind_mode.h"

namespace pollux::sim {
namespace {

const PlatformRules& kSymbian = RulesFor(Platform::kSymbian);

// qt-contract 4: the whole truth table, and the cases that the sources leave open, as decided in
// bind_conflict.cc.
TEST(SymbianBind, CapabilityAndHintDecide) {
  constexpr BindMode kDefault = BindMode::kDefaultForPlatform;
  constexpr BindMode kShare = BindMode::kShareAddress;
  constexpr BindMode kDont = BindMode::kDontShareAddress;
  constexpr BindMode kHint = BindMode::kReuseAddressHint;
  struct Case {
    BindMode first;
    BindMode second;
    bool with_control;
  };
  const Case cases[] = {{kDefault, kDefault, false}, {kDefault, kHint, true},
                        {kShare, kDefault, false},   {kShare, kHint, true},
                        {kDont, kDefault, false},    {kDont, kHint, true},
                        {kShare, kShare, false},     {kHint, kHint, true}};
  for (const Case& c : cases) {
    for (bool control : {false, true}) {
      TwoHosts net(kSymbian, {.network_services = true, .network_control = control});
      const auto open = [&net](BindMode mode) {
        Sock socket = net.a.Open();
        const absl::StatusOr<BindOptions> options = BindOptionsFor(Platform::kSymbian, mode);
        EXPECT_TRUE(options.ok());
        if (options->reuse_address) socket.Set(SocketOption::kReuseAddress, 1);
        return socket;
      };
      Sock first = open(c.first);
      Sock second = open(c.second);
      ASSERT_EQ(first.Bind("0.0.0.0:7000"), "ok");
      const std::string bound = second.Bind("0.0.0.0:7000");
      EXPECT_EQ(bound == "ok", control && c.with_control)
          << ToString(c.first) << " then " << ToString(c.second) << " control " << control;
      // Without a holder, everybody may.
      EXPECT_EQ(open(c.second).Bind("0.0.0.0:7001"), "ok");
    }
  }
}

// qt-contract 4: without NetworkServices any operation is a panic.
TEST(SymbianServices, MissingCapabilityPanics) {
  TwoHosts net(kSymbian, {.network_services = false, .network_control = true});
  EXPECT_FALSE(net.a.stack.Socket(AddressFamily::kIpv4, 0).ok());
  ASSERT_EQ(net.a.panics.size(), 1u);
  EXPECT_NE(net.a.panics[0].find("NetworkServices"), std::string::npos);
  TwoHosts linux_like(RulesFor(Platform::kLinux),
                      {.network_services = false, .network_control = false});
  EXPECT_TRUE(linux_like.a.stack.Socket(AddressFamily::kIpv4, 0).ok());
}

// The default handler ends the process.
class PlainHost : public StackHost {
 public:
  void Transmit(uint32_t, const Packet&) override {}
  uint32_t Draw(StackDraw, uint32_t) override { return 0; }
  void SocketReady(SocketId) override {}
  void Delivered(const Packet&, uint32_t, SocketId) override {}
  void DeliveredToo(const Packet&, SocketId) override {}
  void Dropped(const Packet&, uint32_t, DropCause) override {}
};

TEST(SymbianServicesDeathTest, PanicEndsTheProcess) {
  PlainHost host;
  UdpStack stack(kSymbian, host, {.network_services = false, .network_control = false});
  EXPECT_DEATH((void)stack.Socket(AddressFamily::kIpv4, 0), "panic: .*NetworkServices");
}

}  // namespace
}  // namespace pollux::sim
