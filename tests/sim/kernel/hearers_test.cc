// SPDX-License-Identifier: Apache-2.0
//
// A port with many sockets remembers who hears a group or a broadcast. Nobody can tell: whatever a
// socket does counts from the next datagram on.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"
#include "udp/network_interface.h"
#include "udp/platform.h"

namespace pollux::sim {
namespace {

constexpr int kSteps = 300;
constexpr const char* kGroups[] = {"239.1.2.3", "239.1.2.4"};

// Two pairs of hosts that do the same. Host A of the second has to find out anew each time.
class HearersTest : public ::testing::TestWithParam<Platform> {
 protected:
  struct Twin {
    explicit Twin(Platform platform) : net(RulesFor(platform)) {}

    TwoHosts net;
    std::vector<Sock> members = {};
    std::vector<Sock> senders = {};
  };

  HearersTest() {
    for (Twin* twin : {&quick_, &slow_}) {
      for (int i = 0; i < 2; ++i) {
        twin->senders.push_back(twin->net.b.Bound(absl::StrCat("10.77.0.2:", 5000 + i)));
        twin->senders.back().Set(SocketOption::kBroadcast, 1).MulticastInterface(kV);
      }
    }
  }

  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  // What became of a datagram: who got it in which order, and why others did not.
  static std::string Send(Twin& twin, uint32_t sender, const std::string& to) {
    TestHost& host = twin.net.a;
    host.delivered.clear();
    host.drops.clear();
    std::string text = twin.senders[sender].SendTo(to, "x");
    for (const SocketId socket : host.delivered) absl::StrAppend(&text, " ", socket);
    for (const DropCause cause : host.drops) absl::StrAppend(&text, " ", ToString(cause));
    return text;
  }

  // One step of a program, of `what`, `which` and `how`, all drawn.
  static std::string Do(Twin& twin, uint32_t what, uint32_t which, uint32_t how) {
    static constexpr const char* kLocals[] = {"0.0.0.0:7000", "10.77.0.1:7000", "239.1.2.3:7000"};
    if (twin.members.size() < 14 || what == 0) {
      Sock added = twin.net.a.Open();
      added.TrySet(SocketOption::kReuseAddress, 1);
      if (how % 8 == 7) added.TrySet(SocketOption::kReusePort, 1);
      twin.members.push_back(added);
      return added.Bind(kLocals[how % 5 < 3 ? 0 : how % 3]);
    }
    Sock& member = twin.members[which % twin.members.size()];
    const char* const group = kGroups[how % 2];
    switch (what) {
      case 1:
        member.Close();
        twin.members.erase(twin.members.begin() + which % twin.members.size());
        return "";
      case 2:
        return member.Connect(absl::StrCat("10.77.0.2:", 5000 + how % 3));
      case 3:
        return member.Disconnect();
      case 4:
        return member.Join(group, kV, how % 8 < 2 ? absl::StrCat("10.77.0.", 2 + how % 3) : "");
      case 5:
        return member.Leave(group, kV, how % 8 < 2 ? absl::StrCat("10.77.0.", 2 + how % 3) : "");
      case 6:
        return member.TrySet(SocketOption::kBoundInterface,
                             how % 2 == 0 ? 0 : (how % 4 == 1 ? kV : kW));
      case 7:
        return member.TrySet(SocketOption::kMulticastAll, static_cast<int>(how % 2));
      case 8:
        return member.TrySet(SocketOption::kReuseAddress, static_cast<int>(how % 2));
      case 9:
        twin.net.a.stack.SetUp(kW, how % 2 == 0);
        return "";
      default:
        return member.Join(group, kV);
    }
  }

  std::mt19937_64 random_{7};
  Twin quick_{GetParam()};
  Twin slow_{GetParam()};
};

TEST_P(HearersTest, WhateverASocketDoesCountsFromTheNextDatagramOn) {
  size_t heard = 0;
  for (int step = 0; step < kSteps; ++step) {
    const uint32_t what = Below(14);
    const uint32_t which = Below(1000);
    const uint32_t how = Below(1000);
    ASSERT_EQ(Do(quick_, what, which, how), Do(slow_, what, which, how));
    // More than once, so that there is something to remember.
    for (int i = 0; i < 3; ++i) {
      const uint32_t sender = Below(2);
      const char* const kTargets[] = {kGroups[0], kGroups[1], "10.77.0.255"};
      const std::string to = absl::StrCat(kTargets[Below(3)], ":7000");
      // An interface may have changed: the host forgets.
      const NetworkInterface same = slow_.net.a.stack.interfaces().front();
      slow_.net.a.stack.SetInterface(same);
      const std::string told = Send(quick_, sender, to);
      ASSERT_EQ(told, Send(slow_, sender, to)) << "step " << step << ", " << what << " to " << to;
      heard += quick_.net.a.delivered.size();
    }
    for (Twin* twin : {&quick_, &slow_}) {
      for (Sock& member : twin->members) member.Take();
    }
  }
  EXPECT_GT(heard, 2u * kSteps);
}

INSTANTIATE_TEST_SUITE_P(Platforms, HearersTest,
                         ::testing::Values(Platform::kLinux, Platform::kMacOs, Platform::kFreeBsd,
                                           Platform::kWindows),
                         [](const auto& info) { return std::string(ToString(info.param)); });

}  // namespace
}  // namespace pollux::sim
