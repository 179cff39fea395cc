// SPDX-License-Identifier: Apache-2.0
//
// Random programs on two stacks: the same program gives the same story, on every platform's rules,
// and what must always hold holds after each call.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

// A small generator of its own: what it gives must not depend on a library.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed * 2654435761u + 1) {}
  uint32_t Roll(uint32_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint32_t>(state_ >> 32) % bound;
  }

 private:
  uint64_t state_;
};

constexpr const char* kPlaces[] = {
    "0.0.0.0:7000",         "10.77.0.1:7000",   "10.77.0.2:7000",  "127.0.0.1:7000",
    "239.1.2.3:7000",       "10.77.0.255:7000", "[::]:7000",       "[fd77::1]:7000",
    "[fd77::2]:7000",       "[::1]:7000",       "[ff15::99]:7000", "[fe80::a1%2]:7000",
    "255.255.255.255:7000", "10.78.0.1:7001",   "0.0.0.0:0"};
constexpr const char* kGroups[] = {"239.1.2.3", "ff15::99", "10.77.0.1", "224.0.0.1", "ff02::1"};

class Program {
 public:
  Program(const PlatformRules& rules, uint64_t seed) : net_(rules), dice_(seed) {}

  std::string Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Step();
      Check();
    }
    return story_;
  }

 private:
  template <size_t n>
  const char* Pick(const char* const (&choices)[n]) {
    return choices[dice_.Roll(n)];
  }

  void Step() {
    const uint32_t what = dice_.Roll(12);
    if (sockets_.empty() || what == 0) {
      constexpr AddressFamily kFamilies[] = {AddressFamily::kIpv4, AddressFamily::kIpv6,
                                             AddressFamily::kDual};
      TestHost& host = dice_.Roll(2) == 0 ? net_.a : net_.b;
      sockets_.push_back(host.Open(kFamilies[dice_.Roll(3)], dice_.Roll(2) * 1000));
      return;
    }
    const size_t index = dice_.Roll(static_cast<uint32_t>(sockets_.size()));
    Sock& socket = sockets_[index];
    if (what == 1 && sockets_.size() > 6) {
      socket.Close();
      sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    absl::StrAppend(&story_, Call(socket, what), " ", socket.Local(), "\n");
  }

  std::string Call(Sock& socket, uint32_t what) {
    const uint32_t interface_index = dice_.Roll(4);
    switch (what) {
      case 2:
      case 3:
        return socket.Bind(Pick(kPlaces));
      case 4:
        return socket.Connect(Pick(kPlaces));
      case 5:
        return socket.Disconnect();
      case 6:
      case 7:
        return socket.SendTo(dice_.Roll(4) == 0 ? "" : Pick(kPlaces),
                             std::string(dice_.Roll(3) * dice_.Roll(2000), 'x'));
      case 8:
        return absl::StrCat(socket.Receive(dice_.Roll(100)).text.size());
      case 9:
        return socket.TrySet(kAllSocketOptions[dice_.Roll(17)], static_cast<int>(dice_.Roll(4)));
      case 10:
        return socket.Join(Pick(kGroups), interface_index, dice_.Roll(3) == 0 ? "10.77.0.2" : "");
      default:
        return socket.Leave(Pick(kGroups), interface_index, dice_.Roll(3) == 0 ? "10.77.0.2" : "");
    }
  }

  // Charges and queues agree; a socket is a member where the host says so; ports are there or not.
  void Check() {
    for (TestHost* host : {&net_.a, &net_.b}) {
      for (const SocketInfo& info : host->stack.Sockets()) {
        if (info.queued_datagrams == 0 && info.queued_errors == 0) {
          EXPECT_EQ(info.queued_bytes, 0u);
        }
        if (info.queued_datagrams > 0) {
          EXPECT_GT(info.queued_bytes, 0u);
          EXPECT_TRUE(host->stack.Readable(info.id));
        }
        for (const GroupMembership& membership : info.memberships) {
          EXPECT_TRUE(host->stack.IsMember(membership.interface_index, membership.group));
        }
        if (info.peer.is_set()) {
          EXPECT_NE(info.local.port, 0);
        }
      }
    }
  }

  TwoHosts net_;
  Dice dice_;
  std::vector<Sock> sockets_;
  std::string story_;
};

TEST(Repeat, SameProgramSameStory) {
  for (Release release : kAllReleases) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      const std::string once = Program(RulesFor(release), seed).Run(300);
      ASSERT_EQ(once, Program(RulesFor(release), seed).Run(300)) << ToString(release) << seed;
      ASSERT_FALSE(once.empty());
    }
  }
}

// The rules are not all the same: programs that tell platforms apart are common.
TEST(Repeat, PlatformsDiffer) {
  std::map<std::string, int> stories;
  for (Platform platform : kAllPlatforms) ++stories[Program(RulesFor(platform), 7).Run(2000)];
  EXPECT_EQ(stories.size(), std::size(kAllPlatforms));
}

}  // namespace
}  // namespace pollux::sim
